"""What the text on methods says of how pseudo-labels are selected, and by how many teachers."""

from self_training.report.words import either
from self_training.study import methods
from self_training.study.candidates import TEACHER_MEMBERS


def cited(config: dict) -> set[str]:
    """Return what is cited for the ways in which a study selects pseudo-labels."""
    found = set()
    for name in config["methods"]:
        settings = methods.settings(config, name)
        asked = {
            "curriculum_labeling": settings["curriculum"] is not None,
            "autogluon": bool(settings["share"]),
            "ups": settings["uncertainty"] is not None,
            "remixmatch": settings["align"],
        }
        found |= {reference for reference, is_asked in asked.items() if is_asked}
    return found


def aligned(settings: dict) -> str:
    """Return what is done to the teachers' probabilities, with a comma before it."""
    if not settings["align"]:
        return ""
    return (
        ", and multiplied by the share of their class among the labels over that among their "
        "predictions (distribution alignment; Berthelot et al. 2020)"
    )


def selected(settings: dict, space: dict) -> str:
    """Return which examples were given pseudo-labels.

    Args:
        settings, space: of the method, `methods.settings` and `methods.full_space`.
    """
    first = "of which the first teachers had" if settings["filter"] == "once" else "with"
    if settings["curriculum"] is not None:
        part = f"{100 * settings['curriculum']:g}%"
        text = (
            f"the {part} of them with the highest confidence in the first, and {part} more in each "
            "that followed (curriculum labeling; Cascante-Bonilla et al. 2021)"
        )
    else:
        text = f"those {first} a confidence above {either(space['threshold'])}"
    if settings["share"]:
        least, most = (f"{100 * settings['share'][key]:g}%" for key in ("at_least", "at_most"))
        text += (
            f", or above the next to it that selects {least} to {most} of them (the rule of "
            "AutoGluon; Erickson et al. 2020),"
        )
    if settings["uncertainty"] is not None:
        of_it = either(space.get("uncertainty", [settings["uncertainty"]]))
        link = ", if they had" if settings["curriculum"] is not None else " and"
        over = "the teachers' members"
        if space.get(TEACHER_MEMBERS, space["ensemble_size"]) == [1]:
            over = "ten passes with dropout"
        text += f"{link} a standard deviation of it over {over} below {of_it} (Rizve et al. 2021)"
    return text


def last_students(space: dict) -> str:
    """Return how many networks the last students are, where teachers are others, in parentheses.

    Args:
        space: of the method, `methods.full_space`.
    """
    if TEACHER_MEMBERS not in space:
        return ""
    return f" ({either(space['ensemble_size'])} in the last generation)"
