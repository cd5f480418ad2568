# Synthetic texts: what continues prompts, and what is left of that.
#
# Takes: texts of a dataset and the split of an outer fold, whose pool they are read of; no label but
#     those of the labeled examples in the split, of which nothing here takes notice.
# Gives: in generated/{dataset}/fold_{fold}/, adapted/, the generator that has read the pool (where the
#     config asks for it); generated.json, what it has written; filtered.json, why what was left out;
#     examples.npy and labels.npy, what is left, as networks are given it.


rule adapt_generator:
    """Train a causal language model on the texts of a pool, without labels."""
    input:
        texts=f"{plan.data}/texts.json",
        classes=f"{plan.data}/classes.json",
        split=plan.split_of_pool,
        files=plan.generator_files,
    output:
        record=f"{plan.generated}/adapted.json",
        model=directory(f"{plan.generated}/adapted"),
    log:
        f"{plan.results}/logs/adapt_generator/{{dataset}}/{plan.outer_fold}.log",
    benchmark:
        f"{plan.results}/benchmarks/adapt_generator/{{dataset}}/{plan.outer_fold}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.adapting),
    conda:
        "../../envs/texts.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identity=plan.identity_of_generator,
        settings=plan.adapting_settings,
        threads=plan.threads,
        fingerprint=plan.generator_fingerprint,
        code=code_digest("adapt_generator"),
    script:
        "../scripts/adapt_generator.py"


rule generate:
    """Continue prompts of every class."""
    input:
        texts=f"{plan.data}/texts.json",
        classes=f"{plan.data}/classes.json",
        split=plan.split_of_pool,
        files=plan.generator_files,
        adapted=plan.adapted_generator,
    output:
        generated=f"{plan.generated}/generated.json",
    log:
        f"{plan.results}/logs/generate/{{dataset}}/{plan.outer_fold}.log",
    benchmark:
        f"{plan.results}/benchmarks/generate/{{dataset}}/{plan.outer_fold}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.generating),
    conda:
        "../../envs/texts.yaml"
    threads: plan.threads
    resources:
        gpu=gpus.per_job(),
    params:
        identity=plan.identity_of_generator,
        settings=plan.generating_settings,
        threads=plan.threads,
        fingerprint=plan.generator_fingerprint,
        code=code_digest("generate"),
    script:
        "../scripts/generate.py"


rule filter_generated:
    """Leave out what is no text, or none of its own, and make arrays of the rest."""
    input:
        texts=f"{plan.data}/texts.json",
        classes=f"{plan.data}/classes.json",
        split=plan.split_of_pool,
        generated=f"{plan.generated}/generated.json",
        encoder=plan.encoder_files,
    output:
        filtered=f"{plan.generated}/filtered.json",
        examples=f"{plan.generated}/examples.npy",
        labels=f"{plan.generated}/labels.npy",
    log:
        f"{plan.results}/logs/filter_generated/{{dataset}}/{plan.outer_fold}.log",
    benchmark:
        f"{plan.results}/benchmarks/filter_generated/{{dataset}}/{plan.outer_fold}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.generating),
    conda:
        "../../envs/texts.yaml"
    threads: plan.threads
    params:
        filter=plan.filter_settings,
        transductive=plan.is_transductive,
        encoder=plan.encoder,
        settings=plan.encoder_settings,
        fingerprint=plan.encoder_fingerprint,
        code=plan.filtering_code,
    script:
        "../scripts/filter_generated.py"
