"""A campaign of accidents of folders: what stands in the way, who may write, where it is, who else
is there. Each gets one message, and the same command ends when it is mended."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, Study
from self_training import claims, places, presence
from self_training.errors import StudyError

FILES = [
    "results/s/scores.csv",
    "results/s/report.xlsx",
    "results/s/figures/a.svg",
    "results/s/logs/train/{dataset}/fold_{fold}.log",
    "results/s/runs/{dataset}/fold_{fold}/split.npz",
    "results/s/runs/{dataset}/fold_{fold}/{method}/{phase}/generation_{generation}/p.npz",
]
FOLDERS = ["results/s/runs/{dataset}/fold_{fold}/teachers/models"]


@pytest.fixture()
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What is there, of which kind, and whether it is in the way.
THERE = {
    "results/s/scores.csv": ("file", False),
    "results/s/report.xlsx": ("folder", True),
    "results/s/figures": ("file", True),
    "results/s/figures/a.svg": ("folder", True),
    "results/s/figures/mine": ("folder", False),
    "results/s/runs": ("file", True),
    "results/s/runs/digits": ("file", True),
    "results/s/runs/digits.old": ("file", True),
    "results/s/runs/digits/fold_0": ("file", True),
    "results/s/runs/digits/notes.txt": ("file", False),
    "results/s/runs/digits/fold_0/split.npz": ("folder", True),
    "results/s/runs/digits/fold_0/a method": ("file", True),
    "results/s/runs/digits/fold_0/baseline/final/generation_1/p.npz": ("folder", True),
    "results/s/runs/digits/fold_0/baseline/final/generation_1/p": ("folder", False),
    "results/s/runs/digits/fold_0/teachers/models": ("file", True),
    "results/s/runs/digits/fold_0/teachers/models/a": ("folder", False),
    "results/s/logs/train/digits/fold_0.log": ("folder", True),
    "results/s/notes": ("file", False),
    "results/other/report.xlsx": ("folder", False),
    "results/README.md": ("file", False),
}


@pytest.mark.parametrize("path", THERE)
def test_what_stands_at_the_place_of_something_else(path, here):
    kind, in_the_way = THERE[path]
    (here / path).parent.mkdir(parents=True)
    (here / path).mkdir() if kind == "folder" else (here / path).touch()
    outputs = places.Outputs(FILES, FOLDERS)
    if not in_the_way:
        outputs.check()
        return
    expected = "a file" if kind == "folder" else "a folder"
    received = "a folder" if kind == "folder" else "a file"
    message = f"^{path}: Expected {expected}, or nothing. Received {received}. Move it away, and"
    with pytest.raises(StudyError, match=message):
        outputs.check()


@pytest.mark.parametrize(
    "path",
    ["results", "resources", "resources/encoders", "resources/huggingface", ".snakemake"]
    + [f".snakemake/{name}" for name in ("alive", "locks", "metadata", "incomplete")],
)
def test_a_file_that_has_the_name_of_a_folder(path, here):
    (here / path).parent.mkdir(exist_ok=True)
    places.check_folders(state_is_written=True)
    (here / path).touch()
    for written in (True, False):
        with pytest.raises(StudyError, match=f"^{path}: Expected a folder, or nothing. Received a"):
            places.check_folders(written)


def test_a_link_to_nothing_that_has_the_name_of_a_folder(here):
    (here / "elsewhere").mkdir()
    (here / "results").symlink_to("elsewhere")
    places.check_folders(state_is_written=True)
    (here / "elsewhere").rmdir()
    with pytest.raises(StudyError, match="results: .* Received a link to elsewhere that is not th"):
        places.check_folders(state_is_written=True)


@contextmanager
def read_only(folder: Path):
    """Mount a folder read-only, which binds root, too."""
    folder.mkdir(parents=True, exist_ok=True)
    commands = (["mount", "--bind"], ["mount", "-o", "remount,ro,bind"])
    for command in commands:
        done = subprocess.run([*command, folder, folder], capture_output=True, check=False)
        if done.returncode:
            subprocess.run(["umount", folder], capture_output=True, check=False)
            pytest.skip("nothing can be mounted read-only here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_that_is_mounted_read_only(here):
    written = [here / "results/s/figures/a.svg", here / "results/s/scores.csv"]
    with read_only(here / "results"):
        places.check_folders(state_is_written=True)
        with pytest.raises(
            StudyError, match=r"results: Expected a folder into which files can be written\. Receiv"
            r"ed one of a file system that is mounted read-only\. Get leave"
        ):  # fmt: skip
            places.check_all_writable(written)
    places.check_all_writable(written)
    with read_only(here / ".snakemake"):
        places.check_folders(state_is_written=False)
        with pytest.raises(StudyError, match=r"^\.snakemake: Expected a folder into which"):
            places.check_folders(state_is_written=True)


def as_nobody(code: str, folder: Path) -> str:
    """Return what a program prints that another user, who may do little, runs in a folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    # Imported before, as another user may not be able to read where the packages are.
    head = (
        f"import os, sys\nsys.path.insert(0, {str(ROOT / 'workflow')!r})\n"
        "from pathlib import Path\nfrom self_training import places, errors\n"
        f"os.chdir({str(folder)!r}); os.setgroups([]); os.setgid(65534); os.setuid(65534)\ntry:\n"
        f"    {code}\nexcept errors.StudyError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", head], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_folder_of_somebody_else(here):
    for parent in (here, *here.parents[:3]):
        parent.chmod(0o755)
    here.chmod(0o777)
    for name in ("results/s", "resources", ".snakemake/locks"):
        (here / name).mkdir(parents=True)
    (here / ".snakemake").chmod(0o777)
    said = as_nobody("places.check_folders(True)", here)
    assert said.startswith(".snakemake/locks: Expected a folder into which files can be written. R")
    assert "one of user 0 (drwxr-xr-x), while this is user 65534. Get leave to write" in said
    assert as_nobody("places.check_folders(False)", here) == ""
    code = "places.check_all_writable([Path('results/s/figures/a.svg')])"
    assert as_nobody(code, here).startswith("results/s: Expected a folder into which files can be")
    (here / "results/s").chmod(0o777)
    assert as_nobody(code, here) == ""
    (here / "resources").chmod(0o700)
    said = as_nobody("places.check_folders(False)", here)
    assert said.startswith("resources: Expected a folder to read. Received one of user 0 (drwx---")


