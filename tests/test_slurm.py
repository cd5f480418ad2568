"""A study on a real Slurm: jobs that are left in it are cancelled, and scores are the same."""

import re
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from conftest import ROOT, tiny_config

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
    """A CPU node, and one with two pretended GPUs."""
    state = tmp_path_factory.mktemp("slurm")
    subprocess.run([SLURM / "start", state], check=True)
    yield
    subprocess.run([SLURM / "stop", state], check=True)


@pytest.fixture()
def study(cluster, make_study):
    config = tiny_config() | {"study": "on_slurm", "jobs": "per_dataset"}
    student = {"generations": 1, "unlabeled_fraction": 0.3, "threshold": 0.4}
    config["methods"] = {"baseline": {"generations": 0}, "student": student}
    pytest.importorskip("snakemake_executor_plugin_slurm")
    return make_study(config)


def jobs_of(comment: str, *arguments: str) -> list[str]:
    """Return the jobs of a comment that have not ended."""
    command = ["squeue", "--noheader", "--format", "%A %k", *arguments]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    return [line.split()[0] for line in lines if line.endswith(f" {comment}")]


def about(job: str) -> str:
    """Return what Slurm knows of a job, also of one that has ended."""
    command = ["scontrol", "show", "job", job]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def scores_of(study) -> pd.DataFrame:
    scores = pd.read_csv(study.results / "scores.csv")
    return scores.drop(columns=[name for name in scores if name.endswith("_time")])


def test_jobs_of_a_killed_snakemake_meet_nobody_and_scores_are_the_same(study, tmp_path):
    local = study.copy(tmp_path / "local")
    first = study.start(*PROFILE)
    rule = "rule_train_teachers_wildcards_digits_0_2"
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
    said = study.run(*PROFILE, *gpus)
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

    local.run("--cores", "2")
    pd.testing.assert_frame_equal(scores_of(study), scores_of(local))
