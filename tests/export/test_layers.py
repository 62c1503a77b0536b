"""Each layer without memory, in a small model: C++ gives what Keras gives.

A new layer joins with an entry in LAYERS: a name, the shape of an event that the layers receive, and the layers.
"""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras import layers

from tests.contracts.exportable import check_exportable
from tests.cpp.networks import randomised


@dataclass
class Case:
    """Layers behind one another, and the shape of what they receive."""

    name: str
    shape: tuple
    stack: tuple

    def model(self):
        """Return the model with random weights."""
        given = keras.Input((int(np.prod(self.shape)),), name="x")
        x = layers.Reshape(self.shape)(given)
        for layer in self.stack:
            x = layer(x)
        return randomised(keras.Model(given, x, name=self.name))


def case(name, shape, *stack):
    return Case(name, shape, stack)


CONVOLUTIONS = [
    case("conv1d", (9, 3), layers.Conv1D(5, 3, activation="relu")),
    case("conv1d_same_strides", (10, 3), layers.Conv1D(5, 4, strides=3, padding="same", use_bias=False)),
    case("conv1d_causal_dilated", (11, 2), layers.Conv1D(7, 3, padding="causal", dilation_rate=2, activation="tanh")),
    case("conv1d_groups", (8, 6), layers.Conv1D(4, 3, groups=2, padding="same")),
    case("conv1d_one_filter", (40, 2), layers.Conv1D(1, 5, activation="sigmoid")),
    case("conv1d_pointwise", (7, 5), layers.Conv1D(20, 1, activation="elu")),
    case("conv1d_pointwise_strides", (7, 5), layers.Conv1D(3, 1, strides=2)),
    case("conv2d", (9, 8, 3), layers.Conv2D(8, (3, 4), activation="relu")),
    case("conv2d_same", (7, 9, 2), layers.Conv2D(8, 4, padding="same", activation="relu")),
    case("conv2d_many_filters", (5, 6, 4), layers.Conv2D(37, 3, padding="same")),
    case("conv2d_strides", (11, 12, 3), layers.Conv2D(6, (3, 2), strides=(2, 3), padding="same")),
    case("conv2d_dilated", (12, 11, 3), layers.Conv2D(4, 3, dilation_rate=(2, 3), padding="same")),
    case("conv2d_groups", (6, 7, 8), layers.Conv2D(12, 3, groups=4, activation="selu")),
    case("conv2d_one_channel", (20, 21, 1), layers.Conv2D(3, 5)),
    case("conv2d_whole_image", (5, 6, 3), layers.Conv2D(4, (5, 6))),
    case("conv2d_between_normalisations", (9, 8, 3), layers.BatchNormalization(), layers.Conv2D(8, 3),
         layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(5, 2, padding="same"), layers.BatchNormalization()),
    case("conv2d_same_behind_normalisation", (6, 6, 3), layers.BatchNormalization(), layers.Conv2D(5, 3, padding="same")),
    case("conv3d", (5, 6, 7, 2), layers.Conv3D(4, (2, 3, 2), activation="relu")),
    case("conv3d_same_strides", (5, 6, 7, 2), layers.Conv3D(4, 3, strides=2, padding="same")),
    case("conv3d_dilated", (6, 7, 8, 2), layers.Conv3D(3, 2, dilation_rate=2)),
    case("conv3d_pointwise", (3, 4, 5, 6), layers.Conv3D(9, 1)),
    case("depthwise1d", (9, 5), layers.DepthwiseConv1D(3, activation="relu")),
    case("depthwise1d_multiplier", (9, 5), layers.DepthwiseConv1D(3, depth_multiplier=4, strides=2, padding="same")),
    case("depthwise2d", (8, 7, 20), layers.DepthwiseConv2D((3, 2), padding="same", activation="tanh")),
    case("depthwise2d_dilated", (9, 8, 3), layers.DepthwiseConv2D(3, dilation_rate=2, depth_multiplier=2)),
    case("depthwise2d_normalised", (8, 7, 6), layers.DepthwiseConv2D(3, strides=2), layers.BatchNormalization(), layers.ReLU()),
    case("separable1d", (12, 4), layers.SeparableConv1D(7, 3, depth_multiplier=2, padding="same", activation="relu")),
    case("separable2d", (9, 8, 3), layers.SeparableConv2D(8, 3, strides=2)),
    case("transpose1d", (6, 3), layers.Conv1DTranspose(4, 3, activation="relu")),
    case("transpose1d_same_strides", (6, 3), layers.Conv1DTranspose(4, 5, strides=2, padding="same")),
    case("transpose2d_same_strides", (5, 4, 3), layers.Conv2DTranspose(6, (3, 4), strides=(2, 3), padding="same")),
    case("transpose2d_short_window", (5, 4, 3), layers.Conv2DTranspose(6, 2, strides=3)),
    case("transpose2d_output_padding", (5, 4, 3), layers.Conv2DTranspose(6, 3, strides=2, output_padding=1)),
    case("transpose3d", (3, 4, 2, 3), layers.Conv3DTranspose(2, 3, strides=2, padding="same")),
]  # fmt: skip

LAYERS = [*CONVOLUTIONS]


@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_layer(entry, tmp_path):
    model = entry.model()
    values = np.random.default_rng(6).normal(0, 1, (12, *model.input_shape[1:])).astype(np.float32)
    check_exportable(model, {"x": values}, tmp_path)
