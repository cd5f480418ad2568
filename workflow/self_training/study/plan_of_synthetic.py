"""The jobs of a study that make synthetic texts, and which files of these others are given."""

from typing import Any

from self_training.data.encoders import list_of_hub
from self_training.digests import code_digest
from self_training.study import budgets, encoders, folds, synthetic
from self_training.study.plan_of_data import PlanOfData, Wildcards

# What trains, generates and filters, in the order of the jobs.
_SCRIPTS = ("adapt_generator", "generate", "filter_generated")


class PlanOfSynthetic(PlanOfData):
    """What jobs a study has for synthetic texts: those of an outer fold of an original dataset,
    which all its label budgets share, since no label is read.

    Args: of `PlanOfData`.
    """

    def __init__(self, config: dict, backend: str = "tensorflow"):
        super().__init__(config, backend)
        self.teachers = synthetic.teachers(self.config)
        # Of each original dataset that has a generator, a dataset whose pool is that of all.
        found: dict[str, str] = {}
        for name in synthetic.with_generator(self.config):
            found.setdefault(budgets.original(self.config, name), name)
        self.generating = found
        self.adapting = [name for name in found if self._generator(name)["adapt"]]
        self.generated = f"{self.results}/generated/{{dataset}}/{self.outer_fold}"

    def _generator(self, dataset: str) -> dict[str, Any]:
        """Return the generator of an original dataset, that of the hub as a folder."""
        return synthetic.located(self.config["datasets"][self.generating[dataset]])

    def encoders_of_hub(self) -> list[str]:
        """Return the lists of the files of all encoders and generators of the hub."""
        found = map(synthetic.of_hub, synthetic.with_generator(self.config).values())
        generators = {str(list_of_hub(**some)) for some in found if some}
        return sorted({*super().encoders_of_hub(), *generators})

    # What makes them.

    def identity_of_generator(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what the seeds of an outer fold's generator come from."""
        identity = {"study": self.config["seed"], "dataset": wildcards.dataset}
        return identity | folds.identity_of_fold(wildcards.fold)

    def split_of_pool(self, wildcards: Wildcards) -> str:
        """Return the file of a split whose pool is that of all label budgets."""
        return self.fold.replace("{dataset}", self.generating[wildcards.dataset]) + "/split.npz"

    def generator_files(self, wildcards: Wildcards) -> list[str]:
        """Return the list of the files of a dataset's generator, of one of the hub alone."""
        dataset = self.config["datasets"][self.generating[wildcards.dataset]]
        found = synthetic.of_hub(dataset)
        return [str(list_of_hub(**found))] if found else []

    def generator_fingerprint(self, wildcards: Wildcards) -> str:
        """Return what changes with the files of a dataset's generator."""
        return synthetic.fingerprint(self.config["datasets"][self.generating[wildcards.dataset]])

    def adapting_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what a generator learns, as `training.generator.adapt_job` takes it."""
        keys = ("model", "revision", "transductive", "adapt")
        generator = self._generator(wildcards.dataset)
        prompts = sorted(generator["prompts"])
        return {key: generator[key] for key in keys} | {"classes": prompts}

    def adapted_generator(self, wildcards: Wildcards) -> list[str]:
        """Return the folder of an adapted generator, where it is adapted."""
        adapts = wildcards.dataset in self.adapting
        return [f"{self.generated}/adapted"] if adapts else []

    def generating_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what is generated, as `training.generator.generate_job` takes it."""
        keys = ("model", "revision", "transductive", "prompts", "per_class", "new_tokens")
        generator = self._generator(wildcards.dataset)
        return {key: generator[key] for key in (*keys, "batch_size", "sampling")}

    def filter_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what is left out by its words: arguments of `text.filters.judge`."""
        own = self._generator(wildcards.dataset)["filter"]
        return {key: own[key] for key in ("min_words", "max_overlap")}

    def is_transductive(self, wildcards: Wildcards) -> bool:
        """Return whether texts of the outer test fold are read, too."""
        return self._generator(wildcards.dataset)["transductive"]

    def filtering_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that filters and encodes a dataset's synthetic texts."""
        encoder = encoders.ENCODERS[encoders.of(self.sources[wildcards.dataset])["name"]]
        return code_digest("filter_generated", encoder)

    def code_of_synthetic(self, dataset: str) -> dict[str, str]:
        """Return digests of the code that makes a dataset's synthetic texts, by scripts."""
        original = budgets.original(self.config, dataset)
        encoder = encoders.ENCODERS[encoders.of(self.sources[original])["name"]]
        made = _SCRIPTS if original in self.adapting else _SCRIPTS[1:]
        used = {"filter_generated": [encoder]}
        return {script: code_digest(script, *used.get(script, [])) for script in made}

    # What they are for.

    def _of_synthetic(self, dataset: str, name: str) -> list[str]:
        original = budgets.original(self.config, dataset)
        return self.per_fold(f"{self.generated.replace('{dataset}', original)}/{name}")

    def _filters(self, dataset: str) -> bool:
        return synthetic.agrees_with_teacher(self.config["datasets"][dataset])

    def synthetic_of_teachers(self, wildcards: Wildcards) -> list[str]:
        """Return the synthetic examples that shared teachers are asked about, where they are."""
        asked = self._filters(wildcards.dataset) and synthetic.users(self.config)
        return self._of_synthetic(wildcards.dataset, "examples.npy") if asked else []

    def synthetic_settings(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """Return how many synthetic examples of a class a method takes, and of what weight; None of
        one without."""
        return synthetic.of_method(self.config, wildcards.method)

    def synthetic(self, wildcards: Wildcards) -> list[str]:
        """Return the synthetic examples that a method is trained on."""
        takes = self.synthetic_settings(wildcards)
        return self._of_synthetic(wildcards.dataset, "examples.npy") if takes else []

    def synthetic_labels(self, wildcards: Wildcards) -> list[str]:
        """Return the labels of the synthetic examples that a method is trained on."""
        takes = self.synthetic_settings(wildcards)
        return self._of_synthetic(wildcards.dataset, "labels.npy") if takes else []

    def filtering_teachers(self, wildcards: Wildcards) -> list[str]:
        """Return what the shared teachers say of the synthetic examples that a method is trained
        on, where that counts: those of the search have not seen the inner folds that they are asked
        for."""
        takes = self.synthetic_settings(wildcards) and self._filters(wildcards.dataset)
        phase = getattr(wildcards, "phase", "final")
        return self.per_fold(f"{self.fold}/teachers/{phase}.npz") if takes else []

    # What the report says of them.

    def counted(self) -> dict[str, list]:
        """Return the datasets and outer folds whose synthetic texts are counted, lists alike;
        `filtering`, the datasets whose teachers leave some out; and `adapted`, of each fold the
        place of its record among those of `counted_files`, or None."""
        pairs = [
            (dataset, fold)
            for dataset in synthetic.with_generator(self.config)
            for fold in self.folds
        ]
        adapting = [budgets.original(self.config, name) in self.adapting for name, _ in pairs]
        places = [sum(adapting[:at]) if adapts else None for at, adapts in enumerate(adapting)]
        return {
            "datasets": [dataset for dataset, _ in pairs],
            "folds": [fold for _, fold in pairs],
            "filtering": [
                name for name in dict.fromkeys(d for d, _ in pairs) if self._filters(name)
            ],
            "adapted": places,
        }

    def counted_files(self) -> dict[str, list[str]]:
        """Return the files that say what has become of all synthetic texts (see `counted`)."""
        counted = self.counted()
        files: dict[str, list[str]] = {"classes": [], "generated": [], "filtered": []}
        files |= {"teachers": [], "adapted": []}
        for dataset, fold, record in zip(
            *(counted[key] for key in ("datasets", "folds", "adapted")), strict=True
        ):
            original = budgets.original(self.config, dataset)
            folder = self.generated.replace("{dataset}", original).replace("{fold}", fold)
            of_fold = self.fold.replace("{dataset}", dataset).replace("{fold}", fold)
            files["classes"].append(self.prepared(dataset, "classes.json"))
            files["generated"].append(f"{folder}/generated.json")
            files["filtered"].append(f"{folder}/filtered.json")
            if dataset in counted["filtering"]:
                files["teachers"].append(f"{of_fold}/teachers/final.npz")
            if record is not None:
                files["adapted"].append(f"{folder}/adapted.json")
        return files

    def synthetic_tables(self) -> list[str]:
        """Return the files of counts of synthetic texts, and of some; none of a study without."""
        names = ("synthetic.csv", "synthetic_examples.json") if self.generating else ()
        return [f"{self.results}/{name}" for name in names]
