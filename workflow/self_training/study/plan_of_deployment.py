"""The jobs of deployment: a chain more per dataset, on all its labels, once the study has decided.

Its rules are those of an outer fold (rules/training.smk, as a module), with this plan for theirs:
all that is known is labeled, all that is unknown is unlabeled, and nothing is held out.
"""

from types import SimpleNamespace

from self_training.data.class_counts import ALL
from self_training.data.new_examples import fingerprint
from self_training.data.sources import kind_of
from self_training.digests import code_digest
from self_training.study import (
    budgets,
    deployed_transformers,
    encoders,
    kinds,
    methods,
    new_examples,
    transformers,
)
from self_training.study.config import deployable, inner_folds, kinds_of_methods
from self_training.study.plan import Plan, fill
from self_training.study.plan_of_data import Wildcards

# In the place of an outer fold: in paths, and in what seeds come from.
DEPLOYED = "deployed"


class DeployedPlan(Plan):
    """The plan of a study's deployed models: training on all labels, and what is made of it.

    Datasets have their original names, since no label budget hides a label here. What a rule asks
    for once the method is decided is a function of the names of dataset and method.

    Args: of `PlanOfData`.
    """

    outer_fold = DEPLOYED
    keeps_transformers = True

    def __init__(self, config: dict, backend: str = "tensorflow"):
        super().__init__(_with_all_labels(config), backend)
        # Where the cross-validated scores and predictions are.
        self.study = Plan(config, backend)
        # No rule is given the labels: there are none but those of the labeled examples.
        self.controls["pool"] = []
        self.of_consistency = []
        self.deployable = deployable(self.config)
        self.decision = f"{self.fold}/decision.json"
        self.calibration = f"{self.fold}/calibration.json"
        self.folder = f"{self.results}/deployed/{{dataset}}"
        # Of transformers, as a model has them; what training has kept is less.
        self.assembled = f"{self.fold}/networks"
        # Beside the folder, which is written as a whole and can be taken away.
        self.predicted = f"{self.results}/predictions/{{dataset}}/{{name}}.csv"

    def identities(self, wildcards: Wildcards) -> list[dict]:
        """Return what the seeds of a deployed model's runs and draws come from."""
        dataset = wildcards.dataset
        return [{"study": self.config["seed"], "dataset": dataset, "outer_fold": DEPLOYED}]

    def identity_of_generator(self, wildcards: Wildcards) -> dict:
        """Return what the seeds of a deployed model's generator come from."""
        return self.identities(wildcards)[0]

    def split_settings(self, wildcards: Wildcards) -> dict:
        """Return how a dataset is split, as `splits.make_deployed_split` takes it."""
        return {
            "identity": self.identities(wildcards)[0],
            "inner_folds": inner_folds(self.config),
            "inner_repeats": self.config.get("inner_repeats", 1),
        }

    def folders(self) -> list[str]:
        """Return the folders of all deployed models."""
        return [fill(self.folder, dataset=dataset) for dataset in self.datasets]

    def predictions(self) -> list[str]:
        """Return the tables of labels of all new examples that the config names."""
        return [
            fill(self.predicted, dataset=dataset, name=name)
            for dataset in self.datasets
            for name in new_examples.of(self.config, dataset)
        ]

    def new_examples(self, wildcards: Wildcards) -> str:
        """Return the file or folder of new examples that a table is of."""
        return new_examples.of(self.config, wildcards.dataset)[wildcards.name]

    def new_fingerprint(self, wildcards: Wildcards) -> str:
        """Return a hash of names, sizes and times of the files of new examples."""
        kind = kind_of(self.sources[wildcards.dataset])
        return fingerprint(self.new_examples(wildcards), kind)

    def predicting_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that labels new examples of a dataset's kind."""
        own = [deployed_transformers.LOAD] if transformers.is_trained(self.config) else []
        return code_digest("predict", kinds.of(self.sources[wildcards.dataset]).open, *own)

    def ids(self, wildcards: Wildcards) -> str:
        """Return the file of what a dataset's examples are called."""
        return self.prepared(wildcards.dataset, "ids.json")

    def shown(self, wildcards: Wildcards) -> str:
        """Return the file of a dataset's examples as a person reads them: texts, not their words'
        ids."""
        return self.prepared(wildcards.dataset, self.prepared_as)

    def data_check(self, wildcards: Wildcards) -> str:
        """Return the file of what was seen of a dataset before anything was trained."""
        return self.prepared(wildcards.dataset, "data_check.json")

    # The cross-validation that decides, at the largest label budget.

    def scored_as(self, wildcards: Wildcards) -> str:
        """Return what a dataset is called at its largest label budget."""
        dataset = wildcards.dataset
        return budgets.several(self.study.config).get(dataset, [dataset])[-1]

    def decision_settings(self, wildcards: Wildcards) -> dict:
        """Return what is decided among, as `decision.decide` takes it."""
        fair = self.statistics.get("fair", {})
        return {
            "asked": self.config["deploy"],
            "scored_as": self.scored_as(wildcards),
            "kinds": kinds_of_methods(self.config),
            "fair": {name: fair[name] for name in self.deployable if name in fair},
        }

    def held_out(self, dataset: str, method: str) -> dict[str, list[str]]:
        """Return what the final chains of a method's cross-validation have left, fold by fold:
        `splits`, `choices` and the last `predictions`."""
        patterns = {
            "splits": f"{self.study.fold}/split.npz",
            "choices": f"{self.study.method}/choice.json",
            "predictions": self.study.last_predictions(method),
        }
        at = {"dataset": self.scored_as(SimpleNamespace(dataset=dataset)), "method": method}
        return {
            name: [fill(pattern, **at, fold=fold) for fold in self.study.folds]
            for name, pattern in patterns.items()
        }

    # The deployed model.

    def chain(self, dataset: str, method: str) -> dict[str, list[str]]:
        """Return what the chain that is deployed has left: its `choice`, the last `predictions` and
        `pseudo_labels` (none without students), and of generation 0, 1, 2, ... `histories` and
        folders of `networks`, which are empty where a chain has ended. Networks of transformers
        are put together in one folder."""
        found = self.trained(dataset, method)
        if transformers.is_trained(self.config):
            found["networks"] = [fill(self.assembled, dataset=dataset)]
        return found

    def trained(self, dataset: str, method: str) -> dict[str, list[str]]:
        """Return what `chain` does, with the networks that training has kept."""
        wildcards = SimpleNamespace(dataset=dataset, method=method)
        patterns = {
            "choice": [f"{self.method}/choice.json"],
            "predictions": [self.last_predictions(method)],
            "pseudo_labels": self.final_pseudo_labels(wildcards)[-1:],
            "histories": self.final_histories(wildcards),
            "networks": self._networks(method),
        }
        return {
            name: [fill(pattern, dataset=dataset, method=method) for pattern in some]
            for name, some in patterns.items()
        }

    def _networks(self, method: str) -> list[str]:
        if methods.kind(self.config, method) == methods.CONTROL:
            return [f"{self.control('final')}/models"]
        teacher = methods.teacher(self.config, method)
        first = f"{teacher}/final/generation_0" if teacher else "teachers"
        return [f"{self.fold}/{first}/models", *self._of_generations(method, "final", "models")]

    def length(self, wildcards: Wildcards) -> int:
        """Return the most tokens of a text that transformers are given."""
        return encoders.of(self.sources[wildcards.dataset])["length"]

    def model_settings(self, wildcards: Wildcards) -> dict:
        """Return what model.json and the card say of the study, as `deploy.Settings` takes it."""
        return {
            "study": self.config["study"],
            "dataset": wildcards.dataset,
            "source": self.sources[wildcards.dataset],
            "outer_folds": self.config["outer_folds"],
            "backend": self.backend,
            "threads": self.threads,
        }

    def deploying_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that deploys a model of a dataset's kind."""
        kind = kinds.of(self.sources[wildcards.dataset])
        return code_digest("deploy", kind.reading, kind.shown)

    def provenance(self, wildcards: Wildcards) -> dict[str, dict]:
        """Return, of every method that may be deployed, what its networks come from."""
        return {
            name: self.score_provenance(SimpleNamespace(dataset=wildcards.dataset, method=name))
            for name in self.deployable
        }

    def score_provenance(self, wildcards: Wildcards) -> dict:
        """Return what a deployed model comes from: settings, and the code of the rules behind."""
        found = super().score_provenance(wildcards)
        instead = {
            "make_deployed_split": code_digest("make_deployed_split"),
            "deploy": self.deploying_code(wildcards),
        }
        if transformers.is_trained(self.config):
            instead["assemble_networks"] = code_digest("assemble_networks")
        left_out = ("make_splits", "evaluate")
        code = {name: digest for name, digest in found["code"].items() if name not in left_out}
        return found | {"code": code | instead}


def _with_all_labels(config: dict) -> dict:
    """Return a config in which no dataset hides a label, and a job is of one outer fold."""
    datasets = {
        name: {key: value for key, value in dataset.items() if key not in budgets.KEYS}
        | {"labels_per_class": ALL}
        for name, dataset in config["datasets"].items()
    }
    left_out = ("jobs", "folds_per_job")
    kept = {key: value for key, value in config.items() if key not in left_out}
    return kept | {"datasets": datasets}
