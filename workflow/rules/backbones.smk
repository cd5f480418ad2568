# A trial of backbones of the user's own, for studies that have some.
#
# Takes: examples and class names of each dataset, and what networks the methods have.
# Gives: what was built, for people to read. What trains doesn't wait for it, and is not trained anew
#     because of it; but it goes first, so that a mistake in a student's backbone is not found after
#     all teachers have been trained.


def trainings_of(wildcards):
    """Return what networks are tried on a dataset."""
    return tried.networks(plan.config, wildcards.dataset)


rule try_backbones:
    """Build every backbone of the user's own for a dataset, before anything is trained."""
    input:
        examples=f"{plan.data}/examples.npy",
        classes=f"{plan.data}/classes.json",
    output:
        tried=f"{plan.data}/backbones.json",
    log:
        f"{plan.results}/logs/try_backbones/{{dataset}}.log",
    # Before what trains, and before splits, which let it begin.
    priority: 3
    conda:
        "../../envs/training.yaml"
    threads: plan.threads
    params:
        trainings=trainings_of,
        backend=plan.backend,
        code=tried.code(plan.config),
    script:
        "../scripts/try_backbones.py"
