"""A paragraph for a paper: what a study did, with its actual settings, and whom to cite."""

from importlib.metadata import PackageNotFoundError, version

from self_training.report.words import count, join
from self_training.study import budgets, methods
from self_training.study.config import compares_only, external_scores

REFERENCES = {
    "noisy_student": (
        "Xie, Q., Luong, M.-T., Hovy, E., Le, Q. V. (2020). Self-training with Noisy Student "
        "improves ImageNet classification. CVPR."
    ),
    "demsar": (
        "Demsar, J. (2006). Statistical comparisons of classifiers over multiple data sets. JMLR 7."
    ),
    "benavoli": (
        "Benavoli, A., Corani, G., Mangili, F. (2016). Should we really use post-hoc tests based "
        "on mean-ranks? JMLR 17."
    ),
    "bayes": (
        "Benavoli, A., Mangili, F., Corani, G., Zaffalon, M., Ruggeri, F. (2014). A Bayesian "
        "Wilcoxon signed-rank test based on the Dirichlet process. ICML."
    ),
    "nadeau": (
        "Nadeau, C., Bengio, Y. (2003). Inference for the generalization error. Machine Learning "
        "52."
    ),
    "adamw": ("Loshchilov, I., Hutter, F. (2019). Decoupled weight decay regularization. ICLR."),
    "wilcoxon": (
        "Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1."
    ),
    "holm": (
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
        "Journal of Statistics 6."
    ),
    "permutation": (
        "Phipson, B., Smyth, G. K. (2010). Permutation P-values should never be zero. Statistical "
        "Applications in Genetics and Molecular Biology 9."
    ),
    "mixed_model": (
        "Laird, N. M., Ware, J. H. (1982). Random-effects models for longitudinal data. Biometrics "
        "38."
    ),
    "adam": "Kingma, D. P., Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.",
    "rand_augment": (
        "Cubuk, E. D., Zoph, B., Shlens, J., Le, Q. V. (2020). RandAugment: practical automated "
        "data augmentation with a reduced search space. CVPR Workshops."
    ),
    "stochastic_depth": (
        "Huang, G., Sun, Y., Liu, Z., Sedra, D., Weinberger, K. Q. (2016). Deep networks with "
        "stochastic depth. ECCV."
    ),
    "small_resnet": (
        "He, K., Zhang, X., Ren, S., Sun, J. (2016). Deep residual learning for image recognition. "
        "CVPR."
    ),
    "efficientnet_b0": (
        "Tan, M., Le, Q. V. (2019). EfficientNet: rethinking model scaling for convolutional "
        "neural networks. ICML."
    ),
}

# What is said of the optimizer and the loss, beside the learning rate of a study.
OPTIMIZER = {
    "weight_decay": "decoupled weight decay {:g}",
    "warmup": "linear warm-up over {:g} of the steps",
    "decay": "learning-rate decay: {}",
    "ema": "weights averaged with a decay of {:g}",
    "loss": "loss {}",
}


def write(config: dict, statistics: dict) -> str:
    """Return the text, paragraphs separated by empty lines, and its references.

    Args:
        config: of the study.
        statistics: what `statistics.json` holds (see `findings.describe`).
    """
    tests, cited = _statistics(statistics)
    paragraphs = []
    packages = ["scipy", "statsmodels", "scikit-posthocs", "baycomp"]
    if not compares_only(config):
        paragraphs += [_data(config), _training(config)]
        paragraphs += [_method(config, name) for name in config["methods"]]
        cited += ["adam"]
        packages = ["tensorflow", "keras", "scikit-learn", *packages]
        if any(methods.generations(config, name) for name in config["methods"]):
            cited += ["noisy_student"]
        cited += sorted(_ingredients(config) & set(REFERENCES))
    external = external_scores(config)
    if external:
        paragraphs.append(f"Scores of other systems were taken from {join(external)}.")
    paragraphs.append(f"{tests} Software: {_software(packages)}.")
    paragraphs.append("References. " + " ".join(sorted(REFERENCES[name] for name in cited)))
    return "\n\n".join(paragraphs)


