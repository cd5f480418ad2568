"""Studies with synthetic texts: what a config may say, what is planned, and one from end to end."""

import copy
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, tiny_config
from openpyxl import load_workbook
from self_training import digests
from self_training.deployment import model_card
from self_training.errors import ConfigError
from self_training.report import methods_text, sheets_of_synthetic, synthetic_text
from self_training.report.references import REFERENCES
from self_training.study import behind_scores, checks, fair_controls, methods, synthetic, trainings
from self_training.study.config import deployable
from self_training.study.plan import Plan
from self_training.study.plan_of_deployment import DeployedPlan
from test_text_study import text_config, write_news
from tiny_transformers import write_generator

FOLDER = "./gpt"
TAKES = {"per_class": 6, "weight": 0.5}
NEWS = SimpleNamespace(dataset="news", fold="0")
FOLD = "results/tiny_synthetic/generated/news/fold_{fold}"


def synthetic_config(**generator) -> dict:
    """A study that takes seconds to train: 3 kinds of sentences, 2 outer folds."""
    config = text_config(encoder={"name": "ngrams", "length": 20}) | {"study": "tiny_synthetic"}
    words = {"sports": "cup goal team", "trade": "shares oil bank", "world": "vote war talks"}
    prompts = {name: [f"news {some}", f"the {some}"] for name, some in words.items()}
    config["datasets"]["news"]["generator"] = {
        "model": FOLDER,
        "adapt": {"steps": 12, "batch_size": 8, "learning_rate": 0.01},
        "prompts": prompts,
        "per_class": 12,
        "batch_size": 8,
        "filter": {"min_words": 2, "max_overlap": 1},
    } | generator
    config["datasets"]["news"] |= {"steps": 20}
    del config["datasets"]["news"]["epochs"]
    chain = {"generations": 1, "schedule": "all", "threshold": [0, 0.4], "labels": "soft"}
    config["methods"] = {
        "baseline": {"generations": 0},
        "noisy_student": dict(chain),
        "with_synthetic": chain | {"synthetic": dict(TAKES)},
        "synthetic_alone": {"generations": 0, "steps_of": "noisy_student", "synthetic": TAKES},
    }
    return copy.deepcopy(config | {"jobs": "per_dataset", "controls": "last_student"})


def write_files(folder, architecture="GPT2LMHeadModel", name="gpt", **config):
    """Write files of the names that a transformer has."""
    (folder / name).mkdir(parents=True)
    config = json.dumps({"architectures": [architecture], "n_positions": 40} | config)
    for file, text in {"config.json": config, "model.safetensors": "", "vocab.json": ""}.items():
        (folder / name / file).write_text(text)


def of_generator(**changes):
    return lambda config: config["datasets"]["news"]["generator"].update(changes)


def of_method(name="synthetic_alone", **changes):
    return lambda config: config["methods"][name].update(changes)


def without_generator(config):
    del config["datasets"]["news"]["generator"]


def with_names(config):
    config["datasets"]["news"]["class_names"] = ["sports", "trade", "world"]


def without_prompts(config):
    with_names(config)
    del config["datasets"]["news"]["generator"]["prompts"]["trade"]


def with_prompts_of_no_class(config):
    with_names(config)
    config["datasets"]["news"]["generator"]["prompts"]["weather"] = ["Rain"]


def without_users(config):
    for name in ("with_synthetic", "synthetic_alone"):
        del config["methods"][name]


