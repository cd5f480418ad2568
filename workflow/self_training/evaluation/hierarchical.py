"""A mixed model of the differences between two methods: every dataset counts, groups correlate."""

import warnings

import numpy as np
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from self_training.evaluation.differences import ALPHA

NOTHING = {"difference": None, "interval": None, "p_value": None, "correlation": None}
# Differences of accuracy are some hundredths; the optimizer wants numbers near 1.
SCALE = 100


def mixed_model(difference: np.ndarray, groups: list[str]) -> dict:
    """Test a mean difference by a linear mixed model with a random intercept per group (REML).

    Where a group has several datasets, they count by how much they tell: much if datasets of a
    group differ as much as those of others, little if they are alike. For few groups the normal
    distribution of the estimate would reject too often, so it is tested by t with one degree of
    freedom less than there are groups (docs/statistics.md has the simulation).

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
        # That the variance between groups is 0 is no failure: groups do not matter then.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Random effects covariance is singular")
        warnings.filterwarnings("ignore", message="The MLE may be on the boundary")
        try:
            fitted = MixedLM(SCALE * difference, np.ones((len(groups), 1)), groups).fit(reml=True)
        except np.linalg.LinAlgError:
            return NOTHING
    mean, error = float(fitted.fe_params[0]) / SCALE, float(fitted.bse_fe[0]) / SCALE
    if not error > 0:
        return NOTHING
    between, within = float(np.asarray(fitted.cov_re)[0, 0]), float(fitted.scale)
    half = float(stats.t.ppf(1 - ALPHA / 2, units - 1)) * error
    return {
        "difference": mean,
        "interval": [mean - half, mean + half],
        "p_value": float(2 * stats.t.sf(abs(mean) / error, units - 1)),
        "correlation": between / (between + within),
    }
