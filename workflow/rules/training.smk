# Teachers, pseudo-labels, students and the search.
#
# Takes: images and split of an outer fold; never the labels of the dataset, but for the upper bound.
# Gives: per fold, teachers/ (shared by all methods); per method, the choice among its candidates, and
#     per generation of the search and of the final chain pseudo-labels, predictions and (final)
#     models; per training job, a history.


rule train_teachers:
    """Train generation 0 on the labeled examples: one batch for inner folds, final and members."""
    input:
        images=dataset_images,
        splits=per_fold(f"{FOLD}/split.npz"),
    output:
        search=per_fold(f"{FOLD}/teachers/search.npz"),
        final=per_fold(f"{FOLD}/teachers/final.npz"),
        models=directory(per_fold(f"{FOLD}/teachers/models")),
        history=f"{RESULTS}/histories/train_teachers/{JOB}.json",
    log:
        f"{RESULTS}/logs/train_teachers/{JOB}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_teachers/{JOB}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=1,
    params:
        identities=identities,
        teachers=TEACHERS,
        training=teacher_training,
        backbone=teacher_backbone,
        backend=BACKEND,
        code=code_digest("train_teachers"),
    script:
        "../scripts/train_teachers.py"


rule train_students:
    """Let teachers label a generation's unlabeled examples, and train students on them.

    All candidates and inner folds of the search are one job; so is the final chain.
    """
    input:
        images=dataset_images,
        splits=per_fold(f"{FOLD}/split.npz"),
        choices=given_choices,
        predictions=previous_predictions,
        previous=previous_pseudo_labels,
    output:
        pseudo_labels=per_fold(f"{GENERATION}/pseudo_labels.npz"),
        predictions=per_fold(f"{GENERATION}/predictions.npz"),
        history=f"{RESULTS}/histories/train_students/{GENERATION_JOB}.json",
    log:
        f"{RESULTS}/logs/train_students/{GENERATION_JOB}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_students/{GENERATION_JOB}.tsv"
    wildcard_constraints:
        phase="search",
    conda:
        "../../envs/training.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=1,
    params:
        identities=identities,
        search=search_settings,
        labeling=labeling_settings,
        training=student_training,
        backbone=student_backbone,
        backend=BACKEND,
        code=code_digest("train_students"),
    script:
        "../scripts/train_students.py"


use rule train_students as train_final_students with:
    output:
        pseudo_labels=per_fold(f"{GENERATION}/pseudo_labels.npz"),
        predictions=per_fold(f"{GENERATION}/predictions.npz"),
        history=f"{RESULTS}/histories/train_students/{GENERATION_JOB}.json",
        models=directory(per_fold(f"{GENERATION}/models")),
    wildcard_constraints:
        phase="final",


rule train_control:
    """Train a control on the labeled examples, for as many steps as the students of a method."""
    input:
        images=dataset_images,
        splits=per_fold(f"{FOLD}/split.npz"),
        histories=control_histories,
    output:
        predictions=per_fold(f"{METHOD}/control/predictions.npz"),
        models=directory(per_fold(f"{METHOD}/control/models")),
        history=f"{RESULTS}/histories/train_control/{METHOD_JOB}.json",
    log:
        f"{RESULTS}/logs/train_control/{METHOD_JOB}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_control/{METHOD_JOB}.tsv"
    wildcard_constraints:
        method=any_of(CONTROLS["labeled"]),
    conda:
        "../../envs/training.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=1,
    params:
        identities=identities,
        members=control_members,
        training=student_training,
        backbone=student_backbone,
        backend=BACKEND,
        code=code_digest("train_control"),
    script:
        "../scripts/train_control.py"


# The only training that is given all labels: of what could be learned from them at most.
use rule train_control as train_upper_bound with:
    input:
        images=dataset_images,
        labels=dataset_labels,
        splits=per_fold(f"{FOLD}/split.npz"),
        histories=control_histories,
    wildcard_constraints:
        method=any_of(CONTROLS["pool"]),


rule select:
    """Select the candidate with the best accuracy on the inner folds."""
    input:
        splits=per_fold(f"{FOLD}/split.npz"),
        choices=given_choices,
        predictions=searched_predictions,
    output:
        choices=per_fold(f"{METHOD}/choice.json"),
    log:
        f"{RESULTS}/logs/select/{METHOD_JOB}.log",
    conda:
        "../../envs/training.yaml"
    params:
        identities=identities,
        search=search_settings,
        code=code_digest("select"),
    script:
        "../scripts/select.py"
