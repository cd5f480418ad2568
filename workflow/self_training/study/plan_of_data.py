"""The paths of a study, and its jobs before anything trains: archives, datasets, splits."""

from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from self_training.data import hub_splits, prepared, sources
from self_training.data.encoders import list_of_hub
from self_training.digests import code_digest
from self_training.study import (
    asked,
    budgets,
    encoders,
    fair_controls,
    folds,
    hub,
    kinds,
    methods,
    transformers,
)
from self_training.study.config import external_scores, inner_folds, statistics

Wildcards = Any
# What a split is told of a dataset where a config says it, besides its label budget.
OF_SPLITS = (budgets.FOREIGN, budgets.IMBALANCE, budgets.UNLABELED_IMBALANCE)


class PlanOfData:
    """Paths, and what jobs a study has for its data.

    Args:
        config: of the study, checked.
        backend: of Keras, such as `tensorflow`.
    """

    # The folder of an outer fold, within that of its dataset.
    outer_fold = "fold_{fold}"

    def __init__(self, config: dict, backend: str = "tensorflow"):
        # From here on a label budget of a dataset is a dataset; examples are those of the original.
        # And every method with students has its fair control, and splits of the hub are files.
        self.config = config = fair_controls.add(budgets.expand(hub.expand(config)))
        # Transformers take no notice of it.
        self.backend = transformers.BACKEND if transformers.is_trained(config) else backend
        self.sources = budgets.sources(config)
        # A config of external scores alone has none of these.
        self.datasets = list(config.get("datasets", {}))
        self.methods = list(config.get("methods", {}))
        self.outer_folds = config.get("outer_folds", 0)
        self.partitions = folds.partitions(config)
        self.folds = [fold for partition in self.partitions for fold in partition.folds]
        self.threads = config.get("threads", 1)
        self.controls = methods.controls(config)
        self.of_consistency = methods.of_consistency(config)
        self.external_scores = external_scores(config)
        self.statistics = statistics(config)
        self.teachers = asked.teachers(config)

        # Texts are prepared as they are, and an encoder makes arrays of them; no study has both
        # these and others.
        kind_of = sources.kind_of
        self.texts = [name for name, source in self.sources.items() if kind_of(source) == "texts"]
        self.prepared_as = prepared.TEXTS_FILE if self.texts else prepared.EXAMPLES_FILE

        self.results = f"results/{config['study']}"
        self.data = f"{self.results}/datasets/{{dataset}}"
        self.fold = f"{self.results}/runs/{{dataset}}/{self.outer_fold}"
        self.method = f"{self.fold}/{{method}}"
        self.generation = f"{self.method}/{{phase}}/generation_{{generation}}"
        self._train(folds.parts(config)[0])

    def _train(self, part: folds.Part) -> None:
        """Have the jobs train some of the folds. Files are always of one fold."""
        self.part = part
        of_job = part.name or (None if part.folds else self.outer_fold)
        self.job = "/".join(["{dataset}", of_job] if of_job else ["{dataset}"])
        self.method_job = f"{self.job}/{{method}}"
        self.generation_job = f"{self.method_job}/{{phase}}_{{generation}}"

    def in_parts(self) -> list[Self]:
        """Return this plan once for each part of the folds, whose jobs it then is of."""
        plans = []
        for part in folds.parts(self.config):
            plans.append(copy(self))
            plans[-1]._train(part)
        return plans

    def rule(self, name: str) -> str:
        """Return what a rule is called that trains a part of the folds, or what comes of them."""
        return folds.rule_of(self.part, name)

    def control(self, phase: str) -> str:
        """Return the folder of a control's networks: without students, its generation 0."""
        return f"{self.method}/{phase}/generation_0"

    def per_fold(self, *patterns: str) -> list[str]:
        """Return the files of a job's outer folds: for each fold, one file per pattern."""
        if not self.part.folds:
            return list(patterns)
        return [pattern.replace("{fold}", fold) for fold in self.part.folds for pattern in patterns]

    # Datasets.

    def archive(self, dataset: str) -> str:
        """Return the file or folder that a dataset is prepared from."""
        return sources.archive(self.sources[dataset])

    def archives(self) -> list[str]:
        """Return what the datasets are prepared from."""
        archives = [self.archive(dataset) for dataset in self.sources]
        # Others of the hub: those of test and unlabeled examples.
        others = [str(split.path) for some in self.sources.values() for split in hub.splits(some)]
        return list(dict.fromkeys([*archives, *others]))

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

    def missing_splits(self) -> list[str]:
        """Return the lists of files of splits on the hub that are still to be made, relative to
        resources/huggingface and without their suffix."""
        lists = [Path(path) for path in self.archives() if not Path(path).exists()]
        return sorted(
            str(path.relative_to(hub_splits.RESOURCES).with_suffix(""))
            for path in lists
            if path.is_relative_to(hub_splits.RESOURCES)
        )

    def split_of_hub(self, wildcards: Wildcards) -> dict:
        """Return the split of the hub that a list of files is of."""
        path = hub_splits.RESOURCES / f"{wildcards.split}.json"
        splits = (split for some in self.sources.values() for split in hub.splits(some))
        return next(split._asdict() for split in splits if split.path == path)

    def archive_settings(self, wildcards: Wildcards) -> dict:
        """Return what an archive is made from."""
        path = f"resources/{wildcards.archive}.npz"
        return next(
            settings for settings in self.sources.values() if sources.archive(settings) == path
        )

    def dataset_path(self, wildcards: Wildcards) -> str:
        """Return what a dataset is prepared from."""
        return self.archive(wildcards.dataset)

    def dataset_files(self, wildcards: Wildcards) -> list[str]:
        """Return all files and folders that a dataset is prepared from."""
        settings = self.sources[wildcards.dataset]
        others = [settings[name] for name in ("unlabeled", "test_path") if name in settings]
        return [self.archive(wildcards.dataset), *others]

    def dataset_settings(self, wildcards: Wildcards) -> dict:
        """Return what a dataset's examples and labels are, not how they are encoded, split and
        used."""
        source = self.sources[wildcards.dataset]
        return {key: value for key, value in source.items() if key != "encoder"}

    def reader(self, wildcards: Wildcards) -> str:
        """Return the dotted path of the reader of a dataset's kind, or of an archive's."""
        archive = getattr(wildcards, "archive", None)
        settings = self.archive_settings(wildcards) if archive else self.sources[wildcards.dataset]
        return kinds.of(settings).read

    def compared_by(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the dotted paths of what a look at a dataset compares its examples by."""
        kind = kinds.of(self.sources[wildcards.dataset])
        return {"features": kind.features, "for_duplicates": kind.for_duplicates}

    def checked_by(self, wildcards: Wildcards) -> list[str]:
        """Return the dotted path of what looks whether a dataset can be scaled, if it is to be."""
        scaled = self.config.get("training", {}).get("scaling", "none") != "none"
        check = kinds.of(self.sources[wildcards.dataset]).check_scaled
        return [check] if scaled and check else []

    def preparing_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that prepares a dataset of its kind."""
        kind = kinds.of(self.sources[wildcards.dataset])
        checks = self.checked_by(wildcards)
        return code_digest("prepare_dataset", kind.read, kind.for_duplicates, *checks)

    def code_of_examples(self, dataset: str) -> dict[str, str]:
        """Return digests of the code that makes a dataset's examples, by scripts."""
        original = SimpleNamespace(dataset=budgets.original(self.config, dataset))
        code = {"prepare_dataset": self.preparing_code(original)}
        if original.dataset in self.texts:
            code["encode"] = self.encoding_code(original)
        return code

    def checking_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that looks at a dataset of its kind."""
        return code_digest("check_data", kinds.of(self.sources[wildcards.dataset]).features)

    def encoder(self, wildcards: Wildcards) -> str:
        """Return the dotted path of what makes arrays of a dataset's texts."""
        return encoders.ENCODERS[encoders.of(self.sources[wildcards.dataset])["name"]]

    def encoder_settings(self, wildcards: Wildcards) -> dict:
        """Return the arguments of a dataset's encoder."""
        return encoders.settings(self.sources[wildcards.dataset], self.threads)

    def encoder_fingerprint(self, wildcards: Wildcards) -> str | None:
        """Return what changes with the files of a dataset's encoder."""
        return encoders.fingerprint(self.sources[wildcards.dataset])

    def encoder_files(self, wildcards: Wildcards) -> list[str]:
        """Return the list of the files of a dataset's encoder, of one of the hub alone."""
        found = encoders.of_hub(self.sources[wildcards.dataset])
        return [str(list_of_hub(**found))] if found else []

    def encoders_of_hub(self) -> list[str]:
        """Return the lists of the files of all encoders of the hub."""
        found = [encoders.of_hub(source) for source in self.sources.values()]
        return sorted({str(list_of_hub(**encoder)) for encoder in found if encoder})

    def missing_encoders(self) -> list[str]:
        """Return NAME/REVISION of the encoders of the hub that are still to be fetched."""
        lists = [Path(path) for path in self.encoders_of_hub() if not Path(path).exists()]
        return ["/".join(path.parts[2:-1]) for path in lists]

    def encoder_of_hub(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the model and the revision that a list of files is of."""
        model, _, revision = wildcards.encoder.rpartition("/")
        return {"model": model, "revision": revision}

    def encoding_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that encodes a dataset's texts."""
        return code_digest("encode", self.encoder(wildcards))

    def drawn_by(self, _wildcards: Wildcards) -> list[str]:
        """Return, of each dataset, the dotted path of what draws its pseudo-labels."""
        return [kinds.of(self.config["datasets"][name]).draw for name in self.datasets]

    def drawing_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that draws pseudo-labels of these kinds."""
        return code_digest("plot_pseudo_labels", *self.drawn_by(wildcards))

    def dataset_fingerprint(self, wildcards: Wildcards) -> str | None:
        """Return a hash of names, sizes and times of the user's own files, whose times may be older
        than what was made; None of an archive."""
        return sources.fingerprint(self.sources[wildcards.dataset])

    def dataset_identity(self, wildcards: Wildcards) -> dict:
        """Return what draws from a dataset as a whole come from."""
        return {"study": self.config["seed"], "dataset": wildcards.dataset}

    def budget_settings(self, wildcards: Wildcards) -> dict:
        """Return the label budgets of an original dataset, how labels are drawn, and ratios of
        unequal classes, if it has several."""
        names = budgets.members(self.config)[wildcards.dataset]
        settings = [self.config["datasets"][name] for name in names]
        # Shares of foreign examples, and ratios, all have the same one.
        of_all = [budget for some in settings for budget in budgets.of(some)]
        ratios = budgets.along(self.config, budgets.IMBALANCE).get(wildcards.dataset, {})
        return {
            "budgets": [budget for at, budget in enumerate(of_all) if budget not in of_all[:at]],
            "outer_folds": self.config["outer_folds"],
            "draw": settings[0].get("draw", "stratified"),
            "has_test": "test_path" in settings[0],
            **({"ratios": list(ratios.values())} if ratios else {}),
        }

    def thinned(self, wildcards: Wildcards) -> bool:
        """Return whether classes of a dataset are made unequal, so that the last is the rarest."""
        return budgets.IMBALANCE in self.config["datasets"][wildcards.dataset]

    def data_checks(self, _wildcards: Wildcards) -> list[str]:
        """Return what was seen of each original dataset before anything was trained."""
        return [f"{self.results}/datasets/{name}/data_check.json" for name in self.sources]

    def prepared(self, dataset: str, name: str) -> str:
        """Return a file of the original dataset, which all label budgets share."""
        return f"{self.results}/datasets/{budgets.original(self.config, dataset)}/{name}"

    def examples(self, wildcards: Wildcards) -> str:
        """Return the file of a dataset's examples."""
        return self.prepared(wildcards.dataset, "examples.npy")

    def labels(self, wildcards: Wildcards) -> str:
        """Return the file of a dataset's labels, hidden ones among them."""
        return self.prepared(wildcards.dataset, "labels.npy")

    def test_labels(self, wildcards: Wildcards) -> str:
        """Return the file of the labels of a dataset's test file, of which there may be none."""
        return self.prepared(wildcards.dataset, "test_labels.npy")

    def foreign(self, wildcards: Wildcards) -> str:
        """Return the file that says which of a dataset's examples are foreign, of which there may
        be none."""
        return self.prepared(wildcards.dataset, "foreign.npy")

    def classes(self, wildcards: Wildcards) -> str:
        """Return the file of the names of a dataset's classes."""
        return self.prepared(wildcards.dataset, "classes.json")

    def split_settings(self, wildcards: Wildcards) -> dict:
        """Return how a dataset is split, as `splits.make_splits` takes it, in whatever repeat."""
        dataset = self.config["datasets"][wildcards.dataset]
        (budget,) = budgets.of(dataset)
        return {
            "seed": self.config["seed"],
            "dataset": budgets.original(self.config, wildcards.dataset),
            "outer_folds": self.config["outer_folds"],
            "inner_folds": inner_folds(self.config),
            "inner_repeats": self.config.get("inner_repeats", 1),
            "draw": dataset.get("draw", "stratified"),
            **{key: dataset[key] for key in OF_SPLITS if key in dataset},
        } | budget
