"""Errors that a user can put right; they are shown as one message, without a traceback."""


class StudyError(ValueError):
    """What was expected, what was received, and where."""


class NoSpaceError(StudyError):
    """A file system is full."""


class ConfigError(StudyError):
    """A study's config asks for something that cannot be."""

    @classmethod
    def of(cls, key: str, expected: str, received) -> "ConfigError":
        """Return the error of a config's key, with what is expected and what the config says."""
        return cls(f"{key}: Expected {expected}. Received: {received!r}.")


class DatasetError(StudyError):
    """A dataset is not what a study can use."""


class DownloadError(StudyError):
    """A file could not be fetched."""


class ScoresError(StudyError):
    """A table of scores from elsewhere is not what can be compared."""


class ModelError(StudyError):
    """The folder of a deployed model is not what can predict."""
