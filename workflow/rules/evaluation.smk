# Scores.
#
# Takes: the final predictions and pseudo-labels of every method, and the labels of the dataset;
#     scores from elsewhere, if the config names some.
# Gives: scores.json per fold and method, and the study's tables scores.csv, generations.csv
#     (pseudo-labels and students), class_balance.csv (pseudo-labels of each class), reliability.csv
#     (calibration) and timings.csv (training jobs).


for part in PARTS:

    rule:
        """Score a method's final chain on the outer test fold, and its pseudo-labels on their truth."""
        name:
            part.rule("evaluate")
        input:
            labels=part.labels,
            test_labels=part.test_labels,
            foreign=part.foreign,
            classes=part.classes,
            splits=part.per_fold(f"{part.fold}/split.npz"),
            choices=part.per_fold(f"{part.method}/choice.json"),
            predictions=part.final_predictions,
            pseudo_labels=part.final_pseudo_labels,
            histories=part.final_histories,
            search_histories=part.search_histories,
            synthetic_labels=part.synthetic_labels,
            teachers=part.filtering_teachers,
        output:
            scores=part.per_fold(f"{part.method}/scores.json"),
        log:
            f"{part.results}/logs/evaluate/{part.method_job}.log",
        localrule: True
        conda:
            "../../envs/analysis.yaml"
        params:
            identities=part.identities,
            outer_folds=part.outer_folds,
            synthetic=part.synthetic_settings,
            thinned=part.thinned,
            provenance=part.score_provenance,
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
