"""A paragraph for a paper: what a study did, with its actual settings, and whom to cite."""

from importlib.metadata import PackageNotFoundError, version

from self_training.report import (
    axes,
    consistency_text,
    encoders_text,
    methods_of_data,
    optimizer_text,
    selection_text,
    synthetic_text,
    transformers_text,
)
from self_training.report.references import REFERENCES
from self_training.report.words import count, join
from self_training.report.words import either as _values
from self_training.study import methods, trainings, transformers
from self_training.study.candidates import TEACHER_MEMBERS
from self_training.study.config import compares_only, external_scores


def write(config: dict, statistics: dict, unknown: dict[str, int]) -> str:
    """Return the text, paragraphs separated by empty lines, and its references.

    Args:
        config: of the study.
        statistics: what `statistics.json` holds (see `findings.describe`).
        unknown: how many examples of unknown label datasets have, of those that have any.
    """
    tests, cited = _statistics(statistics)
    paragraphs = []
    packages = ["scipy", "statsmodels", "scikit-posthocs", "baycomp"]
    if not compares_only(config):
        paragraphs += [methods_of_data.write(config, unknown), _training(config)]
        paragraphs += filter(None, [synthetic_text.write(config)])
        paragraphs += [_method(config, name) for name in config["methods"]]
        cited += optimizer_text.cited(config)
        frameworks = ["tensorflow", "keras"]
        if transformers.is_trained(config):
            frameworks = transformers_text.PACKAGES
        packages = [*frameworks, "scikit-learn", *packages]
        if any(methods.generations(config, name) for name in config["methods"]):
            cited += ["noisy_student"]
        cited += ["bouthillier"] if config.get("seeds", 1) > 1 else []
        cited += methods_of_data.cited(config)
        if config.get("selection") == methods.ONE_STANDARD_ERROR:
            cited += ["breiman"]
        cited += sorted(
            (_ingredients(config) & set(REFERENCES))
            | transformers_text.cited(config)
            | synthetic_text.cited(config)
        )
    external = external_scores(config)
    if external:
        paragraphs.append(f"Scores of other systems were taken from {join(external)}.")
    paragraphs.append(f"{tests} Software: {_software(packages)}.")
    paragraphs.append("References. " + " ".join(sorted(REFERENCES[name] for name in cited)))
    return "\n\n".join(paragraphs)


def _ingredients(config: dict) -> set[str]:
    """Return the names of the backbones and kinds of noise that a study trains with."""
    found = {config["training"]["backbone"], *encoders_text.names(config)}
    for dataset in config["datasets"]:
        for name in config["methods"]:
            for generation in methods.generations(config, name) or [1]:
                settings = trainings.training(config, dataset, name, generation)
                found |= {settings["backbone"], settings["noise"]["policy"]}
                if settings["noise"]["survival"] < 1:
                    found.add("stochastic_depth")
                if settings["weight_decay"] and settings["optimizer"] == "adam":
                    found.add("adamw")
                if "consistency" in settings:
                    said = settings["consistency"]
                    found |= {said["method"], said["strong"]["policy"]}
                if settings["distillation"] != 1:
                    found.add("distillation")
    return found | selection_text.cited(config)


def _training(config: dict) -> str:
    training, begun = config["training"], transformers_text.begun(config)
    lengths = list(dict.fromkeys(_length(settings) for settings in config["datasets"].values()))
    return (
        f"Networks ({training['backbone']}, where nothing else is said) were {begun} "
        f"with {optimizer_text.NAMES[training.get('optimizer', 'adam')]}; learning rate "
        f"{training['learning_rate']:g}, batches of "
        f"{training['batch_size']}{optimizer_text.settings(training)}) for {join(lengths)}"
        f"{' (by dataset)' if len(lengths) > 1 else ''}, with seeds derived from {config['seed']}."
        f"{transformers_text.adapted(config, methods_of_data.outside(config))}"
    )


def _length(settings: dict) -> str:
    """Return how long networks are trained; '' where settings do not say."""
    if settings.get("steps"):
        return count(settings["steps"], "gradient step")
    return count(settings["epochs"], "epoch") if settings.get("epochs") else ""


