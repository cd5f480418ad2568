# Statistics, figures and the workbook.
#
# Takes: scores.csv, generations.csv, reliability.csv and timings.csv; for pictures of pseudo-labels
#     the images of a dataset and the scores of its first fold.
# Gives: statistics.json, figures/ and report.xlsx.


rule test_significance:
    """Test the differences between methods over datasets, and on each of them."""
    input:
        scores=f"{RESULTS}/scores.csv",
    output:
        statistics=report(
            f"{RESULTS}/statistics.json",
            caption="../captions/statistics.rst",
            category="Tables",
            labels={"Content": "Tests of the differences"},
        ),
    log:
        f"{RESULTS}/logs/test_significance.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=study.statistics(config),
        code=code_digest("test_significance"),
    script:
        "../scripts/test_significance.py"


rule plot:
    """Draw the figures of the whole study."""
    input:
        scores=f"{RESULTS}/scores.csv",
        generations=f"{RESULTS}/generations.csv",
        reliability=f"{RESULTS}/reliability.csv",
        statistics=f"{RESULTS}/statistics.json",
    output:
        svg=[
            report(
                f"{RESULTS}/figures/{name}.svg",
                caption=f"../captions/{name}.rst",
                category="Figures",
                labels={"Figure": title},
            )
            for name, title in FIGURES.items()
        ],
        png=expand(f"{RESULTS}/figures/{{name}}.png", name=FIGURES),
    log:
        f"{RESULTS}/logs/plot.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        names=list(FIGURES),
        code=code_digest("plot"),
    script:
        "../scripts/plot.py"


rule plot_pseudo_labels:
    """Show images with their pseudo-labels, right and wrong, by confidence."""
    input:
        scores=expand(f"{FOLD}/{SHOWN_METHOD}/scores.json", dataset=DATASETS, fold=0),
        images=[prepared(dataset, "images.npy") for dataset in DATASETS],
        classes=[prepared(dataset, "classes.json") for dataset in DATASETS],
    output:
        svg=[
            report(
                f"{RESULTS}/figures/pseudo_labels/{dataset}.svg",
                caption="../captions/pseudo_labels.rst",
                category="Pseudo-labels",
                labels={"Dataset": dataset, "Method": SHOWN_METHOD},
            )
            for dataset in DATASETS
        ],
        png=expand(f"{RESULTS}/figures/pseudo_labels/{{dataset}}.png", dataset=DATASETS),
    log:
        f"{RESULTS}/logs/plot_pseudo_labels.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("plot_pseudo_labels"),
    script:
        "../scripts/plot_pseudo_labels.py"


rule report:
    """Write the Excel workbook."""
    input:
        scores=f"{RESULTS}/scores.csv",
        generations=f"{RESULTS}/generations.csv",
        timings=f"{RESULTS}/timings.csv",
        statistics=f"{RESULTS}/statistics.json",
        figures=list(REPORT_FIGURES.values()),
    output:
        report=report(
            f"{RESULTS}/report.xlsx",
            caption="../captions/report.rst",
            category="Tables",
            labels={"Content": "Workbook"},
        ),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        config=config,
        titles=list(REPORT_FIGURES),
        code=code_digest("report"),
    script:
        "../scripts/report.py"
