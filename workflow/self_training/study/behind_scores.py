"""What a score depends on, of the config: settings, and other methods."""

from self_training.study import asked, methods, transformers

# What a dataset counts as in tests, and what its deployed model is asked, change no score.
_BEHIND_NONE = ("group", "predict")
# What makes synthetic texts is behind the scores of those alone that take some.
_OF_SYNTHETIC = ("generator",)


def settings_behind_score(config: dict, dataset: str, method: str) -> dict:
    """Return all settings that a method's scores on a dataset depend on."""
    shown = transformers.without_curves(config)
    names = [method, *behind(config, method)]
    takes_some = any(methods.settings(config, name)["synthetic"] for name in names)
    left_out = _BEHIND_NONE if takes_some else (*_BEHIND_NONE, *_OF_SYNTHETIC)
    everything = ("seed", "threads", "outer_folds", "inner_folds", "inner_repeats", "training")
    return {
        **{key: _sorted(shown[key]) for key in everything if key in shown},
        "dataset": {"name": dataset}
        | _sorted({k: v for k, v in config["datasets"][dataset].items() if k not in left_out}),
        "method": {"name": method}
        | {key: config["methods"][method].get(key) for key in (*methods.OF_CONTROLS, "match")}
        | methods.settings(config, method)
        | {"space": methods.full_space(config, method)},
        "others": {name: methods.settings(config, name) for name in behind(config, method)},
        "teachers": asked.teachers(config),
    }


def behind(config: dict, method: str) -> list[str]:
    """Return the other methods that a method's scores depend on.

    These are the ones that it takes a choice from, its teacher, of a control the one whose steps it
    takes, and those behind these.
    """
    direct = [
        methods.steps_of(config, method),
        methods.teacher(config, method),
        *methods.settings(config, method)["takes"],
    ]
    found: dict[str, None] = {}
    for name in direct:
        if name and name != method:
            found |= dict.fromkeys([name, *behind(config, name)])
    return list(found)


def _sorted(value):
    # So that a config whose keys are rearranged is the same config.
    return dict(sorted(value.items())) if isinstance(value, dict) else value
