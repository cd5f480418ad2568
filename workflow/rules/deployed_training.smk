# The rules of training.smk for deployed models: the same ones, with another plan.
#
# Takes: the study's config; the split of all known labels; once a method is decided, requests for
#     what it is made of.
# Gives: what training.smk gives, in runs/{dataset}/deployed/ in the place of an outer fold.

import os

from self_training import gpus
from self_training.digests import code_digest
from self_training.study.plan import any_of
from self_training.study.plan_of_deployment import DeployedPlan

plan = DeployedPlan(config, backend=os.environ.get("KERAS_BACKEND", "tensorflow"))


# Those of common.smk are not a module's.
wildcard_constraints:
    dataset="[^/]+",
    method="[^/]+",
    phase="search|final",
    generation=r"\d+",


include: "training.smk"


if plan.generating:

    include: "synthetic.smk"
