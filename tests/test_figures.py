"""The table of figures: it, the functions that draw and the captions are in step."""

import inspect
import subprocess
import sys

import pytest
from conftest import ROOT, tiny_config
from self_training import dotted_paths
from self_training.errors import StudyError
from self_training.report import drawings, drawings_of_axes, figures
from self_training.study import budgets

OTHER_CAPTIONS = {
    "pseudo_labels",
    "report",
    "scores",
    "statistics",
    "summary",
    "synthetic",
    "workflow",
}


def test_table_functions_and_captions_are_in_step():
    names = [figure.name for figure in figures.FIGURES]
    assert len(set(names)) == len(names)
    captions = {path.stem for path in (ROOT / "workflow/captions").glob("*.rst")}
    assert captions - OTHER_CAPTIONS == set(names)
    functions = [dotted_paths.find(figure.draw) for figure in figures.FIGURES]
    for function in functions:
        assert list(inspect.signature(function).parameters) == ["tables", "statistics", "styles"]
    public = {
        function
        for module in (drawings, drawings_of_axes)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert set(functions) == public


def test_figures_are_those_that_a_study_has_something_to_show_in():
    always = ["critical_difference", "accuracy"]
    own, of_students = ["cost", "reliability"], ["generations", "hyper_parameters"]
    config = tiny_config()
    assert list(figures.titles(config)) == always + own + of_students
    config["datasets"]["digits_0_2"]["labeled_fraction"] = [0.1, 0.2]
    config = budgets.expand(config)
    assert list(figures.titles(config)) == [*always, "learning_curve", *own, *of_students]
    assert figures.titles(config)["learning_curve"] == "Accuracy against number of labels"
    config = tiny_config() | {"methods": {"baseline": {"generations": 0}}}
    assert list(figures.titles(config)) == always + own
    compare = {"study": "compare", "external_scores": "scores.csv"}
    assert list(figures.titles(compare)) == always


def test_an_unknown_figure_is_an_error_that_names_the_known_ones():
    with pytest.raises(StudyError, match="Expected one of critical_difference, .*: 'hyper'"):
        figures.draw("hyper", {}, {"methods": ["a"]})


def test_plans_load_nothing_to_draw_with():
    code = (
        "import sys; from self_training.report import figures; "
        "print([name for name in ('matplotlib', 'pandas', 'scipy') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow", capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]", found.stderr


def test_bars_of_the_critical_difference_are_drawn_in_one_order():
    """The same figure is the same file, in every process."""
    methods = [f"method {index}" for index in range(6)]
    nemenyi = {one: {other: 1.0 for other in methods if other != one} for one in methods}
    statistics = {
        "methods": methods,
        "average_ranks": {method: 1.0 + index for index, method in enumerate(methods)},
        "post_hoc": {"nemenyi": nemenyi},
        "critical_difference": 9.0,
        "alpha": 0.05,
    }
    (axes,) = figures.draw("critical_difference", {}, statistics).axes
    (bar,) = [line for line in axes.lines if len(line.get_xdata()) == len(methods)]
    assert list(bar.get_xdata()) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
