"""The small CNN of the study of 2021."""

from self_training.errors import DatasetError


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build it; it has no residual blocks, so `survival` must be 1.

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
