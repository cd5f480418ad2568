# Teachers, pseudo-labels, students and the search.
#
# Takes: examples and split of an outer fold; never the labels of the dataset, but for the upper bound.
# Gives: per fold, weights of a transformer that is adapted to its texts, where the study asks for
#     that, and teachers/ (shared by all methods); per method, the choice among its candidates, and
#     per generation of the search and of the final chain pseudo-labels, predictions and (final)
#     models; per training job, a history.
#
# Each rule stands for one per part of the outer folds (`jobs`, `folds_per_job`): a rule's files have the
# same wildcards, so those of some folds are a rule's own.


from itertools import product

PARTS = plan.in_parts()
# Rules of the search and of the final chain, whose networks alone are kept.
STUDENTS = {"search": "train_students", "final": "train_final_students"}
# Rules of controls: of what phase, and on which labels. The upper bound alone is given all of them.
CONTROLS = [
    ("train_control", "search", "labeled"),
    ("train_final_control", "final", "labeled"),
    ("train_upper_bound", "final", "pool"),
]
# Of consistency training.
CONSISTENCY = {"search": "train_consistency", "final": "train_final_consistency"}


rule adapt_encoder:
    """Adapt a transformer to the texts outside a test fold, without labels, before it is trained."""
    input:
        examples=f"{plan.data}/examples.npy",
        split=plan.adapted_split,
    output:
        adapted=directory(plan.adapted_folder),
        history=f"{plan.results}/histories/adapt_encoder/{plan.adaptation_job}.json",
    log:
        f"{plan.results}/logs/adapt_encoder/{plan.adaptation_job}.log",
    benchmark:
        f"{plan.results}/benchmarks/adapt_encoder/{plan.adaptation_job}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.adapted_datasets()),
    conda:
        "../../envs/texts.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identity=plan.adaptation_identity,
        training=plan.adaptation_training,
        code=plan.adaptation_code,
    script:
        "../scripts/adapt_encoder.py"


for part in PARTS:

    rule:
        """Train generation 0 on the labeled examples: one batch for inner folds, final and members."""
        name:
            part.rule("train_teachers")
        input:
            examples=part.examples,
            adapted=part.adapted,
            splits=part.per_fold(f"{part.fold}/split.npz"),
            synthetic=part.synthetic_of_teachers,
        output:
            search=part.per_fold(f"{part.fold}/teachers/search.npz"),
            final=part.per_fold(f"{part.fold}/teachers/final.npz"),
            models=directory(part.per_fold(f"{part.fold}/teachers/models")),
            history=f"{part.results}/histories/train_teachers/{part.job}.json",
        log:
            f"{part.results}/logs/train_teachers/{part.job}.log",
        benchmark:
            f"{part.results}/benchmarks/train_teachers/{part.job}.tsv"
        conda:
            part.environment("../../envs/training.yaml")
        threads: part.threads
        resources:
            gpu=gpus.per_job(),
        params:
            identities=part.identities,
            teachers=part.teachers,
            training=part.training,
            backend=part.backend,
            code=part.teacher_code,
        script:
            "../scripts/train_teachers.py"


for part, phase in product(PARTS, STUDENTS):

    rule:
        """Let teachers label a generation's unlabeled examples, and train students on them.

        All candidates and inner folds of the search are one job; so is the final chain.
        """
        name:
            part.rule(STUDENTS[phase])
        input:
            examples=part.examples,
            adapted=part.adapted,
            splits=part.per_fold(f"{part.fold}/split.npz"),
            choices=part.given_choices,
            teacher_choices=part.teacher_choices,
            predictions=part.previous_predictions,
            previous=part.previous_pseudo_labels,
            synthetic=part.synthetic,
            synthetic_labels=part.synthetic_labels,
            teachers=part.filtering_teachers,
        output:
            **(
                {"models": directory(part.per_fold(f"{part.generation}/models"))}
                if phase == "final"
                else {}
            ),
            pseudo_labels=part.per_fold(f"{part.generation}/pseudo_labels.npz"),
            predictions=part.per_fold(f"{part.generation}/predictions.npz"),
            history=f"{part.results}/histories/train_students/{part.generation_job}.json",
        log:
            f"{part.results}/logs/train_students/{part.generation_job}.log",
        benchmark:
            f"{part.results}/benchmarks/train_students/{part.generation_job}.tsv"
        wildcard_constraints:
            phase=phase,
        conda:
            part.environment("../../envs/training.yaml")
        threads: part.threads
        resources:
            gpu=gpus.per_job(),
        params:
            identities=part.identities,
            search=part.search_settings,
            labeling=part.labeling_settings,
            synthetic=part.synthetic_settings,
            training=part.training,
            backend=part.backend,
            code=part.student_code,
        script:
            "../scripts/train_students.py"


