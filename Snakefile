# A study of self-training: teachers, pseudo-labels, successive students, tests of the differences.
#
# Takes: a config (config.yaml, or the one given by --configfile), described key by key in
#     workflow/schemas/config.schema.yaml.
# Gives: results/{study}/summary.md, the answer on a page, and report.xlsx; beside them scores.csv,
#     generations.csv and statistics.json; with `deploy` a model per dataset in
#     results/{study}/deployed/{dataset}/, and what it says of new examples (`predict`) in
#     results/{study}/predictions/{dataset}/.

from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/config.smk"


# A config of one's own replaces the default study; merging the two would mix their datasets.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/captions/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/report.smk"


if tried.own_backbones(plan.config):

    include: "workflow/rules/backbones.smk"


if plan.generating:

    include: "workflow/rules/synthetic.smk"


if "deploy" in config:

    include: "workflow/rules/deployment.smk"
    include: "workflow/rules/prediction.smk"


# The places of all outputs are known now, and nothing has looked at them yet.
if workflow.is_main_process:
    try:
        places.of_rules(workflow.rules).check()
    except StudyError as error:
        raise WorkflowError(str(error)) from None


rule all:
    """Run the whole study."""
    default_target: True
    input:
        f"{plan.results}/report.xlsx",
        f"{plan.results}/summary.md",
        deployed.folders() + deployed.predictions() if "deploy" in config else [],
        [
            f"{plan.results}/datasets/{dataset}/backbones.json"
            for dataset in plan.sources
            if tried.own_backbones(plan.config)
        ],


rule download_all:
    """Fetch every dataset and every encoder, and stop, for machines that compute without a network."""
    input:
        plan.archives(),
        plan.encoders_of_hub(),
