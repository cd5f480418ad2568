# Statistics, figures and the workbook.
#
# Takes: scores.csv, generations.csv, class_balance.csv, reliability.csv and timings.csv; what was seen
#     of each dataset; for pictures of pseudo-labels the examples of a dataset, their names, and split and
#     scores of its first fold.
# Gives: statistics.json, figures/, report.xlsx and summary.md.

# Figures with their titles, and with pictures of pseudo-labels.
FIGURES = figures.titles(plan.config)
REPORT_FIGURES = plan.report_figures(FIGURES)


rule test_significance:
    """Test the differences between methods over datasets, and on each of them."""
    input:
        scores=f"{plan.results}/scores.csv",
    output:
        statistics=report(
            f"{plan.results}/statistics.json",
            caption="../captions/statistics.rst",
            category="Tables",
            labels={"Content": "Tests of the differences"},
        ),
    log:
        f"{plan.results}/logs/test_significance.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=plan.statistics,
        code=code_digest("test_significance"),
    script:
        "../scripts/test_significance.py"


rule plot:
    """Draw the figures of the whole study."""
    input:
        scores=f"{plan.results}/scores.csv",
        generations=f"{plan.results}/generations.csv",
        reliability=f"{plan.results}/reliability.csv",
        statistics=f"{plan.results}/statistics.json",
    output:
        svg=[
            report(
                f"{plan.results}/figures/{name}.svg",
                caption=f"../captions/{name}.rst",
                category="Figures",
                labels={"Figure": title},
            )
            for name, title in FIGURES.items()
        ],
        png=expand(f"{plan.results}/figures/{{name}}.png", name=FIGURES),
    log:
        f"{plan.results}/logs/plot.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        names=list(FIGURES),
        code=code_digest("plot"),
    script:
        "../scripts/plot.py"


rule plot_pseudo_labels:
    """Show examples with their pseudo-labels, right and wrong, by confidence."""
    input:
        scores=expand(
            f"{plan.fold}/{plan.shown_method()}/scores.json",
            dataset=plan.datasets,
            fold=0,
        ),
        examples=[plan.prepared(dataset, plan.prepared_as) for dataset in plan.datasets],
        classes=[plan.prepared(dataset, "classes.json") for dataset in plan.datasets],
        ids=[plan.prepared(dataset, "ids.json") for dataset in plan.datasets],
        splits=expand(f"{plan.fold}/split.npz", dataset=plan.datasets, fold=0),
    output:
        svg=[
            report(
                f"{plan.results}/figures/pseudo_labels/{dataset}.svg",
                caption="../captions/pseudo_labels.rst",
                category="Pseudo-labels",
                labels={"Dataset": dataset, "Method": plan.shown_method()},
            )
            for dataset in plan.datasets
        ],
        png=expand(
            f"{plan.results}/figures/pseudo_labels/{{dataset}}.png",
            dataset=plan.datasets,
        ),
    log:
        f"{plan.results}/logs/plot_pseudo_labels.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        drawn_by=plan.drawn_by,
        code=plan.drawing_code,
    script:
        "../scripts/plot_pseudo_labels.py"


if plan.generating:

    rule collect_synthetic:
        """Count what was generated and left out, and take some texts to look at."""
        input:
            **plan.counted_files(),
        output:
            counts=report(
                f"{plan.results}/synthetic.csv",
                caption="../captions/synthetic.rst",
                category="Tables",
                labels={"Content": "Synthetic texts"},
            ),
            examples=f"{plan.results}/synthetic_examples.json",
        log:
            f"{plan.results}/logs/collect_synthetic.log",
        localrule: True
        conda:
            "../../envs/analysis.yaml"
        params:
            **plan.counted(),
            code=code_digest("collect_synthetic"),
        script:
            "../scripts/collect_synthetic.py"


rule report:
    """Write the Excel workbook, and the answer on a page."""
    input:
        scores=f"{plan.results}/scores.csv",
        generations=f"{plan.results}/generations.csv",
        timings=f"{plan.results}/timings.csv",
        class_balance=f"{plan.results}/class_balance.csv",
        data_checks=plan.data_checks,
        statistics=f"{plan.results}/statistics.json",
        synthetic=plan.synthetic_tables(),
        figures=list(REPORT_FIGURES.values()),
    output:
        report=report(
            f"{plan.results}/report.xlsx",
            caption="../captions/report.rst",
            category="Tables",
            labels={"Content": "Workbook"},
        ),
        summary=report(
            f"{plan.results}/summary.md",
            caption="../captions/summary.rst",
            category="Tables",
            labels={"Content": "Does self-training help?"},
        ),
    log:
        f"{plan.results}/logs/report.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        config=plan.config,
        titles=list(REPORT_FIGURES),
        code=code_digest("report"),
    script:
        "../scripts/report.py"
