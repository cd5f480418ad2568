"""What a config says of the study as a whole."""

from self_training.study import budgets


def compares_only(config: dict) -> bool:
    """Return whether a study has no methods of its own, only scores from elsewhere."""
    return "external_scores" in config and not {"datasets", "methods"} & set(config)


def external_scores(config: dict) -> list[str]:
    """Return the files of scores from elsewhere."""
    paths = config.get("external_scores", [])
    return [paths] if isinstance(paths, str) else paths


def inner_folds(config: dict) -> int:
    """Return the number of inner folds; 0 when the study has none."""
    return config.get("inner_folds", 0)


def statistics(config: dict) -> dict:
    """Return the settings of the tests that the config, expanded, gives: `control`, `rope` and
    `budgets` (of `budgets.several`), those of them that it has."""
    settings = config.get("statistics", {})
    given = {key: settings[key] for key in ("control", "rope") if key in settings}
    return given | ({"budgets": budgets.several(config)} if budgets.several(config) else {})
