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
    """Draw a figure of the whole study."""
    input:
        scores=f"{RESULTS}/scores.csv",
        generations=f"{RESULTS}/generations.csv",
        reliability=f"{RESULTS}/reliability.csv",
        statistics=f"{RESULTS}/statistics.json",
    output:
        svg=report(
            f"{RESULTS}/figures/{{figure}}.svg",
            caption="../captions/figure.rst",
            category="Figures",
            labels=figure_labels,
        ),
        png=f"{RESULTS}/figures/{{figure}}.png",
    log:
        f"{RESULTS}/logs/plot/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(captions.TITLES),
    conda:
        "../../envs/analysis.yaml"
    params:
        caption=figure_caption,
        code=code_digest("plot"),
    script:
        "../scripts/plot.py"


rule plot_pseudo_labels:
    """Show images with their pseudo-labels, right and wrong, by confidence."""
    input:
        scores=f"{RESULTS}/runs/{{dataset}}/fold_0/{{method}}/scores.json",
        images=f"{DATA}/images.npy",
        classes=f"{DATA}/classes.json",
    output:
        svg=report(
            f"{RESULTS}/figures/pseudo_labels/{{dataset}}/{{method}}.svg",
            caption="../captions/figure.rst",
            category="Pseudo-labels",
            labels={"Dataset": "{dataset}", "Method": "{method}"},
        ),
        png=f"{RESULTS}/figures/pseudo_labels/{{dataset}}/{{method}}.png",
    log:
        f"{RESULTS}/logs/plot_pseudo_labels/{{dataset}}/{{method}}.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        caption=captions.PSEUDO_LABELS,
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
        figures=list(report_figures().values()),
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
        titles=list(report_figures()),
        code=code_digest("report"),
    script:
        "../scripts/report.py"
