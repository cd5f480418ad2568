# What all rules share: the study's config, its paths, and the inputs that depend on it.
#
# Takes: config.
# Gives: the names and functions below; a mistake in the config ends here, before anything runs.

import gc
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The jobs of a plan live as long as it does; looking for garbage among them takes a tenth of its time.
gc.set_threshold(100_000)

PACKAGE_PATH = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, PACKAGE_PATH)
os.environ.update(
    PYTHONPATH=os.pathsep.join(
        filter(None, [PACKAGE_PATH, os.environ.get("PYTHONPATH")])
    )
)

from self_training import config as study
from self_training import backbones, datasets
from self_training.errors import StudyError
from self_training.locks import clear_stale_locks
from self_training.provenance import code_digest

try:
    for configfile in workflow.overwrite_configfiles or ["config.yaml"]:
        study.check_unique_keys(configfile)
    study.validate(config)
    if workflow.is_main_process:
        study.check_datasets(config)
        study.check_external_scores(config)
except StudyError as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process and not workflow.dryrun:
    ALIVE = clear_stale_locks(Path(".snakemake"))

# From here on a label budget of a dataset is a dataset; the images are those of the original.
config = study.expand_budgets(config)
SOURCES = study.sources(config)


onstart:
    # Snakemake looks for jobs to start whenever one has ended, and then again every second for each
    # time it has looked, so that after some hundred jobs it needs a core for itself. That serves a
    # limit of jobs per second, which local jobs do without.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


# A config of external scores alone has none of these.
SEED = config.get("seed")
DATASETS = list(config.get("datasets", {}))
METHODS = list(config.get("methods", {}))
FOLDS = list(range(config.get("outer_folds", 0)))
TEACHERS = study.teachers(config)
CONTROLS = study.controls(config)
EXTERNAL_SCORES = study.external_scores(config)
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")

RESULTS = f"results/{config['study']}"
DATA = f"{RESULTS}/datasets/{{dataset}}"
FOLD = f"{RESULTS}/runs/{{dataset}}/fold_{{fold}}"
METHOD = f"{FOLD}/{{method}}"
GENERATION = f"{METHOD}/{{phase}}/generation_{{generation}}"

# Figures with their titles, and the method whose pseudo-labels are shown: the first with students.
FIGURES = study.figures(config)
SHOWN_METHOD = next((name for name in METHODS if study.generations(config, name)), None)
REPORT_FIGURES = {
    title: f"{RESULTS}/figures/{name}.png" for name, title in FIGURES.items()
} | {
    f"Pseudo-labels of {SHOWN_METHOD} on {dataset}": f"{RESULTS}/figures/pseudo_labels/{dataset}.png"
    for dataset in DATASETS
    if SHOWN_METHOD
}

# What one job does: an outer fold of a dataset, or all of them. Files are per fold either way.
PER_DATASET = config.get("jobs") == "per_dataset"
JOB = "{dataset}" if PER_DATASET else "{dataset}/fold_{fold}"
METHOD_JOB = f"{JOB}/{{method}}"
GENERATION_JOB = f"{METHOD_JOB}/{{phase}}_{{generation}}"


wildcard_constraints:
    dataset="[^/]+",
    fold=r"\d+",
    method="[^/]+",
    phase="search|final",
    generation=r"\d+",


def any_of(names):
    """A wildcard constraint: one of these names, of which there may be none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def archive(dataset):
    """The file or folder that a dataset is prepared from."""
    return datasets.archive(SOURCES[dataset])


def missing_archives():
    """The names of the archives in resources/ that are still to be made.

    One that is there, however it came there, is an input like any other: no rule makes it, so
    that nothing fetches it again or removes what was laid there by hand.
    """
    paths = {archive(dataset) for dataset in SOURCES}
    return sorted(
        Path(path).stem
        for path in paths
        if Path(path).parent == Path("resources") and not Path(path).exists()
    )


def archive_settings(wildcards):
    """What an archive is made from."""
    return next(
        settings
        for dataset, settings in SOURCES.items()
        if archive(dataset) == f"resources/{wildcards.archive}.npz"
    )


def dataset_fingerprint(wildcards):
    """Names, sizes and times of the user's own files, whose times may be older than what was made."""
    if "path" not in SOURCES[wildcards.dataset]:
        return None
    return datasets.fingerprint(archive(wildcards.dataset))


def dataset_path(wildcards):
    return archive(wildcards.dataset)


def dataset_settings(wildcards):
    """What the images and labels of a dataset are, without how they are split and trained on."""
    return SOURCES[wildcards.dataset]


def prepared(dataset, name):
    """A file of the original dataset, which all label budgets share."""
    return f"{RESULTS}/datasets/{study.original(config, dataset)}/{name}"


def dataset_images(wildcards):
    return prepared(wildcards.dataset, "images.npy")


def dataset_labels(wildcards):
    return prepared(wildcards.dataset, "labels.npy")


def dataset_classes(wildcards):
    return prepared(wildcards.dataset, "classes.json")


def split_settings(wildcards):
    (budget,) = study.budgets(config["datasets"][wildcards.dataset])
    return {
        "seed": SEED,
        "dataset": study.original(config, wildcards.dataset),
        "outer_folds": config["outer_folds"],
        "inner_folds": study.inner_folds(config),
    } | budget


def per_fold(*patterns):
    """The files of a job's outer folds: for each fold, one file per pattern."""
    if not PER_DATASET:
        return list(patterns)
    return [
        path
        for fold in FOLDS
        for pattern in patterns
        for path in expand(pattern, fold=fold, allow_missing=True)
    ]


