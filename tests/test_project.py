"""What holds for the project as a whole: pinned versions, seeds, digests."""

import ast
import os
import re
import subprocess
import sys
import tomllib

import yaml
from conftest import ROOT, tiny_config
from self_training import digests
from self_training.seeds import derive_seed
from self_training.study import deployed_transformers, kinds, names
from self_training.study.plan import Plan
from test_architecture import modules

STATISTICS = {"evaluation.comparison", "evaluation.differences", "evaluation.hierarchical"}
STATISTICS |= {
    "evaluation.judging",
    "evaluation.omnibus",
    "evaluation.significance",
    "errors",
    "logs",
    "storage",
}
STATISTICS |= {"evaluation.draws", "report.findings", "report.findings_of_draws", "report.verdicts"}
STATISTICS |= {"report.axes", "report.words"}
OF_STUDENTS = ("pseudo_labels", "labeled_so_far", "noisy_student", "generation", "search")
TRANSFORMER = names.BACKBONES["transformer"]
POLICIES_OF_TOKENS = names.POLICIES_OF["tokens"].values()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins() -> dict[str, str]:
    return dict(pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])


def test_jobs_find_the_package_and_round_alike_on_every_machine():
    """Sums of NumPy are rounded by how many threads add them up, which must not be the cores."""
    code = (
        "import os, subprocess, sys; from types import SimpleNamespace as of; "
        "workflow = of(basedir=sys.argv[1], overwrite_configfiles=['studies/tables.yaml']); "
        "exec(open('workflow/rules/config.smk').read()); "
        "job = 'import self_training, threadpoolctl, numpy; '"
        "'print({one[\"num_threads\"] for one in threadpoolctl.threadpool_info()})'; "
        "print(subprocess.check_output([sys.executable, '-c', job], text=True))"
    )
    unlimited = {key: value for key, value in os.environ.items() if "THREADS" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        env=unlimited | {"PYTHONPATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "{1}", done.stderr


def test_every_direct_dependency_is_pinned():
    development = PROJECT["dependency-groups"]["dev"]
    extras = [
        name for some in PROJECT["project"]["optional-dependencies"].values() for name in some
    ]
    for name in PROJECT["project"]["dependencies"] + development + extras:
        assert re.match(r"[\w-]+", name).group() in pins(), name


def test_a_copy_of_the_workflow_runs_its_own_package(make_study):
    """Though another is installed, as it is in a clone's environment."""
    study = make_study(tiny_config() | {"study": "own_package"})
    package = study.folder / "workflow/self_training"
    (package / "study/schema.py").write_text("raise ImportError('the copy was asked')")
    installed = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        study.command("-n"), cwd=study.folder, env=installed, capture_output=True, text=True
    )
    assert done.returncode and "the copy was asked" in done.stdout + done.stderr


def test_conda_environments_are_in_step():
    environments = {
        path.stem: yaml.safe_load(path.read_text()) for path in ROOT.glob("envs/*.yaml")
    }
    assert set(environments) == {"training", "analysis", "texts"}
    extras = PROJECT["project"]["optional-dependencies"].values()
    direct = sum(extras, PROJECT["project"]["dependencies"])
    for environment in environments.values():
        (packages,) = (
            part["pip"] for part in environment["dependencies"] if isinstance(part, dict)
        )
        for package in packages:
            name, version = package.split("==")
            assert pins()[name] == version
            assert name in direct


def imported_at_once(file) -> set[str]:
    """Return the packages that a file imports, but within functions."""
    found = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found


def behind_names() -> set[str]:
    """Return the modules that a training job finds by a name in its settings."""
    paths = {*names.BACKBONES.values(), *names.POLICIES.values()} - {TRANSFORMER}
    return digests.closure(digests.SCRIPTS / "train_teachers.py", *paths)


def behind_transformers() -> set[str]:
    """Return the modules of a job that trains a transformer, which imports no Keras."""
    behind = digests.closure(
        digests.SCRIPTS / "train_students.py", TRANSFORMER, *POLICIES_OF_TOKENS
    )
    of_keras = ("framework", "one_by_one", "outputs", "trainer")
    return behind - {f"training.{name}" for name in of_keras}


def test_the_environment_of_texts_has_what_transformers_are_trained_with():
    installed = (ROOT / "envs/texts.yaml").read_text()
    ours = sys.stdlib_module_names | {"self_training"}
    imported = set.union(*(imported_at_once(digests.file_of(m)) for m in behind_transformers()))
    assert {"numpy", "psutil", "torch"} <= imported - ours
    # The last two are imported within functions.
    for name in {*(imported - ours), "transformers", "peft"}:
        assert f"- {name}==" in installed, name
    plan = Plan(tiny_config())
    assert plan.environment("../../envs/training.yaml") == "../../envs/training.yaml"
    plan.config["training"]["backbone"] = "transformer"
    assert plan.environment("../../envs/training.yaml") == "../../envs/texts.yaml"


def test_the_environment_of_texts_has_what_deployed_transformers_predict_with():
    """Tables and Parquet among it, which are imported within functions."""
    installed = (ROOT / "envs/texts.yaml").read_text()
    ours = sys.stdlib_module_names | {"self_training"}
    script = digests.SCRIPTS / "predict.py"
    behind = digests.closure(script, deployed_transformers.LOAD, kinds.KINDS["texts"].open)
    # Keras loads networks of its own alone.
    files = [script, *map(digests.file_of, behind - {"training.framework"})]
    imported = set.union(*map(imported_at_once, files)) - ours
    for name in {*imported, "pandas", "pyarrow", "tqdm"}:
        assert f"- {name}==" in installed, name
    assert (
        'deployed.environment("../../envs/training.yaml")'
        in (ROOT / "workflow/rules/prediction.smk").read_text()
    )


def test_conda_environments_have_what_scripts_import():
    """Every third-party module that a rule's script reaches is in the rule's environment."""
    names = {"sklearn": "scikit-learn", "scikit_posthocs": "scikit-posthocs"}
    names |= {"PIL": "pillow", "yaml": "pyyaml"}
    # JAX is the user's own choice of a backend.
    ours = sys.stdlib_module_names | {"self_training", "snakemake", "jax"}
    checked = 0
    for rules in ROOT.glob("workflow/rules/*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint)\b", rules.read_text(), flags=re.M):
            script = re.search(r"scripts/(\w+)\.py", rule)
            if not script:
                continue
            environment = re.search(r"envs/(\w+)\.yaml", rule).group(1)
            installed = (ROOT / f"envs/{environment}.yaml").read_text()
            path = ROOT / f"workflow/scripts/{script.group(1)}.py"
            files = [path, *map(digests.file_of, digests.closure(path))]
            if environment == "training":
                files += [digests.file_of(m) for m in behind_names()]
            for file in files:
                imported = imported_at_once(file)
                for module in imported - ours:
                    assert f"- {names.get(module, module)}==" in installed, (
                        script.group(1),
                        module,
                    )
                    checked += 1
    assert checked > 20


def test_conda_environments_of_what_reads_tables_have_what_reads_parquet():
    """It is imported where such a file is read alone, so no import at once tells of it."""
    rules = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    for script in ("prepare_dataset", "deploy", "predict", "download_split"):
        (rule,) = (part for part in rules.split("\nrule ") if f"scripts/{script}.py" in part)
        environment = re.search(r"envs/(\w+)\.yaml", rule).group(1)
        installed = (ROOT / f"envs/{environment}.yaml").read_text()
        assert "- pyarrow==" in installed, script
        assert script != "download_split" or "- huggingface-hub==" in installed


def test_seeds_come_from_identity():
    """Literals: a change of these numbers would change every study."""
    assert derive_seed(study=1, dataset="digits", member=0) == 98_183_987
    assert derive_seed(member=0, dataset="digits", study=1) == 98_183_987
    assert derive_seed(a="b_c") != derive_seed(a_b="c")
    assert derive_seed(member=1) != derive_seed(member="1")


def test_a_digest_covers_what_a_script_imports():
    def closure(script):
        return digests.closure(digests.SCRIPTS / f"{script}.py")

    trained = {"training.trainer", "training.one_by_one", "training.batches", "training.runs"}
    assert trained | {"seeds", "methods.pseudo_labels"} <= closure("train_students")
    for script in ("select", "evaluate"):
        assert "training.trainer" not in closure(script)
    assert closure("test_significance") == STATISTICS
    # Nothing that makes pseudo-labels, searches or adds noise determines a teacher or a control.
    for script in ("train_teachers", "train_control"):
        assert not {f"methods.{name}" for name in OF_STUDENTS} & closure(script)
        assert not {module for module in closure(script) if module.startswith("image.")}
    assert "training.stacked" not in closure("train_students")
    # What says where a score comes from is not behind the score, nor is what only that imports.
    assert {"provenance", "errors"} <= closure("evaluate")
    of_script = digests.SCRIPTS / "evaluate.py"
    counted = digests.closure(of_script, without=digests._WITHOUT_NUMBERS)
    assert not {"provenance", "logs", "errors"} & counted
    assert {"evaluation.scores", "methods.states"} <= counted
    # Nor does arithmetic on pseudo-labels determine a score but through what it was trained on.
    assert "methods.pseudo_labels" not in counted | closure("select")
    found = {path.stem: digests.code_digest(path.stem) for path in digests.SCRIPTS.iterdir()}
    assert len(set(found.values())) > len(found) / 2


def test_a_digest_covers_what_settings_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    cnn, resnet = names.BACKBONES["original_cnn"], names.BACKBONES["small_resnet"]
    found = {
        digests.code_digest("train_students", *used)
        for used in ((), (cnn,), (resnet,), (cnn, names.POLICIES["characters"]))
    }
    assert len(found) == 4
    # One policy's module is behind two names.
    assert digests.code_digest("train_students", names.POLICIES["clothing"]) == (
        digests.code_digest("train_students", names.POLICIES["characters"])
    )
    # The user's own counts as it is written, without what it imports.
    (tmp_path / "own_models.py").write_text("def build(): pass\n")
    digests.code_digest.cache_clear()
    before = digests.code_digest("train_teachers", "own_models:build")
    (tmp_path / "own_models.py").write_text("def build(): pass  # now another\n")
    digests.code_digest.cache_clear()
    assert digests.code_digest("train_teachers", "own_models:build") != before


def test_only_training_imports_keras():
    """And what training imports on a GPU with JAX; others not within a function."""
    for name, path in modules().items():
        imports = re.findall(r"^(?:import|from) (keras|tensorflow|jax)", path.read_text(), re.M)
        assert not imports or name in (
            "training.stacked",
            "image.noise_on_gpu",
            "vector.noise_on_gpu",
        ), path
    found = {
        name
        for name, path in modules().items()
        if re.search(r"^\s*(?:import|from) (?:keras|tensorflow|jax)\b", path.read_text(), re.M)
    }
    backbones = {path.partition(":")[0].partition(".")[2] for path in names.BACKBONES.values()}
    training = {"training.framework", "training.one_by_one", "training.stacked"}
    training.add("training.consistency.step")
    # Which is trained with PyTorch.
    backbones -= {"training.transformer"}
    assert found == backbones | training | {"image.noise_on_gpu", "vector.noise_on_gpu"}


def test_only_downloads_touch_the_network():
    """Nor does any other module import what could, within a function or not."""
    could = "requests|urllib|http|httpx2?|socket|kaggle|huggingface_hub"
    found = [
        name
        for name, path in modules().items()
        if re.search(rf"(?:import|from) (?:{could})\b", path.read_text())
    ]
    assert found == ["data.downloads", "data.hub"]
    reached = {
        script.stem
        for script in digests.SCRIPTS.glob("*.py")
        if "data.downloads" in digests.closure(script)
    }
    assert reached == {"download", "download_split", "download_encoder"}
