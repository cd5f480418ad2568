"""Training jobs that are killed go on where they were: to the last bit as if they had not been."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from conftest import ROOT, tiny_config
from self_training import storage
from self_training.errors import NoSpaceError
from self_training.study import names
from self_training.training import checkpoints, framework, job, one_by_one
from self_training.training import trainer as trainers
from self_training.training.checkpoints import Checkpoints, State, remove_when_made
from self_training.training.framework import keras
from self_training.training.runs import Run, TrainedRun, TrainingSettings
from sklearn.datasets import load_digits
from test_study import scores_of

DIGITS = load_digits()
IMAGES = np.rint(DIGITS.images * (255 / 16)).astype(np.uint8)[..., None]
VECTORS = (DIGITS.data / 16).astype(np.float32)
LABELS = DIGITS.target.astype(np.int32)
NOISE = {
    "images": {"policy": names.POLICIES["characters"], "magnitude": 10},
    "vectors": {"policy": names.POLICIES["gaussian"], "magnitude": 0.3},
}


def build(inputs, classes, dropout, survival, seed):
    """A network with all kinds of state: noise of its own, and moving averages."""
    x = keras.layers.Dense(8, "relu")(keras.layers.Flatten()(inputs))
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(dropout, seed=seed)(x) if dropout else x
    return keras.layers.Dense(classes, "softmax")(x)


def settings(kind="images", noisy=True, **changes) -> dict:
    noise = {"policy": None, "magnitude": 0, "operations": 2, "dropout": 0.3, "survival": 1}
    defaults = {
        "backbone": "test_checkpoints:build", "epochs": 3, "steps": None, "batch_size": 32,
        "learning_rate": 0.01, "scaling": "none", "l2": 0, "weight_decay": 0.1, "warmup": 0.2,
        "decay": "cosine", "ema": 0.9, "loss": "per_example", "unlabeled_ratio": None,
        "distillation": 1, "label_smoothing": 0,
        "noise": noise | (NOISE[kind] if noisy else {}), "threads": 1,
    }  # fmt: skip
    return asdict(TrainingSettings(**defaults | changes))


def runs() -> list[Run]:
    """Runs of 4 steps per epoch, 10, 5 and 12 in all, and one that is compiled anew."""
    examples = np.arange(100)
    asked = {"unlabeled": np.arange(1000, 1050), "evaluation": np.arange(1300, 1350)}
    of_each = [
        ({"part": "final", "member": 0}, None, {}),
        ({"part": "final", "member": 1}, 5, {}),
        ({"part": "inner_0", "member": 0}, 12, {}),
        ({"part": "inner_1", "member": 0}, 4, {"dropout": 0}),
    ]
    return [
        Run({"study": 1} | identity, examples, LABELS[:100], asked, steps=steps, settings=own)
        for identity, steps, own in of_each
    ]


class Killed(BaseException):
    """In the place of a signal."""


def train(
    folder: Path, kind="images", kill_after=None, code="abc", classes=10, some=None, **chosen
):
    """Train a job; it is killed after some saves."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    examples = folder / f"{kind}.npy"
    if not examples.exists():
        np.save(examples, IMAGES if kind == "images" else VECTORS)
    saves, save = [], Checkpoints.save

    def save_and_die(self, *arguments):
        save(self, *arguments)
        saves.append(arguments[0] if arguments else "")
        if len(saves) == kill_after:
            raise Killed

    # By now it has been started; this is not the first job of its process.
    start, framework.start_framework = framework.start_framework, lambda threads: None
    Checkpoints.save = save_and_die
    try:
        (trained,), record = job.train_batch(
            [runs() if some is None else some], examples, classes, settings(kind, **chosen),
            [folder / "models"], [np.arange(500)], folder / "checkpoint", code,
        )  # fmt: skip
    finally:
        Checkpoints.save = save
        framework.start_framework = start
    return trained, record, saves


def outcome(folder: Path, trained: list[TrainedRun]) -> list:
    """Return all that a job has found, but for seconds."""
    found: list = []
    for result in trained:
        record = {key: some for key, some in result.record.items() if "seconds" not in key}
        found += [json.dumps(record), *result.probabilities, *result.probabilities.values()]
    for member in (0, 1):
        model = keras.models.load_model(folder / f"models/member_{member}.keras")
        found += [np.array(variable) for variable in model.variables]
    return found


