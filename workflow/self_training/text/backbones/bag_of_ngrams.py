"""A bag of words and pairs of words."""

from self_training.text.ngrams import IDS, MASK

# Chosen on training rows of AG News; docs/texts.md has what others came to.
WORDS, PAIRS = IDS, 2**16
DIMENSIONS = 8
# Of a pair of ids below IDS, the number stays below 2**31.
_MULTIPLIER = 31_337


def build(inputs, classes: int, dropout: float, survival: float, seed: int):
    """Build it; it has no residual blocks, so `survival` must be 1.

    The mean of the embeddings of a text's words, by their ids, and of its pairs of neighbors,
    hashed into PAIRS rows; and a dense layer. Source: Joulin et al. 2017 (EACL, *Bag of tricks for
    efficient text classification*). What pads a text and words that noise has masked are no words,
    and in no pair.
    """
    from keras import layers, ops

    assert IDS * _MULTIPLIER < 2**31
    ids = ops.cast(inputs, "int32")
    is_word = ops.cast(ops.greater(ids, MASK), "int32")
    pairs = ids[:, :-1] * _MULTIPLIER + ids[:, 1:]
    rows = ops.concatenate([ids, WORDS + pairs % PAIRS], axis=1)
    present = ops.concatenate([is_word, is_word[:, :-1] * is_word[:, 1:]], axis=1)
    weights = ops.cast(present, "float32")
    embedded = layers.Embedding(WORDS + PAIRS, DIMENSIONS)(rows)
    total = ops.sum(embedded * ops.expand_dims(weights, -1), axis=1)
    x = total / ops.maximum(ops.sum(weights, axis=1, keepdims=True), 1.0)
    if dropout:
        x = layers.Dropout(dropout, seed=seed)(x)
    return layers.Dense(classes, activation="softmax")(x)
