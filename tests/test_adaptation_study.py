"""Studies of adapted transformers: what a config may say, what is planned, and one as a whole."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from self_training import digests
from self_training.errors import ConfigError
from self_training.report import methods_text, transformers_text
from self_training.report.references import REFERENCES
from self_training.study import adaptation, checks, fair_controls, trainings
from self_training.study.plan import Plan
from self_training.study.plan_of_deployment import DeployedPlan
from test_text_study import text_config, write_news
from test_transformer_study import FOLDER, NEWS, transformer_config, write_files
from tiny_transformers import write_transformer

CHAIN = {"generations": 1, "schedule": "all", "threshold": 0.2, "labels": "soft"}
CHAIN |= {"noise": {"magnitude": 10, "dropout": 0.1}, "unlabeled_ratio": 1, "steps": 30}


def adapted_config(**adapt) -> dict:
    """A study of adapted weights and of plain ones, each without and with students."""
    config = transformer_config(transformer={"adapt": {"steps": 8} | adapt})
    config["study"] = "tiny_adapted"
    config["methods"] = {
        "adapted": {"generations": 0},
        "noisy_student": dict(CHAIN),
        "plain": {"generations": 0, "train_on": "labeled", "adapt": False},
        "plain_noisy_student": {"inherit": "noisy_student", "teacher": "plain", "adapt": False},
    }
    return config


def of_transformer(**changes):
    return lambda config: config["training"]["transformer"].update(changes)


def of_method(name, **changes):
    return lambda config: config["methods"][name].update(changes)


def nobody_starts_from_it(config):
    own = config["methods"]
    del own["adapted"], own["noisy_student"], own["plain_noisy_student"]["inherit"]
    own["plain_noisy_student"] |= CHAIN


WRONG = {
    "no steps": (
        of_transformer(adapt={"steps": 0}),
        "training.transformer.adapt.steps: Expected an integer of at least 1. Received: 0",
    ),
    "no length": (
        of_transformer(adapt={}),
        "training.transformer.adapt: Expected the keys steps. Missing: steps.",
    ),
    "epochs of it": (
        of_transformer(adapt={"steps": 8, "epochs": 2}),
        "training.transformer.adapt: Expected the keys batch_size, learning_rate, steps. Received "
        "the unknown key 'epochs'",
    ),
    "a method of its own length": (
        of_method("noisy_student", adapt={"steps": 8}),
        "methods.noisy_student.adapt: Expected true or false. Received: {'steps': 8}",
    ),
    "a method where nothing is said": (
        lambda config: config["training"]["transformer"].pop("adapt"),
        "methods.plain.adapt: Expected it only with training.transformer.adapt, which says for how",
    ),
    "shared teachers": (
        of_method("adapted", adapt=False),
        "methods.adapted.adapt: Expected it only with students, or in a control",
    ),
    "nobody": (
        nobody_starts_from_it,
        "training.transformer.adapt: Expected a method whose networks start from adapted weights",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_told(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    change, message = WRONG[name]
    config = adapted_config()
    checks.validate(config)
    change(config)
    with pytest.raises(ConfigError) as caught:
        checks.validate(config)
    assert message in str(caught.value)


def test_another_kind_of_transformer_is_told(tmp_path, monkeypatch):
    """Before anything runs, of a folder; one that is trained as it is may be of any kind."""
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    (tmp_path / "tiny/config.json").write_text(json.dumps({"model_type": "xlnet"}))
    checks.validate(transformer_config())
    message = "datasets.news.encoder.model: Expected a transformer with a masked language model, as"
    with pytest.raises(ConfigError, match=message + ".*of kind xlnet"):
        checks.validate(adapted_config())


def test_another_backbone_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    config = text_config()
    config["training"]["transformer"] = {"adapt": {"steps": 8}}
    message = "training.backbone: Expected transformer, as there is training.transformer. Received"
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)
    config = text_config()
    config["methods"]["noisy_student"]["adapt"] = True
    with pytest.raises(ConfigError, match="methods.noisy_student.adapt: Expected it only with tra"):
        checks.validate(config)


def of(method: str, **others) -> SimpleNamespace:
    return SimpleNamespace(dataset="news", method=method, **others)


def test_methods_say_what_their_networks_start_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    plan = Plan(adapted_config())
    folders = [f"results/tiny_adapted/datasets/news/adapted/fold_{fold}" for fold in "01"]
    assert plan.adapted(NEWS) == folders
    for method in ("noisy_student", "noisy_student_control"):
        assert plan.adapted(of(method)) == folders, method
    plain = ("plain", "plain_noisy_student", "plain_noisy_student_control")
    for method in plain:
        assert plan.adapted(of(method)) == [], method
    assert plan.methods == [
        *("adapted", "noisy_student", "noisy_student_control"),
        *("plain", "plain_noisy_student", "plain_noisy_student_control"),
    ]
    # How it is done matters to what starts from it alone.
    other = Plan(adapted_config(steps=9))
    assert plan.training(NEWS) != other.training(NEWS)
    assert plan.training(NEWS)["transformer"]["adapt"]["steps"] == 8
    assert plan.adaptation_training(NEWS) != other.adaptation_training(NEWS)
    for method in plain:
        assert plan.training(of(method)) == other.training(of(method)), method
    behind = [plan.score_provenance(of(method))["code"] for method in plan.methods[:4]]
    assert ["adapt_encoder" in code for code in behind] == [True, True, True, False]
    # Without `adapt`, nothing is adapted, and of a study without it nothing is planned.
    none = Plan(transformer_config())
    assert none.adapted(NEWS) == [] and none.adapted_datasets() == []
    assert not [path for path in none.all_histories(None) if "adapt_encoder" in path]
    found = [path for path in plan.all_histories(None) if "adapt_encoder" in path]
    histories = "results/tiny_adapted/histories/adapt_encoder/news"
    assert found == [f"{histories}/fold_0.json", f"{histories}/fold_1.json"]


def test_a_transformer_is_adapted_as_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    config = adapted_config(batch_size=4)
    config["training"]["transformer"]["lora"] = {"rank": 2}
    training = Plan(config).adaptation_training(NEWS)
    own = training["transformer"]
    # All weights learn, and then stay as they are where adapters are trained.
    assert own["lora"] is None and own["adapt"] is None and own["model"] == FOLDER and own["files"]
    assert (training["steps"], training["epochs"], training["batch_size"]) == (8, None, 4)
    assert training["learning_rate"] == 1e-4 and training["decay"] == "linear"
    assert (training["weight_decay"], training["warmup"]) == (0.01, 0.06)
    assert training["noise"]["dropout"] == training["noise"]["magnitude"] == 0
    assert Plan(adapted_config()).adaptation_training(NEWS)["batch_size"] == 8
    # What classifiers are trained with changes nothing of it.
    config["training"] |= {"learning_rate": 0.5, "decay": "none", "loss": "per_part"}
    config["training"]["transformer"].pop("lora")
    config["datasets"]["news"]["epochs"] = 7
    assert Plan(config).adaptation_training(NEWS) == training


def test_label_budgets_share_what_is_adapted(tmp_path, monkeypatch):
    """And seeds of training have one each."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    config = adapted_config() | {"seeds": 2}
    config["datasets"]["news"]["labeled_fraction"] = [0.2, 0.5]
    plan = Plan(config)
    assert plan.datasets == ["news@0.2", "news@0.5"]
    folders = [plan.adapted(SimpleNamespace(dataset=name)) for name in plan.datasets]
    assert folders[0] == folders[1] and len(set(folders[0])) == 4
    assert plan.adapted_datasets() == ["news"]
    assert plan.adapted_split(NEWS) == "results/tiny_adapted/runs/news@0.2/fold_{fold}/split.npz"
    identities = [
        plan.adaptation_identity(SimpleNamespace(dataset="news", fold=fold))
        for fold in ("0", "1", "0_seed_1")
    ]
    whose = {"study": 7, "dataset": "news", "outer_fold": 0}
    assert identities == [
        whose,
        whose | {"outer_fold": 1},
        whose | {"training_seed": 1},
    ]
    # A deployed model has one of all its texts.
    deployed = DeployedPlan(config | {"deploy": "auto"})
    assert deployed.adapted_folder.endswith("/datasets/{dataset}/adapted/deployed")
    assert deployed.adaptation_identity(NEWS) == whose | {"outer_fold": "deployed"}
    assert deployed.adapted_split(NEWS) == "results/tiny_adapted/runs/news/deployed/split.npz"