def same(found: list, expected: list) -> bool:
    return len(found) == len(expected) and all(map(np.array_equal, found, expected))


def save_always() -> None:
    """Save wherever that can be, in parts of a few steps."""
    checkpoints.INTERVAL, checkpoints.SHARE = 0.0, float("inf")
    one_by_one.STEPS_OF_FIRST_PART, one_by_one.SECONDS_OF_PART = 3, 1e-9


def killed_again_and_again(folder: Path, kind: str, every: int, **chosen) -> dict:
    """Compare a job that is killed after every few saves with one that is not.

    Of the latter nothing is saved, and what is not cut up by noise is trained in one part.
    """
    whole = train(folder / "whole", kind, **chosen)
    save_always()
    attempts = 0
    while True:
        attempts += 1
        assert attempts < 50
        # What a job writes, Snakemake removes before it starts it again.
        for path in (folder / "killed/models").glob("*"):
            path.unlink()
        try:
            trained, record, _ = train(folder / "killed", kind, kill_after=every, **chosen)
            break
        except Killed:
            continue
    expected = outcome(folder / "whole", whole[0])
    return {
        "attempts": attempts,
        "same": same(outcome(folder / "killed", trained), expected),
        "saved_in_whole": whole[2],
        "seconds": all(result.record["training_seconds"] > 0 for result in trained),
        "job_seconds": record["job_seconds"] - whole[1]["job_seconds"],
    }


@pytest.fixture(autouse=True)
def constants():
    """Restore what `save_always` changes."""
    modules = {
        checkpoints: ("INTERVAL", "SHARE"),
        one_by_one: ("STEPS_OF_FIRST_PART", "SECONDS_OF_PART"),
        trainers: ("NOISY_BYTES",),
    }
    before = {module: [getattr(module, name) for name in some] for module, some in modules.items()}
    yield
    for module, some in modules.items():
        for name, value in zip(some, before[module], strict=True):
            setattr(module, name, value)


# Whole jobs.


@pytest.mark.parametrize("noisy", [True, False], ids=["with input noise", "without"])
def test_a_job_that_is_killed_again_and_again_is_one_that_was_not(tmp_path, noisy, caplog):
    caplog.set_level(logging.INFO)
    # A part has the same steps: those of a noisy one determine what is drawn.
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    found = killed_again_and_again(tmp_path, "images", every=3, noisy=noisy)
    assert found["same"] and found["seconds"]
    assert found["attempts"] > 4 and found["saved_in_whole"] == []
    # Within epochs, which have 4 steps, and at their ends.
    gone_on = {record.message.split()[-2] for record in caplog.records if "goes on" in record.msg}
    assert "4" in gone_on and gone_on & {"3", "5", "6", "7"}


