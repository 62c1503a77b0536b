"""Attention, layers for each entry, maxout and highway: C++ against Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export import export
from keras_hep.layers import Highway, Maxout
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import randomised

QUERIES, KEYS = (5, 4), (7, 3)


def given(shapes, events=40):
    random = np.random.default_rng(2)
    return {name: random.normal(0, 1, (events, *shape)).astype(np.float32) for name, shape in shapes.items()}


def checked(folder, make, **shapes):
    """Check the model of what `make` makes of inputs with these shapes; those called mask are 0 and 1, with empty rows."""
    tensors = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    model = randomised(keras.Model(list(tensors.values()), make(**tensors)))
    inputs = given(shapes)
    for name in shapes:
        if name.startswith("mask"):
            inputs[name] = (inputs[name] > 0.3).astype(np.float32)
            inputs[name][0] = 0
    return check_exportable(model, inputs, folder)[0]


HEADS = {
    "usual": {},
    "sizes": {"value_dim": 2, "output_shape": 6},
    "no_bias": {"use_bias": False},
    "dropout": {"dropout": 0.2},  # Keras then takes another way
}


@pytest.mark.parametrize("case", HEADS)
@pytest.mark.parametrize("causal", [False, True])
def test_heads(case, causal, tmp_path):
    layer = layers.MultiHeadAttention(3, 5, **HEADS[case])
    document = checked(tmp_path, lambda q, v: layer(q, v, use_causal_mask=causal), q=QUERIES, v=KEYS)
    (node,) = [node for node in document["nodes"] if node["type"] == "attention"]
    assert node["heads"] == 3 and node["causal"] == causal


def test_keys_of_their_own(tmp_path):
    layer = layers.MultiHeadAttention(2, 4)
    checked(tmp_path, lambda q, v, k: layer(query=q, key=k, value=v), q=QUERIES, v=KEYS, k=(7, 6))


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_mask_of_pairs(dropout, tmp_path):
    layer = layers.MultiHeadAttention(2, 4, dropout=dropout)
    checked(
        tmp_path,
        lambda q, v, mask: layer(q, v, attention_mask=mask, use_causal_mask=True),
        q=QUERIES,
        v=KEYS,
        mask=(5, 7),
    )


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_mask_of_keys(dropout, tmp_path):
    layer = layers.MultiHeadAttention(2, 4, dropout=dropout)
    checked(tmp_path, lambda q, v, mask: layer(q, v, value_mask=mask), q=QUERIES, v=KEYS, mask=(7,))


def test_masks_without_weights(tmp_path):
    def make(q, v, mask_q, mask_v):
        return layers.Attention()([q, v], mask=[mask_q, mask_v])

    checked(tmp_path, make, q=(5, 3), v=KEYS, mask_q=(5,), mask_v=(7,))


def test_heads_that_share_keys(tmp_path):
    layer = layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    checked(tmp_path, lambda q, v: layer(q, v, use_causal_mask=True), q=QUERIES, v=(7, 4))


WITHOUT = {
    "dot": lambda: layers.Attention(),
    "scaled": lambda: layers.Attention(use_scale=True),
    "concat": lambda: layers.Attention(use_scale=True, score_mode="concat"),
    "additive": lambda: layers.AdditiveAttention(),
    "additive_plain": lambda: layers.AdditiveAttention(use_scale=False),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_without_weights(case, tmp_path):
    checked(tmp_path, lambda q, v: WITHOUT[case]()([q, v], use_causal_mask=True), q=(5, 3), v=KEYS)


def test_a_layer_for_each_entry(tmp_path):
    def make(x):
        x = layers.TimeDistributed(layers.Dense(6, activation="relu"))(x)
        x = layers.TimeDistributed(layers.BatchNormalization())(x)
        x = layers.TimeDistributed(layers.Dropout(0.2))(x)
        x = layers.TimeDistributed(layers.Reshape((2, 3)))(x)
        x = layers.TimeDistributed(layers.LSTM(4))(x)
        return layers.TimeDistributed(layers.Dense(3, activation="softmax"))(x)

    document = checked(tmp_path, make, x=(5, 4))
    assert {node["type"] for node in document["nodes"][1:]} == {"time_distributed"}


@pytest.mark.parametrize("shape", [(5,), (4, 5)])
def test_maxout_and_highway(shape, tmp_path):
    stack = keras.Sequential([Maxout(6, pieces=3), Highway("tanh"), Maxout(17, use_bias=False), Highway()])
    checked(tmp_path, lambda x: stack(x), x=shape)


REFUSED = {
    "axes": (
        lambda x: layers.MultiHeadAttention(2, 3, name="a")(x, x),
        r"'a' .*other shapes than \(length, features\)",
    ),
    "inner": (lambda x: layers.TimeDistributed(layers.Lambda(lambda y: y), name="a")(x), "'a' .*Lambda"),
    "window": (
        lambda x: layers.MultiHeadAttention(2, 3, sliding_window=2, name="a")(*[layers.Reshape((4, 15))(x)] * 2),
        "'a' .*has sliding_window; build it without",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_named(case, tmp_path):
    make, message = REFUSED[case]
    x = keras.Input((3, 4, 5), name="x")
    with pytest.raises(UnsupportedLayerError, match=message):
        export(keras.Model(x, make(x)), tmp_path / "net.json")


MASKED = {
    "self": lambda x, y, z: layers.MultiHeadAttention(2, 3)(x, x),
    "cross": lambda x, y, z: layers.MultiHeadAttention(2, 3)(x, y, use_causal_mask=True),
    "dropout": lambda x, y, z: layers.MultiHeadAttention(2, 3, dropout=0.1)(x, y, use_causal_mask=True),
    "keys_alone": lambda x, y, z: layers.MultiHeadAttention(2, 3)(z, y),
    "queries_alone": lambda x, y, z: layers.MultiHeadAttention(2, 3)(x, z),
    "key": lambda x, y, z: layers.MultiHeadAttention(2, 3)(query=z, value=x, key=y),
    "shared_keys": lambda x, y, z: layers.GroupQueryAttention(3, 4, 2)(x, y),
    "dot": lambda x, y, z: layers.Attention()([x, y]),
    "additive": lambda x, y, z: layers.AdditiveAttention()([z, y], use_causal_mask=True),
    # Attention hands the mask of its queries on, and takes it away from its inputs.
    "mean": lambda x, y, z: layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 3)(x, y)),
    "twice": lambda x, y, z: layers.MultiHeadAttention(2, 3)(z, layers.MultiHeadAttention(2, 3)(x, x)),
    "taken": lambda x, y, z: layers.GRU(2)(layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x)])),
    "taken_before": lambda x, y, z: layers.MultiHeadAttention(2, 3)(layers.MultiHeadAttention(2, 3)(z, x), x),
    "dot_leaves_it": lambda x, y, z: layers.GRU(2)(layers.Add()([x, layers.Attention()([x, y])])),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize("case", MASKED)
def test_masks_that_keras_hands_on(case, tmp_path):
    tensors = {name: keras.Input((6, 4), name=name) for name in "xyz"}
    masked = [layers.Masking(0.5)(tensors["x"]), layers.Masking(-1.0)(tensors["y"])]
    model = randomised(keras.Model(tensors, MASKED[case](*masked, layers.Activation("tanh")(tensors["z"]))))
    inputs = given({name: (6, 4) for name in "xyz"})
    random = np.random.default_rng(5)
    for name, value in (("x", 0.5), ("y", -1.0)):
        inputs[name][random.random((40, 6)) < 0.4] = value
    inputs["x"][0] = 0.5
    inputs["y"][1] = -1
    document, _ = check_exportable(model, inputs, tmp_path)
    assert any(node["type"] == "not_equal" for node in document["nodes"])
    for node in document["nodes"]:
        assert node["type"] != "attention" or len(set(node["masks"])) == len(node["masks"])


def test_words_that_mask_zero_through_a_transformer(tmp_path):
    words = keras.Input((6,), name="words", dtype="int32")
    x = inner = layers.Embedding(5, 4, mask_zero=True)(words)
    x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)]))
    x = layers.MultiHeadAttention(2, 3)(layers.Dense(4)(x), layers.Dense(4)(inner))
    model = randomised(keras.Model(words, layers.GlobalAveragePooling1D()(x)))
    check_exportable(model, {"words": np.random.default_rng(3).integers(0, 5, (40, 6))}, tmp_path)


@pytest.mark.parametrize("layer", [layers.MultiHeadAttention(2, 4), layers.GroupQueryAttention(4, 4, 2)])
def test_a_mask_of_queries_counts_where_keras_lets_it(layer, tmp_path):
    """MultiHeadAttention ignores the argument `query_mask`: it asks the tensor for its mask."""
    document = checked(tmp_path, lambda q, v, mask: layer(q, v, query_mask=mask), q=QUERIES, v=(7, 4), mask=(5,))
    (node,) = [node for node in document["nodes"] if node["type"] == "attention"]
    assert node["masks"] == ([] if isinstance(layer, layers.MultiHeadAttention) else ["queries"])


def test_a_mask_goes_past_layers_for_each_entry(tmp_path):
    def make(x):
        x = layers.TimeDistributed(layers.Dense(6))(layers.Masking(0.5)(x))
        return layers.Bidirectional(layers.GRU(4, return_sequences=True))(x)

    x = keras.Input((6, 3), name="x")
    model = randomised(keras.Model(x, make(x)))
    inputs = given({"x": (6, 3)})
    inputs["x"][np.random.default_rng(5).random((40, 6)) < 0.4] = 0.5
    document, _ = check_exportable(model, inputs, tmp_path)
    assert [len(node["inputs"]) for node in document["nodes"] if node["type"] == "gru"] == [2, 2]
