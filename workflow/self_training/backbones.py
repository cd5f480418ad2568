"""Architectures by name. Keras is imported when one is built, not before."""


def original_cnn(inputs, classes: int, dropout: float):
    """Return the class probabilities of the small CNN of the 2021 study.

    Conv 32 3x3, max-pool 2, conv 64 3x3, max-pool 2, dense 128, dense `classes`; ReLU throughout,
    softmax at the end.

    Args:
        inputs: Keras tensor (batch, height, width, channels), pixels in [0, 1].
        dropout: rate before the final layer (model noise); 0 for none.
    """
    from keras import layers

    x = layers.Conv2D(32, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return layers.Dense(classes, activation="softmax")(x)


BACKBONES = {"original_cnn": original_cnn}