def test_jax_goes_on_to_the_last_bit_one_by_one_and_in_stacks():
    pytest.importorskip("jax")
    program = (
        "import sys; sys.path[:0] = ['workflow', 'tests']\n"
        "import test_checkpoints; test_checkpoints.on_jax()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for kind in ("images", "vectors"):
        assert found[kind]["same"] and found[kind]["seconds"], kind
        assert found[kind]["attempts"] > 2 and found[kind]["saved_in_whole"] == []
    assert "This run goes on after" in done.stderr
    assert "This stack of runs goes on after 9 steps" in done.stderr


def on_jax() -> None:
    """Print what `killed_again_and_again` finds of the trainers that JAX has on a CPU."""
    import tempfile

    logging.basicConfig(level=logging.INFO)
    framework.start_framework(1)
    from self_training.training import stacked

    found = {}
    for kind, every in (("images", 7), ("vectors", 3)):
        # A stack of 12, 10 and 5 steps, killed after 9: one of its runs has ended then.
        trainers.NOISY_BYTES = 3 * 32 * (IMAGES if kind == "images" else VECTORS)[0].nbytes
        stacked.STACK, stacked.STEPS = 3, 3
        checkpoints.INTERVAL, checkpoints.SHARE = 120.0, 0.01
        with tempfile.TemporaryDirectory() as folder:
            found[kind] = killed_again_and_again(Path(folder), kind, every=every)
    print(json.dumps(found))


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A job of one run that was killed within it, and the results of the same job undisturbed."""
    folder = tmp_path_factory.mktemp("begun")
    some = runs()[:1]
    before = trainers.NOISY_BYTES
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "INTERVAL", 0.0)
        patch.setattr(checkpoints, "SHARE", float("inf"))
        with pytest.raises(Killed):
            train(folder, kill_after=3, some=some)
    trainers.NOISY_BYTES = before
    return folder


def test_a_run_goes_on_from_within_an_epoch(begun, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    whole, *_ = train(tmp_path / "whole", some=runs()[:1])
    shutil.copytree(begun, tmp_path / "job")
    trained, *_ = train(tmp_path / "job", some=runs()[:1])
    assert "This run goes on after 7 steps" in caplog.text
    assert trained[0].record["losses"] == whole[0].record["losses"]
    for name, probabilities in whole[0].probabilities.items():
        np.testing.assert_array_equal(trained[0].probabilities[name], probabilities)


OTHERS = {
    "of the same": {},
    "of another learning rate": {"learning_rate": 0.02},
    "of other code": {"code": "abd"},
    "of other classes": {"classes": 11},
    "of other examples": {"examples": True},
    "of other runs": {"some": runs()[:2]},
    "of other targets": {"some": [replace(runs()[0], targets=LABELS[1:101])]},
}


@pytest.mark.parametrize("changed", OTHERS)
def test_what_belongs_to_another_job_is_not_taken(begun, tmp_path, changed, caplog):
    caplog.set_level(logging.INFO)
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    folder, chosen = tmp_path / "job", dict(OTHERS[changed])
    shutil.copytree(begun, folder)
    if chosen.pop("examples", False):
        other = IMAGES.copy()
        other[-1, 0, 0] += 1
        np.save(folder / "images.npy", other)
    chosen = {"some": runs()[:1]} | chosen
    train(folder, **chosen)
    gone_on = any("goes on after 7 steps" in record.message for record in caplog.records)
    assert gone_on == (changed == "of the same")
    said = any("nothing is taken" in record.message for record in caplog.records)
    assert said == (changed != "of the same")


@pytest.mark.parametrize("damage", ["cut", "empty", "turned", "no archive"])
def test_of_what_is_damaged_nothing_is_taken(begun, tmp_path, damage, caplog):
    caplog.set_level(logging.INFO)
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    folder = tmp_path / "job"
    shutil.copytree(begun, folder)
    path = folder / "checkpoint" / checkpoints.STATE
    content = bytearray(path.read_bytes())
    if damage == "turned":
        content[len(content) // 2] ^= 1
    damaged = {"cut": content[: len(content) // 2], "empty": b"", "no archive": b"state"}
    path.write_bytes(damaged.get(damage, content))
    trained, *_ = train(folder, some=runs()[:1])
    messages = [record.message for record in caplog.records]
    assert sum("is damaged" in message for message in messages) == 1
    assert not any("goes on" in message for message in messages)
    shutil.rmtree(folder / "checkpoint")
    again, *_ = train(folder, some=runs()[:1])
    for name, probabilities in again[0].probabilities.items():
        np.testing.assert_array_equal(trained[0].probabilities[name], probabilities)


def test_seconds_before_a_kill_count(begun, tmp_path):
    folder = tmp_path / "job"
    shutil.copytree(begun, folder)
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes
    path = folder / "checkpoint" / checkpoints.STATE
    arrays = storage.load_arrays(path)
    about = json.loads(arrays["about"].tobytes())
    ((_, state),) = about["states"].values()
    state["seconds"], about["seconds"] = 1000.0, 2000.0
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    storage.save_arrays(path, arrays)
    (result,), record, _ = train(folder, some=runs()[:1])
    assert 1000 < result.record["training_seconds"] < 1500
    assert record["training_seconds"] == result.record["training_seconds"]
    assert record["job_seconds"] > 2000


def test_a_short_job_writes_nothing(tmp_path):
    train(tmp_path, some=runs()[:1])
    assert not (tmp_path / "checkpoint").exists()


def test_a_full_disk_is_one_warning_and_no_end(tmp_path, monkeypatch, caplog):
    save_always()
    trainers.NOISY_BYTES = 3 * 32 * IMAGES[0].nbytes

    def full(path, arrays):
        raise NoSpaceError(f"{path}: Expected space for it.")

    monkeypatch.setattr(checkpoints, "save_arrays", full)
    saves: list[str] = []
    with suppress(NoSpaceError):
        trained, _, saves = train(tmp_path, some=runs()[:1])
    assert len(saves) > 5 and len(trained) == 1
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    (warning,) = [message for message in warnings if "can't be written" in message]
    assert "begins anew" in warning and "Expected space" in warning


# What is stored, and when.


def result(size=3) -> TrainedRun:
    return TrainedRun({"evaluation": np.full((size, 2), 0.5, np.float32)}, {"losses": [1.5, None]})


def test_what_is_saved_comes_back(tmp_path):
    save_always()
    kept = Checkpoints(tmp_path / "job", lambda: {"rate": 1})
    kept.add("a", result(), [np.arange(4.0)])
    kept.add("b", result(5))
    counter = np.array(7, np.int64)
    kept.offer("c", lambda: State([np.zeros((0, 3)), counter], {"drawn": {"state": 2**100}}))
    again = Checkpoints(tmp_path / "job", lambda: {"rate": 1})
    one, other, state = again.ended("a"), again.ended("b"), again.state("c")
    np.testing.assert_array_equal(one.weights, [np.arange(4.0)])
    assert one.result.record == result().record and other.weights == []
    assert other.result.probabilities["evaluation"].shape == (5, 2)
    assert state.about == {"drawn": {"state": 2**100}}
    assert state.arrays[1].dtype == np.int64 and state.arrays[1] == 7
    assert state.arrays[0].shape == (0, 3)
    assert again.ended("c") is None and again.state("a") is None
    assert again.seconds_before > 0
    assert Checkpoints(tmp_path / "job", lambda: {"rate": 2}).state("c") is None


def test_any_byte_may_be_damaged(tmp_path):
    """Then a state is not there, or as it was: what does not count in a file may be anything."""
    save_always()
    kept = Checkpoints(tmp_path, dict)
    kept.offer("a", lambda: State([np.arange(64), np.ones(10, np.float32)], {"seconds": 1.0}))
    path = tmp_path / checkpoints.STATE
    content = path.read_bytes()
    missing = 0
    for at in range(0, len(content), 3):
        for turned in (content[at] ^ 1, content[at] ^ 64):
            path.write_bytes(content[:at] + bytes([turned]) + content[at + 1 :])
            state = Checkpoints(tmp_path, dict).state("a")
            missing += state is None
            if state is not None:
                assert state.about == {"seconds": 1.0} and len(state.arrays) == 2
                np.testing.assert_array_equal(state.arrays[0], np.arange(64))
                np.testing.assert_array_equal(state.arrays[1], np.ones(10, np.float32))
    assert missing > len(content) / 3
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        assert Checkpoints(tmp_path, dict).state("a") is None


def test_a_shape_that_is_damaged_is_noticed(tmp_path):
    """NumPy reads as far as it says, and so may not come to where the checksum is looked at."""
    save_always()
    Checkpoints(tmp_path, dict).offer("a", lambda: State([np.arange(64_000)], {}))
    path = tmp_path / checkpoints.STATE
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(64000,)", b"(24000,)"))
    assert path.read_bytes() != content
    assert Checkpoints(tmp_path, dict).state("a") is None


def test_saving_takes_a_hundredth_of_the_time(tmp_path, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(checkpoints, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(checkpoints, "save_arrays", lambda path, arrays: None)
    kept, saved = Checkpoints(tmp_path, dict), []

    def state() -> State:
        saved.append(clock[0])
        clock[0] += 5  # To fetch it counts, too.
        return State([], {})

    while clock[0] < 1500:
        kept.offer("a", state)
        clock[0] += 1
    assert saved == [120, 625, 1130]
    seconds = 0.001

    def quick() -> State:
        saved.append(clock[0])
        clock[0] += seconds
        return State([], {})

    saved.clear()
    kept.next = clock[0]
    for _ in range(500):
        kept.offer("a", quick)
        clock[0] += 1
    assert np.allclose(np.diff(saved), 121, atol=1) and len(saved) == 5


def test_results_wait_for_the_next_save_and_are_saved_once(tmp_path, monkeypatch):
    kept = Checkpoints(tmp_path, dict)
    for digest in "abc":
        kept.add(digest, result(), [np.zeros(1)])
    assert not list(tmp_path.iterdir())
    save_always()
    kept.next = 0.0
    kept.add("d", result())
    kept.add("e", result())
    files = list(tmp_path.glob(checkpoints.RESULTS))
    assert sorted(len(storage.load_arrays(path)) for path in files) == [2, 4 * 1 + 3 + 1]
    again = Checkpoints(tmp_path, dict)
    assert all(again.ended(digest) for digest in "abcde")
    # Networks take no more memory than that; what is left out is trained again.
    kept.next = float("inf")
    monkeypatch.setattr(checkpoints, "WAITING_BYTES", 20)
    for digest in "fgh":
        kept.add(digest, result(), [np.zeros(1)])
    kept.save()
    again = Checkpoints(tmp_path, dict)
    assert again.ended("f") and again.ended("g") and again.ended("h") is None


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_always()
    kept = Checkpoints()
    kept.add("a", result())
    kept.offer("b", lambda: pytest.fail("asked for a state"))
    assert kept.ended("a") is None and kept.state("b") is None and not list(tmp_path.iterdir())


def test_a_job_s_checkpoints_are_in_its_study_and_no_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    history = "results/histories/histories/train_control/a.b/histories/final.json"
    snakemake = SimpleNamespace(output=SimpleNamespace(history=history))
    folder = Path("results/histories/checkpoints/train_control/a.b/histories/final")
    assert job.checkpoints_of(snakemake) == folder
    folder.mkdir(parents=True)
    (folder / "state.npz").touch()
    job.end_job(snakemake)
    assert not folder.exists() and folder.parent.exists()
    job.end_job(snakemake)


def test_what_is_left_is_removed_when_all_is_made(tmp_path):
    left = tmp_path / "checkpoints/train_teachers/gone"
    left.mkdir(parents=True)
    (tmp_path / "a.json").touch()
    remove_when_made(tmp_path / "checkpoints", [tmp_path / "a.json", tmp_path / "b.json"])
    assert left.exists()
    (tmp_path / "b.json").touch()
    remove_when_made(tmp_path / "checkpoints", [tmp_path / "a.json", tmp_path / "b.json"])
    assert not (tmp_path / "checkpoints").exists()


# A study.


@pytest.mark.study
def test_a_study_whose_job_is_killed_goes_on_within_it(make_study, tmp_path):
    config = tiny_config()
    config["datasets"]["digits_0_2"] |= {"epochs": 200}
    config["methods"] = {"baseline": {"generations": 0}}
    study = make_study(config)
    module = study.folder / "workflow/self_training/training/checkpoints.py"
    text = module.read_text().replace("INTERVAL = 120.0", "INTERVAL = 0.0")
    module.write_text(text.replace("SHARE = 0.01", "SHARE = 0.5"))
    part = module.with_name("one_by_one.py")
    part.write_text(part.read_text().replace("OF_PART = 2.0", "OF_PART = 0.02"))
    whole = study.copy(tmp_path / "whole")
    whole.run("--cores", "1", "results/tiny/scores.csv")

    process = study.start("--cores", "1", "results/tiny/scores.csv")
    folder = study.results / "checkpoints/train_teachers/digits_0_2"
    deadline = time.monotonic() + 300
    while not list(folder.glob("*/" + checkpoints.STATE)):
        assert process.poll() is None and time.monotonic() < deadline, "saved nothing"
        time.sleep(0.01)
    jobs = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(jobs, timeout=20)
    process.communicate()
    (state,) = folder.glob("*/" + checkpoints.STATE)
    study.run("--cores", "1", "--rerun-incomplete", "results/tiny/scores.csv")
    log = study.results / f"logs/train_teachers/digits_0_2/{state.parent.name}.log"
    assert "This run goes on after" in log.read_text()
    assert scores_of(study) == scores_of(whole)
    assert not (study.results / "checkpoints").exists()
