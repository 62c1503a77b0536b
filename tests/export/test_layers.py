"""Each layer of one input, in a small model: C++ gives what Keras gives.

A new layer joins with an entry in LAYERS: a name, the shape of an event that the layers receive, and the layers.
"""

import shutil
import subprocess
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export import check, export
from keras_hep.layers import FeatureEmbedding, Highway, Maxout
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import randomised
from tests.cpp.programs import HERE, build_program

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@dataclass
class Case:
    """Layers behind one another, and the shape of what they receive."""

    name: str
    shape: tuple
    stack: tuple

    def model(self):
        """Return the model with random weights."""
        x = given = keras.Input(self.shape, name="x")
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
    case("normalised_along_the_first_of_two_axes", (6, 1), layers.BatchNormalization(axis=1), layers.Dense(5)),
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
    case("transpose3d_strides", (2, 3, 4, 2), layers.Conv3DTranspose(17, (2, 5, 4), strides=(3, 2, 4))),
    case("transpose2d_wide_strides", (3, 2, 3), layers.Conv2DTranspose(3, (1, 4), strides=(2, 9), activation="elu")),
    case("transpose2d_tall_strides", (3, 4, 2), layers.Conv2DTranspose(5, (4, 2), strides=(3, 1)), layers.BatchNormalization()),
]  # fmt: skip

POOLING = [
    case("max_pooling1d", (9, 5), layers.MaxPooling1D(2)),
    case("max_pooling1d_same", (9, 20), layers.MaxPooling1D(4, strides=2, padding="same")),
    case("max_pooling2d", (8, 7, 3), layers.MaxPooling2D((2, 3))),
    case("max_pooling2d_same", (8, 7, 18), layers.MaxPooling2D(3, strides=(2, 1), padding="same")),
    case("max_pooling2d_gaps", (9, 11, 2), layers.MaxPooling2D(2, strides=3, padding="same")),
    case("max_pooling3d_same", (5, 4, 7, 2), layers.MaxPooling3D((2, 3, 2), padding="same")),
    case("average_pooling1d_same", (10, 3), layers.AveragePooling1D(3, padding="same")),
    case("average_pooling2d", (9, 8, 5), layers.AveragePooling2D(2)),
    case("average_pooling2d_same", (9, 8, 5), layers.AveragePooling2D((3, 4), strides=2, padding="same")),
    case("average_pooling3d_same", (4, 5, 6, 2), layers.AveragePooling3D(3, strides=(1, 2, 3), padding="same")),
    case("global_max1d", (9, 5), layers.GlobalMaxPooling1D()),
    case("global_max2d_kept", (5, 4, 3), layers.GlobalMaxPooling2D(keepdims=True)),
    case("global_max3d", (3, 5, 4, 2), layers.GlobalMaxPooling3D()),
    case("global_average1d", (9, 18), layers.GlobalAveragePooling1D()),
    case("global_average2d", (5, 4, 3), layers.GlobalAveragePooling2D(), layers.Dense(4)),
    case("global_average3d_kept", (3, 5, 4, 2), layers.GlobalAveragePooling3D(keepdims=True)),
    case("conv_pool_conv", (12, 12, 1), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2),
         layers.Conv2D(8, 2, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3)),
]  # fmt: skip

SHAPES = [
    case("zero_padding1d", (5, 3), layers.ZeroPadding1D((2, 1))),
    case("zero_padding2d", (5, 4, 3), layers.ZeroPadding2D(((1, 2), (3, 0))), layers.Conv2D(4, 3)),
    case("zero_padding3d", (2, 3, 4, 2), layers.ZeroPadding3D((1, 2, 1))),
    case("cropping1d", (7, 3), layers.Cropping1D((2, 1))),
    case("cropping2d", (6, 7, 3), layers.Cropping2D(((1, 2), (0, 3)))),
    case("cropping3d", (4, 5, 6, 2), layers.Cropping3D((1, 2, 1))),
    case("up_sampling1d", (4, 3), layers.UpSampling1D(3)),
    case("up_sampling2d", (4, 3, 2), layers.UpSampling2D((2, 3))),
    case("up_sampling3d", (2, 3, 4, 2), layers.UpSampling3D((2, 1, 3))),
    case("permute", (2, 3, 4), layers.Permute((3, 1, 2))),
    case("permute_last_stays", (2, 3, 4), layers.Permute((2, 1, 3)), layers.Dense(3)),
    case("repeat_vector", (5,), layers.RepeatVector(4)),
    case("reshape", (4, 3, 2), layers.Reshape((2, -1)), layers.Dense(5)),
]  # fmt: skip

