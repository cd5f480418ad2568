"""Whether students help: the one rule that sentences, advice and what is deployed go by.

`docs/protocol.md`, The verdict, has it in words.
"""

from self_training.evaluation.differences import ALPHA, could_show
from self_training.evaluation.significance import FAIR, on_dataset

HELPS, HURTS = "helps", "hurts"
NO_GAIN, LUCK = "does not help", "can't be told from luck"
NOT_TESTED, NO_STUDENTS = "can't be told", "did not take place"


def verdict(statistics: dict, method: str, dataset: str | None = None) -> str:
    """Return what is said of a method with students against its fair control.

    NO_STUDENTS where none was trained: its scores are then those of teachers, and being ahead of a
    control has nothing to do with pseudo-labels. HELPS or HURTS by p, with Holm's correction over
    all comparisons with fair controls. NO_GAIN where a gain, if any, is below the rope; LUCK where
    it may be above; NOT_TESTED where there is no p, or groups are too few for any to be small.

    Args:
        statistics: of `significance.Comparison`, or what `statistics.json` holds.
        method: one of `fair` of the statistics.
        dataset: its name; with several label budgets, that at one of them. None for all datasets.
    """
    entry = of_method(statistics, method)
    if dataset is None:
        return over_groups(entry, size_of_family(statistics, FAIR), statistics["rope"])
    if dataset in entry.get("without_students", ()):
        return NO_STUDENTS
    test = on_dataset(statistics, dataset, method, entry["control"]) if entry["control"] else {}
    if test.get("p_holm") is None:
        return NOT_TESTED
    if test["p_holm"] < ALPHA:
        return HELPS if test["difference"] > 0 else HURTS
    return _not_shown(test["interval"], statistics["rope"])


def over_groups(entry: dict, tests: int, rope: float) -> str:
    """Return what a comparison of a method with its fair control over groups of datasets says.

    HELPS and HURTS only where mean and ranks agree on the side.

    Args:
        entry: of `fair` of the statistics.
        tests: how many tests Holm's correction is over.
        rope: differences up to this are taken for practically none.
    """
    if not entry.get("took_place", True):
        return NO_STUDENTS
    if entry.get("p_value") is None:
        return NOT_TESTED
    if entry["p_holm"] < ALPHA:
        sides = {entry["mean_difference"] > 0, entry["rank_biserial"] > 0}
        if len(sides) == 1:
            return HELPS if sides == {True} else HURTS
    elif not could_show(entry["groups"], tests):
        return NOT_TESTED
    return _not_shown(entry["interval"], rope)


def may_be_deployed(statistics: dict, method: str, dataset: str) -> bool:
    """Return whether students are shown to help enough for a model of a dataset.

    On the dataset itself; or over all of them, where on this one students were trained, are ahead,
    and are not shown to hurt.

    Args:
        statistics, method, dataset: as of `verdict`.
    """
    own = verdict(statistics, method, dataset)
    if own in (HELPS, HURTS, NO_STUDENTS) or verdict(statistics, method) != HELPS:
        return own == HELPS
    test = on_dataset(statistics, dataset, method, of_method(statistics, method)["control"])
    return test.get("difference") is not None and test["difference"] > 0


def of_method(statistics: dict, method: str) -> dict:
    """Return a method's comparison with its fair control, of `fair` of the statistics."""
    return next(entry for entry in statistics["fair"] if entry["method"] == method)


def size_of_family(statistics: dict, family: str) -> int:
    """Return how many tests over datasets Holm's correction of a family is over."""
    pairs = (pair for pair in statistics["pairs"] if pair["family"] == family)
    return sum(pair["p_value"] is not None for pair in pairs)


def _not_shown(interval: list[float] | None, rope: float) -> str:
    return NO_GAIN if interval and interval[1] < rope else LUCK
