# What the other rule files share: the study's config, its paths, and the inputs that depend on it.
#
# Takes: config.
# Gives: the names and functions below; a mistake in the config ends here, before anything runs.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

PACKAGE_PATH = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, PACKAGE_PATH)
os.environ.update(
    PYTHONPATH=os.pathsep.join(
        filter(None, [PACKAGE_PATH, os.environ.get("PYTHONPATH")])
    )
)

from self_training import config as study
from self_training.errors import StudyError
from self_training.locks import clear_stale_locks
from self_training.provenance import code_digest


def archive(dataset):
    """The archive that a dataset is prepared from."""
    settings = config["datasets"][dataset]
    return settings.get("path", f"resources/{settings['source']}.npz")


try:
    study.validate(config)
    study.check_datasets(config, archive)
except StudyError as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process and not workflow.dryrun:
    clear_stale_locks(Path(".snakemake"))

SEED = config["seed"]
DATASETS = list(config["datasets"])
METHODS = list(config["methods"])
FOLDS = list(range(config["outer_folds"]))
TEACHERS = study.teachers(config)

RESULTS = f"results/{config['study']}"
DATA = f"{RESULTS}/datasets/{{dataset}}"
FOLD = f"{RESULTS}/runs/{{dataset}}/fold_{{fold}}"
METHOD = f"{FOLD}/{{method}}"
GENERATION = f"{METHOD}/{{phase}}/generation_{{generation}}"


wildcard_constraints:
    dataset="[^/]+",
    fold=r"\d+",
    method="[^/]+",
    phase="search|final",
    generation=r"\d+",


def dataset_archive(wildcards):
    return archive(wildcards.dataset)


def dataset_classes(wildcards):
    return config["datasets"][wildcards.dataset].get("classes")


def split_settings(wildcards):
    return {
        "seed": SEED,
        "dataset": wildcards.dataset,
        "outer_folds": config["outer_folds"],
        "inner_folds": study.inner_folds(config),
        "labeled_fraction": config["datasets"][wildcards.dataset]["labeled_fraction"],
    }


def identity(wildcards):
    """What the seeds of a fold's runs and draws come from."""
    return {
        "study": SEED,
        "dataset": wildcards.dataset,
        "outer_fold": int(wildcards.fold),
    }


def method_settings(wildcards):
    return study.settings(config, wildcards.method)


def search_settings(wildcards):
    settings = method_settings(wildcards)
    return {key: settings[key] for key in ("space", "strategy", "trials")}


def labeling_settings(wildcards):
    settings = method_settings(wildcards)
    return {key: settings[key] for key in ("labels", "balance")}


def teacher_training(wildcards):
    return study.training(config, wildcards.dataset) | {"noise": {}}


def student_training(wildcards):
    noise = method_settings(wildcards)["noise"]
    return study.training(config, wildcards.dataset) | {"noise": noise}


def inherited_choice(wildcards):
    """The choice of the method that this one inherits from, if it does."""
    parent = method_settings(wildcards)["inherit"]
    return [f"{FOLD}/{parent}/choice.json"] if parent else []


def candidates(wildcards):
    """The candidates to run: all of them in the search, the selected one in the final chain."""
    if wildcards.phase == "search":
        return f"{METHOD}/search/candidates.json"
    return f"{METHOD}/choice.json"


def previous_predictions(wildcards):
    """The predictions of a generation's teachers."""
    if wildcards.generation == "1":
        return f"{FOLD}/teachers/{wildcards.phase}.npz"
    before = int(wildcards.generation) - 1
    return f"{METHOD}/{wildcards.phase}/generation_{before}/predictions.npz"


def previous_pseudo_labels(wildcards):
    """The pseudo-labels of the generation before; the first has none."""
    if wildcards.generation == "1":
        return []
    before = int(wildcards.generation) - 1
    return f"{METHOD}/{wildcards.phase}/generation_{before}/pseudo_labels.npz"


def searched_predictions(wildcards):
    """Predictions of every generation of the search, from 0 on; none when nothing is searched."""
    if not study.searches(config, wildcards.method):
        return []
    return [f"{FOLD}/teachers/search.npz"] + [
        f"{METHOD}/search/generation_{generation}/predictions.npz"
        for generation in study.generations(config, wildcards.method)
    ]


def final_generations(wildcards, name):
    return [
        f"{METHOD}/final/generation_{generation}/{name}"
        for generation in study.generations(config, wildcards.method)
    ]


def final_predictions(wildcards):
    """Predictions after the last generation."""
    return (
        [f"{FOLD}/teachers/final.npz"] + final_generations(wildcards, "predictions.npz")
    )[-1]


def final_pseudo_labels(wildcards):
    """Pseudo-labels of all generations; none without generations."""
    return final_generations(wildcards, "pseudo_labels.npz")[-1:]


def final_histories(wildcards):
    """Histories of generation 0, 1, 2, ..."""
    return [f"{FOLD}/teachers/history.json"] + final_generations(
        wildcards, "history.json"
    )


def all_scores(wildcards):
    """The scores of every method on every outer fold of every dataset."""
    return expand(
        f"{METHOD}/scores.json", dataset=DATASETS, method=METHODS, fold=FOLDS
    )
