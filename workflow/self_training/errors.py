"""Errors that a user can put right; they are shown as one message, without a traceback."""

LONGEST_SHOWN = 300


def shown(value) -> str:
    """Return a value as a message shows it: as Python writes it, and not a million characters."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"  # Which Python does not write.
    if len(text) > LONGEST_SHOWN:
        text = f"{text[:LONGEST_SHOWN]}... ({len(text)} characters)"
    return text


class StudyError(ValueError):
    """What was expected, what was received, and where."""


class NoSpaceError(StudyError):
    """A file system is full."""


class ConfigError(StudyError):
    """A study's config asks for something that cannot be."""

    @classmethod
    def of(cls, key: str, expected: str, received) -> "ConfigError":
        """Return the error of a config's key, with what is expected and what the config says."""
        return cls(f"{key}: Expected {expected}. Received: {shown(received)}.")


class DatasetError(StudyError):
    """A dataset is not what a study can use."""


class DownloadError(StudyError):
    """A file could not be fetched."""


class ScoresError(StudyError):
    """A table of scores from elsewhere is not what can be compared."""


class ModelError(StudyError):
    """The folder of a deployed model is not what can predict."""
