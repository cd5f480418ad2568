# Datasets and their splits.
#
# Takes: the sources named in the config.
# Gives: images, labels, class names and names of images of each dataset, and the split of each outer
#     fold. The labels stay in a file of their own, which only make_splits and the evaluation are given:
#     a split holds the labels of the labeled examples and no others.


rule download:
    """Make an archive that is missing: the only rule that needs a network, so it runs locally."""
    output:
        archive="resources/{archive}.npz",
    log:
        f"{plan.results}/logs/download/{{archive}}.log",
    wildcard_constraints:
        archive=any_of(plan.missing_archives()),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=plan.archive_settings,
    script:
        "../scripts/download.py"


rule prepare_dataset:
    """Check a source, keep the chosen classes, and part images from labels."""
    input:
        files=plan.dataset_files,
    output:
        images=f"{plan.data}/images.npy",
        labels=f"{plan.data}/labels.npy",
        classes=f"{plan.data}/classes.json",
        ids=f"{plan.data}/ids.json",
    log:
        f"{plan.results}/logs/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{plan.results}/benchmarks/prepare_dataset/{{dataset}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        path=plan.dataset_path,
        settings=plan.dataset_settings,
        fingerprint=plan.dataset_fingerprint,
        code=code_digest("prepare_dataset"),
    script:
        "../scripts/prepare_dataset.py"


rule make_splits:
    """Make the outer folds of a dataset, and of each its labeled, unlabeled and inner parts."""
    input:
        labels=plan.labels,
        classes=plan.classes,
    output:
        splits=expand(f"{plan.fold}/split.npz", fold=plan.folds, allow_missing=True),
    log:
        f"{plan.results}/logs/make_splits/{{dataset}}.log",
    benchmark:
        f"{plan.results}/benchmarks/make_splits/{{dataset}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=plan.split_settings,
        code=code_digest("make_splits"),
    script:
        "../scripts/make_splits.py"
