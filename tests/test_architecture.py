"""The house: its floors, its doors, its names."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from self_training import digests, dotted_paths
from self_training.data.class_counts import DRAWS, check_class_counts
from self_training.data.sources import SOURCES
from self_training.errors import StudyError
from self_training.image import noise as noise_of_images
from self_training.methods import pseudo_labels
from self_training.methods.proposals import STRATEGIES, propose
from self_training.methods.pseudo_labels import BALANCES
from self_training.methods.search import SELECTIONS
from self_training.report.figures import FIGURES
from self_training.study import consistency, encoders, kinds, names, plan, schema
from self_training.text import noise as noise_of_texts
from self_training.training import job, schedules
from self_training.training.batches import LOSSES
from self_training.vector import noise as noise_of_vectors

PACKAGE = ROOT / "workflow/self_training"
# A room may import its own floor and those below. What lies at the root is below all of them.
FLOORS = [
    {"study", "data"},
    {"image", "text", "vector"},
    {"methods", "training"},
    {"evaluation"},
    {"report"},
    {"deployment"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS, start=1) for room in rooms}
LONGEST, SHORTEST = 350, 15


def modules() -> dict[str, Path]:
    """Return the modules of the package by their names relative to it."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def graph() -> dict[str, set[str]]:
    """Return what each module imports, and what it looks up by a dotted path that stands in it."""
    found = {}
    for name, path in modules().items():
        looked_up = re.findall(r'"self_training\.([\w.]+):\w+"', path.read_text())
        found[name] = set(digests.imports(path)), set(looked_up)
    return found


def floor(module: str) -> int:
    if module == "__main__":
        return len(FLOORS) + 1
    room, _, rest = module.partition(".")
    return FLOOR_OF[room] if rest or room in FLOOR_OF else 0


def test_every_room_has_a_floor():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(FLOOR_OF)


def test_no_module_imports_one_of_a_higher_floor():
    wrong = [
        f"{name} imports {other}"
        for name, (imported, _) in graph().items()
        for other in imported
        if floor(other) > floor(name)
    ]
    assert not wrong


def test_methods_import_training_and_not_the_other_way_round():
    assert not [
        (name, other)
        for name, (imported, _) in graph().items()
        for other in imported
        if name.startswith("training.") and other.startswith("methods.")
    ]


def test_no_circle_of_imports():
    left = {name: set(imported) - {name} for name, (imported, _) in graph().items()}
    while left:
        free = {name for name, imported in left.items() if not imported & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {name: imported for name, imported in left.items() if name not in free}


def test_every_import_of_the_package_is_seen():
    """By name: `import self_training.x` and `from self_training.image import noise` alike."""
    for name, path in modules().items():
        written = re.findall(r"^\s*(?:from|import) self_training\b", path.read_text(), re.M)
        assert len(digests.imports(path)) >= bool(written), name
        for other in digests.imports(path):
            assert other in modules(), (name, other)


def test_imports_are_resolved(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "import numpy\n"
        "import self_training.study.plan\n"
        "from self_training import errors, storage as files\n"
        "from self_training.image import noise\n"
        "from self_training.image.backbones import NORM_MOMENTUM, small_resnet\n"
        "from self_training.study.methods import settings\n"
        "def later():\n"
        "    from self_training.training import framework\n"
    )
    expected = "study.plan errors storage image.noise image.backbones image.backbones.small_resnet"
    expected += " study.methods training.framework"
    assert digests.imports(path) == tuple(expected.split())
    relative = tmp_path / "relative.py"
    relative.write_text("from . import errors\n")
    with pytest.raises(ImportError, match="Expected imports by full names"):
        digests.imports(relative)


def test_modules_are_neither_long_nor_empty():
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lengths.items() if count > LONGEST} == {}
    short = {
        name
        for name, path in modules().items()
        if lengths[name] < SHORTEST and path.name != "__init__.py"
    }
    assert short == set()


def test_a_package_s_own_file_has_nothing_that_runs_unseen():
    """A digest covers one only where something is imported from it by name."""
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        assert isinstance(body[0], ast.Expr), path
        assert all(isinstance(node, ast.Assign) for node in body[1:]), path


def test_scripts_are_adapters():
    for script in ROOT.glob("workflow/scripts/*.py"):
        assert len(script.read_text().splitlines()) < 20, script.name


def test_public_functions_are_annotated_and_explained():
    for name, path in modules().items():
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), name
        classes = [
            node
            for node in tree.body
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        for node in [*tree.body, *(member for some in classes for member in some.body)]:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name}.{node.name}"
                assert node.returns or ".backbones." in name, f"{name}.{node.name}"


@pytest.mark.parametrize("table", [names.BACKBONES, names.POLICIES], ids=["backbones", "policies"])
def test_names_of_a_config_lead_somewhere(table):
    for name, path in table.items():
        assert dotted_paths.source_of(path), name
        if name == "transformer" and find_spec("torch") is None:
            continue  # Which it is trained with, and a development environment need not have.
        found = dotted_paths.find(path)
        policies = (noise_of_images.Policy, noise_of_vectors.Policy, noise_of_texts.Policy)
        assert callable(found) or isinstance(found, policies)


def test_kinds_lead_somewhere():
    assert set(kinds.KINDS) == set(SOURCES)
    # What an encoder gives, and networks take, may be none of them.
    given = {*kinds.KINDS, encoders.TOKENS}
    assert given == set(names.BACKBONES_OF) == set(names.POLICIES_OF)
    for kind in kinds.KINDS.values():
        for path in filter(None, kind):
            assert callable(dotted_paths.find(path)), path
    for path in encoders.ENCODERS.values():
        assert callable(dotted_paths.find(path)), path


