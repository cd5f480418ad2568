"""Figures of a whole study: tables in, Matplotlib figures out.

Every function takes `tables` (`scores`, `generations` and `reliability`, see `evaluation.tables`),
`statistics` (what `statistics.json` holds) and `styles` (see `report.style`: a color and a marker
for each method), and is drawn in that style; see `figures.draw`.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter
from scikit_posthocs import critical_difference_diagram

from self_training.evaluation.calibration import BINS
from self_training.evaluation.comparison import means_over_folds, paired
from self_training.evaluation.differences import fold_interval
from self_training.report.style import Styles
from self_training.study.candidates import HYPER_PARAMETERS

SPREAD = 1 / 3  # Of the gap between two label budgets, that points of one may take.
Tables = dict[str, pd.DataFrame]


def critical_difference(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw average ranks; a bar joins methods that Nemenyi's test does not tell apart."""
    ranks, nemenyi = statistics["average_ranks"], statistics["post_hoc"]["nemenyi"]
    if nemenyi is None:
        figure, axes = plt.subplots(figsize=(7, 1.2))
        axes.set_axis_off()
        axes.text(0, 0.5, statistics["omnibus"]["friedman"]["reason"], wrap=True)
        return figure
    figure, axes = plt.subplots(figsize=(7, 2.2 + 0.3 * len(ranks)))
    axes.grid(False)
    matrix = pd.DataFrame(nemenyi).reindex(index=list(ranks), columns=list(ranks)).fillna(1.0)
    drawn = critical_difference_diagram(
        pd.Series(ranks),
        matrix,
        cd=statistics["critical_difference"],
        alpha=statistics["alpha"],
        ax=axes,
        label_fmt_left="{label} ({rank:.2f})",
        label_fmt_right="({rank:.2f}) {label}",
        color_palette={name: color for name, (color, _) in styles.items()},
    )
    # Their points come in the order of a set, which is another one in every process.
    for (bar,) in drawn["crossbars"]:
        bar.set_xdata(sorted(bar.get_xdata()))
    axes.spines["top"].set_visible(True)
    return figure


def accuracy(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw the mean accuracy of every method on every dataset, with its 95 % interval."""
    scores, _ = paired(tables["scores"])
    repeats = statistics["repeats"]
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
        half = np.array([fold_interval(groups[datasets[row], method], repeats) for row in rows])
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


def learning_curve(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw accuracy against the number of labels, for datasets with several label budgets."""
    scores, budgets = tables["scores"], statistics["budgets"]
    comparable, _ = paired(scores)
    labels = scores.groupby("dataset")["labeled"].mean()
    columns = min(3, len(budgets))
    lines = -(-len(budgets) // columns)
    size = (6.5, 4.2) if len(budgets) == 1 else (3.4 * columns, 0.8 + 2.8 * lines)
    figure, grid = plt.subplots(lines, columns, figsize=size, squeeze=False)
    handles = {}
    for axes, (dataset, names) in zip(grid.flat, budgets.items(), strict=False):
        x = labels[names].to_numpy()
        factors = _side_by_side(x, len(styles))
        for factor, (method, (color, marker)) in zip(factors, styles.items(), strict=True):
            groups = [
                comparable[(comparable["dataset"] == name) & (comparable["method"] == method)]
                for name in names
            ]
            centers = np.array([rows["accuracy"].mean() for rows in groups])
            if np.isnan(centers).all():
                continue
            half = np.array([fold_interval(rows, statistics["repeats"]) for rows in groups])
            # No accuracy is below 0 or above 1.
            handles[method] = axes.errorbar(
                x * factor,
                centers,
                yerr=[np.minimum(half, centers), np.minimum(half, 1 - centers)],
                fmt=f"{marker}-",
                color=color,
                markersize=4,
                capsize=1.5,
                linewidth=1,
                elinewidth=0.7,
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


def _side_by_side(x: np.ndarray, methods: int) -> np.ndarray:
    """Return what numbers of labels are multiplied by, so that bars of a budget stand side by side.

    Together they take at most SPREAD of the smallest gap between two budgets, whatever the number
    of methods: every point is seen to be of its budget.

    Args:
        x: (budgets,) numbers of labels, on a logarithmic axis.

    Returns: (methods,) around 1.
    """
    gaps = np.diff(np.unique(np.log(x)))
    step = 0.012 * max(np.log(x.max() / x.min()), np.log(2))
    width = min([step * (methods - 1), *(SPREAD * gaps)])
    return np.exp(np.linspace(-width / 2, width / 2, methods)) if methods > 1 else np.ones(1)


def generations(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw students and pseudo-labels after each generation: a thin line per dataset."""
    generations = tables["generations"]
    table = generations.assign(
        coverage=generations["selected"] / generations["offered"].where(generations["offered"] > 0),
        precision=generations["correct"] / generations["known"].where(generations["known"] > 0),
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
        if not table[column].notna().any():
            axes.text(0.5, 0.5, "no true label is known", ha="center", transform=axes.transAxes)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("Generation")
        axes.set_xticks(range(int(table["generation"].max()) + 1))
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def hyper_parameters(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw how often each value was selected."""
    scores = _own(tables["scores"])
    scores = scores[scores["generations"] > 0] if (scores["generations"] > 0).any() else scores
    methods = list(dict.fromkeys(scores["method"]))
    # Where every generation labels all unlabeled examples, there is no fraction of them.
    names = [name for name in HYPER_PARAMETERS if name in scores and scores[name].notna().any()]
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


def cost(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw accuracy against gradient steps; thin lines join the methods of a dataset."""
    scores = _own(tables["scores"])
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
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def reliability(tables: Tables, statistics: dict, styles: Styles) -> plt.Figure:
    """Draw accuracy of predictions against their confidence, all datasets together."""
    reliability = tables["reliability"]
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


def _own(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[scores["source"] == "study"]