@pytest.mark.parametrize("name", ["a{b}c", "}", "{"])
def test_a_path_that_snakemake_takes_for_a_variable(name):
    with pytest.raises(StudyError, match="a path of the workflow's folder without braces"):
        places.check_name(f"/home/{name}/project")
    places.check_name('/home/it\'s "a" caf\u00e9 $x %s [b] *')


def another(state: Path, makes: list[str], **about) -> None:
    me = psutil.Process()
    sign = state / "alive" / f"another_{len(list((state / 'alive').iterdir()))}"
    known = {"host": os.uname().nodename, "pid": me.pid, "since": me.create_time(), "makes": makes}
    presence._write(sign, known | about)


@pytest.mark.parametrize(
    ("makes", "about", "refused"),
    [
        (["results/s"], {}, True),
        (["results/other", "resources/a.npz"], {}, True),
        (["results/other"], {}, False),
        (["results/s"], {"ended": True}, False),
        (["results/s"], {"since": 0}, False),
        (["results/s"], {"host": "elsewhere"}, True),
    ],
)
def test_two_that_make_the_same(makes, about, refused, tmp_path, monkeypatch):
    monkeypatch.setenv(presence.VARIABLE, "")
    here = presence.begin(tmp_path)
    another(tmp_path, makes, **about)
    mine = ["results/s", Path("resources/a.npz")]
    # Nobody else is alive, whatever the signs say.
    claims.claim(here, mine)
    beside = here._replace(dead=None)
    if refused:
        with pytest.raises(StudyError, match=r"^res.*: Expected no other Snakemake that makes this"
                           r".* process \d+ on .*, since .*Wait for its end"):  # fmt: skip
            claims.claim(beside, mine)
    else:
        claims.claim(beside, mine)
    assert presence._read(here.sign)["makes"] == ["resources/a.npz", "results/s"]
    if "host" in about:
        dead = time.time() - 2 * presence.DEAD_AFTER
        for sign in (tmp_path / "alive").glob("another*"):
            os.utime(sign, (dead, dead))
        claims.claim(beside, mine)


@pytest.mark.study
def test_a_study_in_a_folder_of_an_odd_name_that_is_not_to_be_written(tmp_path):
    folder = tmp_path / 'it\'s "a" caf\u00e9 \u732b $x & %s [b]' / ("long" * 50)
    study = Study(folder, {"study": "s", "external_scores": ["scores.csv"]})
    rows = [f"d{data},{method},0,0.{data}" for data in range(3) for method in ("a", "b")]
    (folder / "scores.csv").write_text("dataset,method,fold,accuracy\n" + "\n".join(rows))

    def locks() -> list[Path]:
        return list(folder.glob(".snakemake/locks/*"))

    with read_only(folder / "results"):
        study.run("-n")
        assert not list(folder.glob(".snakemake/alive/*")), "a dry run is nobody"
        output = study.run("--cores", "1", succeeds=False)
        assert "results: Expected a folder into which files can be written." in output
        assert "Traceback" not in output and not locks()
    study.results.mkdir()
    (study.results / "figures").touch()
    output = study.run("--cores", "1", succeeds=False)
    assert "results/s/figures: Expected a folder, or nothing." in output
    (study.results / "figures").unlink()

    # A dry run leaves the locks of a dead one alone, and its jobs in Slurm.
    (folder / ".snakemake/locks").mkdir(exist_ok=True)
    (folder / ".snakemake/locks/0.output.lock").touch()
    study.run("-n")
    assert locks()
    study.run("--cores", "1")
    assert (study.results / "report.xlsx").is_file() and not locks()
