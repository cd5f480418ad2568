"""A campaign of scores from elsewhere that would be taken for what they are not."""

import pytest
from conftest import tiny_config
from self_training.errors import ConfigError, ScoresError
from self_training.evaluation import external_scores
from self_training.evaluation.checks import check_external_scores

HEADER = "dataset,method,fold,accuracy\n"


def rows(dataset="a", method="x", folds=(0, 1)) -> str:
    return "".join(f"{dataset},{method},{fold},0.5\n" for fold in folds)


def check(tmp_path, *texts: str, alone: bool = False) -> None:
    """Check a study's config with tables of scores, each scores.csv in a folder of its own."""
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / str(number) / "scores.csv"
        path.parent.mkdir()
        path.write_text(HEADER + text)
        paths.append(str(path))
    config = {"study": "compared"} if alone else tiny_config()
    check_external_scores(config | {"external_scores": paths})


FINE = {
    "other methods of one dataset": [rows(), rows(method="y")],
    "one method of other datasets": [rows(), rows(dataset="b")],
    "on a dataset of the study": [rows("digits_0_2")],
    "some of its folds": [rows("digits_0_2", folds=(1,))],
    "means on a dataset of the study": [rows("digits_0_2", folds=("",))],
    "more folds than another": [rows(folds=range(5)), rows(method="y", folds=range(1, 4))],
    "folds from 1 on, all of them": [rows(folds=(1, 2)), rows(method="y", folds=(1, 2))],
}


@pytest.mark.parametrize("name", FINE)
def test_scores_that_fit(tmp_path, name):
    check(tmp_path, *FINE[name])


WRONG = {
    "one method in two files of one name": (
        [rows(), rows()],
        "1/scores.csv: Expected scores that are not given elsewhere. Received some of 'x' on 'a', "
        "of which .*0/scores.csv has scores. Rename the method",
    ),
    "its other folds in another file": (
        [rows(folds=(0, 1)), rows(folds=(2, 3))],
        "1/scores.csv: Expected scores that are not given elsewhere",
    ),
    "a method of the study": (
        [rows(method="noisy_student")],
        "0/scores.csv: Expected methods of other names than the study's .* Received "
        "'noisy_student', whose .* Rename",
    ),
    "a method of the study, on its dataset": (
        [rows("digits_0_2", "baseline")],
        "Expected methods of other names .* Received 'baseline'",
    ),
    "folds from 1 on": (
        [rows("digits_0_2", folds=(1, 2))],
        "0/scores.csv: Expected folds of 'digits_0_2' from 0 to 1, .* Received fold 2 of 'x'. "
        "Number them from 0",
    ),
    "folds below 0": (
        [rows("digits_0_2", folds=(-1, 0))],
        "Expected folds of 'digits_0_2' from 0 to 1, .* Received fold -1 of 'x'",
    ),
    "folds of two that begin at 0 and at 1": (
        [rows(folds=(0, 1, 2)), rows(method="y", folds=(1, 2, 3))],
        "1/scores.csv: Expected folds of 'a' that are numbered as those of 'x', from 0 to 2, .* "
        "Received folds from 1 to 3 of 'y'. Number both from 0",
    ),
    "the same in one file": (
        [rows(folds=(1, 2)) + rows(method="y", folds=(0, 1))],
        "Expected folds of 'a' that are numbered as those of 'x', from 1 to 2",
    ),
    "names that look alike": (
        [rows(method="caf\u00e9") + rows(method="cafe\u0301")],
        "row 4: Expected one row per dataset, method and fold. .*'caf\u00e9', fold 0 again",
    ),
    "names of datasets that look alike": (
        [rows(dataset="caf\u00e9"), rows(dataset="cafe\u0301")],
        "Expected scores that are not given elsewhere. Received some of 'x' on 'caf\u00e9'",
    ),
}


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("name", WRONG)
def test_scores_that_would_be_taken_for_others(tmp_path, name, alone):
    texts, message = WRONG[name]
    if alone and ("digits_0_2" in texts[0] or "a method of the study" in name):
        return
    with pytest.raises(ScoresError, match=message):
        check(tmp_path, *texts, alone=alone)


def test_where_scores_are_from_is_never_the_study_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").write_text(HEADER + rows())
    assert set(external_scores.read("study")["source"]) == {"./study"}


def test_more_scores_than_can_be_compared(tmp_path):
    with pytest.raises(ConfigError, match="at most 20000 rows of scores; .* Received: 20001"):
        check(tmp_path, rows(folds=range(20_001)))
    many = "".join(rows(method=f"m{number}") for number in range(48))
    (tmp_path / "0").rename(tmp_path / "before")
    with pytest.raises(ConfigError, match="at most 50 methods, with the study's own; .* 51"):
        check(tmp_path, many)
