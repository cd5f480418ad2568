"""Scores from elsewhere: what is understood, and what is told which row is wrong."""

import numpy as np
import pandas as pd
import pytest
from self_training.errors import ScoresError
from self_training.evaluation import external_scores

PLAIN = "dataset,method,fold,accuracy\na,x,1,0.5\na,x,2,0.6\na,y,1,0.7\na,y,2,0.8\n"


def read(tmp_path, text: str, **how) -> pd.DataFrame:
    path = tmp_path / "scores.csv"
    path.write_text(text, newline="", **how)
    return external_scores.read(path)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("dataset,method", " Dataset , METHOD "),
        PLAIN.replace("a,x", '"a","x"'),
        PLAIN.replace("a,x,1", " a ,  x , 1"),
        "\n".join(",".join(reversed(row.split(","))) for row in PLAIN.split("\n")),
        PLAIN + "\n\n",
        PLAIN.replace("x,1", "x,1.0"),
        PLAIN.replace("accuracy", "accuracy,remark").replace(".5", ".5,good").replace(
            ".6", ".6,"
        ).replace(".7", ".7,").replace(".8", ".8,"),
    ],
)  # fmt: skip
def test_what_is_understood(tmp_path, text):
    table = read(tmp_path, text)
    assert table["dataset"].tolist() == ["a"] * 4 and table["method"].tolist() == list("xxyy")
    assert table["fold"].tolist() == [1, 2, 1, 2]
    assert table["accuracy"].tolist() == [0.5, 0.6, 0.7, 0.8]
    assert set(table["source"]) == {f"{tmp_path}/scores.csv"} and "remark" not in table


def test_means_and_missing_scores(tmp_path):
    text = "dataset,method,accuracy,auc,gradient_steps\na,x,0.5,0.9,120\na,y,,,\n"
    table = read(tmp_path, text)
    assert table["fold"].isna().all()
    assert table["auc"].tolist()[0] == 0.9 and np.isnan(table["accuracy"].tolist()[1])
    table = read(tmp_path, "dataset,method,fold,accuracy\na,x,,0.5\na,y,,0.6\n")
    assert table["fold"].isna().all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            PLAIN.replace("accuracy", "acc"),
            "method, fold, acc. Missing: accuracy",
        ),
        (
            PLAIN.replace("fold", "accuracy"),
            "every column once. Received 'accuracy' again",
        ),
        (PLAIN.replace("a,x,2,0.6", "a,x,1,0.6"), "row 3: .*'a', 'x', fold 1 again .row 2."),
        (PLAIN.replace("0.6", "1.2"), r"row 3, accuracy: Expected a number in \[0, 1\]. .*'1.2'"),
        (PLAIN.replace("0.6", "95.1"), "'95.1'. Is it in percent. Divide by 100"),
        (PLAIN.replace("0.6", "-0.1"), "row 3, accuracy: Expected a number in"),
        (PLAIN.replace("0.6", "nan"), "row 3, accuracy: Expected a number in"),
        (PLAIN.replace("0.6", "good"), "row 3, accuracy: Expected a number. Received: 'good'"),
        (PLAIN.replace("0.6", "0,6"), "row 3: Expected 4 values, as in the header. Received 5"),
        (PLAIN.replace(",0.6", ""), "row 3: Expected 4 values, as in the header. Received 3"),
        (PLAIN.replace("a,x,2", "a,x,2.5"), "row 3, fold: Expected an integer.* '2.5'"),
        (PLAIN.replace("a,x,2", ",x,2"), "row 3: Expected a dataset. Received nothing"),
        (PLAIN.replace("a,x,2", "a,,2"), "row 3: Expected a method. Received nothing"),
        (PLAIN.replace("a,x,2", "a,x,"), "row 3: Expected either scores of folds or a mean of 'x'"),
        (PLAIN.replace("a,x,2", '"a,x,2'), "row 5: Expected CSV. Received: unexpected end"),
        (PLAIN.replace("a,x,2", "a\x01,x,2"), "row 3: Expected a dataset of up to 60 printable"),
        (PLAIN.replace("a,x,2", f"a,{'x' * 61},2"), "row 3: Expected a method of up to 60"),
        (PLAIN.replace("a,x,2", "a,x,99999999999999999999"), "row 3, fold: Expected an integer"),
        (PLAIN.replace("0.6", "0_6"), "row 3, accuracy: Expected a number. Received: '0_6'"),
        ("dataset,method,fold,accuracy\n", "Expected a row per score under the header"),
        ("", "Received: none. Missing: dataset, method, accuracy"),
        (PLAIN.replace("fold", "gradient_steps").replace("x,2", "x,-2"), "row 3, gradient_steps"),
    ],
)
def test_wrong_tables_are_told_the_row(tmp_path, text, message):
    with pytest.raises(ScoresError, match=f"scores.csv.*{message}"):
        read(tmp_path, text)


def test_another_encoding(tmp_path):
    with pytest.raises(ScoresError, match="scores.csv: Expected a CSV file in UTF-8"):
        read(tmp_path, PLAIN.replace("a,", "\u00e9,"), encoding="latin-1")


def test_scores_given_twice_are_named(tmp_path):
    table = read(tmp_path, PLAIN)
    own = table.assign(source="study")
    message = "scores.csv: .* of 'x' on 'a', of which study has scores. Rename the method"
    # Even where the folds are others, or a mean: they would be averaged together.
    for other in (table, table.assign(fold=table["fold"] + 7), table[:1].assign(fold=pd.NA)):
        with pytest.raises(ScoresError, match=message):
            external_scores.combine(own, [other])
    both = external_scores.combine(own, [table.assign(method=table["method"] + "2")])
    assert len(both) == 8
