"""Multilayer perceptrons of one and of two hidden layers, without batch normalization."""

# Units of each hidden layer.
WIDTH = 256


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build one hidden layer of WIDTH units with ReLU, and a softmax layer."""
    return _build(inputs, 1, classes, dropout, seed)


def build_two(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build two hidden layers of WIDTH units with ReLU, and a softmax layer."""
    return _build(inputs, 2, classes, dropout, seed)


def _build(x, hidden: int, classes: int, dropout: float, seed: int):
    from keras import layers

    for _ in range(hidden):
        x = layers.Dense(WIDTH, activation="relu")(x)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return layers.Dense(classes, activation="softmax")(x)
