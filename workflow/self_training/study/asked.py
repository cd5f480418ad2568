"""What the chains of a study ask of those who teach them first: how many members, about what."""

from self_training.study import methods


def teachers(config: dict) -> dict:
    """Return what the methods ask of a fold's shared teachers.

    Returns: `final_members` and `search_members`, of the largest ensemble that is run in the final
        chains and in the search (0 when nothing is searched), and `unlabeled_fraction`, of the
        largest first slice.
    """
    asking = [
        name for name in config.get("methods", {}) if methods.is_of_shared_teachers(config, name)
    ]
    sizes = {name: methods.largest_ensemble(config, name) for name in asking}
    return {
        "final_members": max(sizes.values(), default=0),
        "search_members": max(
            (sizes[name] for name in asking if methods.searches(config, name)), default=0
        ),
        "unlabeled_fraction": _first_slice(config, asking),
    }


def of_control(config: dict, control: str) -> dict:
    """Return what chains ask a control which is their teacher, of `controls.runs`.

    Returns: `asked`, the largest first slice, as a fraction of the pool, 0 where it is no teacher;
        and `passes`, whether they ask how far passes with dropout are apart.
    """
    chains = methods.taught_by(config, control)
    passes = any(is_of_passes(config, name) for name in chains)
    return {"asked": _first_slice(config, chains), "passes": passes}


def is_of_passes(config: dict, name: str) -> bool:
    """Return whether a chain's uncertainty is of passes of one teacher with dropout, and not of
    several members."""
    if methods.settings(config, name)["uncertainty"] is None:
        return False
    members = methods.teaching_members(config, name)
    return bool(methods.generations(config, name)) and members == [1]


def _first_slice(config: dict, names: list[str]) -> float:
    spaces_of_chains = [
        methods.full_space(config, name) for name in names if methods.generations(config, name)
    ]
    fractions = [
        fraction or 1 for space in spaces_of_chains for fraction in space["unlabeled_fraction"]
    ]
    return max(fractions, default=0)
