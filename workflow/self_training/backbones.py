"""Architectures by name. Keras is imported when one is built, not before."""

from self_training.errors import DatasetError


def original_cnn(inputs, classes: int, dropout: float, noise_seed: int):
    """Return the class probabilities of the small CNN of the 2021 study.

    Conv 32 3x3, max-pool 2, conv 64 3x3, max-pool 2, dense 128, dense `classes`; ReLU throughout,
    softmax at the end.

    Args:
        inputs: Keras tensor (batch, height, width, channels), pixels in [0, 1].
        dropout: rate before the final layer (model noise); 0 for none.
        noise_seed: of the dropout.

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
        x = layers.Dropout(dropout, seed=noise_seed)(x)
    return layers.Dense(classes, activation="softmax")(x)


BACKBONES = {"original_cnn": original_cnn}
