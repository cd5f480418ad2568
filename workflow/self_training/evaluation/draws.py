"""Scores of draws of labels on one test set: how sure their mean, and their difference, is.

Where a dataset has a test file, its outer folds are draws of labels that are all scored on the same
test examples. A mean over them varies by the labels that were drawn and by the test examples that
all draws share, as readers and cases of a diagnostic study do: each is a factor of random effects,
crossed with the other (Dietterich's and Nadeau and Bengio's tests are of folds that share no test
example). So its variance is estimated as there (Dorfman, Berbaum and Metz 1992, Investigative
Radiology 27), with the degrees of freedom of Hillis 2007 (Statistics in Medicine 26).
"""

import base64
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from self_training.evaluation.comparison import Reason

ALPHA = 0.05


class Spread(NamedTuple):
    """The variance of a mean over draws and test examples, by where it comes from.

    Attributes:
        of_draws: of the labels that were drawn, and of training.
        of_test: of the test examples that all draws share.
        degrees: of freedom, of both together.
    """

    of_draws: float
    of_test: float
    degrees: float

    def half_width(self) -> float:
        """Return half the width of the 95 % interval of the mean."""
        error = np.sqrt(self.of_draws + self.of_test)
        return float(stats.t.ppf(1 - ALPHA / 2, self.degrees) * error)


def are_draws(rows: pd.DataFrame) -> bool:
    """Return whether scores of a dataset are of draws of labels on one test set."""
    return "overlap" in rows and bool(rows["overlap"].notna().any())


def describe(scores: pd.DataFrame) -> dict[str, dict]:
    """Return, per dataset whose outer folds are draws of labels, how many `draws` there are, how
    many examples their `test` set has, and the `overlap` of two of them.

    Args:
        scores: one row per dataset, method and fold.
    """
    if "overlap" not in scores:
        return {}
    known = scores.dropna(subset=["overlap"])
    return {
        str(dataset): {
            "draws": int(rows["fold"].nunique()),
            "test": int(rows["test"].max()),
            "overlap": float(rows["overlap"].mean()),
        }
        for dataset, rows in known.groupby("dataset", sort=False)
    }


def pack(right: np.ndarray) -> str:
    """Return which test examples are right, bool (test,), as text: how many, and base64 of bits."""
    return f"{len(right)}:{base64.b64encode(np.packbits(right).tobytes()).decode()}"


def unpack(text: str) -> np.ndarray:
    """Return how often each test example is right, float (test,), of one or more texts of `pack`.

    Args:
        text: of several training seeds, separated by spaces: then it is the mean over these.
    """
    return np.mean([_unpack_one(part) for part in text.split(" ")], axis=0)


def _unpack_one(text: str) -> np.ndarray:
    count, _, bits = text.partition(":")
    return np.unpackbits(np.frombuffer(base64.b64decode(bits), np.uint8), count=int(count))


def spread(values: np.ndarray, overlap: float) -> Spread:
    """Return the variance of the mean of values that draws and test examples are crossed in.

    With s2_draws the variance of the draws' means, s2_test that of the examples' means over draws,
    and s2_rest that of what neither says, s2_draws / K and s2_test / n both hold s2_rest / (K n),
    so it is taken off once; what then is left of the test examples is at least 0.

    Draws that share labels are alike. With the share of labels that two of them have in common for
    the correlation of their means, the first term is (1 / K + overlap / (1 - overlap)) times
    s2_draws, as Nadeau and Bengio 2003 have it of training sets that overlap.

    Args:
        values: (K draws, n test examples).
        overlap: below 1.
    """
    draws, test = values.shape
    by_draw, by_example = values.mean(axis=1), values.mean(axis=0)
    rest = values - by_draw[:, None] - by_example + values.mean()
    of_rest = (rest**2).sum() / ((draws - 1) * (test - 1))
    of_draws = by_draw.var(ddof=1) * (1 / draws + overlap / (1 - overlap))
    of_test = max(0.0, by_example.var(ddof=1) / test - of_rest / (draws * test))
    parts = of_draws**2 / (draws - 1) + of_test**2 / (test - 1)
    degrees = (of_draws + of_test) ** 2 / parts if parts else float(draws - 1)
    return Spread(float(of_draws), float(of_test), float(degrees))


