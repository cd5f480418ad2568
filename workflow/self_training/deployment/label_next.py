"""What to label next: the examples of unknown label that the members of a model disagree about."""

from typing import Any

import numpy as np
import pandas as pd

# How many are proposed, or all where there are fewer.
PROPOSED = 100


def disagreement(probabilities: np.ndarray) -> tuple[str, np.ndarray]:
    """Return how much the members of an ensemble disagree, in nats, and what that is called.

    Of several members the mutual information between label and member: the entropy of their mean
    less the mean of their entropies (BALD; Houlsby et al. 2011, arXiv:1112.5745, equation 2). It is
    high where members are sure of different classes, and low where all find an example hard. One
    member cannot disagree; of it the entropy.

    Args:
        probabilities: (members, examples, classes).

    Returns: `mutual_information` or `entropy`, and (examples,) values.
    """
    total = _entropy(probabilities.mean(axis=0, dtype=np.float64))
    if len(probabilities) == 1:
        return "entropy", total
    own = _entropy(probabilities.astype(np.float64)).mean(axis=0)
    return "mutual_information", np.maximum(total - own, 0)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    logarithms = np.log(probabilities, where=probabilities > 0, out=np.zeros_like(probabilities))
    return -(probabilities * logarithms).sum(axis=-1)


def spread(classes: np.ndarray, values: np.ndarray, wanted: int) -> np.ndarray:
    """Return the positions of the largest values, class by class in turn.

    First come the largest value of every class, then the second of every class, and so on; within
    a turn the largest goes first. Without this, one hard class would take all places.

    Args:
        classes: (examples,) predicted.
        values: (examples,).
        wanted: how many; all where there are fewer.
    """
    turn = np.empty(len(values), dtype=int)
    for label in np.unique(classes):
        of_class = np.flatnonzero(classes == label)
        order = of_class[np.argsort(-values[of_class], kind="stable")]
        turn[order] = np.arange(len(order))
    return np.lexsort((-values, turn))[:wanted]


def propose(
    labeled: pd.DataFrame, probabilities: np.ndarray, wanted: int = PROPOSED
) -> pd.DataFrame:
    """Return the examples to label next, the first one first.

    Args:
        labeled: of `labels.table`, all examples of unknown label.
        probabilities: of the members, (members, examples, classes).
        wanted: how many; all where there are fewer.

    Returns: `id`, `label`, `confidence` and `agreement` of the table, and the disagreement under
        its name. The index is the position in `labeled`.
    """
    name, values = disagreement(probabilities)
    classes = probabilities.mean(axis=0, dtype=np.float64).argmax(axis=1)
    first = spread(classes, values, wanted)
    return labeled.iloc[first][["id", "label", "confidence", "agreement"]].assign(
        **{name: values[first]}
    )


def tasks(proposed: pd.DataFrame, shown: list[Any], version: str, tag: str) -> list[dict]:
    """Return tasks that Label Studio imports, with the predicted labels filled in.

    For a project with, of images, `<Image name="image" value="$image"/>` and
    `<Choices name="label" toName="image">` (https://labelstud.io/guide/predictions).

    Args:
        proposed: of `propose`.
        shown: what Label Studio shows of each example.
        version: of the model, which Label Studio shows.
        tag: name of what shows it, and of that in a task.
    """
    return [
        {
            "data": {tag: example, "id": row.id},
            "predictions": [
                {
                    "model_version": version,
                    "score": float(row.confidence),
                    "result": [
                        {
                            "from_name": "label",
                            "to_name": tag,
                            "type": "choices",
                            "value": {"choices": [row.label]},
                        }
                    ],
                }
            ],
        }
        for row, example in zip(proposed.itertuples(), shown, strict=True)
    ]
