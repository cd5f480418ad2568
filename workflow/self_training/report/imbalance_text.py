"""What a methods text says of classes that were made unequal, and whom to cite."""

from self_training.data.imbalance_counts import ALIKE, REVERSED, shares_of_unlabeled
from self_training.report.axes import show_ratio
from self_training.report.words import join
from self_training.study import budgets

HOW = {
    ALIKE: "in the same proportions",
    REVERSED: "in these proportions the other way round, most of the rarest class",
}
# Beside a number of labels of every class.
OF_THE_FIRST = " (where classes were made unequal, of the most frequent class)"


def write(config: dict) -> str:
    """Return a sentence per way in which unlabeled examples were unequal; '' of equal classes.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
    """
    return "".join(_of_way(config, way) for way in HOW)


def _of_way(config: dict, way: str) -> str:
    own = {
        name: dataset
        for name, dataset in config["datasets"].items()
        if budgets.IMBALANCE in dataset and dataset.get(budgets.UNLABELED_IMBALANCE, ALIKE) == way
    }
    if not own:
        return ""
    names = join(dict.fromkeys(budgets.original(config, name) for name in own))
    ratios = sorted({dataset[budgets.IMBALANCE] for dataset in own.values()})
    return (
        f" Of {names}, classes were made unequal at a ratio of "
        f"{join(show_ratio(ratio) for ratio in ratios)} (Kim et al. 2020, Wei et al. 2021): each "
        "had by the same factor fewer labels than the one before it, and the last the fewest; "
        f"unlabeled examples were kept {HOW[way]}. Other examples of the pool were left out; test "
        "examples were not. What a larger ratio kept was among what a smaller one kept."
    )


def shares(config: dict, data_checks: list[dict]) -> dict[str, list[float]]:
    """Return, per dataset whose classes were made unequal, the share of each class among its
    unlabeled examples.

    Args:
        data_checks: of `data_check.look`, of each original dataset.
    """
    classes = {check["dataset"]: len(check["classes"]) for check in data_checks}
    return {
        name: shares_of_unlabeled(classes[original], **ratio)
        for name, dataset in config.get("datasets", {}).items()
        for ratio in budgets.unequal(dataset)
        for original in [budgets.original(config, name)]
        if original in classes
    }


def cited(config: dict) -> list[str]:
    """Return what of the references is to be cited."""
    return ["darp", "crest"] if budgets.has(config, budgets.IMBALANCE) else []
