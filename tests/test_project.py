"""What holds for the project as a whole: pinned versions, seeds, digests, locks."""

import fcntl
import os
import re
import sys
import tomllib

import yaml
from conftest import ROOT
from self_training import locks, provenance
from self_training.seeds import derive_seed

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins() -> dict[str, str]:
    return dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])


def test_every_direct_dependency_is_pinned():
    development = PROJECT["dependency-groups"]["dev"]
    for name in PROJECT["project"]["dependencies"] + development:
        assert name in pins(), name


def test_conda_environments_are_in_step():
    environments = {
        path.stem: yaml.safe_load(path.read_text()) for path in ROOT.glob("envs/*.yaml")
    }
    assert set(environments) == {"training", "analysis"}
    for environment in environments.values():
        (packages,) = (
            part["pip"] for part in environment["dependencies"] if isinstance(part, dict)
        )
        for package in packages:
            name, version = package.split("==")
            assert pins()[name] == version
            assert name in PROJECT["project"]["dependencies"]


def test_conda_environments_have_what_scripts_import():
    """Every third-party module that a rule's script reaches is in the rule's environment."""
    names = {"sklearn": "scikit-learn", "scikit_posthocs": "scikit-posthocs"}
    names |= {"PIL": "pillow", "yaml": "pyyaml"}
    # JAX is the user's own choice of a backend.
    ours = sys.stdlib_module_names | {"self_training", "snakemake", "jax"}
    checked = 0
    for rules in ROOT.glob("workflow/rules/*.smk"):
        for rule in re.split(r"^rule ", rules.read_text(), flags=re.M):
            script = re.search(r"scripts/(\w+)\.py", rule)
            if not script:
                continue
            environment = re.search(r"envs/(\w+)\.yaml", rule).group(1)
            installed = (ROOT / f"envs/{environment}.yaml").read_text()
            path = ROOT / f"workflow/scripts/{script.group(1)}.py"
            files = [path, *(provenance.PACKAGE / f"{m}.py" for m in provenance._closure(path))]
            for file in files:
                imported = set(re.findall(r"^(?:import|from) (\w+)", file.read_text(), flags=re.M))
                for module in imported - ours:
                    assert f"- {names.get(module, module)}==" in installed, (
                        script.group(1),
                        module,
                    )
                    checked += 1
    assert checked > 20


def test_seeds_come_from_identity():
    """Literals: a change of these numbers would change every study."""
    assert derive_seed(study=1, dataset="digits", member=0) == 98_183_987
    assert derive_seed(member=0, dataset="digits", study=1) == 98_183_987
    assert derive_seed(a="b_c") != derive_seed(a_b="c")
    assert derive_seed(member=1) != derive_seed(member="1")


def test_a_digest_covers_what_a_script_imports():
    def closure(script):
        return provenance._closure(provenance.SCRIPTS / f"{script}.py")

    assert {"training", "backbones", "seeds", "pseudo_labels", "runs"} <= closure("train_students")
    assert "training" not in closure("select") and "training" not in closure("evaluate")
    assert closure("test_significance") == {"errors", "logs", "significance", "storage"}
    digests = {
        path.stem: provenance.code_digest(path.stem) for path in provenance.SCRIPTS.iterdir()
    }
    assert len(set(digests.values())) > len(digests) / 2


def test_only_training_imports_keras():
    """And what training imports on a GPU with JAX; others not within a function."""
    for path in provenance.PACKAGE.glob("*.py"):
        imports = re.findall(r"^(?:import|from) (keras|tensorflow|jax)", path.read_text(), re.M)
        assert not imports or path.stem in ("stacked", "noise_on_gpu"), path
    with_imports = {"training", "backbones", "stacked", "noise_on_gpu"}
    found = [
        path.stem
        for path in provenance.PACKAGE.glob("*.py")
        if re.search(r"(?:import|from) (?:keras|tensorflow|jax)\b", path.read_text())
    ]
    assert set(found) == with_imports


def test_only_downloads_touch_the_network():
    """Nor does any other module import what could, within a function or not."""
    found = [
        path.stem
        for path in provenance.PACKAGE.glob("*.py")
        if re.search(r"(?:import|from) (?:requests|urllib|http|socket|kaggle)\b", path.read_text())
    ]
    assert found == ["downloads"]
    reached = {
        script.stem
        for script in provenance.SCRIPTS.glob("*.py")
        if "downloads" in provenance._closure(script)
    }
    assert reached == {"download"}


def test_stale_locks_are_cleared_but_not_those_of_the_living(tmp_path):
    (tmp_path / "locks").mkdir()
    lock = tmp_path / "locks" / "0.output.lock"
    lock.touch()
    living = os.open(tmp_path / "alive.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(living, fcntl.LOCK_SH)
    with locks.clear_stale_locks(tmp_path):
        assert lock.exists()
    os.close(living)
    with locks.clear_stale_locks(tmp_path):
        assert not lock.exists()
