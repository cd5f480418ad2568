"""A study that trains a small transformer, from end to end."""

import json

import numpy as np
import pytest
from test_text_study import text_config, write_news
from tiny_transformers import CLS, write_transformer


def transformer_config(**changes) -> dict:
    encoder = {"name": "tokens", "model": "./tiny", "length": 12}
    config = text_config(encoder=encoder, epochs=20) | {"study": "tiny_transformer"}
    config["training"] = {"backbone": "transformer", "batch_size": 8, "learning_rate": 0.003}
    config["training"] |= {"warmup": 0.1, "decay": "linear", "weight_decay": 0.01}
    chain = {"generations": 1, "schedule": "all", "threshold": 0.2, "labels": "soft"}
    chain |= {"noise": {"magnitude": 10, "dropout": 0.1}, "unlabeled_ratio": 1, "steps": 30}
    config["methods"] = {"baseline": {"generations": 0}, "noisy_student": chain}
    return config | {"jobs": "per_dataset", "controls": "last_student"} | changes


@pytest.mark.study
def test_a_study_of_a_transformer(make_study):
    for name in ("torch", "transformers", "peft"):
        pytest.importorskip(name, reason=f"{name}: transformers are trained by the extra text")
    study = make_study(transformer_config())
    write_transformer(study.folder / "tiny")
    write_news(study.folder)
    study.run("--cores", "1")
    examples = np.load(study.results / "datasets/news/examples.npy")
    assert examples.shape == (123, 12) and examples.dtype == np.int32
    assert (examples[:, 0] == CLS).all()
    for method in ("baseline", "noisy_student", "noisy_student_control"):
        scores = json.loads((study.results / f"runs/news/fold_0/{method}/scores.json").read_text())
        assert scores["accuracy"] > 0.8, method
