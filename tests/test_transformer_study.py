"""Studies of transformers: what a config may say, what is planned, and one from end to end."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import tiny_config
from self_training import digests
from self_training.errors import ConfigError
from self_training.report import encoders_text, methods_text, transformers_text
from self_training.report.references import REFERENCES
from self_training.study import (
    adaptation,
    checks,
    deployed_transformers,
    encoders,
    kinds,
    trainings,
    transformers,
)
from self_training.study.plan import Plan
from self_training.study.plan_of_deployment import DeployedPlan
from test_text_study import text_config, write_news
from tiny_transformers import CLS, write_transformer

FOLDER = "./tiny"
NEWS = SimpleNamespace(dataset="news")


def transformer_config(**training) -> dict:
    """A study that takes seconds to train: 3 kinds of sentences, 2 outer folds."""
    encoder = {"name": "tokens", "model": FOLDER, "length": 12}
    config = text_config(encoder=encoder, epochs=20) | {"study": "tiny_transformer"}
    config["training"] = {"backbone": "transformer", "batch_size": 8, "learning_rate": 0.003}
    config["training"] |= {"warmup": 0.1, "decay": "linear", "weight_decay": 0.01} | training
    chain = {"generations": 1, "schedule": "all", "threshold": 0.2, "labels": "soft"}
    chain |= {"noise": {"magnitude": 10, "dropout": 0.1}, "unlabeled_ratio": 1, "steps": 30}
    config["methods"] = {"baseline": {"generations": 0}, "noisy_student": chain}
    return config | {"jobs": "per_dataset", "controls": "last_student"}


def write_files(folder, architecture="BertModel"):
    """Write files of the names that a transformer has."""
    (folder / "tiny").mkdir()
    config = json.dumps({"architectures": [architecture]})
    for name, text in {"config.json": config, "model.safetensors": "", "vocab.txt": ""}.items():
        (folder / "tiny" / name).write_text(text)


def of_encoder(**changes):
    def change(config):
        config["datasets"]["news"]["encoder"] |= changes

    return change


def of_training(**changes):
    return lambda config: config["training"].update(changes)


def of_student(**changes):
    return lambda config: config["methods"]["noisy_student"].update(changes)


WRONG = {
    "no model": (
        lambda config: config["datasets"]["news"]["encoder"].pop("model"),
        "datasets.news.encoder.model: Expected a value, as encoder is tokens",
    ),
    "a model that may change": (
        of_encoder(model="owner/name"),
        "datasets.news.encoder.revision: Expected the commit of 'owner/name' on the Hugging Face",
    ),
    "a folder that is not there": (
        of_encoder(model="./none"),
        "datasets.news.encoder.model: Expected an existing folder. Received './none'. Lay the enc",
    ),
    "noise of vectors": (
        lambda config: config["datasets"]["news"].update(policy="gaussian"),
        "datasets.news.policy: Expected one of words, as its encoder gives tokens",
    ),
    "a backbone of words": (
        of_training(backbone="bag_of_ngrams"),
        "training.backbone: Expected one of transformer, as the examples are tokens. Received: 'b",
    ),
    "a backbone of yours": (
        of_student(backbone="self_training.text.backbones.bag_of_ngrams:build"),
        "methods.noisy_student.backbone: Expected one of transformer, as the examples are tokens",
    ),
    "hashed words": (
        lambda config: config["datasets"]["news"].update(encoder="ngrams"),
        "training.backbone: Expected one of bag_of_ngrams, or your own, as the examples are texts",
    ),
    "stochastic depth": (
        of_student(noise={"survival": 0.8}),
        "methods.noisy_student.noise.survival: Expected 1, as transformer has no residual blocks",
    ),
    "a penalty": (
        of_training(l2=0.1),
        "training.l2: Expected 0, as backbone transformer does not have it (weight_decay it has)",
    ),
    "a penalty that is searched": (
        of_student(l2=[0, 0.1]),
        "methods.noisy_student.l2: Expected 0, as backbone transformer does not have it",
    ),
    "averaged weights": (of_student(ema=0.9), "methods.noisy_student.ema: Expected 0, as backbone"),
    "scaled tokens": (
        of_training(scaling="standardize"),
        "training.scaling: Expected it only with kind vectors, as the examples are tokens",
    ),
    "more at a time than there are": (
        of_training(transformer={"micro_batch": 9}),
        "training.transformer.micro_batch: Expected at most 8, which is training.batch_size",
    ),
    "an unknown key": (
        of_training(transformer={"lora": {"r": 4}}),
        "training.transformer.lora: Expected the keys alpha, bias, dropout, rank, target_modules. "
        "Received the unknown key 'r'",
    ),
    "no rank": (
        of_training(transformer={"lora": {"rank": 0}}),
        "training.transformer.lora.rank: Expected an integer of at least 1. Received: 0",
    ),
    "biases of nobody": (
        of_training(transformer={"lora": {"bias": True}}),
        "training.transformer.lora.bias: Expected one of none, all, lora_only. Received: True",
    ),
    "layers in a word": (
        of_training(transformer={"lora": {"target_modules": "query"}}),
        "target_modules: Expected a list of different names of layers, or all-linear",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_told(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    change, message = WRONG[name]
    config = transformer_config()
    checks.validate(config)
    change(config)
    with pytest.raises(ConfigError) as caught:
        checks.validate(config)
    assert message in str(caught.value)


def test_a_causal_model_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path, "LlamaForCausalLM")
    message = "datasets.news.encoder.model: .* encodes texts.*a causal language model .LlamaForCau"
    with pytest.raises(ConfigError, match=message):
        checks.validate(transformer_config())
    (tmp_path / "tiny/config.json").write_text("damaged")
    checks.validate(transformer_config())  # Told by the library when it is loaded.


def test_settings_of_another_backbone_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = tiny_config()
    config["training"]["transformer"] = {"lora": {}}
    message = "training.backbone: Expected transformer, as there is training.transformer. Received"
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


def test_a_transformer_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    plan = Plan(transformer_config(transformer={"lora": {"rank": 2}}))
    assert plan.encoder(NEWS) == "self_training.text.tokens:encode"
    assert plan.encoder_settings(NEWS) == {"model": FOLDER, "length": 12}
    training = plan.training(NEWS)
    assert training["backbone"] == "self_training.training.transformer:TransformerTrainer"
    own = training["transformer"]
    assert own["model"] == FOLDER and own["micro_batch"] is None and not own["recompute"]
    expected = {"rank": 2, "alpha": 16, "dropout": 0, "bias": "none", "target_modules": None}
    assert own["lora"] == expected
    # Other weights train anew.
    (tmp_path / "tiny/model.safetensors").write_text("others")
    assert plan.training(NEWS)["transformer"]["files"] != own["files"]
    # What Keras trains with does not matter.
    plain, with_jax = Plan(transformer_config()), Plan(transformer_config(), backend="jax")
    assert plain.backend == with_jax.backend == "torch"
    assert plain.teacher_code(NEWS) == with_jax.teacher_code(NEWS)
    assert plain.training(NEWS)["transformer"]["lora"] is None
    assert "transformer" not in Plan(text_config()).training(NEWS)
    # The length is 128 where nothing is said.
    assert encoders.of({"encoder": {"name": "tokens", "model": FOLDER}})["length"] == 128


def test_a_deployed_transformer_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    config = transformer_config(transformer={"lora": {"rank": 2}}) | {"deploy": "auto"}
    checks.validate(config)
    study, plan = Plan(config), DeployedPlan(config)
    # Networks of the study's own folds are read by nobody.
    given, own = study.training(NEWS)["transformer"], plan.training(NEWS)["transformer"]
    assert (given["kept"], own["kept"]) == (False, True)
    assert own == given | {"kept": True}
    assert plan.teacher_code(NEWS) == study.teacher_code(NEWS)
    assert plan.length(NEWS) == 12
    folder = "results/tiny_transformer/runs/news/deployed"
    assert plan.trained("news", "baseline")["networks"] == [f"{folder}/teachers/models"]
    assert plan.chain("news", "baseline")["networks"] == [f"{folder}/networks"]
    others = DeployedPlan(text_config() | {"deploy": "auto"})
    assert others.chain("news", "baseline") == others.trained("news", "baseline")
    # What puts them together, and what asks them, is behind no model of others.
    assert "assemble_networks" in plan.provenance(NEWS)["baseline"]["code"]
    assert "assemble_networks" not in others.provenance(NEWS)["baseline"]["code"]
    script = digests.SCRIPTS / "predict.py"
    loading = {"deployment.pretrained_networks", "text.predicting", "training.pytorch"}
    assert loading <= digests.closure(script, deployed_transformers.LOAD)
    assert not loading & digests.closure(script, kinds.KINDS["texts"].open)
    assert plan.predicting_code(NEWS) != others.predicting_code(NEWS)
    assert plan.environment("envs/training.yaml") == "envs/texts.yaml"


def test_a_transformer_of_the_hub_is_planned():
    revision = "ab" * 20
    config = transformer_config()
    config["datasets"]["news"]["encoder"] = {
        "name": "tokens",
        "model": "owner/name",
        "revision": revision,
    }
    plan = Plan(config)
    own = plan.training(NEWS)["transformer"]
    # What is fetched before texts are encoded, which is before anything trains.
    assert own["model"] == f"resources/encoders/owner/name/{revision}/files"
    assert plan.encoder_files(NEWS) == [f"resources/encoders/owner/name/{revision}/encoder.json"]
    assert plan.missing_encoders() == [f"owner/name/{revision}"]
    assert own["files"] == f"owner/name@{revision}"


def test_what_trains_transformers_is_behind_no_other_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    script = digests.SCRIPTS / "train_teachers.py"
    of_others = digests.closure(script)
    assert not {"training.transformer", "training.pytorch", "text.classifier"} & of_others
    behind = digests.closure(script, Plan(transformer_config()).training(NEWS)["backbone"])
    assert {"training.transformer", "text.classifier", "text.tokens", "data.encoders"} <= behind
    plan, other = Plan(transformer_config()), Plan(text_config())
    assert plan.teacher_code(NEWS) != other.teacher_code(NEWS)


def test_teachers_have_no_dropout_and_students_that_of_their_noise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = transformer_config()
    assert trainings.training(config, "news")["noise"]["dropout"] == 0
    assert trainings.training(config, "news", "noisy_student")["noise"]["dropout"] == 0.1


def of_words(*words) -> str:
    ids = {word: number for number, word in enumerate(words)}
    return json.dumps({"model": {"vocab": ids}, "added_tokens": [{"content": "[X]", "id": 9}]})


def test_a_method_may_have_another_transformer(tmp_path, monkeypatch):
    """Its students and their control start from its files, of any size, if its tokens are those."""
    write_files(tmp_path)
    write_news(tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.copytree("tiny", "small")
    config = transformer_config(transformer={"adapt": {"steps": 3}})
    own = config["methods"]["noisy_student"]
    own["transformer"] = {"model": "./small"}
    for folder in ("tiny", "small"):
        Path(folder, "tokenizer.json").write_text(of_words("a", "b"))
    checks.validate(config)
    with_controls = Plan(config).config
    models = [
        trainings.training(with_controls, "news", *method)["transformer"]["model"]
        for method in ((), ("noisy_student",), ("noisy_student_control",))
    ]
    assert models == ["./tiny", "./small", "./small"]
    # Weights that were adapted are of the encoder's own.
    assert not adaptation.is_of_networks(with_controls, "noisy_student")
    assert adaptation.is_of_networks(with_controls, "baseline")
    started = transformers_text.started(with_controls, "noisy_student")
    assert started == ", fine-tuned from small"
    of_students = SimpleNamespace(dataset="news", method="noisy_student")
    planned = Plan(config).training(of_students)["transformer"]["files"]
    Path("small", "model.safetensors").write_text("others")
    assert Plan(config).training(of_students)["transformer"]["files"] != planned
    # What can't be.
    Path("small", "tokenizer.json").write_text(of_words("b", "a"))
    place = "methods.noisy_student.transformer.model: Expected "
    with pytest.raises(ConfigError, match=f"{place}a transformer with the tokenizer of datasets.n"):
        checks.validate(config)
    own["transformer"] = {"model": "./none"}
    with pytest.raises(ConfigError, match=f"{place}an existing folder. Received './none'"):
        checks.validate(config)
    own["transformer"] = {"model": "owner/name"}
    with pytest.raises(ConfigError, match=f"{place}a folder, as ./NAME or an absolute path"):
        checks.validate(config)
    others = tiny_config()
    others["methods"]["noisy_student"]["transformer"] = {"model": "./small"}
    with pytest.raises(ConfigError, match="transformer: Expected no value, as training.backbone"):
        checks.validate(others)


def test_the_methods_text_says_what_was_fine_tuned():
    config = transformer_config()
    assert encoders_text.encoded(config) == " Of a text, up to 12 tokens were used."
    text = methods_text._training(config)
    assert text.startswith(
        "Networks (transformer, where nothing else is said) were fine-tuned from tiny with a new "
        "head, all weights, without dropout but where it is named, with Adam"
    )
    assert "decoupled weight decay 0.01, linear warm-up over 0.1 of the steps" in text
    config["training"]["transformer"] = {"lora": {"bias": "all", "target_modules": ["q", "v"]}}
    assert (
        "a new head, as adapters (Hu et al. 2022; rank 8, alpha 16, dropout 0, of q and v), all "
        "biases, without" in methods_text._training(config)
    )
    assert transformers_text.cited(config) == {"lora"} <= set(REFERENCES)
    assert transformers_text.cited(tiny_config()) == set()
    assert "were trained from scratch with Adam" in methods_text._training(tiny_config())
    assert not transformers.is_trained(tiny_config())


@pytest.mark.study
def test_a_study_of_a_transformer(make_study):
    for name in ("torch", "transformers", "peft"):
        pytest.importorskip(name, reason=f"{name}: transformers are trained by the extra text")
    config = transformer_config()
    # Students of narrower layers.
    config["methods"]["noisy_student"]["transformer"] = {"model": "./small"}
    study = make_study(config)
    write_transformer(study.folder / "tiny")
    write_transformer(study.folder / "small", intermediate_size=16)
    write_news(study.folder)
    study.run("--cores", "1")
    examples = np.load(study.results / "datasets/news/examples.npy")
    assert examples.shape == (123, 12) and examples.dtype == np.int32
    assert (examples[:, 0] == CLS).all()
    for method in ("baseline", "noisy_student", "noisy_student_control"):
        scores = json.loads((study.results / f"runs/news/fold_0/{method}/scores.json").read_text())
        assert scores["accuracy"] > 0.8, method
    # The control took the student's steps.
    histories = study.results / "histories"
    (student,) = histories.glob("train_students/news/noisy_student/final_1.json")
    (control,) = histories.glob("train_control/news/noisy_student_control/final.json")
    student, control = (json.loads(path.read_text()) for path in (student, control))
    assert {run["steps"] for fold in student["folds"] for run in fold} == {30}
    assert {run["steps"] for fold in control["folds"] for run in fold} == {30}
    sizes = [run["parameters"] for job in (student, control) for run in job["folds"][0]]
    (teachers,) = histories.glob("train_teachers/*.json")
    (teacher, *_) = json.loads(teachers.read_text())["folds"][0]
    assert len(set(sizes)) == 1 and sizes[0] < teacher["parameters"]
    assert student["job"]["framework"]["backend"] == "torch"
    assert "Nothing to be done" in study.run("--cores", "1", "--dry-run")
