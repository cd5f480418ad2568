"""Architectures that take vectors; see `image.backbones` for what one takes and gives.

Their inputs are a Keras tensor (batch, features). None has residual blocks, so `survival` is 1.
"""
