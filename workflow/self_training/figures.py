"""Figures: tables in, Matplotlib figures out. Color-blind safe, and readable without colors."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter
from scikit_posthocs import critical_difference_diagram

from self_training.scores import BINS
from self_training.search import HYPER_PARAMETERS
from self_training.significance import fold_interval, means_over_folds, paired
from self_training.storage import atomic_path

# Okabe & Ito 2008; the yellow is left out, which is hard to see on white.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
DPI = 150
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
    "legend.frameon": False,
    # Names are text, even with dollars in them.
    "text.parse_math": False,
    # The same figure is the same file.
    "svg.hashsalt": "self-training",
    "figure.constrained_layout.use": True,
}

# The tables that figures are drawn from.
TABLES = ("scores", "generations", "reliability")


def save(figure: plt.Figure, svg, png) -> None:
    """Write a figure to an SVG and a PNG file, and close it."""
    with plt.rc_context(STYLE):
        for path, metadata in ((svg, {"Date": None}), (png, {"Software": None})):
            with atomic_path(path) as temporary:
                kind = Path(path).suffix[1:]
                figure.savefig(temporary, format=kind, dpi=DPI, metadata=metadata)
    plt.close(figure)


def draw(name: str, tables: dict[str, pd.DataFrame], statistics: dict) -> plt.Figure:
    """Draw one of the figures of `config.figures`.

    Args:
        tables: `scores`, `generations` and `reliability` (see `tables`).
        statistics: of `significance.compare_methods`.
    """
    with plt.rc_context(STYLE):
        styles = _styles(statistics["methods"])
        if name == "critical_difference":
            return _draw_critical_difference(statistics, styles)
        if name == "generations":
            return _draw_generations(tables["generations"], styles)
        if name == "reliability":
            return _draw_reliability(tables["reliability"], styles)
        scores = tables["scores"]
        if name == "accuracy":
            return _draw_accuracy(scores, styles)
        if name == "learning_curve":
            return _draw_learning_curve(scores, statistics["budgets"], styles)
        own = scores[scores["source"] == "study"]
        return (_draw_cost if name == "cost" else _draw_hyper_parameters)(own, styles)


def _styles(methods: list[str]) -> dict[str, tuple[str, str]]:
    """Return a color and a marker for each method, the same in all figures; no pair of them twice
    for up to 49 methods."""
    return {
        method: (
            COLORS[index % len(COLORS)],
            MARKERS[(index + index // len(COLORS)) % len(MARKERS)],
        )
        for index, method in enumerate(methods)
    }


def _draw_critical_difference(statistics: dict, styles: dict) -> plt.Figure:
    ranks, nemenyi = statistics["average_ranks"], statistics["post_hoc"]["nemenyi"]
    if nemenyi is None:
        figure, axes = plt.subplots(figsize=(7, 1.2))
        axes.set_axis_off()
        axes.text(0, 0.5, statistics["omnibus"]["friedman"]["reason"], wrap=True)
        return figure
    figure, axes = plt.subplots(figsize=(7, 2.2 + 0.3 * len(ranks)))
    axes.grid(False)
    matrix = pd.DataFrame(nemenyi).reindex(index=list(ranks), columns=list(ranks)).fillna(1.0)
    critical_difference_diagram(
        pd.Series(ranks),
        matrix,
        cd=statistics["critical_difference"],
        alpha=statistics["alpha"],
        ax=axes,
        label_fmt_left="{label} ({rank:.2f})",
        label_fmt_right="({rank:.2f}) {label}",
        color_palette={name: color for name, (color, _) in styles.items()},
    )
    axes.spines["top"].set_visible(True)
    return figure


def _draw_accuracy(scores: pd.DataFrame, styles: dict) -> plt.Figure:
    scores, _ = paired(scores)
    datasets, methods = (list(dict.fromkeys(scores[name])) for name in ("dataset", "method"))
    means = means_over_folds(scores)
    height = min(40, 1.2 + len(datasets) * (0.12 + 0.12 * len(methods)))
    figure, axes = plt.subplots(figsize=(7, height))
    groups = dict(list(scores.groupby(["dataset", "method"])))
    for index, method in enumerate(methods):
        color, marker = styles[method]
        offset = (index - (len(methods) - 1) / 2) * 0.7 / len(methods)
        rows = [row for row, name in enumerate(datasets) if (name, method) in groups]
        centers = np.array([means.loc[datasets[row], method] for row in rows])
        half = np.array([fold_interval(groups[datasets[row], method]) for row in rows])
        # No accuracy is below 0 or above 1.
        axes.errorbar(
            centers,
            np.array(rows) + offset,
            xerr=[np.minimum(half, centers), np.minimum(half, 1 - centers)],
            fmt=marker,
            color=color,
            markersize=4,
            capsize=2,
            linewidth=1,
            label=method,
        )
    axes.set_yticks(range(len(datasets)), datasets)
    axes.set_ylim(len(datasets) - 0.5, -0.5)
    axes.set_xlabel("Accuracy")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _draw_learning_curve(scores: pd.DataFrame, budgets: dict, styles: dict) -> plt.Figure:
    comparable, _ = paired(scores)
    labels = scores.groupby("dataset")["labeled"].mean()
    columns = min(3, len(budgets))
    lines = -(-len(budgets) // columns)
    size = (max(5, 3.4 * columns), 0.8 + 2.8 * lines)
    figure, grid = plt.subplots(lines, columns, figsize=size, squeeze=False)
    handles = {}
    for axes, (dataset, names) in zip(grid.flat, budgets.items(), strict=False):
        x = labels[names].to_numpy()
        # Bars of a budget stand side by side: by a part of the axis, which is logarithmic.
        step = max(x.max() / x.min(), 2) ** 0.012
        for index, (method, (color, marker)) in enumerate(styles.items()):
            groups = [
                comparable[(comparable["dataset"] == name) & (comparable["method"] == method)]
                for name in names
            ]
            centers = np.array([rows["accuracy"].mean() for rows in groups])
            if np.isnan(centers).all():
                continue
            half = np.array([fold_interval(rows) for rows in groups])
            # No accuracy is below 0 or above 1.
            handles[method] = axes.errorbar(
                x * step ** (index - (len(styles) - 1) / 2),
                centers,
                yerr=[np.minimum(half, centers), np.minimum(half, 1 - centers)],
                fmt=f"{marker}-",
                color=color,
                markersize=4,
                capsize=2,
                linewidth=1,
                label=method,
            )
        axes.set_xscale("log")
        axes.set_xticks(x, [f"{value:,.0f}" for value in x])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(dataset, fontsize=9)
        axes.set_xlabel("Labels")
    for axes in grid.flat[len(budgets) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("Accuracy")
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3)
    return figure


def _draw_generations(generations: pd.DataFrame, styles: dict) -> plt.Figure:
    table = generations.assign(
        coverage=generations["selected"] / generations["offered"].where(generations["offered"] > 0),
        precision=generations["correct"]
        / generations["selected"].where(generations["selected"] > 0),
    )
    longest = table.groupby("method", sort=False)["generation"].max()
    methods = list(longest[longest > 0].index)
    panels = {
        "accuracy": "Accuracy of students",
        "coverage": "Coverage of pseudo-labels",
        "precision": "Precision of pseudo-labels",
    }
    figure, all_axes = plt.subplots(1, 3, figsize=(9, 3.2))
    for axes, (column, title) in zip(all_axes, panels.items(), strict=True):
        for method in methods:
            color, marker = styles[method]
            rows = table[table["method"] == method].dropna(subset=[column])
            means = rows.groupby(["dataset", "generation"], sort=False)[column].mean().unstack(0)
            for dataset in means:
                axes.plot(means.index, means[dataset], color=color, linewidth=0.6, alpha=0.35)
            axes.plot(
                means.index,
                means.mean(axis=1),
                color=color,
                marker=marker,
                linewidth=2,
                label=method,
            )
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("Generation")
        axes.set_xticks(range(int(table["generation"].max()) + 1))
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_hyper_parameters(scores: pd.DataFrame, styles: dict) -> plt.Figure:
    scores = scores[scores["generations"] > 0] if (scores["generations"] > 0).any() else scores
    methods = list(dict.fromkeys(scores["method"]))
    # Where every generation labels all unlabeled examples, there is no fraction of them.
    names = [name for name in HYPER_PARAMETERS if scores[name].notna().any()]
    figure, all_axes = plt.subplots(1, len(names), figsize=(9, 2.8), sharey=True)
    for axes, name in zip(all_axes, names, strict=True):
        counts = scores.groupby(name)["method"].value_counts().unstack(fill_value=0)
        positions = np.arange(len(counts))
        for index, method in enumerate(methods):
            color, _ = styles[method]
            width = 0.8 / len(methods)
            offset = (index - (len(methods) - 1) / 2) * width
            axes.bar(
                positions + offset,
                counts.get(method, pd.Series(0, index=counts.index)),
                width,
                color=color,
                hatch=["", "///", "...", "xxx"][index % 4],
                edgecolor="white",
                label=method,
            )
        axes.set_xticks(positions, [f"{value:g}" for value in counts.index])
        axes.set_xlabel(name.replace("_", " "))
        axes.grid(axis="x", visible=False)
    all_axes[0].set_ylabel("Times selected")
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_cost(scores: pd.DataFrame, styles: dict) -> plt.Figure:
    means = scores.groupby(["dataset", "method"], sort=False)[["gradient_steps", "accuracy"]].mean()
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for _, rows in means.groupby("dataset", sort=False):
        ordered = rows.sort_values("gradient_steps")
        axes.plot(
            ordered["gradient_steps"], ordered["accuracy"], color="#999999", linewidth=0.6, zorder=1
        )
    for method in dict.fromkeys(scores["method"]):
        color, marker = styles[method]
        rows = means.xs(method, level="method")
        axes.scatter(
            rows["gradient_steps"], rows["accuracy"], color=color, marker=marker, s=22, label=method
        )
    axes.set_xscale("log")
    # Plain numbers: the powers of Matplotlib's own are mathematics, which STYLE leaves as text.
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Gradient steps per fold, all teachers and students")
    axes.set_ylabel("Accuracy")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _draw_reliability(reliability: pd.DataFrame, styles: dict) -> plt.Figure:
    figure, axes = plt.subplots(figsize=(4.6, 4.4))
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
    for method in dict.fromkeys(reliability["method"]):
        color, marker = styles[method]
        rows = reliability[reliability["method"] == method]
        sums = rows.groupby("bin")[["count", "correct", "confidence"]].sum()
        sums = sums[sums["count"] > 0]
        share = sums["count"] / sums["count"].sum()
        x, y = sums["confidence"] / sums["count"], sums["correct"] / sums["count"]
        axes.plot(x, y, color=color, linewidth=1)
        axes.scatter(x, y, s=8 + 120 * share, color=color, marker=marker, label=method)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(f"Confidence ({BINS} bins)")
    axes.set_ylabel("Accuracy")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_pseudo_labels(examples: list[dict], images: np.ndarray, names: list[str]) -> plt.Figure:
    """Draw pseudo-labels with their images.

    Args:
        examples: of `scores.show_pseudo_labels`.
        images: uint8 (dataset, height, width, channels).
        names: of the classes.
    """
    right = [row for row in examples if row["pseudo_label"] == row["label"]]
    wrong = [row for row in examples if row["pseudo_label"] != row["label"]]
    columns = max(len(right), len(wrong), 1)
    with plt.rc_context(STYLE):
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