def test_the_schema_has_the_names_of_the_tables():
    loaded = schema.load_schema()
    assert loaded["$defs"]["policy"]["enum"] == list(names.POLICIES)
    assert loaded["$defs"]["encoder"]["enum"] == list(encoders.ENCODERS)
    dataset = loaded["$defs"]["dataset"]["properties"]
    assert dataset["kind"]["enum"] == list(SOURCES)
    assert set(dataset["source"]["enum"]) == {some for table in SOURCES.values() for some in table}
    assert loaded["$defs"]["decay"]["enum"] == list(schedules.DECAYS)
    assert loaded["$defs"]["loss"]["enum"] == list(LOSSES)
    method = loaded["$defs"]["method"]["properties"]
    assert method["labels"]["enum"] == list(pseudo_labels.LABELS)
    assert loaded["$defs"]["dataset"]["properties"]["draw"]["enum"] == list(DRAWS)
    assert method["balance"]["enum"] == list(pseudo_labels.BALANCES)
    assert method["filter"]["enum"] == list(pseudo_labels.FILTERS)
    assert method["search"]["properties"]["strategy"]["enum"] == list(STRATEGIES)
    assert loaded["properties"]["selection"]["enum"] == list(SELECTIONS)
    # They stand nowhere else in it, where they could get out of step.
    written = yaml.safe_load(schema.PATH.read_text())
    assert not {"enum", "expected"} & set(written["$defs"]["policy"])
    assert not {"enum", "expected"} & set(written["$defs"]["encoder"])
    for key in ("kind", "source"):
        assert not {"enum", "expected"} & set(written["$defs"]["dataset"]["properties"][key])


@pytest.mark.parametrize(
    ("look_up", "known"),
    [
        (lambda: names.backbone_path("none"), ", ".join(names.BACKBONES)),
        (lambda: names.policy_path("none"), ", ".join(names.POLICIES)),
        (lambda: pseudo_labels.targets(np.ones((1, 2)), "fuzzy", 1), "hard, soft"),
        (lambda: pseudo_labels.balance(np.zeros(1), np.ones(1), "x"), ", ".join(BALANCES)),
        (lambda: pseudo_labels.selects_anew("never", 2), "every_generation, once"),
        (
            lambda: check_class_counts(
                {"a": 9, "b": 9}, dataset="d", outer_folds=2, inner_folds=0, draw="lottery"
            ),
            "stratified, random",
        ),
        (lambda: propose({}, "tpe", None, [], []), "grid, random, fixed"),
    ],
)
def test_an_unknown_name_is_an_error_and_no_last_branch(look_up, known):
    with pytest.raises(StudyError, match=f"Expected one of {known}. Received: '"):
        look_up()


def test_what_only_jax_trains_with_is_known_to_the_plan():
    assert plan.JAX_TRAINER == job.STACKED and dotted_paths.source_of(job.STACKED)
    assert plan.CONSISTENCY_TRAINER == job.CONSISTENCY
    for path in (job.CONSISTENCY, *consistency.METHODS.values()):
        assert dotted_paths.source_of(path), path
    for name, path in names.POLICIES.items():
        on_gpu = dotted_paths.find(path).on_gpu
        assert on_gpu.partition(":")[0] == names.policy_on_jax(name).partition(":")[0]
        assert dotted_paths.source_of(on_gpu), on_gpu


def test_nothing_else_is_looked_up_when_a_job_runs():
    """Where a module looks something up by a dotted path, a digest must cover it some other way."""
    looked_up = {name: paths for name, (_, paths) in graph().items() if paths}
    trainers = {"training.stacked", "training.consistency.trainer"}
    assert looked_up.pop("training.job") == trainers
    losses = looked_up.pop("training.trainer")
    assert losses == {"training.logit_adjustment"}
    assert looked_up.pop("study.plan") == trainers | losses
    masks = {path.partition(":")[0].partition(".")[2] for path in consistency.METHODS.values()}
    assert looked_up.pop("study.consistency") == masks
    tables = [*names.BACKBONES.values(), *names.POLICIES.values(), *names.NOISE_ON_JAX.values()]
    known = {path.partition(":")[0].partition(".")[2] for path in tables}
    assert looked_up.pop("study.names") <= known
    of_kinds = {path for kind in kinds.KINDS.values() for path in kind if path}
    modules_of_kinds = {path.partition(":")[0].partition(".")[2] for path in of_kinds}
    assert looked_up.pop("study.kinds") == modules_of_kinds
    of_encoders = {path.partition(":")[0].partition(".")[2] for path in encoders.ENCODERS.values()}
    assert looked_up.pop("study.encoders") == of_encoders
    for path in names.POLICIES.values():
        policy = path.partition(":")[0].partition(".")[2]
        assert looked_up.pop(policy, None) in (None, {f"{policy.split('.')[0]}.noise_on_gpu"})
    # A digest of what predicts covers it where transformers are deployed.
    assert looked_up.pop("study.deployed_transformers") == {"deployment.pretrained_networks"}
    # Figures name what draws them, which the script that draws imports.
    assert looked_up.pop("report.figures") == {"report.drawings_of_axes"}
    assert not looked_up
    drawn = {figure.draw.partition(":")[0].partition(".")[2] for figure in FIGURES}
    assert drawn <= digests.closure(digests.SCRIPTS / "plot.py")