def identities(wildcards):
    """What the seeds of runs and draws come from, for each of a job's outer folds.

    Label budgets of a dataset start from the same weights.
    """
    dataset = study.original(config, wildcards.dataset)
    return [
        {"study": SEED, "dataset": dataset, "outer_fold": fold}
        for fold in (FOLDS if PER_DATASET else [int(wildcards.fold)])
    ]


def method_settings(wildcards):
    return study.settings(config, wildcards.method)


def search_settings(wildcards):
    """What is searched; in the final chain nothing, beside the choice that it is given."""
    if wildcards.get("phase") == "final":
        return {"space": {}, "strategy": "fixed", "trials": None}
    settings = method_settings(wildcards)
    return {key: settings[key] for key in ("space", "strategy", "trials")}


def labeling_settings(wildcards):
    settings = method_settings(wildcards)
    return {key: settings[key] for key in ("labels", "temperature", "balance")}


def teacher_training(wildcards):
    return study.training(config, wildcards.dataset)


def student_training(wildcards):
    """Of the students of a generation, or of a control, which has none."""
    generation = int(wildcards.get("generation", 1))
    return study.training(config, wildcards.dataset, wildcards.method, generation)


def teacher_backbone(wildcards):
    """A digest of the user's own backbone."""
    return backbones.digest_of(teacher_training(wildcards)["backbone"])


def student_backbone(wildcards):
    """A digest of the user's own backbone."""
    return backbones.digest_of(student_training(wildcards)["backbone"])


def given_choices(wildcards):
    """The method's own choices, for its final chains; for its search, those that it inherits, if any."""
    if wildcards.get("phase") == "final":
        return per_fold(f"{METHOD}/choice.json")
    parent = method_settings(wildcards)["inherit"]
    return per_fold(f"{FOLD}/{parent}/choice.json") if parent else []


def previous(wildcards, name):
    """A file of the generation before."""
    generation = int(wildcards.generation) - 1
    return per_fold(f"{METHOD}/{{phase}}/generation_{generation}/{name}")


def previous_predictions(wildcards):
    """The predictions of a generation's teachers."""
    if wildcards.generation == "1":
        return per_fold(f"{FOLD}/teachers/{{phase}}.npz")
    return previous(wildcards, "predictions.npz")


def previous_pseudo_labels(wildcards):
    """The pseudo-labels of the generation before; the first has none."""
    if wildcards.generation == "1":
        return []
    return previous(wildcards, "pseudo_labels.npz")


def generation_files(wildcards, phase, name):
    """A file of each generation of a method's longest chain."""
    return [
        f"{METHOD}/{phase}/generation_{generation}/{name}"
        for generation in study.generations(config, wildcards.method)
    ]


def searched_predictions(wildcards):
    """Predictions of every generation of the search, from 0 on; none when nothing is searched."""
    if not study.searches(config, wildcards.method):
        return []
    return per_fold(
        f"{FOLD}/teachers/search.npz",
        *generation_files(wildcards, "search", "predictions.npz"),
    )


def is_control(wildcards):
    return wildcards.method in CONTROLS["labeled"] + CONTROLS["pool"]


def chain_histories(method, phase):
    """Histories of the jobs that trained generation 0, 1, 2, ... of a method's longest chain."""
    return [f"{RESULTS}/histories/train_teachers/{JOB}.json"] + [
        f"{RESULTS}/histories/train_students/{JOB}/{method}/{phase}_{generation}.json"
        for generation in study.generations(config, method)
    ]


def control_histories(wildcards):
    """Histories of the final chain whose last student's gradient steps a control takes."""
    method = config["methods"][wildcards.method].get("steps_of")
    return chain_histories(method, "final") if method else []


def control_members(wildcards):
    return study.full_space(config, wildcards.method)["ensemble_size"][0]


def final_predictions(wildcards):
    """Predictions of generation 0, 1, 2, ..."""
    if is_control(wildcards):
        return per_fold(f"{METHOD}/control/predictions.npz")
    return per_fold(
        f"{FOLD}/teachers/final.npz",
        *generation_files(wildcards, "final", "predictions.npz"),
    )


def final_pseudo_labels(wildcards):
    """Pseudo-labels after generation 1, 2, ...; none without generations."""
    return per_fold(*generation_files(wildcards, "final", "pseudo_labels.npz"))


def final_histories(wildcards):
    """Histories of the jobs that trained generation 0, 1, 2, ..."""
    if is_control(wildcards):
        return [f"{RESULTS}/histories/train_control/{METHOD_JOB}.json"]
    return chain_histories(wildcards.method, "final")


def score_provenance(wildcards):
    """What a score comes from: the settings that it depends on, and the code of their rules."""
    rules_behind = (
        "prepare_dataset",
        "make_splits",
        "train_teachers",
        "train_students",
        "train_control",
        "select",
        "evaluate",
    )
    own = {
        name: backbones.digest_of(name)
        for name in study.backbones_of(config, wildcards.method)
        if name not in backbones.BACKBONES
    }
    return {
        "settings": study.slice_of(config, wildcards.dataset, wildcards.method),
        "code": {rule: code_digest(rule) for rule in rules_behind} | own,
    }


def all_scores(wildcards):
    """The scores of every method on every outer fold of every dataset."""
    return expand(f"{METHOD}/scores.json", dataset=DATASETS, method=METHODS, fold=FOLDS)


def all_histories(wildcards):
    """The histories of every training job."""
    histories = []
    for method in METHODS:
        if method in CONTROLS["labeled"] + CONTROLS["pool"]:
            histories.append(f"{RESULTS}/histories/train_control/{JOB}/{method}.json")
            continue
        if study.searches(config, method):
            histories += chain_histories(method, "search")
        histories += chain_histories(method, "final")
    jobs = {"dataset": DATASETS, "fold": [None] if PER_DATASET else FOLDS}
    return expand(list(dict.fromkeys(histories)), **jobs)
