"""Damaged nodes of recurrent layers and of attention are refused with the path, whatever stands in them."""

import json
import shutil

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.export import export
from keras_hep.layers import Highway, Maxout
from tests.cpp.networks import randomised
from tests.cpp.test_runtime import changed, loads

__all__ = ["loads"]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    given, mask = keras.Input((5, 4), name="x"), keras.Input((5, 5), name="mask")
    x = layers.LSTM(4, return_sequences=True, name="lstm")(given)
    x = layers.GRU(4, return_sequences=True, name="gru")(x)
    x = layers.GRU(4, return_sequences=True, reset_after=False, name="before")(x)
    x = layers.SimpleRNN(4, return_sequences=True, name="plain")(x)
    x = layers.MultiHeadAttention(2, 3, name="heads")(x, x, attention_mask=mask)
    x = layers.AdditiveAttention(name="additive")([x, x])
    x = layers.TimeDistributed(layers.Dense(6), name="each")(x)
    x = Highway(name="highway")(Maxout(2, pieces=3, name="maxout")(x))
    model = randomised(keras.Model([given, mask], layers.Flatten(name="flat")(x)))
    return export(model, tmp_path_factory.mktemp("net") / "net.json", vectors=2).read_bytes()


# Node, attribute, value, and what the message says; the path is added.
WRONG = [
    ("lstm", "units", 0, "shape: expected [5, 0], found [5, 4]"),
    ("lstm", "units", 2**26, "shape: expected [5, 67108864]"),
    ("lstm", "weights", [1.0], "weights: expected 64 numbers, found 1"),
    ("lstm", "recurrent_weights", [], "recurrent_weights: expected 64 numbers, found 0"),
    ("lstm", "bias", [1.0], "bias: expected 16 numbers, found 1"),
    ("lstm", "activation", "tanh", "activation: expected an object, found a string"),
    ("lstm", "activation", {"function": "tanh", "x": 1}, "activation: unknown key 'x'"),
    ("lstm", "recurrent_activation", {"function": "x"}, "recurrent_activation.function: unknown activation 'x'"),
    ("lstm", "return_sequences", 1, "return_sequences: expected a boolean"),
    ("lstm", "return_sequences", False, "shape: expected [4], found [5, 4]"),
    ("lstm", "inputs", ["x", "x"], "inputs: expected a mask [5], found [5, 4]"),
    ("lstm", "inputs", ["x", "x", "x"], "inputs: expected 1 inputs, found 3"),
    ("gru", "recurrent_bias", [1.0], "recurrent_bias: expected 12 numbers, found 1"),
    ("before", "recurrent_bias", [1.0] * 12, "recurrent_bias: expected null where reset_after is false"),
    ("plain", "recurrent_activation", {"function": "tanh"}, "unknown key 'recurrent_activation'"),
    ("heads/attention", "heads", 0, "heads: expected a divisor of 6, found 0"),
    ("heads/attention", "heads", 4, "heads: expected a divisor of 6, found 4"),
    ("heads/attention", "heads", 3, "inputs: the heads of queries [5, 6], keys [5, 6] and values [5, 6] do not fit"),
    ("heads/attention", "key_heads", 2**26, "key_heads: expected a divisor of 6, found 67108864"),
    ("heads/attention", "masks", ["all"], "masks[0]: expected 'pairs', 'queries', 'keys' or 'outputs', found 'all'"),
    ("heads/attention", "masks", ["keys"], "inputs: expected a mask [5], found [5, 5]"),
    ("heads/attention", "masks", [], "inputs: expected 3 inputs, found 4"),
    ("additive", "tanh_weights", [1.0], "tanh_weights: expected 4 numbers, found 1"),
    ("each", "layer", None, "layer: expected an object, found null"),
    ("each", "shape", [6, 6], "inputs: expected inputs of 6 entries, found [5, 4]"),
    ("maxout", "pieces", 0, "pieces: expected a divisor of 6, found 0"),
    ("maxout", "pieces", 4, "pieces: expected a divisor of 6, found 4"),
    ("highway", "inputs", ["maxout"], "inputs: expected 3 inputs, found 1"),
]


def test_wrong_attributes_name_the_path(text, loads):
    names = [node["name"] for node in json.loads(text)["nodes"]]
    assert loads([text]) == ["ok"]
    lines = loads([changed(text, ("nodes", names.index(node), key), value) for node, key, value, _ in WRONG])
    for line, (node, key, value, message) in zip(lines, WRONG, strict=True):
        path = f"$.nodes[{names.index(node)}]"
        assert f" {path}.{message}" in line or f" {path}: {message}" in line, (node, key, value, line)


def test_mutated_numbers_are_refused_or_run(text, loads):
    random = np.random.default_rng(9)
    nodes = json.loads(text)["nodes"]
    places = [
        (n, key)
        for n, node in enumerate(nodes)
        for key in node.keys() & {"units", "heads", "key_heads", "pieces", "shape"}
    ]
    documents = []
    for number, key in sorted(places):
        for _ in range(8):
            value = nodes[number][key]
            sizes = list(value) if isinstance(value, list) else [value]
            sizes[random.integers(len(sizes))] = int(random.choice([0, 1, 2, 3, 5, 64, 2**13, 2**26, 2**26 + 1]))
            documents.append(changed(text, ("nodes", number, key), sizes if isinstance(value, list) else sizes[0]))
    assert len(documents) > 150
    loads(documents)
