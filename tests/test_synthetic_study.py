"""Studies with synthetic texts: what a config may say, what is planned, and one from end to end."""

import pytest
from test_text_study import text_config, write_news
from tiny_transformers import write_generator

FOLDER = "./gpt"


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
    takes = {"per_class": 6, "weight": 0.5}
    chain = {"generations": 1, "schedule": "all", "threshold": [0, 0.4], "labels": "soft"}
    config["methods"] = {
        "baseline": {"generations": 0},
        "noisy_student": chain,
        "with_synthetic": chain | {"synthetic": takes},
        "synthetic_alone": {"generations": 0, "steps_of": "noisy_student", "synthetic": takes},
    }
    return config | {"jobs": "per_dataset", "controls": "last_student"}


@pytest.mark.study
def test_a_study_with_synthetic_texts(make_study):
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name}: generators are run by the extra text")
    study = make_study(synthetic_config(), "jax")
    write_generator(study.folder / "gpt")
    write_news(study.folder)
    study.run("--cores", "1")