WRONG = {
    "no generator": (
        without_generator,
        "methods.with_synthetic.synthetic: Expected a generator in datasets.news, which has none",
    ),
    "more than are generated": (
        of_method(synthetic={"per_class": 13}),
        "methods.synthetic_alone.synthetic.per_class: Expected at most 12, as datasets.news.generat"
        "or.per_class are generated. Received: 13",
    ),
    "a generator that nobody asks": (
        without_users,
        "datasets.news.generator: Expected a method that takes its texts (synthetic). Received: ",
    ),
    "a class without prompts": (
        without_prompts,
        "datasets.news.generator.prompts: Expected prompts of every class (sports, trade, world); "
        "'trade' has none. Received: ['sports', 'world']",
    ),
    "prompts of no class": (
        with_prompts_of_no_class,
        "datasets.news.generator.prompts: Expected prompts of classes of the dataset (sports, trade"
        ", world). Received: 'weather'",
    ),
    "an empty list of prompts": (
        of_generator(prompts={"sports": [], "trade": ["a"], "world": ["b"]}),
        "datasets.news.generator.prompts.sports: Expected a list of at least one text. Received:",
    ),
    "a model that may change": (
        of_generator(model="owner/name"),
        "datasets.news.generator.revision: Expected the commit of 'owner/name' on the Hugging Face "
        "hub, 40 hex digits (or the folder, which does not exist; hf download owner/name",
    ),
    "a commit of a folder": (
        of_generator(revision="a" * 40),
        "datasets.news.generator.revision: Expected it only with a model of the Hugging Face hub",
    ),
    "a folder that is not there": (
        of_generator(model="./none"),
        "datasets.news.generator.model: Expected an existing folder. Received './none'. Lay the fil"
        "es of a causal language model there. Where there is a network, this does: hf download ",
    ),
    "a folder without files": (
        of_generator(model="./empty"),
        "datasets.news.generator.model: Expected a folder with the files of a transformer (config",
    ),
    "a model that fills gaps": (
        of_generator(model="./bert"),
        "datasets.news.generator.model: Expected a causal language model, such as GPT-2, of which c"
        "onfig.json names a class ...ForCausalLM or ...LMHeadModel. Received './bert', of BertForM",
    ),
    "texts longer than the model has positions": (
        of_generator(new_tokens={"mean": 30, "deviation": 2}),
        "datasets.news.generator.new_tokens: Expected at most 40 tokens with a prompt, for which ./"
        "gpt has positions; here are up to 41 (mean and 3 deviations). Received: {'mean': 30, ",
    ),
    "no tokens": (
        of_generator(new_tokens={"mean": 0, "deviation": 0}),
        "datasets.news.generator.new_tokens.mean: Expected a number of at least 1. Received: 0",
    ),
    "an unknown filter": (
        of_generator(filter={"agrees": True}),
        "datasets.news.generator.filter: Expected the keys agrees_with_teacher, max_overlap, min",
    ),
    "no number of texts": (
        of_method(synthetic={"weight": 1}),
        "methods.synthetic_alone.synthetic: Expected the keys per_class. Missing: per_class",
    ),
    "no weight": (
        of_method(synthetic={"per_class": 1, "weight": 0}),
        "methods.synthetic_alone.synthetic.weight: Expected a number above 0. Received: 0",
    ),
    "shared teachers": (
        of_method("baseline", synthetic={"per_class": 1}),
        "methods.baseline.synthetic: Expected it only with students, or in a control",
    ),
    "an upper bound": (
        lambda config: config["methods"].update(
            bound={"generations": 0, "train_on": "pool", "synthetic": {"per_class": 1}}
        ),
        "methods.bound.synthetic: Expected it only with train_on: labeled. Received: {'per_class'",
    ),
    "a control of a control that has none": (
        lambda config: config["methods"].update(
            tuned={"generations": 0, "train_on": "labeled"},
            like={"generations": 0, "control_of": "tuned"},
        ),
        "methods.like.control_of: Expected a method with students (noisy_student, with_synthetic, "
        "synthetic_alone), or a control with synthetic texts. Received: 'tuned'",
    ),
}


@pytest.fixture()
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    write_files(tmp_path, "BertForMaskedLM", "bert")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_told(name, folder):
    change, message = WRONG[name]
    config = synthetic_config()
    checks.validate(copy.deepcopy(config))
    change(config)
    with pytest.raises(ConfigError) as caught:
        checks.validate(config)
    assert message in str(caught.value)


