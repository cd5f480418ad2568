"""Who is alive in a working directory, and what is cleared away after the dead."""

import asyncio
import errno
import fcntl
import json
import os
import platform
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from conftest import ROOT, tiny_config
from self_training import presence, slurm
from self_training.errors import StudyError


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(presence, "BEAT", 0.2)
    monkeypatch.setattr(presence, "DEAD_AFTER", 0.6)
    # It is set by who enters.
    monkeypatch.setenv(presence.VARIABLE, "")


@pytest.fixture()
def left(tmp_path):
    """A lock of Snakemake's, in a folder where one has worked."""
    (tmp_path / "alive").mkdir()
    (tmp_path / "locks").mkdir()
    lock = tmp_path / "locks" / "0.output.lock"
    lock.touch()
    return lock


def sign_of_another(state, host="elsewhere", age=0.0, **about):
    """Leave the sign of another Snakemake, so many seconds old."""
    sign = state / "alive" / f"{host}_{len(list((state / 'alive').iterdir()))}"
    me = {"host": host, "pid": os.getpid(), "since": 0}
    sign.write_text(json.dumps(me | about))
    os.utime(sign, (time.time() - age,) * 2)
    return sign


def without_locks(monkeypatch):
    """Let the file system have no locks."""

    def flock(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)


def test_stale_locks_are_cleared_but_not_those_of_the_living(left, tmp_path):
    living = os.open(tmp_path / "alive.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(living, fcntl.LOCK_SH)
    assert presence.enter(tmp_path).dead is None
    assert left.exists()
    os.close(living)
    dead = sign_of_another(tmp_path, age=100)
    entered = presence.enter(tmp_path)
    assert dead in entered.dead and not dead.exists() and not left.exists()
    assert entered.sign.exists()


def test_one_that_is_alive_on_another_machine_keeps_its_locks(left, tmp_path):
    """Locks of the operating system may hold on one machine alone."""
    other = sign_of_another(tmp_path)
    program = "import os, sys, time\nwhile True:\n    time.sleep(0.1)\n    os.utime(sys.argv[1])\n"
    beats = subprocess.Popen([sys.executable, "-c", program, str(other)])
    try:
        assert presence.enter(tmp_path).dead is None
        assert left.exists() and other.exists()
    finally:
        beats.kill()
        beats.wait()


def test_one_that_was_killed_on_another_machine_is_waited_for(left, tmp_path, caplog):
    other = sign_of_another(tmp_path)
    assert presence.enter(tmp_path).dead == [other]
    assert not left.exists() and not other.exists()
    assert "on elsewhere. Waiting for the next one" in caplog.text


def test_one_that_has_ended_by_itself_is_not_waited_for(left, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("waits"))
    monkeypatch.setattr(presence, "_go_on", lambda sign: None)
    other = sign_of_another(tmp_path, ended=True)
    assert presence.enter(tmp_path).dead == [other]


@pytest.mark.parametrize(("since", "alone"), [(0, True), (None, False)])
def test_without_locks_processes_of_this_machine_are_looked_for(
    left, tmp_path, monkeypatch, since, alone
):
    """A number of a process is used again: it must have begun when the other did."""
    without_locks(monkeypatch)
    if since is None:
        since = presence.psutil.Process().create_time()
    sign_of_another(tmp_path, host=platform.node(), since=since)
    assert (presence.enter(tmp_path).dead is not None) == alone
    assert left.exists() != alone


def test_signs_are_given_until_the_end(tmp_path):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from self_training import presence\n"
        "presence.BEAT = 0.1\n"
        "alive = presence.enter(Path(sys.argv[1]))\n"
        "print(alive.sign, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    ) as process:
        assert process.stdout and process.stdin
        sign = tmp_path / "alive" / process.stdout.readline().strip().rpartition("/")[2]
        first = sign.stat().st_mtime
        time.sleep(0.5)
        assert sign.stat().st_mtime > first
        assert presence.begin(tmp_path).dead is None
        process.stdin.close()
    assert json.loads(sign.read_text())["ended"] is True


def test_jobs_of_the_dead_do_nothing(tmp_path, monkeypatch):
    with pytest.raises(StudyError, match="Expected the environment of Snakemake in this job"):
        presence.check(tmp_path)
    entered = presence.enter(tmp_path)
    presence.check(tmp_path)
    entered.sign.unlink()
    with pytest.raises(StudyError, match="a Snakemake that has ended"):
        presence.check(tmp_path)


SQUEUE = """#!{python}
import pathlib, sys
folder = pathlib.Path(__file__).parent
if (folder / "down").exists():
    sys.exit("slurm_load_jobs error: Unable to contact slurm controller")
print((folder / "jobs").read_text(), end="")
"""
SCONTROL = """#!{python}
import pathlib
folder = pathlib.Path(__file__).parent
print("Slurmctld(primary) at here is", "DOWN" if (folder / "down").exists() else "UP")
"""
SCANCEL = """#!{python}
import pathlib, sys
folder = pathlib.Path(__file__).parent
lines = (folder / "jobs").read_text().splitlines(True)
if not (folder / "stubborn").exists():
    (folder / "jobs").write_text("".join(x for x in lines if x.split("|")[0] not in sys.argv))
"""


@pytest.fixture()
def cluster(tmp_path_factory, monkeypatch):
    """Commands of a Slurm that has a job of a rule here, one elsewhere, and one of no rule."""
    folder = tmp_path_factory.mktemp("bin")
    for name, program in (("squeue", SQUEUE), ("scancel", SCANCEL), ("scontrol", SCONTROL)):
        (folder / name).write_text(program.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(slurm, "END_WITHIN", 1.0)
    return folder


def jobs_of(cluster, tmp_path) -> str:
    here = tmp_path / "project"
    (here / ".snakemake" / "alive").mkdir(parents=True)
    others = f"7|rule_select|{tmp_path}\n8|(null)|{here}\n"
    (cluster / "jobs").write_text(f"6|rule_train_teachers_wildcards_a|{here}\n{others}")
    return others


def test_jobs_that_a_killed_snakemake_has_left_in_slurm_are_cancelled(cluster, tmp_path, caplog):
    others = jobs_of(cluster, tmp_path)
    state = tmp_path / "project" / ".snakemake"
    # One that handed out nothing has left nothing.
    sign_of_another(state, age=100)
    presence.enter(state)
    assert (cluster / "jobs").read_text() != others
    for sign in (state / "alive").iterdir():
        sign.unlink()
    other = sign_of_another(state, age=100, remote=True)
    presence.enter(state)
    assert (cluster / "jobs").read_text() == others and not other.exists()
    assert "left in Slurm: 6." in caplog.text


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("down", "squeue: Expected an answer of Slurm, .* Received: slurm_load_jobs error"),
        ("stubborn", "to end within 1 s of being cancelled. Still there: 6. End them"),
    ],
)
def test_nothing_begins_while_jobs_may_be_left(cluster, left, tmp_path, trouble, message):
    jobs_of(cluster, tmp_path)
    (cluster / trouble).touch()
    state = tmp_path / "project" / ".snakemake"
    other = sign_of_another(state, age=100, remote=True)
    with pytest.raises(StudyError, match=message):
        presence.enter(state)
    assert other.exists()


