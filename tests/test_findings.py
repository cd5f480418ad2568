"""Sentences: there is one for every reason, and it stands where the reason was."""

import json
from string import Formatter

import numpy as np
import pandas as pd
from self_training.evaluation import significance
from self_training.evaluation.comparison import Reason
from self_training.report import findings


def scores_of(accuracies: dict[str, list[list[float]]]) -> pd.DataFrame:
    """Return scores, for each method a list of its datasets' folds."""
    return pd.DataFrame(
        [
            {"dataset": f"d{row}", "method": method, "fold": fold, "accuracy": accuracy}
            for method, datasets in accuracies.items()
            for row, folds in enumerate(datasets)
            for fold, accuracy in enumerate(folds)
        ]
    )


def reasons(statistics: dict) -> dict[str, list[str]]:
    return {
        "omnibus": [test.get("reason") for test in statistics["omnibus"].values()],
        "pairs": [pair.get("reason") for pair in statistics["pairs"]],
        "per_dataset": [test.get("reason") for test in statistics["per_dataset"]],
    }


def both(accuracies: dict[str, list[list[float]]]) -> tuple[dict, dict]:
    """Return the reasons as the tests give them, and as the sentences that say them."""
    comparison = significance.compare_methods(scores_of(accuracies))
    return reasons(comparison.statistics), reasons(findings.describe(comparison))


def test_every_reason_has_a_sentence():
    assert set(findings.REASONS) == set(Reason)
    for sentence in findings.REASONS.values():
        fields = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        assert fields <= {"methods", "datasets", "unit", "units"} and sentence.endswith(".")


def test_two_equal_methods():
    codes, sentences = both({"a": [[0.5], [0.6]], "b": [[0.5], [0.6]]})
    assert codes == {
        "omnibus": ["too_few_methods"] * 3,
        "pairs": ["both_equal"],
        "per_dataset": ["too_few_folds"] * 2,
    }
    assert sentences == {
        "omnibus": ["Friedman's test needs at least 3 methods; this study has 2."] * 3,
        "pairs": ["Both score the same on every dataset."],
        "per_dataset": ["Needs scores of both methods on at least 2 folds."] * 2,
    }


def test_one_dataset():
    codes, sentences = both({"a": [[0.5, 0.6]], "b": [[0.6, 0.7]], "c": [[0.4, 0.7]]})
    assert codes["omnibus"] == ["too_few_datasets"] * 3
    assert codes["per_dataset"] == ["one_difference", None, None]
    expected = "Friedman's test needs at least 2 complete datasets; this study has 1."
    assert sentences["omnibus"] == [expected] * 3
    assert sentences["per_dataset"] == ["The difference is the same on every fold.", None, None]


def test_methods_of_one_order_and_equal_ones():
    codes, sentences = both({"a": [[0.1]] * 3, "b": [[0.2]] * 3, "c": [[0.3]] * 3})
    assert codes["omnibus"] == [None, None, "one_order"]
    assert sentences["omnibus"][:2] == [None, None]
    assert sentences["omnibus"][2].startswith("Every dataset ranks the methods the same way: the")
    codes, sentences = both({name: [[0.5]] * 3 for name in "abc"})
    assert codes["omnibus"] == ["all_methods_equal"] * 3
    expected = "All methods score the same on every dataset; there is no difference to test."
    assert sentences["omnibus"] == [expected] * 3


def test_a_method_without_scores():
    codes, sentences = both({"a": [[0.5]] * 2, "b": [[np.nan]] * 2})
    assert codes["pairs"] == ["no_common_dataset"]
    assert sentences["pairs"] == ["No dataset has scores of both."]


def test_words_are_added_at_the_end_and_change_no_number():
    """statistics.json keeps its order; what the tests gave is still numbers and codes."""
    comparison = significance.compare_methods(scores_of({"a": [[0.5], [0.6]], "b": [[0.7]] * 2}))
    before = json.dumps(comparison.statistics)
    described = findings.describe(comparison)
    assert list(described) == [*comparison.statistics, "notes", "reading"]
    assert json.dumps(comparison.statistics) == before
    assert described["metric"] == "mean accuracy over outer folds"
    assert described["pairs"] == comparison.statistics["pairs"]
