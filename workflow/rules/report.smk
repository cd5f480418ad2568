# Statistics and the workbook.
#
# Takes: scores.csv, generations.csv and timings.csv.
# Gives: statistics.json and report.xlsx.


rule test_significance:
    """Test the differences between methods over datasets."""
    input:
        scores=f"{RESULTS}/scores.csv",
    output:
        statistics=f"{RESULTS}/statistics.json",
    log:
        f"{RESULTS}/logs/test_significance.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("test_significance"),
    script:
        "../scripts/test_significance.py"


rule report:
    """Write the Excel workbook."""
    input:
        scores=f"{RESULTS}/scores.csv",
        generations=f"{RESULTS}/generations.csv",
        timings=f"{RESULTS}/timings.csv",
        statistics=f"{RESULTS}/statistics.json",
    output:
        report=f"{RESULTS}/report.xlsx",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../envs/analysis.yaml"
    params:
        config=config,
        code=code_digest("report"),
    script:
        "../scripts/report.py"
