"""The network of methods.yaml: small, so that twelve methods fit a workstation without a GPU."""

from keras import layers


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Conv 16 and conv 32, 3x3 with strides of 2, dense 64; ReLU throughout."""
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return layers.Dense(classes, activation="softmax")(x)
