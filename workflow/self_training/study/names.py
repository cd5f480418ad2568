"""What a config may call by name, and where it is defined.

Dotted paths, so that the config can be checked and the jobs planned without importing any of it,
and so that a job's code digest covers the module behind a name that it uses, and no other.
"""

from self_training.errors import ConfigError

# Architectures, by the kind of what they take; see `image.backbones` for what such a function takes
# and gives.
BACKBONES_OF = {
    "images": {
        name: f"self_training.image.backbones.{name}:build"
        for name in ("original_cnn", "small_resnet", "efficientnet_b0")
    },
    "vectors": {
        "linear": "self_training.vector.backbones.linear:build",
        "mlp": "self_training.vector.backbones.mlp:build",
        "mlp_2": "self_training.vector.backbones.mlp:build_two",
    },
    "texts": {"bag_of_ngrams": "self_training.text.backbones.bag_of_ngrams:build"},
    # Of texts as tokens; no function that builds a network, but what trains one.
    "tokens": {"transformer": "self_training.training.transformer:TransformerTrainer"},
}
BACKBONES = {name: path for table in BACKBONES_OF.values() for name, path in table.items()}
# They have no residual blocks, of which stochastic depth could leave out some.
WITHOUT_BLOCKS = {"original_cnn", *BACKBONES_OF["vectors"], *BACKBONES_OF["texts"]}
WITHOUT_BLOCKS |= set(BACKBONES_OF["tokens"])
# Pixels that a side of an image must have for a backbone that pools; others take any.
LEAST_SIDE = {"original_cnn": 4}
# Policies of input noise; see `image.noise.Policy`.
POLICIES_OF = {
    "images": {
        "characters": "self_training.image.noise_geometric:CHARACTERS",
        "clothing": "self_training.image.noise_geometric:CLOTHING",
        "rand_augment": "self_training.image.noise_rand_augment:RAND_AUGMENT",
    },
    "vectors": {
        "gaussian": "self_training.vector.noise:GAUSSIAN",
        "feature_dropout": "self_training.vector.noise:FEATURE_DROPOUT",
    },
    "texts": {"words": "self_training.text.noise:WORDS"},
    "tokens": {"words": "self_training.text.noise:WORDS"},
}
POLICIES = {name: path for table in POLICIES_OF.values() for name, path in table.items()}
# What does on JAX what policies of a kind do.
NOISE_ON_JAX = {
    "images": "self_training.image.noise_on_gpu:geometric",
    "vectors": "self_training.vector.noise_on_gpu:gaussian",
    "texts": "self_training.text.noise_on_gpu:words",
}
# An image goes through several operations, whose number is a setting.
WITH_OPERATIONS = {"rand_augment"}


def backbone_path(name: str) -> str:
    """Return the dotted path of a backbone: of one of ours, or the user's own, which is one."""
    return name if ":" in name else _look_up("backbone", name, BACKBONES)


def policy_path(name: str) -> str:
    """Return the dotted path of a policy of input noise."""
    return _look_up("noise.policy", name, POLICIES)


def policy_on_jax(name: str) -> str:
    """Return a dotted path in the module that does on JAX what a policy of input noise does."""
    policy_path(name)
    return next(NOISE_ON_JAX[kind] for kind, table in POLICIES_OF.items() if name in table)


def _look_up(key: str, name: str, table: dict[str, str]) -> str:
    if name not in table:
        raise ConfigError.of(key, f"one of {', '.join(table)}", name)
    return table[name]


def with_paths(training: dict) -> dict:
    """Return settings of `trainings.training`, dotted paths for names, as trainers take them."""
    noise = training["noise"]
    if noise["magnitude"]:
        noise = noise | {"policy": policy_path(noise["policy"])}
    return training | {"backbone": backbone_path(training["backbone"]), "noise": noise}