def _method(config: dict, name: str) -> str:
    settings, space = methods.settings(config, name), methods.full_space(config, name)
    if methods.kind(config, name) == methods.CONTROL:
        return _control(config, name)
    if methods.kind(config, name) == methods.CONSISTENCY:
        how = f"{_how(config, name)}. {_search(config, name)}"
        text = f"{consistency_text.describe(config, name)}, {how}"
        return text + consistency_text.of_length(config, name)
    if max(space["generations"]) == 0:
        members = _values(space["ensemble_size"])
        kind = "one network" if members == "1" else f"the mean of {members} networks"
        return f"{name}: {kind}, trained on the labeled examples alone."
    balance = {
        "none": "were not balanced over the classes",
        "undersample": "were balanced by leaving out the least confident of frequent classes",
        "sample": "were balanced by leaving out examples of frequent classes at random",
        "quota": "were balanced by the same quota for every class, with duplicates of rare classes",
    }[settings["balance"]]
    if settings["quota"]:
        balance = balance.replace("the same quota", f"a quota of {settings['quota']}")
    if settings["filter"] == "once":
        balance = balance.replace("were balanced", "were balanced once")
    if settings["schedule"] == "all":
        labeled = "labeled all unlabeled examples anew"
    elif settings["schedule"] == "rest":
        labeled = "labeled all unlabeled examples that no student had learned"
    else:
        slices = " or ".join(f"{100 * fraction:g}%" for fraction in space["unlabeled_fraction"])
        where = methods_of_data.outside(config)
        labeled = f"labeled a fresh {slices} of the examples outside the test {where}"
    kind = settings["labels"]
    if settings["temperature"] != 1 or "temperature" in space:
        kind += f" (temperature {_values(space.get('temperature', [settings['temperature']]))})"
    ratio = settings["unlabeled_ratio"]
    mixed = f", {ratio:g} of the former per one of the latter in every batch" if ratio else ""
    if settings["distillation"]:
        mixed += (
            ", the former by a softmax of the same temperature, with gradients times its square "
            "(distillation; Hinton et al. 2015)"
        )
    return (
        f"{name}: self-training after Xie et al. (2020), {_values(space['generations'])} "
        "generations. In each, teachers "
        f"({_values(space.get(TEACHER_MEMBERS, space['ensemble_size']))} per generation, "
        f"probabilities averaged{selection_text.aligned(settings)}) {labeled}; "
        f"{selection_text.selected(settings, space)} were given "
        f"{kind} pseudo-labels, which {balance}; students"
        f"{selection_text.last_students(space)} were trained on these and "
        f"the labeled examples{mixed}{synthetic_text.taken(config, name)}, {_how(config, name)}. "
        f"{_search(config, name)}"
    )


def _control(config: dict, name: str) -> str:
    on = (
        f"all examples outside the test {methods_of_data.outside(config)}, with their labels (an "
        "upper bound)"
        if methods.trained_on(config, name) == "pool"
        else "the labeled examples alone"
    )
    steps_of = methods.steps_of(config, name)
    whose = {
        methods.LAST_STUDENT: "the last student",
        methods.WHOLE_CHAIN: "the teachers and students together",
    }[methods.match(config, name)]
    if steps_of and methods.learns_unlabeled(config, steps_of):
        is_chain = methods.kind(config, steps_of) == methods.CHAIN
        steps_of = f"{whose if is_chain else 'a network'} of {steps_of}"
    steps = f", for as many gradient steps as {steps_of} took" if steps_of else ""
    members = ""
    if methods.control_of(config, name):
        members = ", with as many members, from the same initial weights"
    on += synthetic_text.taken(config, name)
    text = f"{name}: a control, trained on {on}{steps}{members}, {_how(config, name)}."
    return f"{text} {_search(config, name)}" if methods.tried(config, name) > 1 else text


def _how(config: dict, name: str) -> str:
    """Return how students or a control are trained, where it differs from the teachers.

    Of what is searched, all values.
    """
    settings, searched = methods.settings(config, name), methods.full_space(config, name)
    noise, how = settings["noise"], []

    def values(key: str, single: float) -> str:
        return _values(searched.get(key, [single]))

    if noise["magnitude"]:
        own = [config["datasets"][name].get("policy") for name in config["datasets"]]
        policies = [noise["policy"]] if noise["policy"] else list(dict.fromkeys(own))
        of = "30 (of rand_augment, 10 is the nominal maximum)" if "rand_augment" in policies else 30
        magnitude = values("magnitude", noise["magnitude"])
        how.append(f"input noise ({join(policies)}) of magnitude {magnitude} of {of}")
    if noise["dropout"]:
        how.append(f"dropout {values('dropout', noise['dropout'])}")
    if noise["survival"] < 1:
        how.append(f"stochastic depth (survival {noise['survival']:g})")
    text = "with " + join(how) if how else "without noise"
    if consistency_text.of_views(config, name):
        text = "with " + join([consistency_text.of_views(config, name), *how])
        if methods.control_of(config, name):
            text += f", in batches of {settings['batch_size']}"
    if settings["label_smoothing"]:
        text += f", label smoothing {values('label_smoothing', settings['label_smoothing'])}"
    if settings["optimizer"]:
        text += f", by {settings['optimizer']}"
    shown = settings | {
        key: _values(searched[key]) for key in optimizer_text.SEARCHED if key in searched
    }
    text += optimizer_text.settings(shown, with_rate=True)
    for key, noun in (("steps", "gradient step"), ("epochs", "epoch")):
        if key in searched:
            text += f", for {_values(searched[key])} {noun}s"
    if _length(settings) and not {"steps", "epochs"} & set(searched):
        text += f", for {_length(settings)}"
    if settings["backbone"]:
        names = settings["backbone"]
        text += ", as " + (", then ".join(names) if isinstance(names, list) else names)
    text += transformers_text.started(config, name)
    if settings["teacher"]:
        text += f"; their first teachers were those of {settings['teacher']}"
    return text