def test_examples_that_are_no_texts_have_no_generator(folder):
    config = tiny_config()
    generator = synthetic_config()["datasets"]["news"]["generator"]
    config["datasets"]["digits_0_2"]["generator"] = generator
    with pytest.raises(ConfigError, match="digits_0_2.generator: Expected it only with kind texts"):
        checks.validate(config)
    del config["datasets"]["digits_0_2"]["generator"]
    config["methods"]["noisy_student"]["synthetic"] = TAKES
    message = "methods.noisy_student.synthetic: Expected a generator in datasets.digits_0_2.*alone"
    with pytest.raises(ConfigError, match=message):
        checks.validate(config)


def test_classes_of_a_folder_must_have_prompts(folder):
    for name in ("sports", "trade", "weather"):
        (folder / "texts" / name).mkdir(parents=True)
        for number in range(8):
            (folder / "texts" / name / f"{number}.txt").write_text(f"a {name} text, {number}")
    config = synthetic_config()
    news = config["datasets"]["news"]
    for key in ("text_columns", "label_column"):
        del news[key]
    news |= {"source": "texts", "path": "texts"}
    checks.validate(config)
    from self_training.study import kinds

    with pytest.raises(ConfigError, match="news.generator.prompts: .*'weather' has none"):
        checks.check_datasets(config, kinds.read)


def test_controls_are_added_with_synthetic_texts_and_without():
    config = fair_controls.add(synthetic_config())
    assert list(config["methods"]) == [
        *("baseline", "noisy_student", "noisy_student_control", "with_synthetic"),
        *("with_synthetic_control", "synthetic_alone", "synthetic_alone_control"),
    ]
    takes = {name: synthetic.of_method(config, name) for name in config["methods"]}
    users = ["with_synthetic", "with_synthetic_control", "synthetic_alone"]
    assert [name for name, some in takes.items() if some] == users == synthetic.users(config)
    assert all(takes[name] == TAKES for name in users)
    # The control of a control is like it in all else, and takes its steps.
    alone, other = (
        methods.settings(config, name) for name in ("synthetic_alone", "synthetic_alone_control")
    )
    assert {key for key in alone if alone[key] != other[key]} == {"synthetic", "space", "takes"}
    assert methods.steps_of(config, "synthetic_alone_control") == "synthetic_alone"
    assert trainings.training(config, "news", "synthetic_alone") == (
        trainings.training(config, "news", "synthetic_alone_control")
    )
    # A control with other examples is no fair one.
    own = synthetic_config()
    own["methods"]["synthetic_alone"]["steps_of"] = "with_synthetic"
    assert fair_controls.trained_otherwise(own, "noisy_student", "synthetic_alone")[:1] == [
        "synthetic examples"
    ]
    # An heir may do without.
    own["methods"]["heir"] = {"inherit": "with_synthetic"}
    own["methods"]["without"] = {"inherit": "with_synthetic", "synthetic": None}
    own["methods"]["teacher"] = {"inherit": "with_synthetic", "generations": 0}
    assert synthetic.users(own) == ["with_synthetic", "synthetic_alone", "heir"]
    none = synthetic_config() | {"controls": "none"}
    assert fair_controls.add(none) == none