def _ingredients(config: dict) -> set[str]:
    """Return the names of the backbones and kinds of noise that a study trains with."""
    found = {config["training"]["backbone"]}
    for dataset in config["datasets"]:
        for name in config["methods"]:
            for generation in methods.generations(config, name) or [1]:
                settings = methods.training(config, dataset, name, generation)
                found |= {settings["backbone"], settings["noise"]["policy"]}
                if settings["noise"]["survival"] < 1:
                    found.add("stochastic_depth")
                if settings["weight_decay"]:
                    found.add("adamw")
    return found


def _data(config: dict) -> str:
    datasets = list(budgets.sources(config))
    text = (
        f"{count(len(config['methods']), 'method')} were compared on "
        f"{count(len(datasets), 'dataset')} ({join(datasets)}) by {config['outer_folds']}-fold "
        f"stratified cross-validation. In every fold, {_labeled(config)}; the labels of all others "
        "were hidden from training, search and selection. The test fold was used once, for the "
        "scores. All methods of a fold had the same labeled and unlabeled examples, and networks "
        "of one architecture started from the same weights."
    )
    several = budgets.several(config)
    if several:
        text += (
            f" Of {join(several)}, all label budgets were studied over the same folds and "
            "from the same initial weights; the labels of a smaller budget were among those of a "
            "larger one."
        )
    return text


def _labeled(config: dict) -> str:
    """Say how many examples kept their labels, by all budgets of the study."""
    given = [budget for dataset in config["datasets"].values() for budget in budgets.of(dataset)]
    values = {
        key: sorted({budget[key] for budget in given if key in budget}) for key in budgets.KEYS
    }
    fractions, numbers = values["labeled_fraction"], values["labels_per_class"]
    parts = []
    if fractions:
        percent = join(f"{100 * fraction:g}%" for fraction in fractions)
        draws = {dataset.get("draw", "stratified") for dataset in config["datasets"].values()}
        how = {"stratified": "stratified by class", "random": "drawn without regard to class"}
        drawn = join(words for draw, words in how.items() if draw in draws)
        parts.append(f"{percent} of the examples outside the test fold ({drawn})")
    if numbers:
        parts.append(f"{join(numbers)} examples of every class outside the test fold")
    several = " (by dataset and label budget)" if len(fractions + numbers) > 1 else ""
    return f"{' or '.join(parts)}{several} kept their labels"


def _training(config: dict) -> str:
    training = config["training"]
    lengths = list(dict.fromkeys(_length(settings) for settings in config["datasets"].values()))
    return (
        f"Networks ({training['backbone']}, where nothing else is said) were trained from scratch "
        f"with Adam (Kingma and Ba 2015; learning rate {training['learning_rate']:g}, batches of "
        f"{training['batch_size']}{_optimizer(training, OPTIMIZER)}) for {join(lengths)}"
        f"{' (by dataset)' if len(lengths) > 1 else ''}, with seeds derived from {config['seed']}."
    )


def _optimizer(said: dict, texts: dict[str, str]) -> str:
    """Return what is said of the optimizer and the loss, each with a comma before it."""
    return "".join(
        ", " + text.format(said[key]).replace("_", " ")
        for key, text in texts.items()
        if said.get(key) is not None
    )


def _length(settings: dict) -> str:
    """Return how long networks are trained; '' where settings do not say."""
    if settings.get("steps"):
        return count(settings["steps"], "gradient step")
    return count(settings["epochs"], "epoch") if settings.get("epochs") else ""


