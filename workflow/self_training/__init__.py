"""A study of self-training: the science behind the workflow's rules, as pure functions.

Only `training`, and what it builds from `image.backbones`, imports Keras.
"""
