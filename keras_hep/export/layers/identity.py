"""Layers that act in training alone; they leave no node."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles


@handles(
    keras.layers.ActivityRegularization,
    keras.layers.AlphaDropout,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.Identity,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
def _identity(site: Site) -> list[Node]:
    return []
