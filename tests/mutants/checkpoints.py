"""Mutants of what is kept of a training job that is killed, and of what is taken of it."""

from mutants.mutant import Mutant

_WITHIN = ("test_checkpoints.py::test_a_run_goes_on_from_within_an_epoch",)
_WHOLE_JOBS = (
    "test_checkpoints.py::test_a_job_that_is_killed_again_and_again_is_one_that_was_not",
)
_OTHERS = ("test_checkpoints.py::test_what_belongs_to_another_job_is_not_taken",)
_ON_JAX = ("test_checkpoints.py::test_jax_goes_on_to_the_last_bit_one_by_one_and_in_stacks",)

CHECKPOINTS = [
    Mutant(
        "optimizer_not_kept",
        "a run goes on with an optimizer that begins anew",
        "training/one_by_one.py",
        "*self.optimizer.variables, *averages]",
        "*averages]",
        _WITHIN,
    ),
    Mutant(
        "averages_not_kept",
        "averages of weights begin anew where a run goes on",
        "training/one_by_one.py",
        "*self.optimizer.variables, *averages]",
        "*self.optimizer.variables]",
        _WITHIN,
    ),
    Mutant(
        "noise_of_a_network_not_kept",
        "dropout is drawn from its start where a run goes on",
        "training/one_by_one.py",
        "return [*self.model.variables, *self.optimizer",
        "return [*self.model.weights, *self.optimizer",
        _WITHIN,
    ),
    Mutant(
        "input_noise_drawn_anew",
        "input noise is that of an epoch's start where a run goes on within one",
        "training/trainer.py",
        "if start and drawn is not None:",
        "if start and drawn is None:",
        _WITHIN,
    ),
    Mutant(
        "goes_on_at_the_epoch_s_start",
        "a run that goes on takes steps of an epoch twice",
        "training/trainer.py",
        "epoch, start = divmod(taken, steps_per_epoch(run, own))",
        "epoch, start = taken // steps_per_epoch(run, own), 0",
        _WITHIN,
    ),
    Mutant(
        "network_of_an_ended_run_not_shown",
        "where a run had ended before a kill, another one's network is kept for it",
        "training/one_by_one.py",
        "zip(self.model.variables, ended.weights, strict=False)",
        "zip([], [], strict=False)",
        _WHOLE_JOBS,
    ),
    Mutant(
        "stack_fed_from_its_start",
        "a stack of runs that goes on is given its first examples again",
        "training/stacked.py",
        "self._feed(run, taken) for run in runs",
        "self._feed(run, 0) for run in runs",
        _ON_JAX,
    ),
    Mutant(
        "stack_goes_on_anew",
        "a stack of runs takes its last steps from new weights",
        "training/stacked.py",
        "return kept, values, saved.about",
        "return state, values, saved.about",
        _ON_JAX,
    ),
    Mutant(
        "kept_whatever_the_settings",
        "a job goes on with what one of other settings has kept",
        "training/job.py",
        'given = {"settings": settings, "classes"',
        'given = {"classes"',
        _OTHERS,
    ),
    Mutant(
        "kept_whatever_the_code",
        "a job goes on with what other code has kept",
        "training/job.py",
        '"code": code,',
        "",
        _OTHERS,
    ),
    Mutant(
        "kept_whatever_the_examples",
        "a job goes on with what was trained on other examples",
        "training/job.py",
        '"examples": sha256(examples_path)',
        '"examples": 0',
        _OTHERS,
    ),
    Mutant(
        "kept_whoever_s_it_is",
        "what a job has kept is taken by any job of its path",
        "training/checkpoints.py",
        'if about["key"] != self.key():',
        "if False:",
        _OTHERS,
    ),
    Mutant(
        "damage_not_looked_for",
        "of a damaged file some numbers are taken",
        "training/checkpoints.py",
        "if archive.zip.testzip() is not None:",
        "if False:",
        ("test_checkpoints.py::test_a_shape_that_is_damaged_is_noticed",),
    ),
    Mutant(
        "saving_takes_its_time",
        "saving may take any share of the time",
        "training/checkpoints.py",
        "max(INTERVAL, (ended - started) / SHARE)",
        "INTERVAL",
        ("test_checkpoints.py::test_saving_takes_a_hundredth_of_the_time",),
    ),
    Mutant(
        "full_disk_ends_a_training",
        "a training ends where no checkpoint can be written",
        "training/checkpoints.py",
        "except (OSError, NoSpaceError) as error:",
        "except FileExistsError as error:",
        ("test_checkpoints.py::test_a_full_disk_is_one_warning_and_no_end",),
    ),
    Mutant(
        "seconds_before_a_kill_forgotten",
        "a record has the seconds after a kill alone",
        "training/one_by_one.py",
        "started = time.perf_counter() - begun.seconds",
        "started = time.perf_counter()",
        ("test_checkpoints.py::test_seconds_before_a_kill_count",),
    ),
    Mutant(
        "checkpoints_stay",
        "what a job has kept stays when it has ended",
        "training/job.py",
        "shutil.rmtree(folder, ignore_errors=True)",
        "pass",
        ("test_checkpoints.py::test_a_job_s_checkpoints_are_in_its_study_and_no_output",),
    ),
]
