"""What the report says of synthetic texts: how they were made, and what must be known of them."""

import pandas as pd

from self_training.methods.synthetic import NOTHING_GENERATED
from self_training.report.words import count, join, shorten
from self_training.study import budgets, synthetic
from self_training.text.filters import SIZE

# Whom to cite for texts of a model, of which some are left out by a classifier.
CITED = "synthetic"


def cited(config: dict) -> set[str]:
    """Return what is cited for synthetic texts."""
    found = {CITED} if synthetic.users(config) else set()
    own = [synthetic.of(dataset) for dataset in synthetic.with_generator(config).values()]
    if found and any(some and some["sampling"]["top_p"] < 1 for some in own):
        found.add("top_p")
    return found


def transductive(config: dict) -> list[str]:
    """Name the datasets whose generator has read the texts of the test fold or file."""
    found = [
        budgets.original(config, name)
        for name, dataset in synthetic.with_generator(config).items()
        if (own := synthetic.of(dataset)) and own["transductive"]
    ]
    if not found:
        return []
    users = join(synthetic.users(config))
    return [
        f"Transductive: the generator of synthetic texts for {join(dict.fromkeys(found))} was "
        "given the texts, not the labels, of the test examples, too. So scores of "
        f"{users} are of texts that it has seen, and may be higher than those of new ones."
    ]


def nothing_generated(scores: pd.DataFrame) -> list[str]:
    """Name the results of methods whose generator has given nothing for a class."""
    if "termination_condition" not in scores:
        return []
    found = scores[scores["termination_condition"] == NOTHING_GENERATED]
    counted = found.groupby(["dataset", "method"], sort=False).size()
    names = [f"{method} on {dataset} ({number})" for (dataset, method), number in counted.items()]
    if not names:
        return []
    return [
        "Of the generator's texts none was left for some class, so there was nothing synthetic to "
        f"train on ({NOTHING_GENERATED}): {shorten(names)}. Those scores are of the teacher, or of "
        "a control that was trained on the labels alone."
    ]


def write(config: dict) -> str:
    """Return a paragraph on the generators of a study; nothing without."""
    users = synthetic.users(config)
    datasets = {
        budgets.original(config, name): dataset
        for name, dataset in synthetic.with_generator(config).items()
    }
    if not users:
        return ""
    parts = [_of_dataset(name, dataset) for name, dataset in datasets.items()]
    return (
        f"{' '.join(parts)} They are labeled by the class of their prompt (after Anaby-Tavor et al."
        f" 2020), and were training examples of {join(users)} alone: never scored on, in no inner "
        "fold, and not counted as labels."
    )


def taken(config: dict, name: str) -> str:
    """Return what synthetic texts a method is trained on, with a comma before it."""
    own = synthetic.of_method(config, name)
    if own is None:
        return ""
    weight = "" if own["weight"] == 1 else f", each of weight {own['weight']:g}"
    return f", and up to {own['per_class']:,} synthetic texts of every class{weight}"


def _of_dataset(name: str, dataset: dict) -> str:
    own = synthetic.of(dataset)
    assert own is not None
    revision = f" (revision {own['revision'][:8]})" if own["revision"] else ""
    model = own["model"].rstrip("/").rpartition("/")[2] + revision
    adapt = own["adapt"]
    where = " and of the test examples" if own["transductive"] else ""
    adapted = (
        f"which was first trained for {count(adapt['steps'], 'step')} of {adapt['batch_size']} "
        f"texts (AdamW, learning rate {adapt['learning_rate']:g}, falling linearly to 0) on the "
        f"texts of each pool{where}, without labels"
        if adapt
        else "as it is"
    )
    numbers = sorted({len(some) for some in own["prompts"].values()})
    prompts = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
    sampling = own["sampling"]
    drawn = [f"temperature {sampling['temperature']:g}"]
    drawn += [f"top-k {sampling['top_k']}"] if sampling["top_k"] else []
    drawn += (
        [f"top-p {sampling['top_p']:g} (Holtzman et al. 2020)"] if sampling["top_p"] < 1 else []
    )
    if sampling["repetition_penalty"] != 1:
        drawn.append(f"repetition penalty {sampling['repetition_penalty']:g}")
    length = own["new_tokens"]
    tokens = "as many tokens as texts of the pool"
    if length:
        tokens = f"{length['mean']:g} tokens (deviation {length['deviation']:g})"
    filters = own["filter"]
    by_teacher = (
        ", and those to which the first teacher, trained on the labels alone, gave another class"
        if filters["agrees_with_teacher"]
        else ""
    )
    return (
        f"For {name}, {own['per_class']:,} synthetic texts of every class were generated in every "
        f"fold by {model}, {adapted}: continuations of {prompts} prompts per class ({join(drawn)}; "
        f"up to about {tokens}). Left out were texts of fewer than {filters['min_words']} words, "
        "repetitions of a prompt or of another one, texts that have more than "
        f"{100 * filters['max_overlap']:g}% of their rows of {SIZE} words in common with one text "
        f"of the pool{by_teacher}."
    )