def test_what_is_made_is_planned(folder):
    plan = Plan(synthetic_config())
    assert [*plan.generating] == plan.adapting == ["news"] and plan.generated.endswith(
        "fold_{fold}"
    )
    assert plan.split_of_pool(NEWS) == "results/tiny_synthetic/runs/news/fold_{fold}/split.npz"
    assert plan.adapted_generator(NEWS) == [f"{plan.generated}/adapted"]
    assert plan.identity_of_generator(NEWS) == {"study": 7, "dataset": "news", "outer_fold": 0}
    settings = plan.generating_settings(NEWS)
    how = {"temperature": 1, "top_k": 0, "top_p": 1, "repetition_penalty": 1}
    assert settings["sampling"] == how and settings["new_tokens"] is None
    assert not settings["transductive"] and settings["model"] == FOLDER
    assert plan.adapting_settings(NEWS)["adapt"]["steps"] == 12
    assert plan.filter_settings(NEWS) == {"min_words": 2, "max_overlap": 1}
    files = [FOLD.replace("{fold}", fold) for fold in ("0", "1")]
    for method, takes in {"with_synthetic": True, "noisy_student": False}.items():
        job = SimpleNamespace(dataset="news", method=method, phase="search")
        expected = [f"{path}/examples.npy" for path in files] if takes else []
        assert plan.synthetic(job) == expected
        assert plan.synthetic_settings(job) == (TAKES if takes else None)
        assert plan.filtering_teachers(job) == [] == plan.synthetic_of_teachers(job)
    # A change of prompts, or of the generator's files, reads no dataset again.
    assert "generator" not in plan.sources["news"]
    before = plan.generator_fingerprint(NEWS)
    (folder / "gpt/model.safetensors").write_text("others")
    assert plan.generator_fingerprint(NEWS) != before
    # 0 steps adapt nothing.
    still = Plan(synthetic_config(adapt={"steps": 0}))
    assert still.adapting == [] == still.adapted_generator(NEWS) and [*still.generating] == ["news"]
    plain = Plan(text_config())
    assert not plain.generating and plain.synthetic_tables() == []


def test_teachers_that_filter_are_asked_in_their_phase(folder):
    how = {"min_words": 2, "agrees_with_teacher": True}
    config = synthetic_config(filter=how)
    plan = Plan(config)
    of_teachers = plan.synthetic_of_teachers(NEWS)
    assert of_teachers == [f"{FOLD.replace('{fold}', fold)}/examples.npy" for fold in ("0", "1")]
    for phase in ("search", "final"):
        job = SimpleNamespace(dataset="news", method="with_synthetic", phase=phase)
        path = f"results/tiny_synthetic/runs/{{dataset}}/fold_0/teachers/{phase}.npz"
        assert plan.filtering_teachers(job)[0] == path
    # Where nothing else asks for teachers, these are trained all the same.
    config["methods"] = {
        "tuned": {"generations": 0, "train_on": "labeled", "synthetic": TAKES, "steps": [9, 20]}
    }
    asked = Plan(config).teachers
    assert (asked["search_members"], asked["final_members"]) == (1, 1)
    config["methods"]["tuned"]["steps"] = 9
    assert Plan(config).teachers["search_members"] == 0


def test_label_budgets_share_what_is_generated(folder):
    config = synthetic_config()
    del config["datasets"]["news"]["labeled_fraction"]
    config["datasets"]["news"]["labels_per_class"] = [4, 8]
    plan = Plan(config)
    job = SimpleNamespace(dataset="news@8", method="with_synthetic", phase="final")
    assert plan.synthetic(job)[0] == f"{FOLD.replace('{fold}', '0')}/examples.npy"
    assert plan.split_of_pool(NEWS) == "results/tiny_synthetic/runs/news@4/fold_{fold}/split.npz"
    counted, files = plan.counted(), plan.counted_files()
    assert counted["datasets"] == ["news@4"] * 2 + ["news@8"] * 2
    assert counted["folds"] == ["0", "1"] * 2 and counted["adapted"] == [0, 1, 2, 3]
    assert files["adapted"][:2] == files["adapted"][2:] and files["teachers"] == []


def test_a_generator_of_the_hub_is_fetched(folder):
    revision = "ab" * 20
    config = synthetic_config(model="owner/name", revision=revision)
    checks.validate(copy.deepcopy(config))
    plan = Plan(config)
    path = f"resources/encoders/owner/name/{revision}"
    assert plan.generator_files(NEWS) == [f"{path}/encoder.json"] == plan.encoders_of_hub()
    assert plan.missing_encoders() == [f"owner/name/{revision}"]
    settings = plan.generating_settings(NEWS)
    assert settings["model"] == f"{path}/files" and settings["revision"] is None