def _method(config: dict, name: str) -> str:
    settings, space = methods.settings(config, name), methods.full_space(config, name)
    if methods.kind(config, name) == methods.CONTROL:
        return _control(config, name, settings)
    if max(space["generations"]) == 0:
        members = _values(space["ensemble_size"])
        kind = "one network" if members == "1" else f"the mean of {members} networks"
        return f"{name}: {kind}, trained on the labeled examples alone."
    balance = {
        "none": "were not balanced over the classes",
        "undersample": "were balanced by leaving out the least confident of frequent classes",
        "quota": "were balanced by the same quota for every class, with duplicates of rare classes",
    }[settings["balance"]]
    if settings["quota"]:
        balance = balance.replace("the same quota", f"a quota of {settings['quota']}")
    asked = "those with a confidence"
    if settings["filter"] == "once":
        asked = "those of which the first teachers had a confidence"
        balance = balance.replace("were balanced", "were balanced once")
    if settings["schedule"] == "all":
        labeled = "labeled all unlabeled examples anew"
    else:
        slices = " or ".join(f"{100 * fraction:g}%" for fraction in space["unlabeled_fraction"])
        labeled = f"labeled a fresh {slices} of the examples outside the test fold"
    kind = settings["labels"]
    if settings["temperature"] != 1:
        kind += f" (temperature {settings['temperature']:g})"
    ratio = settings["unlabeled_ratio"]
    mixed = f", {ratio:g} of the former per one of the latter in every batch" if ratio else ""
    return (
        f"{name}: self-training after Xie et al. (2020), {_values(space['generations'])} "
        "generations. In each, teachers "
        f"({_values(space['ensemble_size'])} per generation, probabilities averaged) {labeled}; "
        f"{asked} above {_values(space['threshold'])} were given "
        f"{kind} pseudo-labels, which {balance}; students were trained on these and "
        f"the labeled examples{mixed}, {_how(config, settings)}. {_search(config, name, settings)}"
    )


def _control(config: dict, name: str, settings: dict) -> str:
    on = (
        "all examples outside the test fold, with their labels (an upper bound)"
        if methods.trained_on(config, name) == "pool"
        else "the labeled examples alone"
    )
    steps_of = methods.steps_of(config, name)
    whose = {
        methods.LAST_STUDENT: "the last student",
        methods.WHOLE_CHAIN: "the teachers and students together",
    }[methods.match(config, name)]
    steps = f", for as many gradient steps as {whose} of {steps_of} took" if steps_of else ""
    members = ""
    if methods.control_of(config, name):
        members = ", with as many members, from the same initial weights"
    return f"{name}: a control, trained on {on}{steps}{members}, {_how(config, settings)}."


def _how(config: dict, settings: dict) -> str:
    """Return how students or a control are trained, where it differs from the teachers."""
    noise, how = settings["noise"], []
    if noise["magnitude"]:
        own = [config["datasets"][name].get("policy") for name in config["datasets"]]
        policies = [noise["policy"]] if noise["policy"] else list(dict.fromkeys(own))
        of = "30 (of rand_augment, 10 is the nominal maximum)" if "rand_augment" in policies else 30
        how.append(f"input noise ({join(policies)}) of magnitude {noise['magnitude']:g} of {of}")
    if noise["dropout"]:
        how.append(f"dropout {noise['dropout']:g}")
    if noise["survival"] < 1:
        how.append(f"stochastic depth (survival {noise['survival']:g})")
    text = "with " + join(how) if how else "without noise"
    if settings["label_smoothing"]:
        text += f", label smoothing {settings['label_smoothing']:g}"
    text += _optimizer(settings, {"learning_rate": "learning rate {:g}"} | OPTIMIZER)
    if _length(settings):
        text += f", for {_length(settings)}"
    if settings["backbone"]:
        names = settings["backbone"]
        text += ", as " + (", then ".join(names) if isinstance(names, list) else names)
    return text


def _search(config: dict, name: str, settings: dict) -> str:
    if not methods.searches(config, name):
        taken = f" Hyper-parameters are those selected for {join(settings['takes'])}."
        return "Nothing was searched." + (taken if settings["takes"] else "")
    strategy = (
        f"{settings['trials']} random candidates"
        if settings["strategy"] == "random"
        else "all combinations"
    )
    text = (
        f"Of the values given, {strategy} were compared by accuracy on "
        f"{config['inner_folds']} inner folds of the labeled examples, in every outer fold."
    )
    if settings["takes"]:
        text += f" What is not searched here is what was selected for {join(settings['takes'])}."
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
    text += f": {'; '.join(done)}; level {statistics['alpha']}." if done else "."
    if any(test["p_value"] is not None for test in statistics["per_dataset"]):
        text += (
            " On single datasets, over their folds, the corrected t-test of Nadeau and Bengio "
            "(2003) was used, with Holm's correction."
        )
        cited.append("nadeau")
    return text, cited


def _software(packages: list[str]) -> str:
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _values(values: list) -> str:
    return " or ".join(f"{value:g}" for value in values)
