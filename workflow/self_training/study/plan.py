"""The jobs of a study: their paths, and what depends on the config of their inputs and parameters.

A rule states its inputs, outputs and parameters; where these depend on wildcards, it names a
function of a `Plan`. Paths have wildcards in braces; `Wildcards` have an attribute for each.
"""

import re

from self_training.digests import code_digest
from self_training.study import (
    adaptation,
    asked,
    behind_scores,
    budgets,
    consistency,
    encoders,
    folds,
    methods,
    names,
    synthetic,
    trainings,
    transformers,
)
from self_training.study.candidates import HYPER_PARAMETERS
from self_training.study.plan_of_adaptation import PlanOfAdaptation
from self_training.study.plan_of_data import Wildcards
from self_training.study.plan_of_synthetic import PlanOfSynthetic

# What only JAX trains with; see `training.job.STACKED`.
JAX_TRAINER = "self_training.training.stacked:StackedTrainer"
# What trains consistency training alone; see `training.job.CONSISTENCY`.
CONSISTENCY_TRAINER = "self_training.training.consistency.trainer:ConsistencyTrainer"
# See `training.trainer.LOGIT_ADJUSTMENT`.
LOGIT_ADJUSTMENT = "self_training.training.logit_adjustment:LogitAdjustedLoss"


