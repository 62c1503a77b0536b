"""Masks that Keras hands from layer to layer: they are nodes, and inputs of the nodes that read them."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export import export
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import randomised


def padded(events=60, length=5, size=3, value=0.0):
    """Return sequences of 1 to `length` entries; some inner entries are padding too, and some values alone."""
    random = np.random.default_rng(8)
    values = random.normal(size=(events, length, size)).astype(np.float32)
    values[random.random((events, length)) < 0.2] = value
    values[random.random(values.shape) < 0.1] = value
    values[np.arange(length) >= random.integers(1, length + 1, (events, 1))] = value
    values[:, 0] = 1.5
    return values


def exported(stack, folder, values, **arguments):
    x = given = keras.Input(values.shape[1:], name="x", **arguments)
    for layer in stack:
        x = layer(x)
    model = randomised(keras.Model(given, x))
    return check_exportable(model, {"x": values}, folder)[0]


def kinds(document):
    return [node["type"] for node in document["nodes"]]


@pytest.mark.parametrize("value", [0.0, -7.0])
def test_masking(value, tmp_path):
    # Dense, normalisations and dropout pass the mask on.
    between = [layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dropout(0.2)]
    stack = [layers.Masking(value, name="m"), *between, layers.GlobalAveragePooling1D(name="mean")]
    document = exported(stack, tmp_path, padded(value=value))
    nodes = {node["name"]: node for node in document["nodes"]}
    assert nodes["mean"]["type"] == "masked_mean" and nodes["mean"]["inputs"][1] == "any"
    assert nodes["not_equal"]["inputs"] == ["x"] and nodes["m"]["value"] == value == nodes["not_equal"]["value"]


def test_a_mask_that_nobody_reads_leaves_no_node(tmp_path):
    document = exported([layers.Masking(), layers.Dense(2)], tmp_path, padded())
    assert kinds(document) == ["input", "masking", "dense"]


def test_embeddings_that_mask_zero(tmp_path):
    values = np.random.default_rng(1).integers(0, 4, (50, 6))
    values[:, 0] = 1
    stack = [layers.Embedding(4, 3, mask_zero=True), layers.GlobalAveragePooling1D()]
    document = exported(stack, tmp_path, values, dtype="int32")
    assert sorted(kinds(document)) == ["embedding", "input", "masked_mean", "not_equal"]


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
def test_masks_go_through_models_inside_models(tmp_path):
    inner = keras.Sequential(
        [keras.Input((5, 3)), layers.Dense(4), layers.Activation("tanh", name="squash")], name="inner"
    )
    outer_in = keras.Input((5, 4))
    outer = keras.Model(outer_in, layers.GlobalAveragePooling1D(name="mean")(outer_in), name="outer")
    maker_in = keras.Input((5, 3))
    maker = keras.Model(maker_in, layers.Masking(name="m")(maker_in), name="maker")
    document = exported([maker, inner, outer], tmp_path, padded())
    last = document["nodes"][-1]
    assert last["name"] == "outer/mean" and last["type"] == "masked_mean"
    assert last["inputs"] == ["inner/squash", "any"]


def test_recurrent_layers_take_the_mask(tmp_path):
    stack = [layers.Masking(), layers.GRU(3, return_sequences=True), layers.Bidirectional(layers.LSTM(2), name="both")]
    document = exported(stack, tmp_path, padded())
    assert sum("any" in node["inputs"] for node in document["nodes"]) == 3


def test_a_sum_of_masked_sequences(tmp_path):
    given = keras.Input((5, 3), name="x")
    first, second = layers.Masking()(given), layers.Masking(1.5)(layers.Dense(3, name="d")(given))
    x = layers.GlobalAveragePooling1D()(layers.Add()([first, second]))
    document, _ = check_exportable(randomised(keras.Model(given, x)), {"x": padded()}, tmp_path)
    assert kinds(document).count("not_equal") == 2 and kinds(document).count("maximum") == 1


def test_a_mask_that_is_an_input(tmp_path):
    x, mask = keras.Input((5, 3), name="x"), keras.Input((5,), name="mask", dtype="bool")
    model = randomised(keras.Model([x, mask], layers.GlobalAveragePooling1D()(layers.Dense(2)(x), mask=mask)))
    values = {"x": padded(), "mask": np.arange(5) < np.random.default_rng(2).integers(1, 6, (60, 1))}
    check_exportable(model, values, tmp_path)


def test_layers_that_lose_the_mask_lose_it_here_too(tmp_path):
    stack = [layers.Masking(), layers.Reshape((5, 3)), layers.GlobalAveragePooling1D()]
    with pytest.warns(UserWarning, match="does not support masking"):
        document = exported(stack, tmp_path, padded())
    assert "masked_mean" not in kinds(document)


def test_layers_that_cannot_take_a_mask_are_named(tmp_path):
    given = keras.Input((5, 3), name="x")
    masked = layers.Masking()(given)
    with pytest.raises(UnsupportedLayerError, match=r"'soft' \(.*Softmax\) receives a mask.*GlobalAveragePooling1D"):
        export(keras.Model(given, layers.Softmax(name="soft", axis=1)(masked)), tmp_path / "net.json")
    joined = layers.Concatenate(axis=1)([masked, given])
    with pytest.raises(UnsupportedLayerError, match=r"makes a mask in a way .*take away the Masking"):
        export(keras.Model(given, layers.GlobalAveragePooling1D()(joined)), tmp_path / "net.json")
