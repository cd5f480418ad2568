"""Cleaning: what texts from web pages and news feeds carry along is taken out of them."""

import re
from html import unescape

from self_training.errors import DatasetError

# Named ones are asked for one by one: `Japan;` at the end of a clause is no character reference.
_NAMES = "quot|amp|lt|gt|nbsp|apos|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|eacute|pound|euro"
# Of `&#39;`, some collections have ` #39;`: the ampersand became a space.
_BARE_REFERENCE = re.compile(rf" ?(?<!\w)(#\d{{2,4}}|#x[0-9a-fA-F]{{2,4}}|{_NAMES});")
# As browsers see them: `a < b` is no tag.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
# Before a sign, one escapes it; elsewhere, and where there are more, they stand for line breaks.
_ESCAPE = re.compile(r"(?<!\\)\\(?=[$#%&_\"'])")
_BACKSLASHES = re.compile(r"\\+")


def clean_web(text: str) -> str:
    r"""Return a text without what is left of HTML and of escapes.

    Character references become characters, also those that have lost their ampersand (`Putin #39;s`
    becomes `Putin's`); tags become spaces; a backslash goes before a sign (`\$5` becomes `$5`), and
    becomes a space elsewhere, where it stands for a line break (`rocked the\embassy`).
    """
    # Twice, for what was escaped twice: `&amp;lt;`.
    text = unescape(unescape(text))
    text = unescape(_BARE_REFERENCE.sub(r"&\1;", text))
    text = _TAG.sub(" ", text)
    text = _BACKSLASHES.sub(" ", _ESCAPE.sub("", text))
    return without_margins(text.replace("\xa0", " "))


def without_margins(text: str) -> str:
    """Return a text without spaces around it and around its line breaks, and with one between
    words."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def strip(text: str) -> str:
    """Return a text without what is white around it."""
    return text.strip()


CLEANERS = {"none": strip, "web": clean_web}


def clean(texts: list[str], name: str) -> list[str]:
    """Return texts, cleaned as the setting `clean` says.

    Args:
        name: one of CLEANERS: `none` takes away nothing but what is white around a text.

    Raises: DatasetError, when there is no such name.
    """
    if name not in CLEANERS:
        raise DatasetError(f"clean: Expected one of {', '.join(CLEANERS)}. Received: {name!r}.")
    return [CLEANERS[name](text) for text in texts]
