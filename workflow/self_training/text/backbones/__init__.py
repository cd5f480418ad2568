"""Architectures that take texts, a module each. Keras is imported when one is built, not before.

A backbone is a function `build` as in `image.backbones`, of inputs int32 (batch, length), ids of
words of `text.ngrams`.
"""
