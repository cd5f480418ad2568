"""The jobs of a study that adapt transformers to texts, and what starts from their weights."""

from typing import Any

from self_training.digests import code_digest
from self_training.study import adaptation, budgets, encoders, folds, names
from self_training.study.plan_of_data import PlanOfData, Wildcards


class PlanOfAdaptation(PlanOfData):
    """What is adapted, a job for each outer fold of a dataset, whatever training jobs have.

    All label budgets of a dataset share it: the texts outside a test fold are the same.

    Args: of `PlanOfData`.
    """

    @property
    def adapted_folder(self) -> str:
        """The folder of the files of an adapted transformer."""
        return f"{self.data}/adapted/{self.outer_fold}"

    @property
    def adaptation_job(self) -> str:
        """What a job is called in paths."""
        return f"{{dataset}}/{self.outer_fold}"

    def adapted_datasets(self) -> list[str]:
        """Return the original datasets, if any network of the study starts from adapted weights."""
        behind = (adaptation.is_behind(self.config, name) for name in self.methods)
        return list(self.sources) if any(behind) else []

    def adapted(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of what the networks of a training job start from, one for each of its
        outer folds; none where these are the encoder's own files."""
        method = getattr(wildcards, "method", None)
        is_adapted = (
            adaptation.is_of_teachers(self.config)
            if method is None
            else adaptation.is_of_networks(self.config, method)
        )
        folder = self.prepared(wildcards.dataset, f"adapted/{self.outer_fold}")
        return self.per_fold(folder) if is_adapted else []

    def _smallest_budget(self, original: str) -> str:
        return budgets.several(self.config).get(original, [original])[0]

    def adapted_split(self, wildcards: Wildcards) -> str:
        """Return the split of an outer fold that says which texts are in no test fold: that of the
        smallest label budget."""
        dataset = self._smallest_budget(wildcards.dataset)
        return f"{self.results}/runs/{dataset}/{self.outer_fold}/split.npz"

    def adaptation_identity(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what the seeds of an outer fold's adaptation come from."""
        fold = {"outer_fold": self.outer_fold}
        if "{fold}" in self.outer_fold:
            fold = folds.identity_of_fold(wildcards.fold)
        return {"study": self.config["seed"], "dataset": wildcards.dataset} | fold

    def adaptation_training(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return how a dataset's transformer is adapted: the fields of
        `training.runs.TrainingSettings`."""
        dataset = self._smallest_budget(wildcards.dataset)
        training = names.with_paths(adaptation.training(self.config, dataset))
        files = encoders.fingerprint(self.sources[wildcards.dataset])
        training["transformer"] |= {"files": files, "kept": False}
        return training

    def adaptation_code(self, _wildcards: Wildcards) -> str:
        """Return a digest of the code that adapts transformers."""
        return code_digest("adapt_encoder")

    def adaptation_histories(self) -> list[str]:
        """Return the histories of all jobs that adapt, patterns with an outer fold in braces."""
        return [
            f"{self.results}/histories/adapt_encoder/{dataset}/{self.outer_fold}.json"
            for dataset in self.adapted_datasets()
        ]