def t_test(values: np.ndarray, overlap: float) -> dict:
    """Test whether a difference of two methods, over draws and test examples, has a mean of 0.

    Args:
        values: (draws, test examples) right of one method minus right of the other.
        overlap: of the draws.

    Returns: `folds`, how many draws; mean `difference`, its 95 % `interval` and two-sided
        `p_value`, None with a reason where the draws are too few, and but for the difference where
        it is the same in all of them; `draws`: how many `test` examples, the `overlap`, and the
        variances of the mean `of_draws` and `of_test`.
    """
    draws, test = values.shape
    result: dict = {"folds": draws, "difference": None, "interval": None, "p_value": None}
    result["draws"] = {"test": test, "overlap": overlap, "of_draws": None, "of_test": None}
    if draws < 2:
        return result | {"reason": Reason.TOO_FEW_FOLDS}
    mean = values.mean()
    result["difference"] = float(mean.round(12))
    if np.ptp(values.mean(axis=1).round(12)) == 0:
        return result | {"reason": Reason.ONE_DIFFERENCE}
    found = spread(values, overlap)
    half = found.half_width()
    t = abs(mean) / np.sqrt(found.of_draws + found.of_test)
    result["draws"] |= {"of_draws": found.of_draws, "of_test": found.of_test}
    return result | {
        "interval": [float(mean - half), float(mean + half)],
        "p_value": float(2 * stats.t.sf(t, found.degrees)),
    }


def test_pair(rows: pd.DataFrame, a: str, b: str) -> dict:
    """Test the difference b - a over the draws of one dataset that both have a score of.

    Args:
        rows: scores of both methods, with `right` (see `pack`) and `overlap`.

    Returns: of `t_test`; without interval and p where a score does not say which test examples are
        right, as one from elsewhere.
    """
    found = [rows[rows["method"] == method].set_index("fold") for method in (a, b)]
    shared = found[0].index.intersection(found[1].index)
    of_a, of_b = (some.loc[shared] for some in found)
    if len(shared) and not (of_a["right"].notna() & of_b["right"].notna()).all():
        difference = float((of_b["accuracy"] - of_a["accuracy"]).mean())
        nothing = {"interval": None, "p_value": None, "reason": Reason.NO_TEST_EXAMPLES}
        return {"folds": len(shared), "difference": difference} | nothing
    if len(shared) < 2:
        return t_test(np.empty((len(shared), 1)), 0.0)
    overlap = float(pd.concat([of_a, of_b])["overlap"].mean())
    return t_test(right_of(of_b) - right_of(of_a), overlap)


def right_of(rows: pd.DataFrame) -> np.ndarray:
    """Return how often each test example is right in each draw, (draws, test examples)."""
    return np.stack([unpack(text) for text in rows["right"]])


def half_width_of_mean(rows: pd.DataFrame) -> float:
    """Return half the width of the 95 % interval of one method's mean accuracy over draws; 0 where
    it is not known which test examples are right.

    Args:
        rows: scores of the method on a dataset, of 2 draws at least.
    """
    if rows["right"].isna().any():
        return 0.0
    return spread(right_of(rows), float(rows["overlap"].mean())).half_width()


def with_more(test: dict, draws: int) -> float:
    """Return what half the width of an interval would be with so many draws, of the same overlap.

    Args:
        test: of `t_test`, with an interval.
    """
    parts, now = test["draws"], test["folds"]
    shared = parts["overlap"] / (1 - parts["overlap"])
    of_draws = parts["of_draws"] * (1 / draws + shared) / (1 / now + shared)
    both = of_draws + parts["of_test"]
    degrees = both**2 / (of_draws**2 / (draws - 1) + parts["of_test"] ** 2 / (parts["test"] - 1))
    return Spread(of_draws, parts["of_test"], degrees).half_width()