for part, (rule_name, phase, given) in product(PARTS, CONTROLS):

    rule:
        """Train a control on the labeled examples, as long as its settings or the students say.

        In the search, all its candidates on all inner folds.
        """
        name:
            part.rule(rule_name)
        input:
            **({"labels": part.labels} if given == "pool" else {}),
            examples=part.examples,
            adapted=part.adapted,
            splits=part.per_fold(f"{part.fold}/split.npz"),
            choices=part.given_choices,
            histories=part.control_histories,
            synthetic=part.synthetic,
            synthetic_labels=part.synthetic_labels,
            teachers=part.filtering_teachers,
        output:
            **(
                {
                    "models": directory(
                        part.per_fold(f"{part.control('{phase}')}/models")
                    )
                }
                if phase == "final"
                else {}
            ),
            predictions=part.per_fold(f"{part.control('{phase}')}/predictions.npz"),
            history=f"{part.results}/histories/train_control/{part.method_job}/{{phase}}.json",
        log:
            f"{part.results}/logs/train_control/{part.method_job}/{{phase}}.log",
        benchmark:
            f"{part.results}/benchmarks/train_control/{part.method_job}/{{phase}}.tsv"
        wildcard_constraints:
            method=any_of(part.controls[given]),
            phase=phase,
        conda:
            part.environment("../../envs/training.yaml")
        threads: part.threads
        resources:
            gpu=gpus.per_job(),
        params:
            identities=part.identities,
            search=part.search_settings,
            asked=part.asked_of_control,
            whole_chain=part.takes_whole_chain,
            synthetic=part.synthetic_settings,
            training=part.training,
            backend=part.backend,
            code=part.control_code,
        script:
            "../scripts/train_control.py"


for part, phase in product(PARTS, CONSISTENCY):

    rule:
        """Train a method of consistency training on labeled and unlabeled examples, without their labels.

        In the search, all its candidates on all inner folds.
        """
        name:
            part.rule(CONSISTENCY[phase])
        input:
            examples=part.examples,
            splits=part.per_fold(f"{part.fold}/split.npz"),
            choices=part.given_choices,
            histories=part.control_histories,
        output:
            **(
                {
                    "models": directory(
                        part.per_fold(f"{part.control('{phase}')}/models")
                    )
                }
                if phase == "final"
                else {}
            ),
            predictions=part.per_fold(f"{part.control('{phase}')}/predictions.npz"),
            history=f"{part.results}/histories/train_consistency/{part.method_job}/{{phase}}.json",
        log:
            f"{part.results}/logs/train_consistency/{part.method_job}/{{phase}}.log",
        benchmark:
            f"{part.results}/benchmarks/train_consistency/{part.method_job}/{{phase}}.tsv"
        wildcard_constraints:
            method=any_of(part.of_consistency),
            phase=phase,
        conda:
            part.environment("../../envs/training.yaml")
        threads: part.threads
        resources:
            gpu=gpus.per_job(),
        params:
            identities=part.identities,
            search=part.search_settings,
            asked=part.asked_of_control,
            whole_chain=part.takes_whole_chain,
            synthetic=part.synthetic_settings,
            training=part.training,
            backend=part.backend,
            code=part.consistency_code,
        script:
            "../scripts/train_consistency.py"


for part in PARTS:

    rule:
        """Select a candidate by its accuracy on the inner folds."""
        name:
            part.rule("select")
        input:
            splits=part.per_fold(f"{part.fold}/split.npz"),
            choices=part.given_choices,
            teacher_choices=part.teacher_choices,
            predictions=part.searched_predictions,
        output:
            choices=part.per_fold(f"{part.method}/choice.json"),
        log:
            f"{part.results}/logs/select/{part.method_job}.log",
        localrule: True
        conda:
            "../../envs/training.yaml"
        params:
            identities=part.identities,
            search=part.search_settings,
            selection=part.selection,
            code=code_digest("select"),
        script:
            "../scripts/select.py"
