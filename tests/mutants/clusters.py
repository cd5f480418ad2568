"""Mutants of what runs where: the living and the dead, jobs left in Slurm, GPUs, stacks."""

from mutants.mutant import Mutant

CLUSTERS = [
    Mutant(
        "locks_of_the_living_cleared",
        "a Snakemake that is alive on another machine loses its locks",
        "presence.py",
        'return not _read(other).get("ended")',
        "return False",
        ("test_presence.py::test_one_that_is_alive_on_another_machine_keeps_its_locks",),
    ),
    Mutant(
        "killed_elsewhere_lives_for_ever",
        "one that was killed on another machine is alive as long as its sign is there",
        "presence.py",
        "    return False\n\n\ndef _time_of",
        "    return True\n\n\ndef _time_of",
        ("test_presence.py::test_one_that_was_killed_on_another_machine_is_waited_for",),
    ),
    Mutant(
        "jobs_left_in_slurm",
        "jobs that a killed Snakemake has left in Slurm go on beside those of the next one",
        "presence.py",
        'if any(not one.get("ended") for one in handed) or (handed and slurm.is_here()):',
        "if handed and not slurm.is_here():",
        (
            "test_presence.py::test_jobs_that_a_killed_snakemake_has_left_in_slurm_are_cancelled",
            "test_presence.py::test_nothing_begins_while_jobs_may_be_left",
        ),
    ),
    Mutant(
        "jobs_of_other_folders_cancelled",
        "jobs of the user's other studies are cancelled, too",
        "slurm.py",
        " and _same(where, folder)",
        "",
        ("test_presence.py::test_jobs_that_a_killed_snakemake_has_left_in_slurm_are_cancelled",),
    ),
    Mutant(
        "cancelled_jobs_not_waited_for",
        "jobs begin while cancelled ones may still write",
        "slurm.py",
        "while left := _jobs(folder):",
        "while left and not _jobs(folder):",
        ("test_presence.py::test_nothing_begins_while_jobs_may_be_left",),
    ),
    Mutant(
        "jobs_of_the_dead_work",
        "a job that begins after its Snakemake was replaced writes its results",
        "presence.py",
        "if name and not (state",
        "if name and False and not (state",
        ("test_presence.py::test_jobs_of_the_dead_do_nothing",),
    ),
    Mutant(
        "one_gpu_for_all",
        "all jobs of a machine train on its first GPU",
        "gpus.py",
        "next(filter(_lock, devices), devices[os.getpid() % len(devices)])",
        "devices[0]",
        ("test_gpus.py::test_jobs_at_a_time_have_gpus_of_their_own",),
    ),
    Mutant(
        "gpu_asked_for_always",
        "training jobs ask for a GPU on clusters that have none",
        "gpus.py",
        'os.environ[VARIABLE] = "1" if there_are else "0"',
        'os.environ[VARIABLE] = "1"',
        ("test_gpus.py::test_jobs_ask_for_a_gpu_where_there_are_any",),
    ),
    Mutant(
        "few_examples_in_one_order",
        "passes over fewer examples than a batch has are all in the same order",
        "training/batches.py",
        "rng.permuted(in_order, axis=1)",
        "rng.permuted(in_order, axis=0)",
        ("test_training.py::test_batches_are_filled_across_epochs",),
    ),
    Mutant(
        "pools_of_all_folds_alike",
        "all outer folds of a job are scaled by the pool of one, with the others' test folds",
        "data/pool.py",
        "key = indices.tobytes()",
        "key = bytes(len(indices) > 0)",
        ("test_vectors.py::test_pools_of_the_same_examples_are_described_once",),
    ),
]
