# Datasets and their splits.
#
# Takes: the sources named in the config.
# Gives: images, labels and class names of each dataset, and the split of each outer fold. The labels
#     stay in a file of their own, which only make_splits and the evaluation are given: a split holds
#     the labels of the labeled examples and no others.


rule download:
    """Make an archive that is missing: the only rule that needs a network, so it runs locally."""
    output:
        archive="resources/{archive}.npz",
    log:
        f"{RESULTS}/logs/download/{{archive}}.log",
    wildcard_constraints:
        archive=any_of(missing_archives()),
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=archive_settings,
    script:
        "../scripts/download.py"


rule prepare_dataset:
    """Check a source, keep the chosen classes, and part images from labels."""
    input:
        files=dataset_path,
    output:
        images=f"{DATA}/images.npy",
        labels=f"{DATA}/labels.npy",
        classes=f"{DATA}/classes.json",
    log:
        f"{RESULTS}/logs/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/prepare_dataset/{{dataset}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        path=dataset_path,
        settings=dataset_settings,
        fingerprint=dataset_fingerprint,
        code=code_digest("prepare_dataset"),
    script:
        "../scripts/prepare_dataset.py"


rule make_splits:
    """Make the outer folds of a dataset, and of each its labeled, unlabeled and inner parts."""
    input:
        labels=dataset_labels,
        classes=dataset_classes,
    output:
        splits=expand(f"{FOLD}/split.npz", fold=FOLDS, allow_missing=True),
    log:
        f"{RESULTS}/logs/make_splits/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/make_splits/{{dataset}}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=split_settings,
        code=code_digest("make_splits"),
    script:
        "../scripts/make_splits.py"