NORMALISATIONS = [
    case("layer_normalization", (6, 21), layers.LayerNormalization()),
    case("layer_normalization_two_axes", (3, 4, 5), layers.LayerNormalization(axis=(-2, -1), epsilon=0.02)),
    case("layer_normalization_plain", (7,), layers.LayerNormalization(center=False, scale=False)),
    case("group_normalization", (5, 4, 6), layers.GroupNormalization(3)),
    case("group_normalization_each", (7, 20), layers.GroupNormalization(-1, center=False)),
    case("group_normalization_vector", (12,), layers.GroupNormalization(2, scale=False)),
    case("unit_normalization", (5, 6), layers.UnitNormalization()),
    case("unit_normalization_axis", (5, 6, 2), layers.UnitNormalization(axis=2)),
    case("rms_normalization", (5, 19), layers.RMSNormalization()),
    case("normalization", (5, 3), layers.Normalization(mean=[0.5, -1.0, 0.0], variance=[2.0, 0.3, 0.0]),
         layers.Rescaling([1.0, 1.0, 1e-7])),
    case("normalization_one_number", (5, 3), layers.Normalization(axis=None, mean=0.3, variance=2.0), layers.Dense(4)),
    case("normalization_inverse", (4,), layers.Normalization(mean=[0.3, 0.0, -1.0, 2.0], variance=[2.0, 1.0, 0.5, 4.0], invert=True)),
    case("normalization_axis", (3, 4), layers.Normalization(axis=1, mean=[0.5, -1.0, 0.0], variance=[2.0, 0.3, 1.0])),
    case("rescaling", (3, 2), layers.Rescaling(0.3, offset=-1.5), layers.Dense(3)),
    case("rescaling_channels", (3, 2), layers.Rescaling([0.3, 2.0], offset=[0.1, 0.0])),
]  # fmt: skip

OTHERS = [
    case("prelu", (6,), layers.PReLU()),
    case("prelu_shared", (5, 4, 3), layers.PReLU(shared_axes=[1, 2])),
    case("prelu_inner_shared", (5, 4, 3), layers.PReLU(shared_axes=[2])),
    case("einsum_dense", (5, 4), layers.EinsumDense("abc,cd->abd", (5, 6), bias_axes="d", activation="relu")),
    case("einsum_dense_heads", (5, 4), layers.EinsumDense("abc,cde->abde", (5, 2, 3), bias_axes="de")),
    case("einsum_dense_joins", (5, 2, 3), layers.EinsumDense("abcd,cde->abe", (5, 4), bias_axes="e")),
    case("einsum_dense_ellipsis", (5, 4), layers.EinsumDense("...x,xy->...y", 6)),
    case("einsum_dense_vector", (4,), layers.EinsumDense("ab,bcd->acd", (3, 2), bias_axes="c", activation="tanh")),
]  # fmt: skip

RECURRENT = [
    case("lstm", (17, 3), layers.LSTM(5)),
    case("lstm_wide", (4, 3), layers.LSTM(19, return_sequences=True), layers.Dense(2)),
    case("lstm_other_functions", (4, 3), layers.LSTM(5, activation="relu", recurrent_activation="hard_sigmoid")),
    case("gru", (6, 3), layers.BatchNormalization(), layers.GRU(17)),
    case("gru_before", (6, 3), layers.GRU(5, reset_after=False, go_backwards=True, return_sequences=True)),
    case("simple_rnn", (6, 3), layers.SimpleRNN(7)),
    case("both_directions", (6, 3), layers.Bidirectional(layers.LSTM(5, return_sequences=True))),
    case("for_each_entry", (4, 5, 3), layers.TimeDistributed(layers.GRU(6)), layers.TimeDistributed(layers.Dense(3, "tanh"))),
    case("maxout", (3, 5), Maxout(6, pieces=3), Highway("tanh")),
]  # fmt: skip

LAYERS = [*CONVOLUTIONS, *POOLING, *SHAPES, *NORMALISATIONS, *OTHERS, *RECURRENT]


@pytest.mark.parametrize("entry", LAYERS, ids=lambda entry: entry.name)
def test_layer(entry, tmp_path):
    model = entry.model()
    values = np.random.default_rng(6).normal(0, 1, (12, *model.input_shape[1:])).astype(np.float32)
    check_exportable(model, {"x": values}, tmp_path)
    check(tmp_path / "first.json", model, {"x": special_values(entry, values)}).require()


