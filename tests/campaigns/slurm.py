"""Let accidents of Slurm happen in the middle of a study, one after the other.

    uv run python tests/campaigns/slurm.py ../shared/slurm            # all of them
    uv run python tests/campaigns/slurm.py ../shared/slurm cancelled requeued

Needs Slurm (slurm-wlm, munge), root, and a folder whose `start` and `stop` begin and end one on
this machine. A copy of its configuration has a second node, and a partition that preempts the other
one. After each accident the study must end, perhaps when the same command is given again, with the
scores of one that nobody disturbed. Prints what its user saw, and which lives of jobs wrote what;
ends with an error at the first difference.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import Study

# In jobs of a study in whose folder the files are: the seconds before a file gets its name, and the
# megabytes that a job takes first.
ACCIDENTS = """
import os
import sys
import time
from pathlib import Path

_replace = os.replace
_taken = []


def _read(name):
    return float(Path(name).read_text()) if Path(name).exists() else 0


def _note(what):
    who = [os.environ["SLURM_JOB_ID"], os.environ["SLURMD_NODENAME"], os.getpid()]
    with open("lives.txt", "a") as file:
        print(f"{time.time():.1f}", *who, what, file=file)


def replace(source, path, **names):
    if not _taken:
        _taken.append(b"1" * int(_read("hungry") * 1e6))
    _note(f"writes {path}")
    until = time.monotonic() + _read("slow")
    while Path("slow").exists() and time.monotonic() < until:
        time.sleep(0.2)
    _replace(source, path, **names)
    _note(f"wrote {path}")


if ".snakemake/scripts" in " ".join(sys.orig_argv) and "SLURM_JOB_ID" in os.environ:
    os.replace = replace
    _note("begins .")