def test_scores_without_synthetic_texts_do_not_depend_on_a_generator():
    config = fair_controls.add(synthetic_config())
    other = fair_controls.add(synthetic_config(per_class=13))

    def behind(some, name):
        return behind_scores.settings_behind_score(some, "news", name)

    for name in ("baseline", "noisy_student", "noisy_student_control"):
        assert behind(config, name) == behind(other, name)
    for name in ("with_synthetic", "with_synthetic_control", "synthetic_alone_control"):
        assert behind(config, name) != behind(other, name)


def test_what_generates_is_behind_no_network():
    for script in ("train_teachers", "train_students", "train_control", "evaluate"):
        found = digests.closure(digests.SCRIPTS / f"{script}.py")
        assert not {"text.generator", "training.generator", "text.filters"} & found
        assert "study.synthetic" not in found
    # What is left out, and what a config says of methods, generates nothing anew.
    for script in ("adapt_generator", "generate"):
        found = digests.closure(digests.SCRIPTS / f"{script}.py")
        assert not {"text.filters", "study.methods", "methods.synthetic"} & found


def test_a_deployed_model_has_a_generator_of_its_own(folder):
    plan = DeployedPlan(synthetic_config() | {"deploy": "with_synthetic"})
    deployed = SimpleNamespace(dataset="news", method="with_synthetic", phase="final")
    path = "results/tiny_synthetic/generated/news/deployed"
    assert plan.synthetic(deployed) == [f"{path}/examples.npy"]
    assert plan.split_of_pool(deployed) == "results/tiny_synthetic/runs/news/deployed/split.npz"
    assert plan.identity_of_generator(deployed)["outer_fold"] == "deployed"


def test_controls_with_synthetic_texts_are_not_deployed(folder):
    """`deploy: auto` takes them for what is trained on labels alone, which nothing must show."""
    config = fair_controls.add(synthetic_config())
    found = ["baseline", "noisy_student", "noisy_student_control", "with_synthetic"]
    assert deployable(config) == [*found, "synthetic_alone_control"]
    checks.validate(synthetic_config() | {"deploy": "auto"})
    with pytest.raises(
        ConfigError, match="deploy: Expected auto, or .*Received: 'synthetic_alone'"
    ):
        checks.validate(synthetic_config() | {"deploy": "synthetic_alone"})


def test_a_card_says_what_was_synthetic():
    settings = behind_scores.settings_behind_score(
        fair_controls.add(synthetic_config()), "news", "with_synthetic"
    )
    model = SimpleNamespace(provenance={"settings": settings})
    assert model_card._synthetic(SimpleNamespace(model=model, selected=3)) == (
        " They also learned from up to 6 texts of every class that the language model ./gpt has "
        "written, with the class of their prompt."
    )
    # Where teachers are deployed in the place of students, nothing was.
    assert model_card._synthetic(SimpleNamespace(model=model, selected=0)) == ""
    settings["method"]["synthetic"] = None
    assert model_card._synthetic(SimpleNamespace(model=model, selected=3)) == ""


