"""What teachers and their last students take to predict: parameters, and examples per second."""

import pandas as pd

KEYS = ["dataset", "method"]
# Seconds of a prediction that tell a speed; of a shorter one most is start, or the clock's.
LEAST_SECONDS = 1.0


def compare(generations: pd.DataFrame, scores: pd.DataFrame) -> list[dict]:
    """Return a row per dataset and method whose students are of another size than the teachers.

    Args:
        generations, scores: of `tables`.

    Returns: means over folds, of generation 0 (`teacher_...`) and of the last students:
        `accuracy`, `parameters` and `speed`, test examples per second, NaN where no fold's took
        LEAST_SECONDS. Folds in which no student was trained are left out.
    """
    fold = [*KEYS, "fold", "training_seed"]
    trained = generations[generations["parameters"].notna()]
    trained = trained.merge(scores[[*fold, "test"]], on=fold)
    seconds = trained["inference_time"]
    trained = trained.assign(speed=trained["test"] / seconds.where(seconds >= LEAST_SECONDS))
    ordered = trained.sort_values("generation", kind="stable").groupby(fold, sort=False)
    first, last = ordered.head(1).set_index(fold), ordered.tail(1).set_index(fold)
    last = last[last["generation"] > 0]
    last = last[last["parameters"] != first.loc[last.index, "parameters"]]
    names = ["accuracy", "parameters", "speed"]
    both = last[names].join(first[names].add_prefix("teacher_"))
    return both.groupby(KEYS, sort=False).mean().reset_index().to_dict("records")
