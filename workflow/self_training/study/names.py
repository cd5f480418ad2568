"""What a config may call by name, and where it is defined.

Dotted paths, so that the config can be checked and the jobs planned without importing any of it,
and so that a job's code digest covers the module behind a name that it uses, and no other.
"""

from self_training.errors import ConfigError

# Architectures; see `image.backbones` for what such a function takes and gives.
BACKBONES = {
    name: f"self_training.image.backbones.{name}:build"
    for name in ("original_cnn", "small_resnet", "efficientnet_b0")
}
# They have no residual blocks, of which stochastic depth could leave out some.
WITHOUT_BLOCKS = {"original_cnn"}
# Policies of input noise; see `image.noise.Policy`.
POLICIES = {
    "characters": "self_training.image.noise_geometric:CHARACTERS",
    "clothing": "self_training.image.noise_geometric:CLOTHING",
    "rand_augment": "self_training.image.noise_rand_augment:RAND_AUGMENT",
}
# An image goes through several operations, whose number is a setting.
WITH_OPERATIONS = {"rand_augment"}


def backbone_path(name: str) -> str:
    """Return the dotted path of a backbone: of one of ours, or the user's own, which is one."""
    return name if ":" in name else _look_up("backbone", name, BACKBONES)


def policy_path(name: str) -> str:
    """Return the dotted path of a policy of input noise."""
    return _look_up("noise.policy", name, POLICIES)


def _look_up(key: str, name: str, table: dict[str, str]) -> str:
    if name not in table:
        raise ConfigError.of(key, f"one of {', '.join(table)}", name)
    return table[name]


def with_paths(training: dict) -> dict:
    """Return settings of `methods.training` with dotted paths for names, as trainers take them."""
    noise = training["noise"]
    if noise["magnitude"]:
        noise = noise | {"policy": policy_path(noise["policy"])}
    return training | {"backbone": backbone_path(training["backbone"]), "noise": noise}
