"""Foreign examples: unlabeled ones of the classes that a study leaves out.

In practice nobody has looked at what is unlabeled, and some of it is of no class at all. Oliver et
al. 2018 (*Realistic evaluation of deep semi-supervised learning algorithms*, NeurIPS, section 4.4)
take a share of the unlabeled examples from classes that have no label, as many unlabeled examples
at every share; Su, Cheng and Maji 2021 (CVPR) do so for images of fine classes. Here a foreign
example takes the place of one whose label is hidden. All else of a split stays as it is.
"""

from dataclasses import replace

import numpy as np

from self_training.data import draws
from self_training.data.examples import UNKNOWN
from self_training.data.foreign_counts import check_foreign, check_unknown_beside, count_foreign
from self_training.data.split import Split
from self_training.seeds import generator


def make_outer_folds(
    labels: np.ndarray,
    class_names: list[str],
    foreign: np.ndarray,
    *,
    out_of_class: float | None = None,
    **settings,
) -> list[Split]:
    """Return the outer folds of a dataset, perhaps with foreign examples among the unlabeled.

    Test examples, labeled examples and inner folds are those of a dataset without foreign ones. The
    foreign ones of a smaller share are among those of a larger one, in the same places of the order
    of the unlabeled, and so are the hidden examples that a smaller share leaves out.

    Args:
        labels: of `draws.make_outer_folds`; UNKNOWN of foreign examples.
        class_names: (classes,).
        foreign: indices of the foreign examples, which nothing but their share takes from.
        out_of_class: share of the unlabeled examples that are foreign, in [0, 1); None of a dataset
            that has none.
        settings: of `draws.make_outer_folds`.

    Raises: DatasetError, when there are too few foreign examples, or others of unknown label.
    """
    if out_of_class is None:
        return draws.make_outer_folds(labels, class_names, **settings)
    dataset = settings["dataset"]
    own = np.setdiff1d(np.arange(len(labels)), foreign)
    check_unknown_beside(int((labels[own] == UNKNOWN).sum()), dataset)
    first = settings.get("repeat", 0) * settings["outer_folds"]
    splits = []
    for fold, split in enumerate(
        draws.make_outer_folds(labels[own], class_names, **settings), start=first
    ):
        moved = {name: own[getattr(split, name)] for name in ("test_idx", "labeled_idx")}
        hidden = own[split.unlabeled_idx]
        count = count_foreign(len(hidden), out_of_class)
        check_foreign(len(foreign), count, out_of_class, dataset)
        identity = {"study": settings["seed"], "dataset": dataset, "outer_fold": fold}
        places = generator(purpose="places of foreign", **identity).permutation(len(hidden))
        drawn = generator(purpose="foreign", **identity).permutation(foreign)
        hidden[places[:count]] = drawn[:count]
        splits.append(replace(split, **moved, unlabeled_idx=hidden))
    return splits