def test_the_methods_text_says_what_was_generated():
    config = fair_controls.add(synthetic_config())
    text = synthetic_text.write(config)
    assert text.startswith(
        "For news, 12 synthetic texts of every class were generated in every fold by gpt, which was"
        " first trained for 12 steps of 8 texts (AdamW, learning rate 0.01, falling linearly to 0) "
        "on the texts of each pool, without labels: continuations of 2 prompts per class"
    )
    assert "training examples of with_synthetic, with_synthetic_control and synthetic_alone" in text
    assert "teacher" not in text and "test examples" not in text
    told = methods_text._method(config, "with_synthetic")
    assert "examples, and up to 6 synthetic texts of every class, each of weight 0.5, w" in told
    assert methods_text._method(config, "synthetic_alone_control").startswith(
        "synthetic_alone_control: a control, trained on the labeled examples alone, for as many "
        "gradient steps as synthetic_alone took, with as many members, from the same initial"
    )
    assert synthetic_text.cited(config) == {"synthetic"}
    own = {"top_p": 0.9, "transductive": True, "filter": {"agrees_with_teacher": True}}
    config = fair_controls.add(synthetic_config(**own))
    assert synthetic_text.cited(config) == {"synthetic", "top_p"} <= set(REFERENCES)
    text = synthetic_text.write(config)
    assert "each pool and of the test examples, without labels" in text
    assert "first teacher, trained on the labels alone, gave another class" in text
    (caution,) = synthetic_text.transductive(config)
    assert caution.startswith("Transductive: the generator of synthetic texts for news was given")
    assert (
        synthetic_text.transductive(text_config()) == [] == [*synthetic_text.cited(text_config())]
    )
    assert synthetic_text.write(text_config()) == ""


def test_the_report_names_what_had_nothing_to_train_on():
    rows = [("news", "a", "nothing_generated"), ("news", "b", "generations_reached")]
    scores = pd.DataFrame(rows, columns=["dataset", "method", "termination_condition"])
    (told,) = synthetic_text.nothing_generated(scores)
    assert "(nothing_generated): a on news (1)." in told
    assert synthetic_text.nothing_generated(scores[1:]) == []


def test_controls_with_and_without_synthetic_texts_are_compared():
    config = fair_controls.add(synthetic_config())
    rows = [("news", "synthetic_alone", fold, 0.8) for fold in range(2)]
    rows += [("news", "synthetic_alone_control", fold, 0.7) for fold in range(2)]
    scores = pd.DataFrame(rows, columns=["dataset", "method", "fold", "accuracy"])
    (row,) = sheets_of_synthetic.compared(config, scores.assign(source="study"))
    assert row["method"] == "synthetic_alone" and row["other"] == "synthetic_alone_control"
    assert row["difference"] == pytest.approx(0.1)


