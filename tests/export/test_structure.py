"""Shared layers, models inside models, several inputs and outputs."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.errors import ExportError, UnsupportedLayerError
from keras_hep.export import export
from keras_hep.export.document import trace
from keras_hep.export.shared_weights import restored
from keras_hep.export.vectors import synthetic_inputs
from keras_hep.layers import MaskedSum, Preprocessing
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import plain_spec, randomised


def drawn(model, events=100):
    return synthetic_inputs(trace(model), events, seed=4)


def exported(model, folder):
    return check_exportable(randomised(model), drawn(model), folder)[0]


def names(document):
    return [node["name"] for node in document["nodes"]]


def test_a_layer_called_several_times_has_its_weights_once(tmp_path):
    both, norm = layers.Dense(3, activation="tanh", name="both"), layers.BatchNormalization(name="norm")
    given = keras.Input((3,), name="x")
    x = given
    for _ in range(3):
        x = norm(both(x))
    document = exported(keras.Model(given, layers.Add(name="sum")([x, both(given)])), tmp_path)
    assert names(document) == [
        "x",
        *["both/dense", "both", "norm"],
        *["both:2/dense", "both:2", "norm:2"],
        *["both:3/dense", "both:3", "norm:3"],
        *["both:4/dense", "both:4", "sum"],
    ]
    later = [node for node in document["nodes"] if node["name"] in ("both:2/dense", "both:3/dense")]
    assert [node["weights"] for node in later] == [{"of": "both/dense"}] * 2
    first = document["nodes"][1]["weights"]
    assert len(first) == 9 and all(node["weights"] == first for node in restored(document["nodes"]) if "units" in node)


def test_models_inside_models(tmp_path):
    deep_in = keras.Input((4,), name="deep_in")
    deep = keras.Model(deep_in, layers.Dense(3, activation="elu", name="dense")(deep_in), name="deep")
    middle_in = [keras.Input((4,), name="a"), keras.Input((3,), name="b")]
    middle = keras.Model(middle_in, layers.Add(name="add")([deep(middle_in[0]), middle_in[1]]), name="middle")
    small = keras.Sequential(
        [layers.Dense(4, name="one"), layers.Dropout(0.3), layers.Dense(4, name="two")], name="small"
    )
    given = keras.Input((5,), name="x")
    first, second = small(given), small(layers.Dense(5, name="before")(given))
    joined = middle([second, layers.Dense(3, name="b")(first)])
    model = keras.Model(given, layers.Concatenate(name="join")([joined, deep(first)]))
    document = exported(model, tmp_path)
    assert set(names(document)) == {
        *("x", "before", "b", "join", "middle/add"),
        *("small/one", "small/two", "small/one:2", "small/two:2"),
        *("deep/dense", "deep/dense/dense", "middle/deep/dense", "middle/deep/dense/dense"),
    }
    weights = [node["weights"] for node in document["nodes"] if node["type"] == "dense" and "of" in node["weights"]]
    assert sorted(weight["of"] for weight in weights)[1:] == ["small/one", "small/two"]
    assert len(weights) == 3


def test_a_model_of_models_with_preprocessing_and_a_mask(tmp_path):
    tracks, mask = keras.Input((4, 2), name="tracks"), keras.Input((4,), name="tracks_mask")
    inner_in = [keras.Input((4, 2)), keras.Input((4,))]
    x = layers.Dense(3, activation="relu")(Preprocessing(plain_spec("tracks", 4), "tracks")(inner_in[0]))
    inner = keras.Model(inner_in, MaskedSum()([x, inner_in[1]]), name="inner")
    model = keras.Model([tracks, mask], layers.Dense(3, name="out")(inner([tracks, mask])))
    document = exported(model, tmp_path)
    assert document["inputs"][0]["length"] == 4 and document["outputs"][0]["labels"] == ["a", "b", "c"]


def test_a_sequential_model_of_models(tmp_path):
    small = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="in")], name="small")
    model = keras.Sequential([keras.Input((3,), name="x"), small, layers.Softmax(name="out")])
    assert names(exported(model, tmp_path)) == ["x", "small/in", "out"]


def test_several_inputs_and_outputs_some_of_them_the_same(tmp_path):
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    hidden = layers.Dense(4, activation="relu", name="hidden")(layers.Concatenate(name="join")([b, a]))
    two = keras.Model(a, {"p": layers.Dense(2)(a), "q": layers.Dense(1)(a)}, name="two")
    values = two(a)
    outputs = {"h": hidden, "p": values["p"], "q": layers.Activation("tanh")(values["q"]), "again": hidden}
    document = exported(keras.Model({"b": b, "a": a}, outputs), tmp_path)
    assert {output["name"] for output in document["outputs"]} == {"h", "p", "q", "again"}
    assert len({output["node"] for output in document["outputs"]}) == 3


def test_a_model_is_as_it_was_after_an_export(tmp_path):
    small = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="dense")], name="small")
    given = keras.Input((3,), name="x")
    model = randomised(keras.Model(given, layers.Dense(2)(small(small(given)))))
    before = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in model._flatten_layers()]
    values = np.ones((2, 3), np.float32)
    output = np.asarray(model(values))
    export(model, tmp_path / "net.json")
    assert [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in model._flatten_layers()] == before
    assert small.get_layer("dense").output is small.outputs[0]
    assert (np.asarray(model(values)) == output).all()


@keras.saving.register_keras_serializable(package="test")
class NoGraph(keras.Model):
    def call(self, inputs):
        return inputs * 2


def test_what_cannot_be_taken_apart_is_named(tmp_path):
    given = keras.Input((3,), name="x")
    sequence, inner_in = keras.Input((3, 1), name="sequence"), keras.Input((3,), name="i")
    inner = keras.Model(inner_in, layers.Dropout(0.5, name="drop")(inner_in), name="inner")
    states = layers.LSTM(2, return_state=True, name="memory")
    cases = {
        r"'odd' .* is a model inside the model and has no graph": NoGraph(name="odd")(given),
        r"'inner' .* called with training=True": inner(given, training=True),
        r"'memory' .* cannot be exported": states(sequence)[0],
    }
    for message, output in cases.items():
        with pytest.raises(UnsupportedLayerError, match=message):
            export(keras.Model([given, sequence], output), tmp_path / "net.json")


def test_the_file_is_smaller_for_shared_layers(tmp_path):
    both = layers.Dense(50, name="both")
    given = keras.Input((50,), name="x")
    once = export(randomised(keras.Model(given, both(given))), tmp_path / "once.json", vectors=0)
    twice = export(randomised(keras.Model(given, both(both(given)))), tmp_path / "twice.json", vectors=0)
    assert twice.stat().st_size < once.stat().st_size + 500
    assert json.loads(twice.read_text())["nodes"][2]["bias"] == {"of": "both"}


REFUSED_INSIDE = {
    "activation": ((4, 3), lambda: layers.Dense(2, activation=lambda x: x * x, name="bad")),
    "softmax": ((4, 3), lambda: layers.LSTM(2, activation="softmax", name="bad")),
    "merge": ((4, 3), lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(3, go_backwards=True), name="bad")),
    "entries": ((4, 3), lambda: layers.TimeDistributed(layers.Lambda(lambda x: x), name="bad")),
    "einsum": ((4, 3), lambda: layers.EinsumDense("abc,bd->adc", (2, 3), name="bad")),
    "up_sampling": ((4, 4, 3), lambda: layers.UpSampling2D(2, interpolation="bilinear", name="bad")),
    "channels": ((4, 4, 3), lambda: layers.ZeroPadding2D(1, data_format="channels_first", name="bad")),
    "transposed": ((4, 4, 3), lambda: layers.Conv2DTranspose(2, 2, dilation_rate=2, name="bad")),
    "normalization": ((4, 3), lambda: layers.LayerNormalization(axis=1, name="bad")),
}  # fmt: skip


@pytest.mark.parametrize("key", REFUSED_INSIDE)
def test_errors_name_the_whole_path_of_a_layer(key, tmp_path):
    shape, make = REFUSED_INSIDE[key]
    inner = keras.Sequential([keras.Input(shape), make()], name="inner")
    outer = keras.Sequential([keras.Input(shape), inner], name="outer")
    given = keras.Input(shape, name="x")
    with pytest.raises(UnsupportedLayerError, match=r"^the layer 'outer/inner/bad' \("):
        export(keras.Model(given, outer(given)), tmp_path / "net.json")


def test_errors_of_numbers_and_later_calls_name_the_path(tmp_path):
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="bad")], name="inner")
    given = keras.Input((3,), name="x")
    model = keras.Model(given, inner(inner(given)))
    inner.get_layer("bad").kernel.assign(np.full((3, 3), np.nan))
    with pytest.raises(ExportError, match=r"^the layer 'inner/bad': weights: 9 of 9 numbers are NaN"):
        export(model, tmp_path / "net.json")
    twice = layers.LeakyReLU(0.2, name="twice")
    wrapped = keras.Sequential([keras.Input((3,)), twice], name="wrapped")
    model = keras.Model(given, layers.Dense(2)(wrapped(given)))
    twice.negative_slope = float("inf")
    with pytest.raises(ExportError, match=r"^the layer 'wrapped/twice': negative_slope"):
        export(model, tmp_path / "net.json")
