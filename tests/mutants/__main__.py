"""The whole campaign, or some mutants: `uv run python tests/mutants [--jobs N] [NAME ...]`."""

import argparse
import sys
import time
from pathlib import Path

# A folder that is run is no package; tests import it as one.
sys.path.insert(0, str(Path(__file__).parents[1]))
from mutants.campaign import Outcome, judge_all, red_without_mutants
from mutants.table import MUTANTS


def main() -> int:
    """Print a table of mutants and what killed them.

    Returns: 0 when a test was seen to fail for every mutant, and none without any.
    """
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    parser = argparse.ArgumentParser(prog="python tests/mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a mutant; all when left out")
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at a time")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in by_name:
            parser.error(f"Expected one of {', '.join(by_name)}. Received: {name}.")
    chosen = [by_name[name] for name in arguments.names or by_name]

    started = time.perf_counter()
    red = red_without_mutants(chosen)
    for test, message in red:
        print(f"red without a mutant: {test} ({message})")
    print("| mutant | what is wrong | killed by | s |\n|---|---|---|---:|", flush=True)
    missed = []
    for verdict in judge_all(chosen, arguments.jobs):
        mutant, outcome, by = verdict.mutant, verdict.outcome, verdict.by
        if outcome != Outcome.KILLED:
            missed.append(verdict)
            by = f"**{outcome}** {by}".strip()
        print(f"| {mutant.name} | {mutant.wrong} | {by} | {verdict.seconds:.1f} |", flush=True)
    print(
        f"{len(chosen) - len(missed)} of {len(chosen)} mutants killed, {len(red)} tests red without"
        f" one, {time.perf_counter() - started:.0f} s"
    )
    return int(bool(missed or red))


if __name__ == "__main__":
    sys.exit(main())
