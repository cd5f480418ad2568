# Predictions of new examples.
#
# Takes: the folder of a deployed model; the files and folders that the config names (`predict`).
# Gives: predictions/{dataset}/{name}.csv, as the command line does (`self-training predict`).


rule predict:
    """Label new examples with a deployed model."""
    input:
        model=deployed.folder,
        examples=deployed.new_examples,
    output:
        labels=deployed.predicted,
    log:
        f"{deployed.results}/logs/predict/{{dataset}}/{{name}}.log",
    wildcard_constraints:
        name="[^/]+",
    conda:
        deployed.environment("../../envs/training.yaml")
    threads: deployed.threads
    resources:
        gpu=gpus.per_job(),
    params:
        fingerprint=deployed.new_fingerprint,
        code=deployed.predicting_code,
    script:
        "../scripts/predict.py"
