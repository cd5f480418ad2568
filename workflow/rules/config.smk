# Looks at the config's file, before Snakemake reads the default one; one of --configfile it has read.
#
# Takes: config.yaml, or what --configfile names.
# Gives: `PACKAGE_PATH`, where the package is found from here on, in jobs, too; a file that is no plain
#     config ends here.

import os
import sys

from snakemake.exceptions import WorkflowError

PACKAGE_PATH = os.path.join(workflow.basedir, "workflow")
sys.path.insert(0, PACKAGE_PATH)
os.environ.update(
    PYTHONPATH=os.pathsep.join(
        filter(None, [PACKAGE_PATH, os.environ.get("PYTHONPATH")])
    ),
    # As many threads as there are cores, which NumPy takes otherwise, are no gain for arrays as small as
    # these: on cores that others use, too, they take ten times as long. And sums would be rounded
    # according to the machine.
    OPENBLAS_NUM_THREADS="1",
)

from self_training import places
from self_training.errors import StudyError
from self_training.study.config_file import check_file

try:
    places.check_name(workflow.basedir)
    for configfile_path in workflow.overwrite_configfiles or ["config.yaml"]:
        check_file(configfile_path)
except StudyError as error:
    raise WorkflowError(str(error)) from None
