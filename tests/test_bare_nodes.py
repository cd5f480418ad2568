"""A node of a cluster has less than the machine where a study is started."""

import os
import subprocess

import pytest
from campaigns import slurm as accidents


@pytest.mark.study
def test_jobs_need_neither_a_home_nor_a_temporary_folder(make_study, tmp_path):
    """Nor variables of the environment but those that say where programs are, and what trains."""
    study = make_study(accidents.config())
    teachers = "results/accidents/runs/wine/fold_0/teachers/final.npz"
    environment = {
        "PATH": os.defpath,
        # No folder can be made in what is none.
        "HOME": "/dev/null/home",
        "TMPDIR": "/dev/null/tmp",
        "XDG_CACHE_HOME": str(tmp_path),
        "KERAS_BACKEND": "jax",
    }
    done = subprocess.run(
        study.command(teachers, "--cores", "2"),
        cwd=study.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (study.folder / teachers).exists()
