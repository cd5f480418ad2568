# Deployed models: what is taken away from a study when it has ended.
#
# Takes: statistics.json and scores.csv, which decide; labels, names and examples of a dataset; the
#     predictions of the cross-validation, which confidence is calibrated on.
# Gives: deployed/{dataset}/ with the networks, model.json, MODEL_CARD.md, predictions.csv of all
#     examples of unknown label, label_next.csv and label_next.json. What leads to them is in
#     runs/{dataset}/deployed/, as of an outer fold.

from self_training.study.plan_of_deployment import DeployedPlan

deployed = DeployedPlan(config, backend=plan.backend)


module deployed_training:
    snakefile:
        "deployed_training.smk"
    config:
        config


use rule * from deployed_training as deployed_*


rule make_deployed_split:
    """Give all known labels to the deployed model, and part them into inner folds."""
    input:
        labels=deployed.labels,
        classes=deployed.classes,
    output:
        split=f"{deployed.fold}/split.npz",
    log:
        f"{deployed.results}/logs/make_deployed_split/{{dataset}}.log",
    # A dataset that has no example of unknown label is found out before anything trains.
    priority: 1
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=deployed.split_settings,
        code=code_digest("make_deployed_split"),
    script:
        "../scripts/make_deployed_split.py"


checkpoint decide:
    """Decide which method is deployed, and say why."""
    input:
        scores=f"{deployed.results}/scores.csv",
        statistics=f"{deployed.results}/statistics.json",
    output:
        decision=deployed.decision,
    log:
        f"{deployed.results}/logs/decide/{{dataset}}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=deployed.decision_settings,
        code=code_digest("decide"),
    script:
        "../scripts/decide.py"


rule calibrate:
    """Fit the temperature of confidences on the outer test folds of the cross-validation."""
    input:
        labels=deployed.labels,
        test_labels=deployed.test_labels,
        splits=once_decided(deployed.held_out, "splits"),
        choices=once_decided(deployed.held_out, "choices"),
        predictions=once_decided(deployed.held_out, "predictions"),
    output:
        calibration=deployed.calibration,
    log:
        f"{deployed.results}/logs/calibrate/{{dataset}}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("calibrate"),
    script:
        "../scripts/calibrate.py"


rule assemble_networks:
    """Put transformers together: what was trained of them, and what they have from their files."""
    input:
        classes=deployed.classes,
        encoder=deployed.encoder_files,
        choice=once_decided(deployed.trained, "choice"),
        networks=once_decided(deployed.trained, "networks"),
    output:
        networks=temp(directory(deployed.assembled)),
    log:
        f"{deployed.results}/logs/assemble_networks/{{dataset}}.log",
    conda:
        "../../envs/texts.yaml"
    params:
        length=deployed.length,
        code=code_digest("assemble_networks"),
    script:
        "../scripts/assemble_networks.py"


rule deploy:
    """Put a model together that can be taken away, with the labels of all that had none."""
    input:
        files=deployed.dataset_files,
        examples=deployed.examples,
        shown=deployed.shown,
        classes=deployed.classes,
        ids=deployed.ids,
        checked=deployed.data_check,
        scores=f"{deployed.results}/scores.csv",
        split=f"{deployed.fold}/split.npz",
        decision=deployed.decision,
        calibration=deployed.calibration,
        choice=once_decided(deployed.chain, "choice"),
        predictions=once_decided(deployed.chain, "predictions"),
        pseudo_labels=once_decided(deployed.chain, "pseudo_labels"),
        histories=once_decided(deployed.chain, "histories"),
        networks=once_decided(deployed.chain, "networks"),
    output:
        model=directory(deployed.folder),
    log:
        f"{deployed.results}/logs/deploy/{{dataset}}.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=deployed.model_settings,
        provenance=deployed.provenance,
        code=deployed.deploying_code,
    script:
        "../scripts/deploy.py"
