"""The jobs of a study: their paths, and what depends on the config of their inputs and parameters.

A rule states its inputs, outputs and parameters; where these depend on wildcards, it names a
function of a `Plan`. Paths have wildcards in braces; `Wildcards` have an attribute for each.
"""

import re
from pathlib import Path
from typing import Any

from self_training.data import sources
from self_training.digests import code_digest
from self_training.study import budgets, methods, names
from self_training.study.config import external_scores, inner_folds, statistics

Wildcards = Any
# What only JAX trains with; see `training.job.STACKED` and `image.noise.Policy.on_gpu`.
JAX_TRAINER = "self_training.training.stacked:StackedTrainer"
JAX_NOISE = "self_training.image.noise_on_gpu:geometric"


class Plan:
    """What jobs a study has.

    Args:
        config: of the study, checked.
        backend: of Keras, such as `tensorflow`.
    """

    def __init__(self, config: dict, backend: str = "tensorflow"):
        # From here on a label budget of a dataset is a dataset; examples are those of the original.
        self.config = config = budgets.expand(config)
        self.backend = backend
        self.sources = budgets.sources(config)
        # A config of external scores alone has none of these.
        self.datasets = list(config.get("datasets", {}))
        self.methods = list(config.get("methods", {}))
        self.folds = list(range(config.get("outer_folds", 0)))
        self.threads = config.get("threads", 1)
        self.controls = methods.controls(config)
        self.external_scores = external_scores(config)
        self.statistics = statistics(config)
        self.teachers = methods.teachers(config)

        self.results = f"results/{config['study']}"
        self.data = f"{self.results}/datasets/{{dataset}}"
        self.fold = f"{self.results}/runs/{{dataset}}/fold_{{fold}}"
        self.method = f"{self.fold}/{{method}}"
        self.generation = f"{self.method}/{{phase}}/generation_{{generation}}"
        # What one job does: an outer fold of a dataset, or all of them. Files are always per fold.
        self.per_dataset = config.get("jobs") == "per_dataset"
        self.job = "{dataset}" if self.per_dataset else "{dataset}/fold_{fold}"
        self.method_job = f"{self.job}/{{method}}"
        self.generation_job = f"{self.method_job}/{{phase}}_{{generation}}"

    def per_fold(self, *patterns: str) -> list[str]:
        """Return the files of a job's outer folds: for each fold, one file per pattern."""
        if not self.per_dataset:
            return list(patterns)
        return [pattern.replace("{fold}", str(fold)) for fold in self.folds for pattern in patterns]

    # Datasets.

    def archive(self, dataset: str) -> str:
        """Return the file or folder that a dataset is prepared from."""
        return sources.archive(self.sources[dataset])

    def archives(self) -> list[str]:
        """Return what the datasets are prepared from."""
        return [self.archive(dataset) for dataset in self.sources]

    def missing_archives(self) -> list[str]:
        """Return the names of the archives in resources/ that are still to be made.

        One that is there, however it came there, is an input like any other: no rule makes it, so
        that nothing fetches it again or removes what was laid there by hand.
        """
        return sorted(
            Path(path).stem
            for path in set(self.archives())
            if Path(path).parent == Path("resources") and not Path(path).exists()
        )

    def archive_settings(self, wildcards: Wildcards) -> dict:
        """Return what an archive is made from."""
        path = f"resources/{wildcards.archive}.npz"
        return next(
            settings for settings in self.sources.values() if sources.archive(settings) == path
        )

    def dataset_path(self, wildcards: Wildcards) -> str:
        """Return what a dataset is prepared from."""
        return self.archive(wildcards.dataset)

    def dataset_settings(self, wildcards: Wildcards) -> dict:
        """Return what a dataset's examples and labels are, not how they are split and used."""
        return self.sources[wildcards.dataset]

    def dataset_fingerprint(self, wildcards: Wildcards) -> str | None:
        """Return a hash of names, sizes and times of the user's own files, whose times may be older
        than what was made; None of an archive."""
        return sources.fingerprint(self.sources[wildcards.dataset])

    def prepared(self, dataset: str, name: str) -> str:
        """Return a file of the original dataset, which all label budgets share."""
        return f"{self.results}/datasets/{budgets.original(self.config, dataset)}/{name}"

    def images(self, wildcards: Wildcards) -> str:
        """Return the file of a dataset's examples."""
        return self.prepared(wildcards.dataset, "images.npy")

    def labels(self, wildcards: Wildcards) -> str:
        """Return the file of a dataset's labels, hidden ones among them."""
        return self.prepared(wildcards.dataset, "labels.npy")

    def classes(self, wildcards: Wildcards) -> str:
        """Return the file of the names of a dataset's classes."""
        return self.prepared(wildcards.dataset, "classes.json")

    def split_settings(self, wildcards: Wildcards) -> dict:
        """Return how a dataset is split, as `splits.make_splits` takes it."""
        dataset = self.config["datasets"][wildcards.dataset]
        (budget,) = budgets.of(dataset)
        return {
            "seed": self.config["seed"],
            "dataset": budgets.original(self.config, wildcards.dataset),
            "outer_folds": self.config["outer_folds"],
            "inner_folds": inner_folds(self.config),
            "draw": dataset.get("draw", "stratified"),
        } | budget

    # What trains.

    def identities(self, wildcards: Wildcards) -> list[dict]:
        """Return what the seeds of runs and draws come from, for each of a job's outer folds.

        Label budgets of a dataset start from the same weights.
        """
        dataset = budgets.original(self.config, wildcards.dataset)
        return [
            {"study": self.config["seed"], "dataset": dataset, "outer_fold": fold}
            for fold in (self.folds if self.per_dataset else [int(wildcards.fold)])
        ]

    def _training(self, wildcards: Wildcards) -> dict:
        """Return how the networks of a job are trained; backbones and policies are names."""
        method = getattr(wildcards, "method", None)
        # A control has no generations.
        generation = int(getattr(wildcards, "generation", 1))
        return methods.training(self.config, wildcards.dataset, method, generation)

    def training(self, wildcards: Wildcards) -> dict:
        """Return how teachers, the students of a generation, or the networks of a control are
        trained: the fields of `training.runs.TrainingSettings`."""
        return names.with_paths(self._training(wildcards))

    def teacher_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that trains teachers with these settings."""
        return self._code("train_teachers", self._training(wildcards))

    def student_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that labels for and trains students with these settings."""
        return self._code("train_students", self._training(wildcards))

    def control_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that trains a control with these settings."""
        return self._code("train_control", self._training(wildcards))

    def _code(self, script: str, *trainings: dict) -> str:
        """Return a digest of a training script's code, and of what its settings call by name."""
        used = []
        for training in trainings:
            used.append(names.backbone_path(training["backbone"]))
            used += [JAX_TRAINER] if self.backend == "jax" else []
            if training["noise"]["magnitude"]:
                used.append(names.policy_path(training["noise"]["policy"]))
                used += [JAX_NOISE] if self.backend == "jax" else []
        return code_digest(script, *used)

    def given_choices(self, wildcards: Wildcards) -> list[str]:
        """Return a method's own choices, for its final chains; for its search, those that it
        inherits, if any."""
        if getattr(wildcards, "phase", None) == "final":
            return self.per_fold(f"{self.method}/choice.json")
        parent = methods.settings(self.config, wildcards.method)["inherit"]
        return self.per_fold(f"{self.fold}/{parent}/choice.json") if parent else []

    def previous_predictions(self, wildcards: Wildcards) -> list[str]:
        """Return the predictions of a generation's teachers."""
        before = int(wildcards.generation) - 1
        if before == 0:
            return self.per_fold(f"{self.fold}/teachers/{{phase}}.npz")
        return self.per_fold(f"{self.method}/{{phase}}/generation_{before}/predictions.npz")

    def previous_pseudo_labels(self, wildcards: Wildcards) -> list[str]:
        """Return the pseudo-labels of the generation before; the first has none."""
        before = int(wildcards.generation) - 1
        path = f"{self.method}/{{phase}}/generation_{before}/pseudo_labels.npz"
        return self.per_fold(path) if before else []

    def search_settings(self, wildcards: Wildcards) -> dict:
        """Return what is searched; in the final chain nothing beside the choice it is given."""
        if getattr(wildcards, "phase", None) == "final":
            return {"space": {}, "strategy": "fixed", "trials": None}
        settings = methods.settings(self.config, wildcards.method)
        return {key: settings[key] for key in ("space", "strategy", "trials")}

    def labeling_settings(self, wildcards: Wildcards) -> dict:
        """Return how pseudo-labels are made: the fields of `noisy_student.Labeling`."""
        settings = methods.settings(self.config, wildcards.method)
        keys = ("labels", "temperature", "filter", "balance", "quota")
        return {key: settings[key] for key in keys}

    def control_members(self, wildcards: Wildcards) -> int:
        """Return how many networks a control has."""
        return methods.full_space(self.config, wildcards.method)["ensemble_size"][0]

    # What a method's scores are of.

    def _of_generations(self, method: str, phase: str, name: str) -> list[str]:
        """Return a file of each generation of a method's longest chain."""
        return [
            f"{self.method}/{phase}/generation_{generation}/{name}"
            for generation in methods.generations(self.config, method)
        ]

    def searched_predictions(self, wildcards: Wildcards) -> list[str]:
        """Return predictions of every generation of the search, from 0 on; none when nothing is
        searched."""
        if not methods.searches(self.config, wildcards.method):
            return []
        return self.per_fold(
            f"{self.fold}/teachers/search.npz",
            *self._of_generations(wildcards.method, "search", "predictions.npz"),
        )

    def final_predictions(self, wildcards: Wildcards) -> list[str]:
        """Return predictions of the final chain's generation 0, 1, 2, ..."""
        if methods.kind(self.config, wildcards.method) == methods.CONTROL:
            return self.per_fold(f"{self.method}/control/predictions.npz")
        return self.per_fold(
            f"{self.fold}/teachers/final.npz",
            *self._of_generations(wildcards.method, "final", "predictions.npz"),
        )

    def final_pseudo_labels(self, wildcards: Wildcards) -> list[str]:
        """Return pseudo-labels after generation 1, 2, ...; none without generations."""
        return self.per_fold(*self._of_generations(wildcards.method, "final", "pseudo_labels.npz"))

    def _histories(self, method: str, phase: str) -> list[str]:
        """Return histories of the jobs that trained a method's networks, by generation."""
        if methods.kind(self.config, method) == methods.CONTROL:
            return [f"{self.results}/histories/train_control/{self.job}/{method}.json"]
        return [f"{self.results}/histories/train_teachers/{self.job}.json"] + [
            f"{self.results}/histories/train_students/{self.job}/{method}/{phase}_{generation}.json"
            for generation in methods.generations(self.config, method)
        ]

    def final_histories(self, wildcards: Wildcards) -> list[str]:
        """Return histories of the jobs that trained generation 0, 1, 2, ..."""
        return self._histories(wildcards.method, "final")

    def control_histories(self, wildcards: Wildcards) -> list[str]:
        """Return histories of the final chain whose last student's steps a control takes."""
        method = methods.steps_of(self.config, wildcards.method)
        return self._histories(method, "final") if method else []

    def score_provenance(self, wildcards: Wildcards) -> dict:
        """Return what a score comes from: the settings it depends on, and the code behind it."""
        dataset, method = wildcards.dataset, wildcards.method
        code = {
            script: code_digest(script)
            for script in ("prepare_dataset", "make_splits", "select", "evaluate")
        }
        own = methods.kind(self.config, method)
        if own == methods.CONTROL:
            training = methods.training(self.config, dataset, method)
            code["train_control"] = self._code("train_control", training)
        # A choice may be inherited from a chain, and steps are taken from one.
        behind = [method, *methods.behind(self.config, method)]
        if own != methods.CONTROL or len(behind) > 1:
            training = methods.training(self.config, dataset)
            code["train_teachers"] = self._code("train_teachers", training)
        students = [
            methods.training(self.config, dataset, name, generation)
            for name in behind
            for generation in methods.generations(self.config, name)
        ]
        if students:
            code["train_students"] = self._code("train_students", *students)
        return {
            "settings": methods.settings_behind_score(self.config, dataset, method),
            "code": code,
        }

    def all_scores(self, _wildcards: Wildcards) -> list[str]:
        """Return the scores of every method on every outer fold of every dataset."""
        return [
            _fill(f"{self.method}/scores.json", dataset=dataset, method=method, fold=fold)
            for dataset in self.datasets
            for method in self.methods
            for fold in self.folds
        ]

    def all_histories(self, _wildcards: Wildcards) -> list[str]:
        """Return the histories of every training job."""
        patterns: list[str] = []
        for method in self.methods:
            if methods.searches(self.config, method):
                patterns += self._histories(method, "search")
            patterns += self._histories(method, "final")
        return [
            _fill(pattern, dataset=dataset, fold=fold)
            for pattern in dict.fromkeys(patterns)
            for dataset in self.datasets
            for fold in ([""] if self.per_dataset else self.folds)
        ]

    # What is shown.

    def shown_method(self) -> str | None:
        """Return the method whose pseudo-labels are shown: the first with students, if any has."""
        return next((name for name in self.methods if methods.generations(self.config, name)), None)

    def report_figures(self, titles: dict[str, str]) -> dict[str, str]:
        """Return the PNG files of the workbook's figures by their titles.

        Args:
            titles: of `report.figures.titles`.
        """
        found = {title: f"{self.results}/figures/{name}.png" for name, title in titles.items()}
        shown = self.shown_method()
        for dataset in self.datasets if shown else []:
            path = f"{self.results}/figures/pseudo_labels/{dataset}.png"
            found[f"Pseudo-labels of {shown} on {dataset}"] = path
        return found


def any_of(some_names) -> str:
    """Return a wildcard constraint: one of these names, of which there may be none."""
    return "|".join(map(re.escape, some_names)) or "(?!)"


def _fill(pattern: str, **values) -> str:
    for name, value in values.items():
        pattern = pattern.replace(f"{{{name}}}", str(value))
    return pattern
