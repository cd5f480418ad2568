"""New examples that a config names: what may be named, where their labels lie, what reruns."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image
from self_training.errors import StudyError
from self_training.study import budgets, checks
from self_training.study.behind_scores import settings_behind_score
from self_training.study.plan_of_deployment import DeployedPlan


@pytest.fixture()
def new(tmp_path, monkeypatch):
    """A folder that has new examples, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos/day 1").mkdir(parents=True)
    Image.new("L", (8, 8)).save(tmp_path / "photos/day 1/a.png")
    np.savez(tmp_path / "more.npz", x=np.zeros((2, 8, 8, 1), np.uint8))
    return tmp_path


def config(*paths, **changes):
    made = tiny_config() | {"deploy": "baseline"} | changes
    made["datasets"]["digits_0_2"]["predict"] = list(paths)
    return made


def test_new_examples_have_a_table_each(new):
    made = config("photos", "more.npz", "photos/day 1/a.png")
    checks.validate(made)
    plan = DeployedPlan(made)
    folder = "results/tiny/predictions/digits_0_2"
    assert plan.predictions() == [f"{folder}/{name}.csv" for name in ("photos", "more", "a")]
    wildcards = SimpleNamespace(dataset="digits_0_2", name="more")
    assert plan.new_examples(wildcards) == "more.npz"
    # A table lies outside what is taken away as a whole.
    assert not folder.startswith(plan.folder.replace("{dataset}", "digits_0_2"))
    del made["datasets"]["digits_0_2"]["predict"]
    assert DeployedPlan(made).predictions() == []


def test_what_changes_in_a_folder_is_labeled_anew(new):
    plan = DeployedPlan(config("photos"))
    wildcards = SimpleNamespace(dataset="digits_0_2", name="photos")
    before = plan.new_fingerprint(wildcards)
    assert plan.new_fingerprint(wildcards) == before
    Image.new("L", (8, 8)).save(new / "photos/b.png")
    after = plan.new_fingerprint(wildcards)
    (new / "photos/b.png").rename(new / "photos/c.png")
    assert len({before, after, plan.new_fingerprint(wildcards)}) == 3


def test_new_examples_change_neither_a_dataset_nor_a_score(new):
    """A finished study labels them without training anything again."""
    asked, plain = config("photos"), config()
    del plain["datasets"]["digits_0_2"]["predict"]
    assert budgets.sources(asked) == budgets.sources(plain)
    for method in plain["methods"]:
        behind = [settings_behind_score(made, "digits_0_2", method) for made in (asked, plain)]
        assert behind[0] == behind[1]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["missing"], "missing: Expected an existing file or folder. Received no such path"),
        (["more.txt"], "more.txt: Expected a folder of images, or a file .* Received '.txt'"),
        (["empty"], "empty: Expected images .* Received none"),
        (["mixed"], "mixed/a.md: Expected nothing but images here"),
        (["more.npz", "photos/more.png"], "predict: Expected files and folders of different names"),
        ([".."], "predict: Expected a path that ends in the name of a file or folder"),
        (["{x}.npz"], "predict: Expected a path .* without braces. Received: '{x}.npz'"),
        ([], "predict: Expected a list of paths"),
        (["more.npz", "more.npz"], "predict: Expected a list of paths"),
    ],
)
def test_new_examples_that_are_none_are_an_error(new, paths, message):
    (new / "more.txt").write_text("")
    (new / "empty").mkdir()
    (new / "mixed").mkdir()
    (new / "mixed/a.md").write_text("")
    with pytest.raises(StudyError, match=message):
        checks.validate(config(*paths))


def test_new_examples_want_a_model(new):
    made = config("photos")
    del made["deploy"]
    with pytest.raises(StudyError, match="datasets.digits_0_2.predict: Expected it only with dep"):
        checks.validate(made)
