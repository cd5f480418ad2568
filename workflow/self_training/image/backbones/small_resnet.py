"""A residual network for small images."""

from self_training.image.backbones import NORM_MOMENTUM


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build three stages of two blocks, of 16, 32 and 64 filters.

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
