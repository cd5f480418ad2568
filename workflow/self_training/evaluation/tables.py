"""The study's tidy tables."""

import pandas as pd

from self_training.evaluation import external_scores

FOLD = ["dataset", "method", "fold", "training_seed"]
SECONDS = ["startup_seconds", "tracing_seconds", "training_seconds", "prediction_seconds"]
SECONDS += ["job_seconds"]
# Of generations, in a study of foreign examples (see `foreign.of_generation`).
OF_FOREIGN = ["foreign_offered", "foreign_selected", "foreign_confidence", "own_confidence"]
# What an evaluation has several of.
LISTS = ["generations_of_chain", "class_balance", "reliability", "examples", "provenance"]


def collect_scores(evaluations: list[dict], external: list[pd.DataFrame]) -> pd.DataFrame:
    """Return one row per dataset, method and outer fold, of the results of `scores.evaluate`.

    Args:
        external: scores from elsewhere (see `external_scores.read`), which follow.
    """
    rows = [
        {key: value for key, value in evaluation.items() if key not in LISTS}
        | {key: evaluation["provenance"][key] for key in ("seed", "config", "code", "commits")}
        | {"source": "study"}
        for evaluation in evaluations
    ]
    return external_scores.combine(pd.DataFrame(rows), external)


def collect_generations(evaluations: list[dict]) -> pd.DataFrame:
    """Return one row per dataset, method, outer fold and generation from 0 on."""
    columns = ["generation", "offered", "selected", "known", "correct", "classes_missing"]
    columns += ["trained_on", "accuracy", "parameters", "inference_time"]
    chains = [evaluation["generations_of_chain"] for evaluation in evaluations]
    if any(OF_FOREIGN[0] in row for chain in chains for row in chain):
        columns += OF_FOREIGN
    return _collect(evaluations, "generations_of_chain", columns)


def collect_class_balance(evaluations: list[dict]) -> pd.DataFrame:
    """Return one row per dataset, method, outer fold and class: its pseudo-labels at last."""
    return _collect(evaluations, "class_balance", ["class", "pseudo_labels"])


def collect_reliability(evaluations: list[dict]) -> pd.DataFrame:
    """Return one row per dataset, method, outer fold and bin of confidence."""
    return _collect(evaluations, "reliability", ["bin", "count", "correct", "confidence"])


def _collect(evaluations: list[dict], name: str, columns: list[str]) -> pd.DataFrame:
    rows = [
        {key: evaluation[key] for key in FOLD} | row
        for evaluation in evaluations
        for row in evaluation[name]
    ]
    return pd.DataFrame(rows, columns=[*FOLD, *columns])


def collect_timings(jobs: list[dict]) -> pd.DataFrame:
    """Return one row per training job that had something to train: where its seconds went."""
    rows = [job for job in jobs if "runs" in job]
    return pd.json_normalize(rows) if rows else pd.DataFrame(columns=["rule", "runs", *SECONDS])
