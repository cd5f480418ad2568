"""Rules of synthetic texts: of a dataset's generator, and of the methods that take its texts. Each
function is named for what it forbids."""

from collections.abc import Callable, Iterable

from self_training.data import generators
from self_training.data.encoders import is_folder
from self_training.data.sources import TEXTS, kind_of
from self_training.errors import ConfigError, DatasetError
from self_training.study import methods, synthetic
from self_training.study.synthetic import KEY, OF_METHOD


def no_generator_but_of_texts(key: str, dataset: dict) -> None:
    """Forbid a generator where examples are no texts."""
    if KEY in dataset and kind_of(dataset) != TEXTS:
        expected = f"it only with kind {TEXTS}"
        raise ConfigError.of(f"{key}.{KEY}", expected, dataset[KEY]["model"])


def no_generator_that_may_change(key: str, dataset: dict) -> None:
    """Forbid a generator of the hub without the commit of its files, and one of a folder."""
    own = synthetic.of(dataset)
    if own is None:
        return
    model, revision = own["model"], own["revision"]
    if is_folder(model) and revision is not None:
        expected = f"it only with a model of the Hugging Face hub; {model!r} is a folder"
        raise ConfigError.of(f"{key}.{KEY}.revision", expected, revision)
    if not is_folder(model) and revision is None:
        expected = (
            f"the commit of {model!r} on the Hugging Face hub, 40 hex digits (or the folder, which "
            f"does not exist; hf download {model} --exclude '*/*' --local-dir resources/NAME makes "
            "one, which is then named as ./resources/NAME)"
        )
        raise ConfigError.of(f"{key}.{KEY}.revision", expected, None)


def no_generator_without_files(key: str, dataset: dict) -> None:
    """Forbid a folder that is not there, and one without a causal language model."""
    own = synthetic.of(dataset)
    if own is not None and is_folder(own["model"]):
        try:
            generators.check_folder(own["model"])
        except DatasetError as error:
            raise ConfigError(f"{key}.{error}") from None


def no_more_tokens_than_positions(key: str, dataset: dict) -> None:
    """Forbid texts that are longer than the model has positions; exactly that is known when its
    tokenizer is loaded."""
    own = synthetic.of(dataset)
    if own is None or not own["new_tokens"] or not is_folder(own["model"]):
        return
    positions = generators.positions(own["model"])
    # A word has a token at least, and there is one that begins the text.
    prompt = 1 + max(len(some.split()) for given in own["prompts"].values() for some in given)
    length = own["new_tokens"]
    most = prompt + round(length["mean"] + generators.FARTHEST * length["deviation"])
    if positions is not None and most > positions:
        expected = (
            f"at most {positions} tokens with a prompt, for which {own['model']} has positions; "
            f"here are up to {most} (mean and {generators.FARTHEST} deviations)"
        )
        raise ConfigError.of(f"{key}.{KEY}.new_tokens", expected, length)


def no_prompts_but_of_its_classes(key: str, dataset: dict) -> None:
    """Forbid a class without prompts, and prompts of no class, where the config names them all."""
    names = dataset.get("classes", dataset.get("class_names"))
    if KEY in dataset and names and all(isinstance(name, str) for name in names):
        check_classes(key, dataset, names)


def check_classes(key: str, dataset: dict, classes: Iterable[str]) -> None:
    """Raise ConfigError where a class has no prompts, or prompts are of no class.

    Args:
        key: of the dataset.
        classes: names of all of them.
    """
    own, names = synthetic.of(dataset), list(classes)
    if own is None:
        return
    for name in names:
        if name not in own["prompts"]:
            expected = f"prompts of every class ({', '.join(names)}); {name!r} has none"
            raise ConfigError.of(f"{key}.{KEY}.prompts", expected, sorted(own["prompts"]))
    for name in own["prompts"]:
        if name not in names:
            expected = f"prompts of classes of the dataset ({', '.join(names)})"
            raise ConfigError.of(f"{key}.{KEY}.prompts", expected, name)


def no_synthetic_texts_without_a_generator(config: dict, name: str) -> None:
    """Forbid to train on what nothing makes, and on more than that."""
    own = synthetic.of_method(config, name)
    if own is None:
        return
    for dataset, settings in config["datasets"].items():
        if KEY not in settings:
            expected = f"a generator in datasets.{dataset}, which has none"
            expected += f" (and may have one with kind {TEXTS} alone)"
            raise ConfigError.of(f"methods.{name}.{OF_METHOD}", expected, own)
        most = settings[KEY]["per_class"]
        if own["per_class"] > most:
            expected = f"at most {most}, as datasets.{dataset}.{KEY}.per_class are generated"
            raise ConfigError.of(
                f"methods.{name}.{OF_METHOD}.per_class", expected, own["per_class"]
            )


def no_synthetic_texts_beside_all_labels(config: dict, name: str) -> None:
    """Forbid synthetic texts to an upper bound, which has the labels of all others."""
    if methods.trained_on(config, name) != "labeled" and synthetic.of_method(config, name):
        expected = "it only with train_on: labeled"
        received = config["methods"][name].get(OF_METHOD)
        raise ConfigError.of(f"methods.{name}.{OF_METHOD}", expected, received)


def no_generator_that_nobody_asks(config: dict) -> None:
    """Forbid a generator whose texts no method takes."""
    for name, dataset in synthetic.with_generator(config).items():
        if not synthetic.users(config):
            expected = f"a method that takes its texts ({OF_METHOD})"
            raise ConfigError.of(f"datasets.{name}.{KEY}", expected, dataset[KEY]["model"])


# In the order in which they are checked; a rule may count on those above it.
GENERATOR_RULES: list[Callable[[str, dict], None]] = [
    no_generator_but_of_texts,
    no_generator_that_may_change,
    no_generator_without_files,
    no_more_tokens_than_positions,
    no_prompts_but_of_its_classes,
]
SYNTHETIC_RULES: list[Callable[[dict, str], None]] = [
    no_synthetic_texts_without_a_generator,
    no_synthetic_texts_beside_all_labels,
]