def _search(config: dict, name: str) -> str:
    settings = methods.settings(config, name)
    # Of the number of members a fair control takes that of its method, which its text says.
    others = [other for other in settings["takes"] if other != methods.control_of(config, name)]
    if not methods.searches(config, name):
        taken = f" Hyper-parameters are those selected for {join(others)}." if others else ""
        return f"Nothing was searched.{taken}"
    strategy = (
        f"{settings['trials']} random candidates"
        if settings["strategy"] == "random"
        else "all combinations"
    )
    repeats = config.get("inner_repeats", 1)
    text = (
        f"Of the values given, {strategy} were compared by accuracy on "
        f"{config['inner_folds']} inner folds of the labeled examples"
        f"{f', {repeats} times' if repeats > 1 else ''}, in every outer fold."
    )
    if settings["selection"] == methods.ONE_STANDARD_ERROR:
        text += (
            " Of the candidates within one standard error of the best, the cheapest was selected "
            "(Breiman et al. 1984)."
        )
    if others:
        text += f" What is not searched here is what was selected for {join(others)}."
    return text


def _statistics(statistics: dict) -> tuple[str, list[str]]:
    """Name the tests that were done, and no others; return that, and the keys of whom to cite."""
    pairs = [pair for pair in statistics["pairs"] if pair["p_value"] is not None]
    done, cited = [], []
    unit = "datasets"
    if len(set(statistics["groups"].values())) < len(statistics["groups"]):
        unit = "groups of datasets made from one source"
    if pairs:
        done.append("pairs by Wilcoxon's signed-rank tests (1945) with Holm's correction (1979)")
        cited += ["wilcoxon", "holm", "benavoli"]
    if statistics["fair"] and pairs:
        done[-1] += (
            ", over the comparisons of methods with their fair controls, which are like the "
            "students in all but pseudo-labels, and apart from them over all others"
        )
    if any(pair["interval"] is not None for pair in pairs):
        done.append("with 95 % t intervals of mean differences")
    if pairs:
        done.append("with rank-biserial correlations as effect sizes")
    if any(pair["model"]["p_value"] is not None for pair in pairs):
        done.append(
            "by linear mixed models of all datasets with a random intercept per group (Laird and "
            "Ware 1982; REML, t with one degree of freedom less than groups)"
        )
        cited.append("mixed_model")
    if any(pair["p_better"] is not None for pair in pairs):
        done.append(
            "by the Bayesian signed-rank test (Benavoli et al. 2014), with differences of accuracy "
            f"up to {statistics['rope']:g} taken for practically none"
        )
        cited.append("bayes")
    if statistics["omnibus"]["friedman"]["statistic"] is not None:
        done.append(
            "with datasets counted as independent, by Friedman's test (also by permutation, "
            "Phipson and Smyth 2010), its F-form and Nemenyi's test (Demsar 2006)"
        )
        cited += ["demsar", "permutation"]
    text = f"Methods were compared over {unit} by their mean accuracies"
    if statistics["budgets"]:
        text += " (of a dataset with several label budgets, the mean over these)"
    text += axes.of_means(statistics)
    text += f": {'; '.join(done)}; level {statistics['alpha']}." if done else "."
    tested = [test for test in statistics["per_dataset"] if test["p_value"] is not None]
    if any("draws" not in test for test in tested):
        cited.append("nadeau")
        over = "their folds"
        if statistics["repeats"] > 1:
            over = f"the folds of {statistics['repeats']} repeats (Bouckaert and Frank 2004)"
            cited.append("bouckaert")
        text += (
            f" On single datasets, over {over}, the corrected t-test of Nadeau and Bengio (2003) "
            "was used, with Holm's correction."
        )
    if any("draws" in test for test in tested):
        cited += ["dorfman", "hillis"]
        text += (
            " Over draws of labels that share their test examples, draws and test examples were "
            "taken for crossed random effects (Dorfman, Berbaum and Metz 1992), with the degrees "
            "of freedom of Hillis (2007) and Holm's correction."
        )
    return text, cited


def _software(packages: list[str]) -> str:
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