"""
PROFILE = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")
# Without accounting Slurm forgets what has ended; this one does after 5 minutes.
PROFILE = (*PROFILE, "--slurm-status-command", "squeue")
RULE = "train_teachers"
# Seconds after which a study that has not ended hangs.
HANGS = 600


def config() -> dict:
    """Return a study of two jobs that train, of some seconds each: vectors, two outer folds."""
    return {
        "study": "accidents",
        "seed": 3,
        "threads": 1,
        "outer_folds": 2,
        "inner_folds": 2,
        "jobs": "per_dataset",
        "controls": "none",
        "training": {"backbone": "linear", "batch_size": 16, "learning_rate": 0.02},
        "datasets": {
            "wine": {
                "kind": "vectors",
                "source": "sklearn",
                "name": "wine",
                "steps": 40,
                "labels_per_class": 5,
                "policy": "gaussian",
            }
        },
        "methods": {
            "baseline": {"generations": 0},
            "student": {
                "generations": 1,
                "schedule": "all",
                "threshold": 0,
                "noise": {"magnitude": 0.2},
            },
        },
    }


def call(*command: str) -> str:
    """Return what a command says."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Cluster:
    """Two CPU nodes and one with pretended GPUs; what is in `urgent` preempts what is in `cpu`."""

    def __init__(self, scripts: Path, state: Path):
        self.state, self.scripts = state, state / "configuration"
        shutil.copytree(scripts, self.scripts)
        self.scripts.chmod(0o755)
        path = self.scripts / "slurm.conf.in"
        path.chmod(0o644)
        text = path.read_text()
        for pattern, instead in (
            # A node that says nothing is down soon.
            ("SlurmdTimeout=.*", "SlurmdTimeout=15"),
            # What is requeued waits as long.
            ("AuthType=.*", r"\g<0>\nAuthInfo=cred_expire=10"),
            ("(NodeName=)cpu1(.*Port=)16818(.*)", r"\1cpu1\g<2>16818\3\n\1cpu2\g<2>16820\3"),
            (
                "PartitionName=cpu Nodes=cpu1(.*)",
                "PreemptType=preempt/partition_prio\nPreemptMode=REQUEUE\n"
                r"PartitionName=cpu Nodes=cpu[1-2]\1 PriorityTier=1" + "\n"
                r"PartitionName=urgent Nodes=cpu[1-2] PriorityTier=10 PreemptMode=OFF",
            ),
        ):
            text, found = re.subn(pattern, instead, text)
            assert found == 1, pattern
        path.write_text(text)
        start = self.scripts / "start"
        start.chmod(0o755)
        start.write_text(
            start.read_text().replace("slurmd -N gpu1", "slurmd -N gpu1; slurmd -N cpu2")
        )
        # It waits for two nodes that are idle, and here are three.
        start.write_text(start.read_text().replace("= 2 ]", "-ge 4 ]"))

    def __enter__(self) -> "Cluster":
        subprocess.run([self.scripts / "start", self.state], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([self.scripts / "stop", self.state], check=True)
        # Each Snakemake, and each of its jobs, would look for this cluster for 9 s.
        for path in self.scripts.glob("*.conf*"):
            (Path("/etc/slurm") / path.name.removesuffix(".in")).unlink(missing_ok=True)

    def stop(self, daemon: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a daemon: `slurmctld`, or `slurmd.NODE`."""
        pid = int((self.state / f"{daemon}.pid").read_text())
        os.kill(pid, how)
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.1)

    def start(self, daemon: str) -> None:
        """Begin it again."""
        name, _, node = daemon.partition(".")
        subprocess.run([name, *(["-N", node] if node else [])], check=True)


def jobs(rule: str, *states: str) -> list[str]:
    """Return the jobs of a rule in Slurm, in some states."""
    lines = call("squeue", "-h", "-o", "%A %T %k", "--states", ",".join(states)).splitlines()
    return [line.split()[0] for line in lines if f"rule_{rule}_" in line]


def about(job: str) -> dict[str, str]:
    """Return what Slurm knows of a job."""
    words = call("scontrol", "show", "job", job).split()
    return dict(word.split("=", 1) for word in words if "=" in word)


def resume(node: str) -> None:
    """Let a node take jobs, if it does not by itself."""
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], check=False)


class Disturbed:
    """A study that runs on Slurm."""

    def __init__(self, study: Study, cluster: Cluster, *options: str):
        self.study, self.cluster = study, cluster
        self.output = study.folder / "output.txt"
        self.command = study.command(*target(study), *PROFILE, *options)
        self.process = self._start()

    def _start(self) -> subprocess.Popen:
        # JAX starts in a third of the time.
        names = {"PYTHONPATH": str(self.study.folder / "accidents"), "KERAS_BACKEND": "jax"}
        with self.output.open("a") as file:
            return subprocess.Popen(
                self.command,
                cwd=self.study.folder,
                env=os.environ | names,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def slow_down(self, seconds: float) -> None:
        """Let jobs wait so long for each of their files, or until `go_on`."""
        (self.study.folder / "slow").write_text(str(seconds))

    def go_on(self) -> None:
        """Let jobs, those that wait too, be fast."""
        (self.study.folder / "slow").unlink()

    def until(self, true: Callable[[], object], what: str) -> None:
        """Wait for something, while the study runs."""
        until = time.monotonic() + HANGS
        while not true():
            said = f"no {what}:\n{self.output.read_text()}"
            assert self.process.poll() is None and time.monotonic() < until, said
            time.sleep(0.2)

    def half_written(self) -> str:
        """Wait until a job has begun to write its results, and return it."""
        found: list[str] = []

        def writes() -> bool:
            lives = {(job, about(job).get("Restarts")) for job in jobs(RULE, "RUNNING")}
            found[:] = [
                job for job, life, what in self.notes() if (job, life) in lives and "writes" in what
            ]
            return bool(found)

        self.until(writes, f"job of {RULE} that writes")
        return found[0]

    def notes(self) -> list[tuple[str, str, str]]:
        """Return what jobs have noted: job, number of restarts before, and all that it noted."""
        notes = self.study.folder / "lives.txt"
        lines = notes.read_text().splitlines() if notes.exists() else []
        found: list[tuple[str, str, str]] = []
        begun: dict[str, list[str]] = {}
        for line in lines:
            if line.count(" ") > 4:
                _, job, _, process, _ = line.split(" ", 4)
                lives = begun.setdefault(job, [])
                if process not in lives:
                    lives.append(process)
                found.append((job, str(lives.index(process)), line))
        return found

    def end(self) -> int:
        """Wait for the end of Snakemake, and return its exit status."""
        return self.process.wait(HANGS)

    def again(self) -> int:
        """Give the same command again."""
        self.process = self._start()
        return self.end()

    def kill(self) -> None:
        """Kill Snakemake, if it is alive."""
        self.process.kill()
        self.process.wait()

    def said(self) -> list[str]:
        """Return the lines of Snakemake's that speak of Slurm, or of what went wrong."""
        lines = self.output.read_text().splitlines()
        words = "SLURM-job|[Ee]rror:|WorkflowError|Trying to restart|left in Slurm|controller|"
        words += "Expected|MissingInput|MissingOutput"
        return [line.strip()[:200] for line in lines if re.search(words, line)]

    def lives(self) -> list[str]:
        """Return which lives of jobs of the rule began and wrote, in the order of time."""
        return [
            line
            for *_, line in self.notes()
            if "begins" in line or line.endswith("teachers/final.npz")
        ]


def target(study: Study) -> list[str]:
    return [str((study.results / "scores.csv").relative_to(study.folder))]


def scores(study: Study) -> pd.DataFrame:
    """Return a study's scores, without the seconds that it took."""
    table = pd.read_csv(study.results / "scores.csv")
    return table.drop(columns=[name for name in table if name.endswith("_time")])


def cancelled(study: Disturbed) -> None:
    """Cancel a job that trains."""
    call("scancel", study.half_written())
    study.go_on()


def time_limit(study: Disturbed) -> None:
    """Let a job reach its time limit, of which a second attempt has twice as much."""
    job = study.half_written()
    study.until(lambda: about(job)["JobState"] == "TIMEOUT", "job that took too long")


def out_of_memory(study: Disturbed) -> None:
    """Let a job take more memory than it has, but not more than a second attempt has."""
    study.until(lambda: jobs(RULE, "OUT_OF_MEMORY", "FAILED"), "job out of memory")


def requeued(study: Disturbed) -> None:
    """Let Slurm begin a job again that is in the middle of what it writes."""
    job = study.half_written()
    call("scontrol", "requeue", job)
    study.until(lambda: about(job)["Restarts"] == "1", "restart")
    study.go_on()


def preempted(study: Disturbed) -> None:
    """Let jobs that are more urgent take the nodes."""
    job = study.half_written()
    urgent = ["sbatch", "--parsable", "-p", "urgent", "-w", about(job)["NodeList"], "--exclusive"]
    other = call(*urgent, "-o", "/dev/null", "--wrap", "sleep 20").strip()
    study.until(lambda: about(other)["JobState"] == "COMPLETED", "end of what is urgent")
    study.go_on()


def drained(study: Disturbed) -> None:
    """Drain the node of a job: it goes on, and the next one goes elsewhere."""
    node = about(study.half_written())["NodeList"]
    call("scontrol", "update", f"nodename={node}", "state=drain", "reason=accident")
    study.go_on()
    study.end()
    resume(node)


def set_down(study: Disturbed) -> None:
    """Set the node of a job down."""
    job = study.half_written()
    node = about(job)["NodeList"]
    call("scontrol", "update", f"nodename={node}", "state=down", "reason=accident")
    study.until(lambda: about(job)["NodeList"] not in ("(null)", node), "job elsewhere")
    study.go_on()
    study.end()
    resume(node)


def silent(study: Disturbed) -> None:
    """Let a node say nothing more, while the job on it goes on: it has two lives at a time."""
    job = study.half_written()
    node = about(job)["NodeList"]
    study.cluster.stop(f"slurmd.{node}", signal.SIGKILL)
    study.until(lambda: about(job)["Restarts"] == "1", "second life")
    study.half_written()
    study.go_on()
    study.end()
    study.cluster.start(f"slurmd.{node}")


def silent_and_back(study: Disturbed) -> None:
    """Let that node come back, and end what it ran, while the second life is writing."""
    job = study.half_written()
    node = about(job)["NodeList"]
    study.cluster.stop(f"slurmd.{node}", signal.SIGKILL)
    (study.study.folder / "slow").write_text("3")
    study.until(lambda: about(job)["Restarts"] == "1", "second life")
    study.until(
        lambda: any(life == "1" and "wrote" in line for _, life, line in study.notes()), "file"
    )
    study.cluster.start(f"slurmd.{node}")


def controller_while_running(study: Disturbed) -> None:
    """Let nobody answer for a minute, while a job runs, is asked about, and ends."""
    study.half_written()
    study.cluster.stop("slurmctld")
    time.sleep(30)
    study.go_on()
    time.sleep(60)
    study.cluster.start("slurmctld")


def controller_at_the_start(study: Disturbed) -> None:
    """Let nobody answer for a minute, when the first job is to be handed out."""
    time.sleep(60)
    assert study.process.poll() is None, study.output.read_text()
    study.cluster.start("slurmctld")


class Accident(NamedTuple):
    """What happens, and how the study is started that it happens to.

    slow: seconds that a job waits for each of its files.
    hungry: megabytes that a job takes.
    down: whether the controller is, when the study starts.
    """

    happens: Callable[[Disturbed], None]
    slow: float = 600
    hungry: float = 0
    options: tuple[str, ...] = ()
    down: bool = False


KINDS = {
    "cancelled": Accident(cancelled),
    "time_limit": Accident(time_limit, 9, options=("--default-resources", "runtime=attempt")),
    "out_of_memory": Accident(
        out_of_memory, 3, 1500, ("--default-resources", "mem_mb=attempt*1500", "runtime=10")
    ),
    "requeued": Accident(requeued),
    "preempted": Accident(preempted),
    "drained": Accident(drained),
    "set_down": Accident(set_down),
    "silent": Accident(silent),
    "silent_and_back": Accident(silent_and_back),
    "controller_while_running": Accident(controller_while_running),
    "controller_at_the_start": Accident(controller_at_the_start, 0, down=True),
}


def disturb(
    base: Study, folder: Path, cluster: Cluster, *options: str, slow: float = 0, hungry: float = 0
) -> Disturbed:
    """Start a study on Slurm that accidents will happen to.

    Args:
        base: what `ready` returned.
        options: of Snakemake, beside those of the profile.
        slow, hungry: of `Accident`.
    """
    study = base.copy(folder)
    (folder / "accidents").mkdir()
    (folder / "accidents" / "sitecustomize.py").write_text(ACCIDENTS)
    for name, value in (("slow", slow), ("hungry", hungry)):
        (folder / name).write_text(str(value))
    return Disturbed(study, cluster, *options)


def ready(study: Study) -> Study:
    """Do what a study does before it trains, and return it."""
    study.run("--cores", "2", "--until", "make_splits")
    return study


def undisturbed(base: Study, folder: Path) -> pd.DataFrame:
    """Return scores of a study that trains on this machine."""
    study = base.copy(folder)
    study.run(*target(study), "--cores", "2")
    return scores(study)


def end_well(study: Disturbed, accident: Accident) -> None:
    """Let an accident happen to a study, and give its command again until it ends well."""
    began = time.monotonic()
    try:
        accident.happens(study)
        for end in (study.end, study.again):
            status = end()
            print(f"  exit {status} after {time.monotonic() - began:.0f} s", flush=True)
            if not status:
                return
            (study.study.folder / "slow").unlink(missing_ok=True)
        raise AssertionError(study.output.read_text())
    finally:
        study.kill()
        print("", *study.said(), *study.lives(), sep="\n  ", flush=True)


def main() -> None:
    """Let the accidents happen that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scripts", type=Path)
    parser.add_argument("accidents", nargs="*", choices=[[], *KINDS])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        base = ready(Study(folder / "base", config(), "jax"))
        expected = undisturbed(base, folder / "calm")
        with Cluster(arguments.scripts, folder / "slurm") as cluster:
            for name in arguments.accidents or KINDS:
                accident = KINDS[name]
                print(f"{name}: {accident.happens.__doc__}", flush=True)
                if accident.down:
                    cluster.stop("slurmctld")
                wants = {"slow": accident.slow, "hungry": accident.hungry}
                study = disturb(base, folder / name, cluster, *accident.options, **wants)
                end_well(study, accident)
                pd.testing.assert_frame_equal(scores(study.study), expected)
                print("  scores are the same", flush=True)


if __name__ == "__main__":
    main()
