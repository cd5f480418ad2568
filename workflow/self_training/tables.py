"""The study's tidy tables."""

import pandas as pd

FOLD = ["dataset", "method", "fold"]


def collect_scores(evaluations: list[dict]) -> pd.DataFrame:
    """Return one row per dataset, method and outer fold, of the results of `scores.evaluate`."""
    return pd.DataFrame(evaluations).drop(columns="pseudo_labels")


def collect_generations(evaluations: list[dict]) -> pd.DataFrame:
    """Return one row per dataset, method, outer fold and generation: its pseudo-labels."""
    rows = [
        {key: evaluation[key] for key in FOLD} | generation
        for evaluation in evaluations
        for generation in evaluation["pseudo_labels"]
    ]
    columns = [*FOLD, "generation", "offered", "selected", "correct", "trained_on"]
    return pd.DataFrame(rows, columns=columns)


def collect_timings(timings: list[dict]) -> pd.DataFrame:
    """Return one row per training job that had something to train: where its seconds went."""
    return pd.json_normalize([timing for timing in timings if "runs" in timing])
