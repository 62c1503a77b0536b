"""Layers that act in training alone, or name things; they leave no node."""

from __future__ import annotations

import keras

from keras_hep.export.layers.registry import Node, Site, handles
from keras_hep.layers.output_labels import OutputLabels


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
    OutputLabels,
)
def _identity(site: Site) -> list[Node]:
    return []
