"""EfficientNet-B0 of keras.applications."""

from self_training.image.backbones import NORM_MOMENTUM


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build it with random weights. Source: Tan and Le 2019 (ICML).

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
