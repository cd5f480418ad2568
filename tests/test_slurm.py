"""A study on a real Slurm has the same scores, also after Snakemake was killed, or Slurm failed."""

import re
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from campaigns import slurm as accidents
from conftest import ROOT

SLURM = ROOT.parent / "shared" / "slurm"
PROFILE = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")
# Without accounting Slurm forgets what has ended; this one does after 5 minutes.
PROFILE = (*PROFILE, "--slurm-status-command", "squeue", "--default-resources", "mem_mb=1500")

pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(
        not SLURM.is_dir() or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))),
        reason="needs Slurm (slurm-wlm, munge) and a configuration that starts it on this machine",
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two CPU nodes, and one with two pretended GPUs."""
    pytest.importorskip("snakemake_executor_plugin_slurm")
    with accidents.Cluster(SLURM, tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def base(make_study):
    """A study that is about to train."""
    return accidents.ready(make_study(accidents.config(), backend="jax"))


@pytest.fixture(scope="module")
def expected(base, tmp_path_factory):
    """Scores of the study on this machine."""
    return accidents.undisturbed(base, tmp_path_factory.mktemp("local") / "project")


def jobs_of(comment: str, *arguments: str) -> list[str]:
    """Return the jobs of a comment that have not ended."""
    command = ["squeue", "--noheader", "--format", "%A %k", *arguments]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    return [line.split()[0] for line in lines if line.endswith(f" {comment}")]


def about(job: str) -> str:
    """Return what Slurm knows of a job, also of one that has ended."""
    command = ["scontrol", "show", "job", job]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_jobs_of_a_killed_snakemake_meet_nobody_and_scores_are_the_same(
    cluster, base, expected, tmp_path
):
    study = base.copy(tmp_path / "project")
    target = accidents.target(study)
    first = study.start(*target, *PROFILE)
    rule = "rule_train_teachers_wildcards_wine"
    until = time.monotonic() + 200
    while not (left := jobs_of(rule, "--states=RUNNING")):
        assert first.poll() is None and time.monotonic() < until, first.communicate()[0]
        time.sleep(0.2)
    # Where Snakemake was told of no GPU, none is asked for.
    assert "gpu" not in about(left[0])
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert jobs_of(rule) == left, "goes on by itself"

    # The second start asks for GPUs, too: one line more of the profile.
    gpus = ("--resources", "gpu=2", "--default-resources", "mem_mb=1500", "slurm_partition=gpu")
    said = study.run(*target, *PROFILE, *gpus)
    cancelled = re.search("Cancelling jobs that were left in Slurm: (.*)\\.", said)
    assert cancelled and left[0] in cancelled.group(1).split(", ")
    assert "JobState=CANCELLED" in about(left[0])
    submitted = re.findall(r"Job \d+ has been submitted with SLURM jobid (\d+)", said)
    by_rule = {}
    for job in submitted:
        name = re.search(r"Comment=rule_(\w+?)_wildcards", about(job))
        assert name
        by_rule[name.group(1)] = about(job)
    # What takes a second runs where Snakemake does.
    assert set(by_rule) - {"check_data"} == {"train_teachers", "train_final_students"}
    for name, shown in by_rule.items():
        assert ("gres:gpu:1" in shown.replace("/", ":")) == (name != "check_data"), shown

    pd.testing.assert_frame_equal(accidents.scores(study), expected)


def test_scores_are_the_same_after_accidents(cluster, base, expected, tmp_path):
    """A job is cancelled, and its second attempt is requeued in the middle of what it writes."""
    study = accidents.disturb(base, tmp_path / "project", cluster, slow=600)
    try:
        first = study.half_written()
        accidents.call("scancel", first)
        study.until(lambda: not accidents.jobs(accidents.RULE, "RUNNING"), "end of a job")
        second = study.half_written()
        assert second != first
        accidents.requeued(study)
        assert study.end() == 0, study.output.read_text()
    finally:
        study.kill()
    assert accidents.about(second)["Restarts"] == "1"
    pd.testing.assert_frame_equal(accidents.scores(study.study), expected)
