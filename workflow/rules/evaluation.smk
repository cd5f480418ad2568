# Scores.
#
# Takes: the final predictions and pseudo-labels of every method, and the labels of the dataset;
#     scores from elsewhere, if the config names some.
# Gives: scores.json per fold and method, and the study's tables scores.csv, generations.csv
#     (pseudo-labels and students), class_balance.csv (pseudo-labels of each class), reliability.csv
#     (calibration) and timings.csv (training jobs).


rule evaluate:
    """Score a method's final chain on the outer test fold, and its pseudo-labels on their truth."""
    input:
        labels=plan.labels,
        test_labels=plan.test_labels,
        classes=plan.classes,
        splits=plan.per_fold(f"{plan.fold}/split.npz"),
        choices=plan.per_fold(f"{plan.method}/choice.json"),
        predictions=plan.final_predictions,
        pseudo_labels=plan.final_pseudo_labels,
        histories=plan.final_histories,
        search_histories=plan.search_histories,
    output:
        scores=plan.per_fold(f"{plan.method}/scores.json"),
    log:
        f"{plan.results}/logs/evaluate/{plan.method_job}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        identities=plan.identities,
        outer_folds=plan.outer_folds,
        provenance=plan.score_provenance,
        code=code_digest("evaluate"),
    script:
        "../scripts/evaluate.py"


rule collect:
    """Gather all scores in tidy tables."""
    input:
        scores=plan.all_scores,
        histories=plan.all_histories,
        external=plan.external_scores,
    output:
        scores=report(
            f"{plan.results}/scores.csv",
            caption="../captions/scores.rst",
            category="Tables",
            labels={"Content": "Scores of all folds"},
        ),
        generations=f"{plan.results}/generations.csv",
        reliability=f"{plan.results}/reliability.csv",
        class_balance=f"{plan.results}/class_balance.csv",
        timings=f"{plan.results}/timings.csv",
    log:
        f"{plan.results}/logs/collect.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("collect"),
    script:
        "../scripts/collect.py"
