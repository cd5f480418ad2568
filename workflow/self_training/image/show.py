"""What pseudo-labels of images look like."""

import matplotlib.pyplot as plt
import numpy as np


def draw_pseudo_labels(examples: list[dict], images: np.ndarray, names: list[str]) -> plt.Figure:
    """Draw pseudo-labels with their images: right ones above, wrong ones below.

    Args:
        examples: of `scores.show_pseudo_labels`.
        images: uint8 (dataset, height, width, channels).
        names: of the classes.
    """
    right = [row for row in examples if row["pseudo_label"] == row["label"]]
    wrong = [row for row in examples if row["pseudo_label"] != row["label"]]
    columns = max(len(right), len(wrong), 1)
    figure, all_axes = plt.subplots(2, columns, figsize=(1.15 * columns, 3.3), squeeze=False)
    for line, (rows, kind) in zip(all_axes, ((right, "right"), (wrong, "wrong")), strict=True):
        for axes in line:
            axes.set_axis_off()
        if not rows:
            line[0].text(0, 0.5, f"none {kind}")
        for axes, row in zip(line, rows, strict=False):
            image = images[row["example"]]
            gray = image.shape[2] == 1
            axes.imshow(image[..., 0] if gray else image, cmap="gray" if gray else None)
            label, true = names[row["pseudo_label"]], names[row["label"]]
            text = label if label == true else f"{label}\n({true})"
            axes.set_title(f"{row['confidence']:.2f}\n{text}", fontsize=7)
    return figure
