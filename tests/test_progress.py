"""Curves in TensorBoard: what they show, that a killed job goes on in them, and that they change
nothing. Without PyTorch, transformers, peft and TensorBoard all of it is skipped.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from self_training.errors import ConfigError
from self_training.study import behind_scores, checks
from self_training.study.plan import Plan
from test_text_study import write_news
from test_transformer_study import NEWS, transformer_config, write_files
from tiny_transformers import write_transformer

for _name in ("torch", "transformers", "peft"):
    pytest.importorskip(_name, reason=f"{_name}: transformers are trained by the extra text")

from self_training.training import job, progress  # noqa: E402
from self_training.training.checkpoints import Checkpoints  # noqa: E402
from self_training.training.transformer import TransformerTrainer  # noqa: E402
from test_transformer import IDS, assert_same, run, settings  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return write_transformer(tmp_path_factory.mktemp("bert"))


def needs_tensorboard():
    pytest.importorskip("tensorboard", reason="tensorboard: curves are written by the extra text")


def curves(folder) -> dict[str, list[tuple[int, float]]]:
    """Return the steps and values that TensorBoard shows of a run, by names."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_curves_are_of_every_step_and_change_nothing(folder, tmp_path):
    needs_tensorboard()
    some, own = run(outer_fold=3, member=1), settings(folder)
    expected = TransformerTrainer(IDS, 3, own, some).train(some)
    trainer = TransformerTrainer(IDS, 3, own, some, events=tmp_path)
    found = trainer.train(some)
    assert_same(expected, found)
    assert found.record["losses"] == expected.record["losses"]
    (of_run,) = tmp_path.iterdir()
    assert of_run.name == f"outer_fold_3_part_final_member_1_{some.digest()[:8]}"
    shown = curves(of_run)
    assert shown.keys() == {"loss", "learning rate", "steps per second"}
    for points in shown.values():
        assert [step for step, _ in points] == [1, 2, 3, 4, 5, 6]
    values = {name: [value for _, value in points] for name, points in shown.items()}
    assert np.mean(values["loss"][:3]) == pytest.approx(found.record["losses"][0])
    rates = [batch.rate for epoch in trainer.batches(some) for batch in epoch]
    np.testing.assert_allclose(values["learning rate"], rates)
    assert min(values["steps per second"]) > 0


def test_a_killed_job_goes_on_in_its_curves(folder, tmp_path, monkeypatch):
    """What was shown of steps that it has to take again is shown once."""
    needs_tensorboard()
    some, own = run(), settings(folder)
    whole = TransformerTrainer(IDS, 3, own, some, events=tmp_path / "whole")
    whole.train(some)

    def kept() -> Checkpoints:
        return Checkpoints(tmp_path / "kept", lambda: {"job": 1})

    trainer = TransformerTrainer(IDS, 3, own, some, kept(), tmp_path / "killed")
    steps = []

    def take_step(*step):
        if len(steps) == 4:
            raise KeyboardInterrupt
        steps.append(1)
        return TransformerTrainer.take_step(trainer, *step)

    # It has saved its state after two steps, and is killed after four.
    monkeypatch.setattr(trainer.checkpoints, "due", lambda: len(steps) == 2)
    monkeypatch.setattr(trainer, "take_step", take_step)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(some)
    TransformerTrainer(IDS, 3, own, some, kept(), tmp_path / "killed").train(some)
    (one,), (other,) = ([*(tmp_path / name).iterdir()] for name in ("whole", "killed"))
    assert one.name == other.name and len([*other.iterdir()]) == 2
    assert curves(one)["loss"] == curves(other)["loss"]


def test_curves_do_not_load_tensorflow(tmp_path):
    """Which TensorBoard takes for its files where it finds it."""
    needs_tensorboard()
    code = f"""
import sys
from pathlib import Path
from self_training.training.progress import Progress
told = Progress(1, 0, Path({str(tmp_path)!r}))
told.taken(1, 0.5, 0.1, 1.0)
told.end()
print([name for name in ("keras", "tensorflow", "jax", "torch") if sys.modules.get(name)])
"""
    paths = [str(ROOT / "workflow"), *filter(None, sys.path)]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(paths), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['torch']"
    assert curves(tmp_path)["loss"] == [(1, 0.5)]


def test_a_package_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    message = "transformer.tensorboard: Expected the package tensorboard to be installed.*--extra t"
    with pytest.raises(ConfigError, match=message):
        progress.Progress(1, 0, tmp_path)
    progress.Progress(1).taken(1, 0.5, 0.1, 1.0)


def test_whether_there_are_curves_is_no_setting_of_a_training(tmp_path, monkeypatch):
    """They are no output, and who asks for them trains nothing anew."""
    monkeypatch.chdir(tmp_path)
    write_news(tmp_path)
    write_files(tmp_path)
    plain = transformer_config(transformer={"lora": {"rank": 2}})
    curved = transformer_config(transformer={"lora": {"rank": 2}, "tensorboard": True})
    checks.validate(curved)
    assert Plan(plain).training(NEWS) == Plan(curved).training(NEWS)
    behind = [
        json.dumps(behind_scores.settings_behind_score(config, "news", "noisy_student"))
        for config in (plain, curved)
    ]
    assert behind[0] == behind[1] and "tensorboard" not in behind[0]
    history = "results/tiny/histories/train_students/news/noisy_student/final_1.json"
    snakemake = SimpleNamespace(output=SimpleNamespace(history=history), config=curved)
    logs = "results/tiny/logs/tensorboard/train_students/news/noisy_student/final_1"
    assert str(job.events_of(snakemake)) == logs
    snakemake.config = plain
    assert job.events_of(snakemake) is None
    curved["training"]["transformer"]["tensorboard"] = "yes"
    with pytest.raises(ConfigError, match="transformer.tensorboard: Expected true or false"):
        checks.validate(curved)


def test_a_job_writes_curves_where_it_is_asked_to(folder, tmp_path):
    needs_tensorboard()
    np.save(tmp_path / "examples.npy", IDS)
    batch = [[run(member=member) for member in (0, 1)]]
    own = asdict(settings(folder, steps=2))
    job.train_batch(batch, tmp_path / "examples.npy", 3, own, events=tmp_path / "events")
    assert len([*(tmp_path / "events").iterdir()]) == 2
