"""What a mutant is."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A piece of wrong science.

    Attributes:
        name: what it is called on the command line.
        wrong: what is wrong with it, for whoever reads the table.
        file: relative to the package.
        old: text that stands in the file once.
        new: what stands there instead.
        tests: that must notice it, relative to `tests/`.
    """

    name: str
    wrong: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
