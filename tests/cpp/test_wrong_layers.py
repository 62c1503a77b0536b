"""Damaged nodes of images and of normalisations are refused with the path, whatever stands in them."""

import json
import shutil

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.export import export
from tests.cpp.networks import randomised
from tests.cpp.test_runtime import changed, loads

__all__ = ["loads"]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """The document of a network that has a node of most types."""
    given = keras.Input((6, 7, 2), name="x")
    x = layers.Conv2D(4, 3, padding="same", groups=2, name="conv")(given)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool")(x)
    x = layers.ZeroPadding2D(((1, 0), (0, 1)), name="pad")(x)
    x = layers.Cropping2D(((0, 1), (1, 0)), name="crop")(x)
    x = layers.UpSampling2D(2, name="up")(x)
    x = layers.Permute((3, 1, 2), name="permute")(x)
    x = layers.LayerNormalization(name="layer")(x)
    x = layers.GroupNormalization(2, name="group")(x)
    x = layers.UnitNormalization(name="unit")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    x = layers.Dot((3, 3), name="dot")([x, x])
    model = randomised(keras.Model(given, layers.GlobalAveragePooling3D(name="mean")(layers.Reshape((8, 6, 8, 6))(x))))
    return export(model, tmp_path_factory.mktemp("net") / "net.json", vectors=2).read_bytes()


# Node, attribute, value, and what the message says; the path is added.
WRONG = [
    ("conv", "filters", 5, "groups: expected a number that divides 2 channels and 5 filters, found 2"),
    ("conv", "filters", 0, "shape: expected [6, 7, 0], found [6, 7, 4]"),
    ("conv", "filters", 2**26, "shape: expected [6, 7, 67108864]"),
    ("conv", "groups", 0, "groups: expected a number that divides"),
    ("conv", "groups", 1, "weights: expected 72 numbers, found 36"),
    ("conv", "window", [3], "window: expected 2 numbers, found 1"),
    ("conv", "window", [3, 0], "window: expected numbers that are at least 1"),
    ("conv", "window", [3, 2**26], "window: a window of 67108864 is larger than the padded axis of 9"),
    ("conv", "window", [2**27, 3], "window: expected a whole number from 0 to 67108864"),
    ("conv", "window", "3", "window: expected an array of whole numbers, found a string"),
    ("conv", "strides", [1, 1.5], "strides: expected a whole number"),
    ("conv", "strides", [2**26, 1], "shape: expected [1, 7, 4]"),
    ("conv", "dilation", [2**26, 2**26], "window: a window of 134217729 is larger"),
    ("conv", "spread", [2**26, 1], "padding: the padded input is larger than 2**26 values"),
    ("conv", "padding", [2**26, 1, 1, 1], "padding: the padded input is larger than 2**26 values"),
    ("conv", "padding", [2**13, 0, 2**13, 0], "padding: the padded input is larger than 2**26 values"),
    ("conv", "padding", [1, 1, 1], "padding: expected 4 numbers, found 3"),
    ("conv", "padding", [-1, 1, 1, 1], "padding: expected a whole number"),
    ("conv", "weights", [1.0], "weights: expected 36 numbers, found 1"),
    ("depthwise", "multiplier", 0, "shape: expected [5, 6, 0]"),
    ("depthwise", "multiplier", 2**26, "shape: expected [5, 6, 268435456]"),
    ("depthwise", "weights", [], "weights: expected 32 numbers, found 0"),
    ("pool", "padding", [0, 2, 0, 0], "padding: expected less padding than the window of 2 has"),
    ("pool", "window", [1, 2], "padding: expected less padding than the window of 1 has"),
    ("pool", "strides", [1, 2], "shape: expected [5, 3, 8], found [3, 3, 8]"),
    ("pad", "padding", [2**26, 2**26, 0, 0], "shape: expected [134217731, 3, 8]"),
    ("crop", "cropping", [3, 1, 0, 0], "cropping: expected to cut less than the axis of 4 has"),
    ("crop", "cropping", [0, 0, 1, 0], "shape: expected [4, 3, 8], found [3, 3, 8]"),
    ("up/broadcast", "shape", [3, 2, 3, 2, 9], "shape: expected the input's shape [3, 1, 3, 1, 8]"),
    ("up/reshape", "shape", [3, 1, 3, 1, 9], "shape: expected as many values as in [3, 3, 8]"),
    ("permute", "axes", [2, 2, 0], "axes: the axis 2 stands twice"),
    ("permute", "axes", [0, 1, 3], "axes: expected a whole number from 0 to 2"),
    ("layer", "axes", 0, "axes: expected at least one axis"),
    ("layer", "axes", 4, "axes: expected a whole number from 0 to 3"),
    ("layer", "gamma", [1.0], "gamma: expected 6 numbers, found 1"),
    ("group", "groups", 4, "groups: expected a number that divides 6 channels, found 4"),
    ("group", "groups", 0, "groups: expected a number that divides 6 channels, found 0"),
    ("unit", "axis", 3, "axis: the input has only 3 axes"),
    ("prelu", "alpha", [1.0] * 5, "alpha: expected numbers that repeat in the shape [8, 6, 6], found 5"),
    ("prelu", "alpha", [], "alpha: expected numbers that repeat"),
    ("dot", "axes", [2, 3], "axes: the input [8, 6, 6] has no axis 3"),
    ("dot", "axes", [0, 1], "axes: expected axes of one size"),
]


def test_wrong_attributes_name_the_path(text, loads):
    names = [node["name"] for node in json.loads(text)["nodes"]]
    assert loads([text]) == ["ok"]
    lines = loads([changed(text, ("nodes", names.index(node), key), value) for node, key, value, _ in WRONG])
    for line, (node, key, value, message) in zip(lines, WRONG, strict=True):
        assert f" $.nodes[{names.index(node)}].{message}" in line, (node, key, value, line)


def test_mutated_numbers_are_refused_or_run(text, loads):
    random = np.random.default_rng(9)
    whole = {
        "window",
        "strides",
        "dilation",
        "spread",
        "padding",
        "cropping",
        "axes",
        "axis",
        "groups",
        "multiplier",
        "filters",
    }
    nodes = json.loads(text)["nodes"]
    places = [(number, key) for number, node in enumerate(nodes) for key in node.keys() & (whole | {"shape"})]
    documents = []
    for number, key in sorted(places):
        for _ in range(12):
            value = nodes[number][key]
            numbers = list(value) if isinstance(value, list) else [value]
            numbers[random.integers(len(numbers))] = int(random.choice([0, 1, 2, 3, 5, 64, 2**13, 2**26, 2**26 + 1]))
            documents.append(changed(text, ("nodes", number, key), numbers if isinstance(value, list) else numbers[0]))
    assert len(documents) > 200
    loads(documents)
