"""Architectures by name. Keras is imported when one is built, not before.

A backbone is a function of

    inputs: Keras tensor (batch, height, width, channels), pixels in [0, 1];
    classes: how many;
    dropout: rate before the final layer (model noise), 0 for none;
    survival: probability that the last residual block takes part in a training step (model noise:
        stochastic depth with linear decay, Huang et al. 2016, section 3), 1 for none;
    seed: of the layers of model noise, so that networks with and without it start from the same
        weights;

and returns the class probabilities, a Keras tensor (batch, classes). A user's own is named by its
dotted path, `my_package.models:build`.
"""

import ast
import hashlib
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from self_training.errors import DatasetError

# Batch statistics of few steps; Keras' own 0.99 needs hundreds of them before it predicts well.
NORM_MOMENTUM = 0.9


def original_cnn(inputs, classes: int, dropout: float, survival: float, seed: int):
    """The small CNN of the 2021 study; without residual blocks, so `survival` must be 1.

    Conv 32 3x3, max-pool 2, conv 64 3x3, max-pool 2, dense 128, dense `classes`; ReLU throughout,
    softmax at the end.

    Raises: DatasetError for images that are too small to be pooled twice.
    """
    from keras import layers

    height, width = inputs.shape[1:3]
    if min(height, width) < 4:
        raise DatasetError(
            f"training.backbone: Expected images of at least 4 x 4 pixels for original_cnn. "
            f"Received: {height} x {width}."
        )

    x = layers.Conv2D(32, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return layers.Dense(classes, activation="softmax")(x)


def small_resnet(inputs, classes: int, dropout: float, survival: float, seed: int):
    """A residual network for small images: three stages of two blocks, 16, 32 and 64 filters.

    Source: He et al. 2016 (CVPR), section 4.2, with n = 2 and projections at the stages' first
    blocks.
    """
    from keras import layers

    def convolve(x, filters, size, stride):
        x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=NORM_MOMENTUM)(x)

    x = layers.ReLU()(convolve(inputs, 16, 3, 1))
    blocks = [(filters, index) for filters in (16, 32, 64) for index in range(2)]
    for number, (filters, index) in enumerate(blocks, start=1):
        stride = 2 if index == 0 and filters > 16 else 1
        residual = layers.ReLU()(convolve(x, filters, 3, stride))
        residual = convolve(residual, filters, 3, 1)
        drop = (1 - survival) * number / len(blocks)
        if drop:
            residual = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), seed=seed + number)(
                residual
            )
        if stride > 1:
            x = convolve(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([x, residual]))
    x = layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return layers.Dense(classes, activation="softmax")(x)


def efficientnet_b0(inputs, classes: int, dropout: float, survival: float, seed: int):
    """EfficientNet-B0 of keras.applications, with random weights. Source: Tan and Le 2019 (ICML).

    Images with less than 32 pixels a side are padded with zeros. Its noise layers are there with
    and without noise, so that the same weights are drawn; `seed` is not needed.
    """
    from keras import applications, layers

    # What keras.applications builds it with, and does not let one choose.
    built_dropout, built_drop_connect = 0.2, 0.2

    missing = [max(0, 32 - size) for size in inputs.shape[1:3]]
    padding = [(size // 2, size - size // 2) for size in missing]
    x = layers.ZeroPadding2D(padding)(inputs) if any(missing) else inputs
    x = layers.Rescaling(255.0)(x)
    network = applications.EfficientNetB0(weights=None, input_tensor=x, classes=classes)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = NORM_MOMENTUM
        elif isinstance(layer, layers.Dropout) and layer.name == "top_dropout":
            layer.rate *= dropout / built_dropout
        elif isinstance(layer, layers.Dropout):
            layer.rate *= (1 - survival) / built_drop_connect
    return network.output


BACKBONES = {
    "original_cnn": original_cnn,
    "small_resnet": small_resnet,
    "efficientnet_b0": efficientnet_b0,
}


def find(name: str):
    """Return a backbone by its name or dotted path, `package.module:function`.

    Modules are looked for where Python finds them and in the working directory.
    """
    if name in BACKBONES:
        return BACKBONES[name]
    module, _, function = name.partition(":")
    _look_into_working_directory()
    return getattr(import_module(module), function)


def source_of(name: str) -> Path | None:
    """Return the file of a dotted path's module, without running it; None if there is none.

    There is none either when it is no Python, or does not bind the function's name.
    """
    module, _, function = name.partition(":")
    _look_into_working_directory()
    try:
        spec = find_spec(module)
        path = Path(spec.origin)
        tree = ast.parse(path.read_text())
    except Exception:  # A package's own __init__.py may raise whatever it likes.
        return None
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        else:
            names.add(getattr(node, "name", None))
    return path if function in names else None


def digest_of(name: str) -> str | None:
    """Return a hash of the file of a dotted path, what it imports left out; None for our own."""
    if name in BACKBONES:
        return None
    return hashlib.sha256(source_of(name).read_bytes()).hexdigest()[:16]


def _look_into_working_directory() -> None:
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
