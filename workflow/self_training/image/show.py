"""What pseudo-labels of images look like."""

import matplotlib.pyplot as plt
import numpy as np

from self_training.data.shown import Fold, by_truth


def draw_pseudo_labels(
    examples: list[dict], images: np.ndarray, names: list[str], fold: Fold | None = None
) -> plt.Figure:
    """Draw pseudo-labels with their images: a line of right ones, one of wrong ones and, if there
    are any, one of those of which nobody knows it.

    Args:
        examples: of `scores.show_pseudo_labels`.
        images: uint8 (dataset, height, width, channels).
        names: of the classes.
        fold: of these examples; they are shown by themselves.
    """
    groups = by_truth(examples)
    lines, columns = len(groups), max(1, *map(len, groups.values()))
    size = (1.15 * columns, 1.65 * lines)
    figure, all_axes = plt.subplots(lines, columns, figsize=size, squeeze=False)
    for line, (kind, rows) in zip(all_axes, groups.items(), strict=True):
        for axes in line:
            axes.set_axis_off()
        name = kind if rows else f"none {kind}"
        line[0].text(-0.1, 0.5, name, rotation=90, va="center", ha="right", fontsize=8,
                     transform=line[0].transAxes)  # fmt: skip
        for axes, row in zip(line, rows, strict=False):
            image = images[row["example"]]
            gray = image.shape[2] == 1
            axes.imshow(image[..., 0] if gray else image, cmap="gray" if gray else None)
            text = names[row["pseudo_label"]]
            if kind == "wrong":
                text += f"\n({names[row['label']]})"
            axes.set_title(f"{row['confidence']:.2f}\n{text}", fontsize=7)
    return figure
