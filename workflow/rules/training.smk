# Teachers, pseudo-labels, students and the search.
#
# Takes: images and split of an outer fold; never the labels of the dataset.
# Gives: per fold, teachers/ (shared by all methods); per method, the candidates and the choice among
#     them, and per generation of the search and of the final chain pseudo-labels, predictions,
#     history and (final) models.


rule train_teachers:
    """Train generation 0 on the labeled examples: one batch for inner folds, final and members."""
    input:
        images=f"{DATA}/images.npy",
        split=f"{FOLD}/split.npz",
    output:
        search=f"{FOLD}/teachers/search.npz",
        final=f"{FOLD}/teachers/final.npz",
        history=f"{FOLD}/teachers/history.json",
        models=directory(f"{FOLD}/teachers/models"),
    params:
        identity=identity,
        teachers=TEACHERS,
        training=teacher_training,
        code=code_digest("generations", "batch"),
    log:
        f"{RESULTS}/logs/train_teachers/{{dataset}}/fold_{{fold}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_teachers/{{dataset}}/fold_{{fold}}.tsv"
    threads: config["threads"]
    resources:
        gpu=1,
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/train_teachers.py"


rule propose_candidates:
    """List the candidates of a method's search."""
    input:
        inherited=inherited_choice,
    output:
        candidates=f"{METHOD}/search/candidates.json",
    params:
        identity=identity,
        settings=search_settings,
        code=code_digest("search"),
    log:
        f"{RESULTS}/logs/propose_candidates/{{dataset}}/fold_{{fold}}/{{method}}.log",
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/propose_candidates.py"


rule pseudo_label:
    """Let the teachers of a generation label its unlabeled examples."""
    input:
        split=f"{FOLD}/split.npz",
        candidates=candidates,
        predictions=previous_predictions,
        previous=previous_pseudo_labels,
    output:
        pseudo_labels=f"{GENERATION}/pseudo_labels.npz",
    params:
        settings=labeling_settings,
        code=code_digest("generations", "search"),
    log:
        f"{RESULTS}/logs/pseudo_label/{{dataset}}/fold_{{fold}}/{{method}}/{{phase}}_{{generation}}.log",
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/pseudo_label.py"


rule train_students:
    """Train a generation of students of every candidate, inner fold and member (the search)."""
    input:
        images=f"{DATA}/images.npy",
        split=f"{FOLD}/split.npz",
        candidates=candidates,
        predictions=previous_predictions,
        pseudo_labels=rules.pseudo_label.output.pseudo_labels,
    output:
        predictions=f"{GENERATION}/predictions.npz",
        history=f"{GENERATION}/history.json",
    wildcard_constraints:
        phase="search",
    params:
        identity=identity,
        training=student_training,
        code=code_digest("generations", "batch", "search"),
    log:
        f"{RESULTS}/logs/train_students/{{dataset}}/fold_{{fold}}/{{method}}/{{phase}}_{{generation}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_students/{{dataset}}/fold_{{fold}}/{{method}}/{{phase}}_{{generation}}.tsv"
    threads: config["threads"]
    resources:
        gpu=1,
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/train_students.py"


use rule train_students as train_final_students with:
    output:
        predictions=f"{GENERATION}/predictions.npz",
        history=f"{GENERATION}/history.json",
        models=directory(f"{GENERATION}/models"),
    wildcard_constraints:
        phase="final",


rule select:
    """Select the candidate with the best accuracy on the inner folds."""
    input:
        split=f"{FOLD}/split.npz",
        candidates=f"{METHOD}/search/candidates.json",
        predictions=searched_predictions,
    output:
        choice=f"{METHOD}/choice.json",
    params:
        code=code_digest("generations", "search"),
    log:
        f"{RESULTS}/logs/select/{{dataset}}/fold_{{fold}}/{{method}}.log",
    conda:
        "../../envs/training.yaml"
    script:
        "../scripts/select.py"
