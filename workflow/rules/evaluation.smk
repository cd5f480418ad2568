# Scores.
#
# Takes: the final predictions and pseudo-labels of every method, and the labels of the dataset;
#     scores from elsewhere, if the config names some.
# Gives: scores.json per fold and method, and the study's tables scores.csv, generations.csv
#     (pseudo-labels and students), reliability.csv (calibration) and timings.csv (training jobs).


rule evaluate:
    """Score a method's final chain on the outer test fold, and its pseudo-labels on their truth."""
    input:
        labels=dataset_labels,
        splits=per_fold(f"{FOLD}/split.npz"),
        choices=per_fold(f"{METHOD}/choice.json"),
        predictions=final_predictions,
        pseudo_labels=final_pseudo_labels,
        histories=final_histories,
    output:
        scores=per_fold(f"{METHOD}/scores.json"),
    log:
        f"{RESULTS}/logs/evaluate/{METHOD_JOB}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        identities=identities,
        provenance=score_provenance,
        code=code_digest("evaluate"),
    script:
        "../scripts/evaluate.py"


rule collect:
    """Gather all scores in tidy tables."""
    input:
        scores=all_scores,
        histories=all_histories,
        external=EXTERNAL_SCORES,
    output:
        scores=report(
            f"{RESULTS}/scores.csv",
            caption="../captions/scores.rst",
            category="Tables",
            labels={"Content": "Scores of all folds"},
        ),
        generations=f"{RESULTS}/generations.csv",
        reliability=f"{RESULTS}/reliability.csv",
        timings=f"{RESULTS}/timings.csv",
    log:
        f"{RESULTS}/logs/collect.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("collect"),
    script:
        "../scripts/collect.py"
