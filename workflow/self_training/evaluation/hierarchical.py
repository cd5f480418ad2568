"""A mixed model of the differences between two methods: every dataset counts, groups correlate."""

import warnings

import numpy as np
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from self_training.evaluation.differences import ALPHA

NOTHING = {"difference": None, "interval": None, "p_value": None, "correlation": None}
# Differences of accuracy are some hundredths; the optimizer wants numbers near 1.
SCALE = 100


def mixed_model(difference: np.ndarray, groups: list[str]) -> dict:
    """Test a mean difference by a linear mixed model with a random intercept per group (REML).

    A group counts by how much its datasets tell: in proportion to their number if they differ from
    each other as from those of other groups, once if they are alike (Laird & Ware 1982). For few
    groups the normal distribution of the estimate would reject too often, so it is tested by t with
    one degree of freedom less than there are groups (docs/statistics.md has the simulation).

    Args:
        difference: (datasets,) differences of accuracy.
        groups: of each dataset.

    Returns: estimated mean `difference`, its 95 % `interval`, two-sided `p_value`, and
        `correlation` of the differences within a group; None each where there are fewer than 2
        groups, no group of several datasets (then it is a t-test), or no spread.
    """
    units = len(set(groups))
    if units < 2 or units == len(groups) or np.ptp(difference) == 0:
        return NOTHING
    with warnings.catch_warnings():
        # Said where the variance between groups is 0, which is a result like any other.
        warnings.simplefilter("ignore")
        model = MixedLM(SCALE * difference, np.ones((len(groups), 1)), groups)
        # Methods that follow gradients stop short of 0, or fail there.
        fitted = model.fit(reml=True, method="powell")
    between, within = float(np.asarray(fitted.cov_re)[0, 0]), float(fitted.scale)
    # Of each group's mean the variance is between + within / size. Not statsmodels' own standard
    # error, which there is none of where the variance between groups is estimated to be 0.
    sizes = np.unique(groups, return_counts=True)[1]
    mean = float(fitted.fe_params[0]) / SCALE
    error = float(1 / np.sqrt((sizes / (within + sizes * between)).sum())) / SCALE
    half = float(stats.t.ppf(1 - ALPHA / 2, units - 1)) * error
    return {
        "difference": mean,
        "interval": [mean - half, mean + half],
        "p_value": float(2 * stats.t.sf(abs(mean) / error, units - 1)),
        "correlation": between / (between + within),
    }