def test_slurm_is_asked_where_it_is(left, tmp_path, monkeypatch):
    """Results may have been copied to a machine without it, if all had ended."""
    monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
    ended = sign_of_another(tmp_path, remote=True, ended=True)
    presence.enter(tmp_path)
    assert not ended.exists()
    for sign in (tmp_path / "alive").iterdir():
        sign.unlink()
    sign_of_another(tmp_path, age=100, remote=True)
    with pytest.raises(StudyError, match="Expected Slurm's squeue on this machine"):
        presence.enter(tmp_path)


def executor(handed: list[str], module: str = "snakemake_executor_plugin_slurm"):
    """Return an executor like that of Slurm's plugin."""

    class Executor:
        __module__ = module

        def run_job(self, job):
            handed.append(job)

        def report_job_error(self, job, msg):
            handed.append(f"{job.external_jobid}: {msg}")

        async def check_active_jobs(self, jobs):
            """Say that the first failed and the second goes on, and nothing of others."""
            for job in jobs[:1]:
                self.report_job_error(job, msg="failed")
            for job in jobs[1:2]:
                yield job

        run_array_jobs, report_job_success = run_job, report_job_error

    return Executor()


def test_jobs_are_handed_out_when_the_controller_answers(cluster, monkeypatch, caplog):
    handed: list[str] = []
    patient = executor(handed)
    slurm.be_patient(patient, lambda: False)
    (cluster / "down").touch()
    waited: list[float] = []

    def sleep(seconds):
        assert not handed
        waited.append(seconds)
        if len(waited) == 3:
            (cluster / "down").unlink()

    monkeypatch.setattr(slurm, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    patient.run_job("a job")
    patient.run_array_jobs("some jobs")
    assert handed == ["a job", "some jobs"] and len(waited) == 3
    assert caplog.text.count("Slurm's controller does not answer") == 1


def test_a_snakemake_that_is_to_end_waits_for_no_controller(cluster, monkeypatch):
    handed: list[str] = []
    (cluster / "down").touch()

    def sleep(seconds):
        raise AssertionError("waits")

    monkeypatch.setattr(slurm, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    patient = executor(handed)
    slurm.be_patient(patient, lambda: "graceful")
    patient.run_job("a job")
    other = executor(handed, "snakemake_executor_plugin_lsf")
    slurm.be_patient(other, lambda: False)
    other.run_job("another")
    assert handed == ["a job", "another"]


def test_jobs_are_asked_about_until_slurm_says_what_became_of_them():
    handed: list[str] = []
    patient = executor(handed)
    slurm.be_patient(patient, lambda: False)
    jobs = [SimpleNamespace(external_jobid=name) for name in "abc"]

    async def check():
        return [job.external_jobid async for job in patient.check_active_jobs(jobs)]

    assert asyncio.run(check()) == ["b", "c"]
    assert handed == ["a: failed"]


# Sends SIGTERM to a Snakemake while it holds the lock of its scheduler.
AT_THE_WORST_MOMENT = """
import os
import signal
import sys

if sys.orig_argv[1:3] == ["-m", "snakemake"]:
    from snakemake.scheduling.job_scheduler import JobScheduler

    finish = JobScheduler._finish_jobs

    def finish_jobs(scheduler):
        if scheduler._tofinish:
            os.kill(os.getpid(), signal.SIGTERM)
        finish(scheduler)

    JobScheduler._finish_jobs = finish_jobs
"""


@pytest.mark.study
def test_snakemake_ends_when_it_is_asked_to(make_study, tmp_path, monkeypatch):
    """Also where it would wait for a lock that it holds itself."""
    (tmp_path / "sitecustomize.py").write_text(AT_THE_WORST_MOMENT)
    study = make_study(tiny_config())
    process = subprocess.Popen(
        study.command("--cores", "1", "results/tiny/runs/digits_0_2/fold_0/split.npz"),
        cwd=study.folder,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    # What it had begun is finished, and nothing else.
    assert process.returncode and "1 of " in said, said
    assert not (study.results / "runs").exists(), said