def special_values(entry, values):
    """Return events of denormal numbers, with a NaN or an infinity in some place, and of NaN: what they reach must be the same."""
    denormal = 1e-40 * np.sign(values[:1])
    if any(isinstance(layer, layers.MaxPooling3D) for layer in entry.stack):
        return denormal  # where NaN goes in TensorFlow depends on its place in the window
    events = values[:6].reshape(6, -1).copy()
    for number, value in enumerate((np.nan, np.inf, -np.inf)):
        events[number, 0] = events[number + 3, events.shape[1] // 2] = value
    # Largest numbers are what is left of NaN alone: the order of sums then decides between infinity and NaN in the layer behind.
    nothing = np.full_like(values[: len(entry.stack) == 1], np.nan)
    return np.concatenate([denormal, events.reshape(6, *values.shape[1:]), nothing]).astype(np.float32)


def test_every_table_of_kernels_and_batches(tmp_path):
    flags = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = build_program(HERE / "layers.cpp", tmp_path / "layers", *flags)
    paths = [export(entry.model(), tmp_path / f"{entry.name}.json", vectors=3) for entry in LAYERS]
    done = subprocess.run([program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


# Layers of several inputs, and the shapes of these.
MERGING = {
    "add": (layers.Add, [(4, 3)] * 3),
    "average": (layers.Average, [(4, 3)] * 3),
    "maximum": (layers.Maximum, [(19,)] * 3),
    "minimum": (layers.Minimum, [(19,)] * 2),
    "multiply": (layers.Multiply, [(4, 3)] * 3),
    "subtract": (layers.Subtract, [(4, 3)] * 2),
    "add_broadcast": (layers.Add, [(4, 3), (4, 1), (1, 3)]),
    "multiply_other_rank": (layers.Multiply, [(5, 4, 3), (3,), (4, 1)]),
    "subtract_to_new_shape": (layers.Subtract, [(4, 1), (1, 3)]),
    "dot": (partial(layers.Dot, 1), [(5,), (5,)]),
    "dot_last": (partial(layers.Dot, -1), [(4, 5), (3, 5)]),
    "dot_axes": (partial(layers.Dot, (1, 2)), [(5, 4), (3, 5, 2)]),
    "dot_normalised": (partial(layers.Dot, (2, 1), normalize=True), [(4, 5), (5, 3)]),
}  # fmt: skip


@pytest.mark.parametrize("name", MERGING)
def test_merging(name, tmp_path):
    make, shapes = MERGING[name]
    given = [keras.Input(shape, name=f"x{number}") for number, shape in enumerate(shapes)]
    random = np.random.default_rng(7)
    values = {f"x{number}": random.normal(0, 1, (9, *shape)).astype(np.float32) for number, shape in enumerate(shapes)}
    check_exportable(keras.Model(given, make()(given)), values, tmp_path)


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3)])
def test_embedding(shape, tmp_path):
    given = keras.Input(shape, dtype="int32", name="x")
    model = randomised(keras.Model(given, layers.Dense(2)(layers.Embedding(7, 4)(given))))
    check_exportable(model, {"x": np.random.default_rng(8).integers(0, 7, (20, *shape))}, tmp_path)


@pytest.mark.parametrize(("shape", "index"), [((4,), 0), ((5, 3), 1), ((2, 3, 4), 3), ((3, 1), 0)])
def test_feature_embedding(shape, index, tmp_path):
    random = np.random.default_rng(8)
    values = random.normal(0, 1, (20, *shape)).astype(np.float32)
    values[..., index] = random.integers(0, 7, (20, *shape[:-1]))
    given = keras.Input(shape, name="x")
    model = randomised(keras.Model(given, layers.Dense(2)(FeatureEmbedding(index, 7, 4)(given))))
    check_exportable(model, {"x": values}, tmp_path)


REFUSED = [
    (layers.Lambda(lambda x: x + 1), "Lambda.* is a Python function.*Preprocessing"),
    (layers.Conv2D(2, 2, data_format="channels_first"), "data_format='channels_first'; use channels_last"),
    (layers.MaxPooling2D(2, data_format="channels_first"), "data_format='channels_first'; use channels_last"),
    (layers.GlobalAveragePooling2D(data_format="channels_first"), "data_format='channels_first'; use channels_last"),
    (layers.UpSampling2D(2, interpolation="bilinear"), "interpolation='bilinear'; use 'nearest'"),
    (layers.Conv2DTranspose(2, 2, dilation_rate=2), r"dilation_rate=\(2, 2\); use 1"),
    (layers.LayerNormalization(axis=1), "works along the axes .*1.*; use the last one"),
    (layers.GroupNormalization(2, axis=1), "works along the axes .*1.*; use the last one"),
    (layers.EinsumDense("abcd,ce->abde", (4, 2, 3)), "equation 'abcd,ce->abde'; sum over the last axes"),
    (layers.EinsumDense("abcd,de->aebc", (3, 4, 4)), "equation 'abcd,de->aebc'; sum over the last axes"),
    (layers.EinsumDense("abcd,de->abce", (4, 4, 3), bias_axes="ce"), "bias_axes='ce'; use axes of the kernel alone"),
    (layers.Activation("sparsemax"), "the activation 'sparsemax'.*use one of"),
    (layers.Activation("glu"), "the activation 'glu'.*use one of"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "message"), REFUSED, ids=lambda value: getattr(value, "name", None))
def test_what_cannot_be_exported_says_what_would_be_right(layer, message, tmp_path):
    given = keras.Input((4, 4, 2), name="x")
    model = keras.Model(given, layer(given))
    with pytest.raises(UnsupportedLayerError, match=f"'{layer.name}' .*{message}"):
        export(model, tmp_path / "net.json")