def test_the_study_of_the_notebook_plans(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = write_study_of_the_notebook(tmp_path)
    checks.validate(copy.deepcopy(config))
    plan = Plan(config)
    training = plan.training(SimpleNamespace(dataset="ag_news@32", method="synthetic"))
    own = {"rank": 4, "alpha": 64, "dropout": 0.1, "bias": "all"}
    own |= {"target_modules": ["query", "key", "value"]}
    assert training["transformer"]["lora"] == own
    assert (training["batch_size"], training["learning_rate"]) == (64, 2e-5)
    assert (training["warmup"], training["decay"], training["weight_decay"]) == (
        0.1,
        "linear",
        0.01,
    )
    settings = plan.generating_settings(SimpleNamespace(dataset="ag_news"))
    assert settings["per_class"] == 3000 and settings["new_tokens"] == {"mean": 45, "deviation": 12}
    assert all(len(set(some)) >= 12 for some in settings["prompts"].values())
    prompts = [one for some in settings["prompts"].values() for one in some]
    assert len(set(prompts)) == len(prompts) == 48


def write_study_of_the_notebook(folder) -> dict:
    """Write files of the names that the study needs, and return its config."""
    write_files(folder / "resources", name="gpt2", n_positions=1024)
    write_files(folder / "resources", "RobertaForMaskedLM", "roberta-base")
    (folder / "resources/ag_news").mkdir()
    for name in ("train", "test"):
        (folder / f"resources/ag_news/{name}.csv").write_text("label,title,description\n")
    return yaml.safe_load((ROOT / "studies/ag_news_roberta.yaml").read_text())


@pytest.mark.study
def test_snakemake_plans_the_study_of_the_notebook(make_study):
    config = yaml.safe_load((ROOT / "studies/ag_news_roberta.yaml").read_text())
    study = make_study(config)
    write_study_of_the_notebook(study.folder)
    planned = study.run("--cores", "1", "--dry-run")
    # Per draw, whatever the label budget; and per draw and budget what trains.
    for rule, jobs in {"adapt_generator": 3, "generate": 3, "train_teachers": 6}.items():
        assert re.search(rf"^{rule} +{jobs}$", planned, re.MULTILINE), rule


@pytest.mark.study
def test_a_deployed_model_is_planned_with_a_generator(make_study):
    config = synthetic_config() | {"study": "deployed_synthetic", "deploy": "with_synthetic"}
    study = make_study(config, "jax")
    write_files(study.folder)
    write_news(study.folder)
    planned = study.run(
        *("--cores", "1", "--dry-run"),
        "results/deployed_synthetic/runs/news/deployed/with_synthetic/final/generation_1/"
        "predictions.npz",
    )
    for rule in ("adapt_generator", "generate", "filter_generated"):
        assert f"rule deployed_{rule}:" in planned


@pytest.mark.study
def test_a_study_with_synthetic_texts(make_study):
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: generators are run by the extra text")
    how = {"min_words": 2, "max_overlap": 1, "agrees_with_teacher": True}
    study = make_study(synthetic_config(filter=how, transductive=True), "jax")
    write_generator(study.folder / "gpt")
    write_news(study.folder)
    study.run("--cores", "1")
    scores = pd.read_csv(study.results / "scores.csv")
    counts = pd.read_csv(study.results / "synthetic.csv")
    assert (counts["generated"] == 12).all() and len(counts) == 6
    reasons = counts[["empty", "too_short", "prompt_echo", "duplicate", "near_copy", "other_class"]]
    assert (reasons.sum(axis=1) + counts["kept"] == 12).all() and counts["other_class"].sum()
    # What networks were trained on are those that are left, up to 6 of a class; or the reason.
    left = counts.groupby("fold")["kept"].apply(lambda some: some.clip(upper=6).tolist())
    for method in ("with_synthetic", "with_synthetic_control", "synthetic_alone"):
        for _, row in scores[scores["method"] == method].iterrows():
            expected = sum(left[row["fold"]]) if min(left[row["fold"]]) else 0
            assert row["synthetic"] == expected, (method, row["fold"])
            ended = row["termination_condition"] == "nothing_generated"
            assert ended == (expected == 0)
    alone = ["noisy_student", "synthetic_alone", "synthetic_alone_control"]
    steps = scores[scores["method"].isin(alone[1:])].groupby("method")["gradient_steps"].sum()
    assert steps[alone[1]] == steps[alone[2]]
    assert scores[scores["method"] == alone[0]]["synthetic"].isna().all()
    assert (scores["labeled"] == scores["labeled"].iloc[0]).all()
    summary = (study.results / "summary.md").read_text()
    assert "Transductive: the generator of synthetic texts for news" in summary
    workbook = load_workbook(study.results / "report.xlsx")
    cells = [cell.value for row in workbook["Synthetic texts"] for cell in row if cell.value]
    assert "What was generated, and left out" in cells and "synthetic_alone_control" in cells
    shown = json.loads((study.results / "synthetic_examples.json").read_text())
    assert shown[0]["text"] in cells
    examples = np.load(study.results / "generated/news/fold_0/examples.npy")
    assert examples.shape[1] == 20
    assert "Nothing to be done" in study.run("--cores", "1", "--dry-run")
    # Another bound filters and trains anew, and generates nothing.
    study.config["datasets"]["news"]["generator"]["filter"]["min_words"] = 3
    study.write_config()
    again = study.run("--cores", "1", "--dry-run")
    assert "rule filter_generated:" in again and "rule train_students" in again
    assert "rule generate:" not in again and "rule encode:" not in again
    assert "rule adapt_generator:" not in again
