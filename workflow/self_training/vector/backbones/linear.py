"""Softmax regression, for embeddings that others have trained, and for tables of numbers."""


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build one dense layer: the class probabilities are the softmax of a linear map of features.

    With the penalty `l2`, which decides where there are more features than labels, it is
    scikit-learn's LogisticRegression of C = 1 / (examples * l2). Dropout acts on features, as
    there is no hidden layer.
    """
    from keras import layers

    x = layers.Dropout(dropout, seed=seed)(inputs) if dropout else inputs

    return layers.Dense(classes, activation="softmax")(x)