class Plan(PlanOfAdaptation, PlanOfSynthetic):
    """What jobs a study has.

    Args: of `PlanOfData`.
    """

    # Whether their networks are kept: they are large, and nobody reads those of the study's folds.
    keeps_transformers = False

    # What trains.

    def identities(self, wildcards: Wildcards) -> list[dict]:
        """Return what the seeds of runs and draws come from, for each of a job's outer folds.

        Label budgets of a dataset start from the same weights.
        """
        dataset = budgets.original(self.config, wildcards.dataset)
        return [
            {"study": self.config["seed"], "dataset": dataset} | folds.identity_of_fold(fold)
            for fold in self.part.folds or [wildcards.fold]
        ]

    def _training(self, wildcards: Wildcards) -> dict:
        """Return how the networks of a job are trained; backbones and policies are names."""
        method = getattr(wildcards, "method", None)
        # A control has no generations.
        generation = int(getattr(wildcards, "generation", 1))
        return trainings.training(self.config, wildcards.dataset, method, generation)

    def training(self, wildcards: Wildcards) -> dict:
        """Return how teachers, the students of a generation, or the networks of a control are
        trained: the fields of `training.runs.TrainingSettings`."""
        training = names.with_paths(self._training(wildcards))
        if "consistency" in training:
            training["consistency"] = consistency.with_paths(training["consistency"])
        if "transformer" in training:
            original = budgets.original(self.config, wildcards.dataset)
            files = encoders.fingerprint(self.sources[original])
            # A change of these files trains anew.
            others = {"files": files, "kept": self.keeps_transformers}
            training["transformer"] = others | training["transformer"]
        return training

    def environment(self, path: str) -> str:
        """Return the conda environment of the rules that train: of a study of transformers that of
        texts, in the same folder.

        Args:
            path: of the one that all other studies train with.
        """
        if not transformers.is_trained(self.config):
            return path
        return path.replace("training.yaml", "texts.yaml")

    def teacher_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that trains teachers with these settings."""
        return self._code("train_teachers", self._training(wildcards))

    def student_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that labels for and trains students with these settings."""
        return self._code("train_students", self._training(wildcards))

    def control_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that trains a control with these settings."""
        return self._code("train_control", self._training(wildcards))

    def consistency_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code of consistency training with these settings."""
        return self._code("train_consistency", self._training(wildcards))

    def _code(self, script: str, *trainings: dict) -> str:
        """Return a digest of a training script's code, and of what its settings call by name."""
        used = []
        for training in trainings:
            used.append(names.backbone_path(training["backbone"]))
            consistent = training.get("consistency")
            used += [CONSISTENCY_TRAINER, *consistency.paths(consistent)] if consistent else []
            in_stacks = self.backend == "jax" and not consistent
            used += [JAX_TRAINER] if in_stacks else []
            used += [LOGIT_ADJUSTMENT] if training["logit_adjustment"] else []
            if training["noise"]["magnitude"]:
                policy = training["noise"]["policy"]
                used.append(names.policy_path(policy))
                used += [names.policy_on_jax(policy)] if in_stacks else []
        return code_digest(script, *used)

    def given_choices(self, wildcards: Wildcards) -> list[str]:
        """Return a method's own choices, for what is final; for its search, those of the methods
        that it takes hyper-parameters from, if any."""
        if getattr(wildcards, "phase", None) == "final":
            return self.per_fold(f"{self.method}/choice.json")
        taken = methods.settings(self.config, wildcards.method)["takes"]
        return self.per_fold(*(f"{self.fold}/{other}/choice.json" for other in taken))

    def previous_predictions(self, wildcards: Wildcards) -> list[str]:
        """Return the predictions of a generation's teachers."""
        before = int(wildcards.generation) - 1
        if before == 0:
            return self.per_fold(self._of_teacher(wildcards.method, "{phase}"))
        return self.per_fold(f"{self.method}/{{phase}}/generation_{before}/predictions.npz")

    def _of_teacher(self, method: str, phase: str) -> str:
        """Return the predictions of a chain's generation 0."""
        teacher = methods.teacher(self.config, method)
        if teacher is None:
            return f"{self.fold}/teachers/{phase}.npz"
        return f"{self.fold}/{teacher}/{phase}/generation_0/predictions.npz"

    def teacher_choices(self, wildcards: Wildcards) -> list[str]:
        """Return what was selected for the control that is a chain's teacher, if one is: of its
        candidates, whose networks the search has all of, the selected one teaches."""
        teacher = methods.teacher(self.config, wildcards.method)
        final = getattr(wildcards, "phase", None) == "final"
        return self.per_fold(f"{self.fold}/{teacher}/choice.json") if teacher and not final else []

    def previous_pseudo_labels(self, wildcards: Wildcards) -> list[str]:
        """Return the pseudo-labels of the generation before; the first has none."""
        before = int(wildcards.generation) - 1
        path = f"{self.method}/{{phase}}/generation_{before}/pseudo_labels.npz"
        return self.per_fold(path) if before else []

    def search_settings(self, wildcards: Wildcards) -> dict:
        """Return what is searched, for `search.propose`; in the final chain nothing beside the
        choice that it is given."""
        if getattr(wildcards, "phase", None) == "final":
            taken = [list(HYPER_PARAMETERS)]
            return {"space": {}, "strategy": "fixed", "trials": None, "takes": taken}
        settings = methods.settings(self.config, wildcards.method)
        taken = list(settings["takes"].values())
        return {key: settings[key] for key in ("space", "strategy", "trials")} | {"takes": taken}

    def labeling_settings(self, wildcards: Wildcards) -> dict:
        """Return how pseudo-labels are made: the fields of `noisy_student.Labeling`."""
        settings = methods.settings(self.config, wildcards.method)
        of_labels = ("labels", "temperature", "filter", "balance", "quota")
        of_selection = ("curriculum", "share", "uncertainty", "align", "schedule")
        passes = asked.is_of_passes(self.config, wildcards.method)
        return {key: settings[key] for key in (*of_labels, *of_selection)} | {"passes": passes}

    def selection(self, wildcards: Wildcards) -> str:
        """Return which of a method's candidates is selected."""
        return methods.settings(self.config, wildcards.method)["selection"]

    def asked_of_control(self, wildcards: Wildcards) -> dict:
        """Return what a control is asked about unlabeled examples which is a teacher."""
        return asked.of_control(self.config, wildcards.method)

    def takes_whole_chain(self, wildcards: Wildcards) -> bool:
        """Return whether a control takes the gradient steps of a chain's networks together."""
        return methods.match(self.config, wildcards.method) == methods.WHOLE_CHAIN

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
        if methods.kind(self.config, wildcards.method) in methods.TRAINED_ONCE:
            return self.per_fold(f"{self.control('search')}/predictions.npz")
        return self.per_fold(
            self._of_teacher(wildcards.method, "search"),
            *self._of_generations(wildcards.method, "search", "predictions.npz"),
        )

    def final_predictions(self, wildcards: Wildcards) -> list[str]:
        """Return predictions of the final chain's generation 0, 1, 2, ..."""
        return self.per_fold(*self._predictions_of_chain(wildcards.method))

    def _predictions_of_chain(self, method: str) -> list[str]:
        if methods.kind(self.config, method) in methods.TRAINED_ONCE:
            return [f"{self.control('final')}/predictions.npz"]
        return [
            self._of_teacher(method, "final"),
            *self._of_generations(method, "final", "predictions.npz"),
        ]

    def last_predictions(self, method: str) -> str:
        """Return the predictions after the last generation of a final chain: a chain that has ended
        hands on those of before."""
        return self._predictions_of_chain(method)[-1]

    def final_pseudo_labels(self, wildcards: Wildcards) -> list[str]:
        """Return pseudo-labels after generation 1, 2, ...; none without generations."""
        return self.per_fold(*self._of_generations(wildcards.method, "final", "pseudo_labels.npz"))

    def _histories(self, method: str, phase: str) -> list[str]:
        """Return histories of the jobs that trained a method's networks, by generation."""
        folder = f"{self.results}/histories"
        kind = methods.kind(self.config, method)
        if kind in methods.TRAINED_ONCE:
            return [f"{folder}/train_{kind}/{self.job}/{method}/{phase}.json"]
        teacher = methods.teacher(self.config, method)
        teachers = [f"{folder}/train_teachers/{self.job}.json"]
        return (self._histories(teacher, phase) if teacher else teachers) + [
            f"{folder}/train_students/{self.job}/{method}/{phase}_{generation}.json"
            for generation in methods.generations(self.config, method)
        ]

    def final_histories(self, wildcards: Wildcards) -> list[str]:
        """Return histories of the jobs that trained generation 0, 1, 2, ..."""
        return self._histories(wildcards.method, "final")

    def control_histories(self, wildcards: Wildcards) -> list[str]:
        """Return histories of the final chain whose steps a control takes."""
        method = methods.steps_of(self.config, wildcards.method)
        return self._histories(method, "final") if method else []

    def search_histories(self, wildcards: Wildcards) -> list[str]:
        """Return histories of the jobs that trained for the choices behind a method's scores."""
        found: dict[str, None] = {}
        method = wildcards.method
        for name in [method, *methods.behind_choice(self.config, method)]:
            if methods.searches(self.config, name):
                found |= dict.fromkeys(self._histories(name, "search"))
        return list(found)

    def score_provenance(self, wildcards: Wildcards) -> dict:
        """Return what a score comes from: the settings it depends on, and the code behind it."""
        dataset, method = wildcards.dataset, wildcards.method
        code = {script: code_digest(script) for script in ("make_splits", "select", "evaluate")}
        code |= self.code_of_examples(dataset)
        # A choice may be inherited from a chain, and steps are taken from one.
        behind = [method, *behind_scores.behind(self.config, method)]
        if any(adaptation.is_behind(self.config, name) for name in behind):
            code["adapt_encoder"] = code_digest("adapt_encoder")
        for kind in methods.TRAINED_ONCE:
            some = [name for name in behind if methods.kind(self.config, name) == kind]
            if some:
                of_them = [trainings.training(self.config, dataset, name) for name in some]
                code[f"train_{kind}"] = self._code(f"train_{kind}", *of_them)
        if any(methods.is_of_shared_teachers(self.config, name) for name in behind):
            training = trainings.training(self.config, dataset)
            code["train_teachers"] = self._code("train_teachers", training)
        students = [
            trainings.training(self.config, dataset, name, generation)
            for name in behind
            for generation in methods.generations(self.config, name)
        ]
        if students:
            code["train_students"] = self._code("train_students", *students)
        if any(synthetic.of_method(self.config, name) for name in behind):
            code |= self.code_of_synthetic(dataset)
        return {
            "settings": behind_scores.settings_behind_score(self.config, dataset, method),
            "code": code,
        }

    def all_scores(self, _wildcards: Wildcards) -> list[str]:
        """Return the scores of every method on every outer fold of every dataset."""
        return [
            fill(f"{self.method}/scores.json", dataset=dataset, method=method, fold=fold)
            for dataset in self.datasets
            for method in self.methods
            for fold in self.folds
        ]

    def all_histories(self, _wildcards: Wildcards) -> list[str]:
        """Return the histories of every training job."""
        patterns: list[str] = []
        for method in self.methods:
            for plan in self.in_parts():
                if methods.trains_in_search(self.config, method):
                    patterns += plan._histories(method, "search")
                patterns += plan._histories(method, "final")
        adapting = [
            fill(pattern, fold=fold)
            for pattern in self.adaptation_histories()
            for fold in (self.folds if "{fold}" in pattern else [""])
        ]
        return adapting + [
            fill(pattern, dataset=dataset, fold=fold)
            for pattern in dict.fromkeys(patterns)
            for dataset in self.datasets
            for fold in (self.folds if "{fold}" in pattern else [""])
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


def fill(pattern: str, **values) -> str:
    """Return a path with values for some of its wildcards."""
    for name, value in values.items():
        pattern = pattern.replace(f"{{{name}}}", str(value))
    return pattern
