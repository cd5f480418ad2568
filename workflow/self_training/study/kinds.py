"""Kinds of examples: of each, where that is defined which depends on what an example is.

All else (splits, pseudo-labels, chains, search, scores, tests) does not know it. Dotted paths, so
that a job's code digest covers what reads its own kind, and not what reads another.
"""

from pathlib import Path
from typing import NamedTuple

from self_training import dotted_paths
from self_training.data.examples import Examples
from self_training.data.sources import kind_of


class Kind(NamedTuple):
    """Dotted paths of functions.

    read: reads a source, a `data.examples.Reader`.
    features: from an array of examples to float (examples, features), by which a look at the data
        tells labeled from unlabeled ones.
    for_duplicates: by which near duplicates are looked for.
    draw: draws pseudo-labels with their examples: a function of rows of
        `evaluation.scores.show_pseudo_labels`, the array of examples, the names of classes, and a
        `data.shown.Fold`.
    reading: from a dataset's settings to how a deployed model reads files, JSON-able.
    open: opens new examples: a function of a path, the shape of what the model's networks take, and
        `reading`, to a `data.streams.Stream`.
    shown: what Label Studio shows of an example: a function of the example, its id, the dataset's
        settings, and `reading`, JSON-able.
    check_scaled: of a kind that can be scaled, raises DatasetError where that can't be: a function
        of a path, for messages, the array of examples that may be trained on, and the dataset's
        settings.
    """

    read: str
    features: str
    for_duplicates: str
    draw: str
    reading: str
    open: str
    shown: str
    check_scaled: str | None = None


KINDS = {
    "images": Kind(
        read="self_training.image.readers:read",
        features="self_training.image.thumbnails:thumbnails",
        for_duplicates="self_training.image.thumbnails:thumbnails",
        draw="self_training.image.show:draw_pseudo_labels",
        reading="self_training.image.wanted:reading",
        open="self_training.image.streams:open_path",
        shown="self_training.image.addresses:address",
    ),
    "vectors": Kind(
        read="self_training.vector.readers:read",
        features="self_training.vector.features:features",
        for_duplicates="self_training.vector.features:for_duplicates",
        draw="self_training.vector.show:draw_pseudo_labels",
        reading="self_training.vector.streams:reading",
        open="self_training.vector.streams:open_path",
        shown="self_training.vector.named:by_name",
        check_scaled="self_training.vector.constant:check_varied",
    ),
    "texts": Kind(
        read="self_training.text.readers:read",
        features="self_training.text.features:count_words",
        for_duplicates="self_training.text.features:count_words",
        draw="self_training.text.show:draw_pseudo_labels",
        reading="self_training.text.streams:reading",
        open="self_training.text.streams:open_path",
        shown="self_training.text.streams:text_itself",
    ),
}


def of(settings: dict) -> Kind:
    """Return what there is for the kind of a dataset's examples."""
    return KINDS[kind_of(settings)]


def read(path: Path | str | None, settings: dict) -> Examples:
    """Read a source by the reader of its kind (see `data.examples.Reader`)."""
    return dotted_paths.find(of(settings).read)(path, settings)
