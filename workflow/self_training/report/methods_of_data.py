"""What a methods text says of the data: datasets, outer folds, labels, repeats and seeds."""

from self_training.report import axes, encoders_text, imbalance_text
from self_training.report.words import count, join
from self_training.study import budgets


def write(config: dict, unknown: dict[str, int]) -> str:
    """Return the sentences.

    Args:
        config: of the study, expanded (see `study.budgets.expand`).
        unknown: how many examples of unknown label datasets have, of those that have any.
    """
    datasets = list(budgets.sources(config))
    text = (
        f"{count(len(config['methods']), 'method')} were compared on "
        f"{count(len(datasets), 'dataset')} ({join(datasets)}) by {_evaluation(config)}. "
        f"In every {_unit(config)}, {_labeled(config)}; the labels of "
        "all others "
        f"were hidden from training, search and selection. The test {outside(config)} was used "
        f"{'for the scores alone' if _with_draws(config) else 'once, for the scores'}. All methods "
        f"of a {_unit(config)} had the same labeled and unlabeled examples. "
        "Students of one generation, and the control of the last of them, started from the same "
        "weights in all methods."
    )
    text += encoders_text.encoded(config)
    if unknown:
        numbers = join(f"{number:,} ({dataset})" for dataset, number in unknown.items())
        text += (
            f" In addition, {numbers} examples whose labels are not known were unlabeled in every "
            f"{_unit(config)}; they were never part of a test {outside(config)}, nor of an inner "
            "fold."
        )
    repeats, seeds = config.get("repeats", 1), config.get("seeds", 1)
    if repeats > 1:
        text += f" All of this was done {repeats} times, with other folds and initial weights."
    if seeds > 1:
        text += (
            f" Every network was trained with {seeds} seeds (Bouthillier et al. 2021); tests are "
            "of the means over these."
        )
    several = budgets.several(config)
    if several:
        text += (
            f" Of {join(several)}, all label budgets were studied over the same {_units(config)} "
            "and from the same initial weights; the labels of a smaller budget were among those of "
            "a larger one."
        )
    return text + _foreign(config) + imbalance_text.write(config)


def cited(config: dict) -> list[str]:
    """Return what of the references is to be cited."""
    foreign = ["foreign"] if budgets.has(config, budgets.FOREIGN) else []
    return foreign + imbalance_text.cited(config)


def _foreign(config: dict) -> str:
    """Say what share of the unlabeled examples was of no class of the study."""
    given = {
        budgets.original(config, name): 0
        for name, dataset in config["datasets"].items()
        if budgets.FOREIGN in dataset
    }
    if not given:
        return ""
    shares = sorted(
        {
            dataset[budgets.FOREIGN]
            for dataset in config["datasets"].values()
            if budgets.FOREIGN in dataset
        }
    )
    return (
        f" Of {join(given)}, {join(axes.show_share(share) for share in shares)} of the unlabeled "
        "examples were foreign: of classes that the study leaves out, in place of as many whose "
        "labels were hidden (Oliver et al. 2018). Nothing but the evaluation knew which they were."
    )


def _labeled(config: dict) -> str:
    """Say how many examples kept their labels, by all budgets of the study."""
    given = [budget for dataset in config["datasets"].values() for budget in budgets.of(dataset)]
    values = {
        key: budgets.as_list(list({budget[key] for budget in given if key in budget}))
        for key in budgets.KEYS
    }
    fractions, numbers = values["labeled_fraction"], values["labels_per_class"]
    parts = []
    if fractions:
        percent = join(f"{100 * fraction:g}%" for fraction in fractions)
        draws = {dataset.get("draw", "stratified") for dataset in config["datasets"].values()}
        how = {"stratified": "stratified by class", "random": "drawn without regard to class"}
        drawn = join(words for draw, words in how.items() if draw in draws)
        parts.append(f"{percent} of the examples outside the test {outside(config)} ({drawn})")
    if numbers:
        of_first = imbalance_text.OF_THE_FIRST if budgets.has(config, budgets.IMBALANCE) else ""
        parts.append(
            f"{join(numbers)} examples of every class{of_first} outside the test {outside(config)}"
        )
    several = " (by dataset and label budget)" if len(fractions + numbers) > 1 else ""
    return f"{' or '.join(parts)}{several} kept their labels"


def _with_folds(config: dict) -> list[str]:
    return [name for name, dataset in config["datasets"].items() if "test_path" not in dataset]


def _with_draws(config: dict) -> list[str]:
    return [name for name, dataset in config["datasets"].items() if "test_path" in dataset]


def _evaluation(config: dict) -> str:
    """Say what outer folds are: of a cross-validation, or draws of labels, or by dataset."""
    folds = f"{config['outer_folds']}-fold stratified cross-validation"
    draws = (
        f"{config['outer_folds']} draws of labels from a training file, dealt so that as few as "
        "can be are in two draws, and all scored on the examples of one test file"
    )
    if not _with_draws(config):
        return folds
    if not _with_folds(config):
        return draws
    names = join(dict.fromkeys(budgets.original(config, name) for name in _with_draws(config)))
    return f"{folds}, and where there is a test file ({names}) by {draws}"


def _unit(config: dict) -> str:
    """Return what an outer fold is: a `fold`, a `draw`, or either."""
    return " or ".join(["fold"] * bool(_with_folds(config)) + ["draw"] * bool(_with_draws(config)))


def _units(config: dict) -> str:
    return _unit(config).replace("fold", "folds").replace("draw", "draws")


def outside(config: dict) -> str:
    """Return what is outside the pool: the test `fold`, the test `file`, or both."""
    kinds = ["fold"] * bool(_with_folds(config)) + ["file"] * bool(_with_draws(config))
    return " or ".join(kinds)
