"""Architectures that take images, a module each. Keras is imported when one is built, not before.

A backbone is a function `build` of

    inputs: Keras tensor (batch, height, width, channels), pixels in [0, 1];
    classes: how many;
    dropout: rate before the final layer (model noise), 0 for none;
    survival: probability that the last residual block takes part in a training step (model noise:
        stochastic depth with linear decay, Huang et al. 2016, section 3), 1 for none;
    seed: of the layers of model noise, so that networks with and without it start from the same
        weights;

and returns the class probabilities, a Keras tensor (batch, classes). A user's own is named by its
dotted path, `my_package.models:build`. `study.names.BACKBONES` says which of ours there are.
"""

# Batch statistics of few steps; Keras' own 0.99 needs hundreds of them before it predicts well.
NORM_MOMENTUM = 0.9
