"""The command line: `self-training predict`, or `python -m self_training predict`."""

import argparse
import sys
from pathlib import Path

from self_training.errors import StudyError


def main(arguments: list[str] | None = None) -> None:
    """Run what a command line asks for, and end with a message alone where it can't be.

    Args:
        arguments: after the name of the program; those that it was started with when None.
    """
    parser = argparse.ArgumentParser(
        prog="self-training",
        description="Use the models that studies of self-training have deployed.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "predict",
        help="label new examples with a deployed model",
        description="Label new examples with a deployed model.",
    )
    command.add_argument("model", type=Path, help="folder of a deployed model")
    command.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="file or folder of the kind of the model: images, .npz archives, tables "
        "(docs/predict.md); - for one text from standard input",
    )
    command.add_argument(
        "--output",
        type=Path,
        help="CSV file to write; replaced if it is there (default: standard output)",
    )
    command.add_argument(
        "--format",
        choices=["csv", "kaggle"],
        default="csv",
        help="csv (default): label, confidence, agreement of the networks, probability of each "
        "class, and columns that were in the file; kaggle: ID,Label",
    )
    asked = parser.parse_args(arguments)
    # Here, so that a command line that can't be understood is answered at once.
    from self_training.deployment.predict import predict

    try:
        predict(asked.model, asked.paths, asked.output, asked.format)
    except StudyError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
