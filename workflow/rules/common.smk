# What all rules share: the study's config, checked, and the plan of its jobs.
#
# Takes: config; what config.smk imports.
# Gives: `plan`, which knows every path and what inputs and parameters depend on (study/plan.py),
#     and `any_of`, `code_digest` and `figures` of the package; `once_decided` for deployed models; a
#     mistake in the config ends here, before anything runs.

import gc
import os
import threading
from pathlib import Path

# The jobs of a plan live as long as it does; looking for garbage among them takes a tenth of its time.
gc.set_threshold(100_000)

from self_training import claims, gpus, places, presence, slurm
from self_training.data import unpacked
from self_training.digests import code_digest
from self_training.report import figures
from self_training.storage import load_json
from self_training.study import checks, kinds, tried
from self_training.study.checks_of_backend import check_backend, check_results
from self_training.study.config import external_scores
from self_training.study.plan import Plan, any_of
from self_training.training.checkpoints import remove_when_made

# What `workflow.dryrun` says is known later, and whoever asks for no cores asks for no jobs.
DRY_RUN = workflow.output_settings.dryrun
WORKS = not DRY_RUN and (workflow._cores or workflow.resource_settings.nodes)
try:
    if workflow.is_main_process:
        places.check_folders(not DRY_RUN)
    checks.validate(config)
    BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
    check_results(config)
    if workflow.is_main_process:
        # Which executor runs the jobs is not known yet; that of a cluster has nodes.
        elsewhere = workflow.resource_settings.nodes is not None
        check_backend(config, BACKEND, elsewhere)
        checks.check_datasets(config, kinds.read)
        if external_scores(config):
            # Loads pandas, which a plan without such scores does without.
            from self_training.evaluation.checks import check_external_scores

            check_external_scores(config)
except StudyError as error:
    raise WorkflowError(str(error)) from None
# No two may write the same results: neither two Snakemakes, nor jobs of one that was killed.
try:
    if not workflow.is_main_process:
        presence.check(places.STATE)
    elif not DRY_RUN:
        PRESENCE = presence.enter(places.STATE)
except StudyError as error:
    raise WorkflowError(str(error)) from None
except OSError as error:
    raise WorkflowError(str(places.of_state(error))) from None

if workflow.is_main_process:
    asked = workflow.resource_settings
    gpus.announce({**(asked.default_resources or {}), **asked.resources})

plan = Plan(config, backend=BACKEND)
if workflow.is_main_process and WORKS:
    try:
        fetched = [*plan.archives(), *plan.encoders_of_hub()]
        missing = [path for path in fetched if not Path(path).exists()]
        claims.claim(PRESENCE, [plan.results, *missing])
    except StudyError as error:
        raise WorkflowError(str(error)) from None


def memory_of_preparing(wildcards, attempt):
    """Return the megabytes to ask a cluster for: an archive may be compressed, images are decoded."""
    return attempt * (2000 + 4 * unpacked.megabytes(plan.sources[wildcards.dataset]))


def once_decided(files, name):
    """Return an input function: some files of the method that is deployed, once it is decided.

    Args:
        files: `held_out` or `chain` of the plan.
        name: of some of them.
    """

    def of_job(wildcards):
        decision = checkpoints.decide.get(**wildcards).output.decision
        return files(wildcards.dataset, load_json(decision)["method"])[name]

    return of_job


onstart:
    try:
        jobs = workflow.dag.needrun_jobs()
        places.check_all_writable(
            Path(file) for job in jobs for file in (*job.output, *job.log)
        )
    except StudyError as error:
        raise WorkflowError(str(error)) from None
    # Snakemake's handler of SIGTERM takes a lock that its main thread may hold, for which it then waits for
    # ever. One that a thread can take again lets it end.
    workflow.scheduler._lock = threading.RLock()
    # Snakemake looks for jobs to start whenever one has ended, and then again every second for each
    # time it has looked, so that after some hundred jobs it needs a core for itself. That serves a
    # limit of jobs per second, which local jobs do without.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    else:
        # Snakemake makes a folder there in each job; nodes may have no home that it could be in.
        os.environ.setdefault("XDG_CACHE_HOME", os.path.abspath(".snakemake/cache"))
        presence.hand_out_jobs(PRESENCE)
        slurm.be_patient(
            workflow.scheduler._executor, lambda: workflow.scheduler._user_kill
        )


onsuccess:
    # What killed jobs have left that the study has no more of.
    made = plan.all_histories(None) + (
        deployed.folders() if "deploy" in config else []
    )
    remove_when_made(Path(plan.results, "checkpoints"), made)


wildcard_constraints:
    dataset="[^/]+",
    fold=r"\d+(_seed_\d+)?",
    method="[^/]+",
    phase="search|final",
    generation=r"\d+",
