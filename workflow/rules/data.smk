# Datasets and their splits.
#
# Takes: the sources named in the config.
# Gives: examples (texts, and the arrays that an encoder makes of them), labels, class names, names of
#     examples and duplicates of each dataset, which examples are foreign, a look at these,
#     and the split of each outer fold. The labels, and which examples are foreign, stay in a file of their own, which only check_data,
#     make_splits and the evaluation are given: a split holds the labels of the labeled examples and no
#     others. What check_data finds knows hidden labels, too, and is given to the report alone.


rule download:
    """Make an archive that is missing. These rules alone need a network, so they run locally."""
    output:
        archive="resources/{archive}.npz",
    log:
        f"{plan.results}/logs/download/{{archive}}.log",
    wildcard_constraints:
        archive=any_of(plan.missing_archives()),
    priority: 4
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=plan.archive_settings,
        read=plan.reader,
    script:
        "../scripts/download.py"


rule download_split:
    """Fetch a split of a dataset on the Hugging Face hub that is missing, and list its files."""
    output:
        files="resources/huggingface/{split}.json",
    log:
        f"{plan.results}/logs/download_split/{{split}}.log",
    wildcard_constraints:
        split=any_of(plan.missing_splits()),
    priority: 4
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        split=plan.split_of_hub,
    script:
        "../scripts/download_split.py"


rule download_encoder:
    """Fetch an encoder of the Hugging Face hub that is missing, and list its files."""
    output:
        files="resources/encoders/{encoder}/encoder.json",
    log:
        f"{plan.results}/logs/download_encoder/{{encoder}}.log",
    wildcard_constraints:
        encoder=any_of(plan.missing_encoders()),
    priority: 4
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        encoder=plan.encoder_of_hub,
    script:
        "../scripts/download_encoder.py"


rule prepare_dataset:
    """Check a source, keep the chosen classes, and part examples from labels."""
    input:
        files=plan.dataset_files,
    output:
        examples=f"{plan.data}/{plan.prepared_as}",
        labels=f"{plan.data}/labels.npy",
        classes=f"{plan.data}/classes.json",
        ids=f"{plan.data}/ids.json",
        duplicates=f"{plan.data}/duplicates.json",
        test_labels=f"{plan.data}/test_labels.npy",
        foreign=f"{plan.data}/foreign.npy",
    log:
        f"{plan.results}/logs/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{plan.results}/benchmarks/prepare_dataset/{{dataset}}.tsv"
    # What is wrong with any dataset is known before one is trained on.
    priority: 3
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=memory_of_preparing,
    params:
        path=plan.dataset_path,
        settings=plan.dataset_settings,
        read=plan.reader,
        compared_by=plan.compared_by,
        checked_by=plan.checked_by,
        fingerprint=plan.dataset_fingerprint,
        code=plan.preparing_code,
    script:
        "../scripts/prepare_dataset.py"


rule encode:
    """Make arrays of texts, which networks are given: ids of words, or vectors."""
    input:
        texts=f"{plan.data}/texts.json",
        encoder=plan.encoder_files,
    output:
        examples=f"{plan.data}/examples.npy",
    log:
        f"{plan.results}/logs/encode/{{dataset}}.log",
    benchmark:
        f"{plan.results}/benchmarks/encode/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.texts),
    conda:
        "../../envs/texts.yaml"
    threads: plan.threads
    params:
        encoder=plan.encoder,
        settings=plan.encoder_settings,
        fingerprint=plan.encoder_fingerprint,
        code=plan.encoding_code,
    script:
        "../scripts/encode.py"


rule check_data:
    """Look at a dataset: duplicates, shift between labeled and unlabeled, balance of the classes."""
    input:
        examples=f"{plan.data}/{plan.prepared_as}",
        labels=f"{plan.data}/labels.npy",
        classes=f"{plan.data}/classes.json",
        duplicates=f"{plan.data}/duplicates.json",
        foreign=f"{plan.data}/foreign.npy",
    output:
        checked=f"{plan.data}/data_check.json",
    log:
        f"{plan.results}/logs/check_data/{{dataset}}.log",
    # Before anything is split or trained, which does not wait for it: a change of what is looked at
    # trains nothing anew.
    priority: 1
    conda:
        "../../envs/analysis.yaml"
    params:
        identity=plan.dataset_identity,
        budgets=plan.budget_settings,
        compared_by=plan.compared_by,
        least_sides=tried.least_sides(plan.config),
        code=plan.checking_code,
    script:
        "../scripts/check_data.py"


for partition in plan.partitions:

    rule:
        """Make the outer folds of a dataset, and of each its labeled, unlabeled and inner parts.

        A rule per repeat and training seed: one more leaves the splits of the others alone.
        """
        name:
            partition.rule
        input:
            labels=plan.labels,
            classes=plan.classes,
            foreign=plan.foreign,
        output:
            splits=expand(
                f"{plan.fold}/split.npz", fold=partition.folds, allow_missing=True
            ),
        log:
            f"{plan.results}/logs/{partition.rule}/{{dataset}}.log",
        benchmark:
            f"{plan.results}/benchmarks/{partition.rule}/{{dataset}}.tsv"
        priority: 2
        localrule: True
        conda:
            "../../envs/analysis.yaml"
        params:
            settings=plan.split_settings,
            repeat=partition.repeat,
            code=code_digest("make_splits"),
        script:
            "../scripts/make_splits.py"
