# Teachers, pseudo-labels, students and the search.
#
# Takes: examples and split of an outer fold; never the labels of the dataset, but for the upper bound.
# Gives: per fold, teachers/ (shared by all methods); per method, the choice among its candidates, and
#     per generation of the search and of the final chain pseudo-labels, predictions and (final)
#     models; per training job, a history.


rule train_teachers:
    """Train generation 0 on the labeled examples: one batch for inner folds, final and members."""
    input:
        examples=plan.examples,
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
    output:
        search=plan.per_fold(f"{plan.fold}/teachers/search.npz"),
        final=plan.per_fold(f"{plan.fold}/teachers/final.npz"),
        models=directory(plan.per_fold(f"{plan.fold}/teachers/models")),
        history=f"{plan.results}/histories/train_teachers/{plan.job}.json",
    log:
        f"{plan.results}/logs/train_teachers/{plan.job}.log",
    benchmark:
        f"{plan.results}/benchmarks/train_teachers/{plan.job}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identities=plan.identities,
        teachers=plan.teachers,
        training=plan.training,
        backend=plan.backend,
        code=plan.teacher_code,
    script:
        "../scripts/train_teachers.py"


rule train_students:
    """Let teachers label a generation's unlabeled examples, and train students on them.

    All candidates and inner folds of the search are one job; so is the final chain.
    """
    input:
        examples=plan.examples,
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
        choices=plan.given_choices,
        teacher_choices=plan.teacher_choices,
        predictions=plan.previous_predictions,
        previous=plan.previous_pseudo_labels,
    output:
        pseudo_labels=plan.per_fold(f"{plan.generation}/pseudo_labels.npz"),
        predictions=plan.per_fold(f"{plan.generation}/predictions.npz"),
        history=f"{plan.results}/histories/train_students/{plan.generation_job}.json",
    log:
        f"{plan.results}/logs/train_students/{plan.generation_job}.log",
    benchmark:
        f"{plan.results}/benchmarks/train_students/{plan.generation_job}.tsv"
    wildcard_constraints:
        phase="search",
    conda:
        "../../envs/training.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identities=plan.identities,
        search=plan.search_settings,
        labeling=plan.labeling_settings,
        training=plan.training,
        backend=plan.backend,
        code=plan.student_code,
    script:
        "../scripts/train_students.py"


use rule train_students as train_final_students with:
    output:
        pseudo_labels=plan.per_fold(f"{plan.generation}/pseudo_labels.npz"),
        predictions=plan.per_fold(f"{plan.generation}/predictions.npz"),
        history=f"{plan.results}/histories/train_students/{plan.generation_job}.json",
        models=directory(plan.per_fold(f"{plan.generation}/models")),
    wildcard_constraints:
        phase="final",


rule train_control:
    """Train a control on the labeled examples, as long as its settings or the students say.

    In the search, all its candidates on all inner folds.
    """
    input:
        examples=plan.examples,
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
        choices=plan.given_choices,
        histories=plan.control_histories,
    output:
        predictions=plan.per_fold(f"{plan.control('{phase}')}/predictions.npz"),
        history=f"{plan.results}/histories/train_control/{plan.method_job}/{{phase}}.json",
    log:
        f"{plan.results}/logs/train_control/{plan.method_job}/{{phase}}.log",
    benchmark:
        f"{plan.results}/benchmarks/train_control/{plan.method_job}/{{phase}}.tsv"
    wildcard_constraints:
        method=any_of(plan.controls["labeled"]),
        phase="search",
    conda:
        "../../envs/training.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identities=plan.identities,
        search=plan.search_settings,
        asked=plan.asked_fraction,
        whole_chain=plan.takes_whole_chain,
        training=plan.training,
        backend=plan.backend,
        code=plan.control_code,
    script:
        "../scripts/train_control.py"


use rule train_control as train_final_control with:
    output:
        predictions=plan.per_fold(f"{plan.control('{phase}')}/predictions.npz"),
        models=directory(plan.per_fold(f"{plan.control('{phase}')}/models")),
        history=f"{plan.results}/histories/train_control/{plan.method_job}/{{phase}}.json",
    wildcard_constraints:
        method=any_of(plan.controls["labeled"]),
        phase="final",


# The only training that is given all labels: of what could be learned from them at most.
use rule train_final_control as train_upper_bound with:
    input:
        examples=plan.examples,
        labels=plan.labels,
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
        choices=plan.given_choices,
        histories=plan.control_histories,
    wildcard_constraints:
        method=any_of(plan.controls["pool"]),
        phase="final",


rule select:
    """Select a candidate by its accuracy on the inner folds."""
    input:
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
        choices=plan.given_choices,
        teacher_choices=plan.teacher_choices,
        predictions=plan.searched_predictions,
    output:
        choices=plan.per_fold(f"{plan.method}/choice.json"),
    log:
        f"{plan.results}/logs/select/{plan.method_job}.log",
    localrule: True
    conda:
        "../../envs/training.yaml"
    params:
        identities=plan.identities,
        search=plan.search_settings,
        selection=plan.selection,
        code=code_digest("select"),
    script:
        "../scripts/select.py"