def test_a_control_of_other_weights_is_not_fair(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = adapted_config()
    config["methods"]["other"] = {"generations": 0, "steps_of": "noisy_student", "adapt": False}
    config["methods"]["other"] |= {"noise": CHAIN["noise"]}
    assert fair_controls.trained_otherwise(config, "noisy_student", "other") == ["adaptation"]
    assert fair_controls.of(config, "noisy_student") is None
    del config["methods"]["other"]["adapt"]
    assert fair_controls.of(config, "noisy_student") == "other"
    with_controls = fair_controls.add(config)
    own = trainings.training(with_controls, "news", "plain_noisy_student_control")
    assert own["transformer"]["adapt"] is None
    assert not adaptation.is_behind(with_controls, "plain_noisy_student_control")


def test_what_adapts_is_behind_no_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    path = Plan(adapted_config()).training(NEWS)["backbone"]
    for script in ("train_teachers", "train_students", "train_control"):
        behind = digests.closure(digests.SCRIPTS / f"{script}.py", path)
        assert not {"training.adaptation", "text.language_model"} & behind
    adapting = digests.closure(digests.SCRIPTS / "adapt_encoder.py")
    assert {"training.adaptation", "text.language_model", "training.transformer"} <= adapting
    assert not [name for name in adapting if name.startswith("methods")]


def test_the_methods_text_says_what_was_adapted():
    config = adapted_config()
    text = methods_text._training(config)
    assert text.endswith(
        "Before, these weights were adapted to the task (Gururangan et al. 2020), once for every "
        "outer fold, but for those of plain and plain_noisy_student: by masked language modeling "
        "(Devlin et al. 2019; 15 % of a text's tokens, of these 80 % masked, 10 % another one and "
        "10 % the same) on all texts outside the test fold, without labels, for 8 gradient steps "
        "of 8 texts (AdamW, learning rate 0.0001, decoupled weight decay 0.01, linear warm-up over "
        "0.06 of the steps, linear decay, no dropout)."
    )
    assert transformers_text.cited(config) == {"bert", "gururangan"} <= set(REFERENCES)
    described = {name: methods_text._method(config, name) for name in config["methods"]}
    assert "from weights that were adapted to the texts. " in described["noisy_student"]
    assert "from weights that were not adapted to the texts." in described["plain"]
    assert "not adapted to the texts; their first" in described["plain_noisy_student"]
    for name in ("plain", "plain_noisy_student"):
        del config["methods"][name]["adapt"]
    assert "once for every outer fold: by masked" in methods_text._training(config)
    assert "adapted" not in methods_text._method(config, "plain")
    assert "adapted" not in methods_text._training(transformer_config())


@pytest.mark.study
def test_a_study_of_an_adapted_transformer(make_study):
    for name in ("torch", "transformers", "peft"):
        pytest.importorskip(name, reason=f"{name}: transformers are trained by the extra text")
    config = adapted_config(learning_rate=0.003)
    config["datasets"]["news"] |= {"labeled_fraction": [0.2, 0.4], "epochs": 8}
    del config["methods"]["plain_noisy_student"]
    # How long it is trained is chosen on inner folds.
    config["methods"]["plain"]["epochs"] = [2, 8]
    study = make_study(config)
    write_transformer(study.folder / "tiny")
    write_news(study.folder)
    study.run("--cores", "1")
    folders = sorted((study.results / "datasets/news/adapted").iterdir())
    assert [folder.name for folder in folders] == ["fold_0", "fold_1"]
    weights = {(folder / "model.safetensors").read_bytes() for folder in folders}
    assert len(weights) == 2
    jobs = [*(study.results / "histories/adapt_encoder/news").iterdir()]
    ((record,),) = json.loads(jobs[0].read_text())["folds"]
    assert record["steps"] == 8 and record["losses"]
    scores = pd.read_csv(study.results / "scores.csv")
    assert len(scores) == 2 * 2 * 4 and set(scores["method"]) == set(Plan(config).methods)
    # A method and its fair control have taken as many steps.
    steps = scores.groupby("method")["gradient_steps"].mean()
    assert steps["noisy_student"] - steps["adapted"] == steps["noisy_student_control"] == 30
    timings = pd.read_csv(study.results / "timings.csv").groupby("rule")["runs"].sum()
    assert timings["adapt_encoder"] == 2
    plain = scores[scores["method"] == "plain"]
    assert set(plain["epochs"]) <= {2, 8} and (plain["candidates"] == 2).all()
    # Teachers, and the control of plain weights, differ in what they start from alone.
    fold = study.results / "runs/news@0.2/fold_0"
    with np.load(fold / "teachers/final.npz") as adapted:
        teachers = {name: adapted[name] for name in adapted.files}
    with np.load(fold / "plain/final/generation_0/predictions.npz") as plain:
        controls = {name: plain[name] for name in plain.files}
    (asked,) = [name for name in teachers if "evaluation" in name]
    (also,) = [name for name in controls if "evaluation" in name]
    assert teachers[asked].shape == controls[also].shape
    assert (teachers[asked] != controls[also]).any()
    assert "Nothing to be done" in study.run("--cores", "1", "--dry-run")
    # Another length adapts anew, and what starts from it; plain networks stay.
    study.config["training"]["transformer"]["adapt"]["steps"] = 9
    study.write_config()
    planned = study.run("--cores", "1", "--dry-run")
    assert "adapt_encoder" in planned and "train_teachers" in planned
    counts = dict(line.split()[:2] for line in planned.splitlines() if len(line.split()) == 2)
    assert counts["adapt_encoder"] == "2" and counts["train_final_control"] == "2"
