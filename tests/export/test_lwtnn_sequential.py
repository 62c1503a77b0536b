"""Keras models in the sequential dialect of lwtnn: evaluated by its description, by C++, and read again."""

import json
import shutil

import keras
import numpy as np
import pytest
from keras import layers

from benchmarks.lwtnn.evaluate import evaluate_in_cpp, evaluate_in_keras
from benchmarks.lwtnn.reference import events_of
from keras_hep.errors import ExportError
from keras_hep.export import export_lwtnn
from keras_hep.export.lwtnn import read
from keras_hep.layers import Highway, MaskedLast, MaskedSum, Maxout, Preprocessing, Ramp
from tests.cpp.networks import plain_spec, randomised
from tests.export.lwtnn_graph import evaluate_sequential
from tests.export.lwtnn_samples import SAMPLES, events


def vector():
    """A network of a vector, whose input is called as the reader calls it."""
    given = keras.Input((2,), name="inputs")
    x = Maxout(4, pieces=3)(Preprocessing(plain_spec("inputs"), "inputs")(given))
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    x = layers.Dense(3, activation="softmax", name="outputs")(Highway(activation="tanh")(x))
    return keras.Model([given], x)


def sequence():
    """A network that scans a sequence."""
    given, mask = keras.Input((12, 2), name="inputs"), keras.Input((12,), name="inputs_mask")
    x = Preprocessing(plain_spec("inputs", 12), "inputs")(given)
    x = layers.LSTM(4, return_sequences=True, recurrent_activation=Ramp(0.2, 0.5))(x, mask=mask)
    x = MaskedLast()([layers.GRU(3, reset_after=False, return_sequences=True)(x, mask=mask), mask])
    return keras.Model([given, mask], layers.Dense(2, activation="sigmoid", name="outputs")(x))


def in_float32(path):
    """Return a document with the numbers that a float32 can hold."""
    return json.loads(path.read_text(), parse_float=lambda text: float(np.float32(text)))


@pytest.mark.parametrize("make", [vector, sequence])
def test_every_reader_gives_what_keras_gives(make, tmp_path):
    model = randomised(make())
    path = export_lwtnn(model, tmp_path / "net.json", "sequential")
    document = json.loads(path.read_text())
    assert set(document) == {"inputs", "layers", "outputs", "defaults"} and isinstance(document["outputs"], list)
    assert document["defaults"] == {"pt": 30.0}
    given = [{**event, "pt": (40 * np.array(event["pt"])).tolist()} for event in events(document)]
    expected = np.array([list(evaluate_sequential(document, event).values()) for event in given])
    assert np.ptp(expected, axis=0).min() > 5e-3
    again = read(path, 12)
    for candidate in (model, again):
        found = evaluate_in_keras(candidate, path, events_of(path, given))["outputs"]
        np.testing.assert_allclose(found, expected, atol=2e-6)
    if shutil.which("g++"):
        single, double = evaluate_in_cpp(path, events_of(path, given), tmp_path, 12)
        np.testing.assert_allclose(single["outputs"], expected, atol=2e-6)
        np.testing.assert_allclose(double["outputs"], expected, atol=1e-12)
    assert in_float32(export_lwtnn(again, tmp_path / "again.json")) == in_float32(path)


def test_a_file_that_was_read_can_be_written_in_the_other_dialect(tmp_path):
    document = SAMPLES["recurrent"]
    (tmp_path / "net.json").write_text(json.dumps(document))
    graph = export_lwtnn(read(tmp_path / "net.json", 12), tmp_path / "graph.json", "graph")
    assert isinstance(json.loads(graph.read_text())["outputs"], dict)
    back = json.loads(export_lwtnn(read(graph, 12), tmp_path / "back.json", "sequential").read_text())
    assert back["outputs"] == document["outputs"]
    for event in events(document):
        expected, found = evaluate_sequential(document, event), evaluate_sequential(back, event)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=2e-6)


def branched(end):
    """A graph with a vector and a sequence; `end` makes the outputs of both, reduced."""
    jet, tracks = keras.Input((2,), name="jet"), keras.Input((4, 2), name="tracks")
    mask = keras.Input((4,), name="tracks_mask")
    x = Preprocessing(plain_spec("jet"), "jet")(jet)
    y = MaskedSum(name="total")([Preprocessing(plain_spec("tracks", 4), "tracks")(tracks), mask])
    return end(jet, x, [tracks, mask], y)


REFUSED = {
    "inputs": (lambda jet, x, tracks, y: ([jet, *tracks], layers.Add()([x, y])), "has one input, and the model has 2 .jet, tracks."),
    "outputs": (lambda jet, x, tracks, y: (jet, [layers.Dense(1, name="one")(x), layers.Dense(1, name="two")(x)]), "has one output, and the model has 2 .one, two."),
    "sum": (lambda jet, x, tracks, y: (tracks, layers.Dense(1)(y)), "has no node 'sum', which 'total' is"),
    "branch": (lambda jet, x, tracks, y: (jet, layers.Concatenate(name="join")([layers.Dense(2, name="a")(x), x])), "has no node 'concatenate', which 'join' is"),
    "skip": (lambda jet, x, tracks, y: (jet, layers.Add(name="both")([x, layers.Dense(2)(x)])), "has no node 'add', which 'both' is"),
    "nothing": (lambda jet, x, tracks, y: (jet, layers.Flatten()(x)), "needs at least one layer"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_layers_is_named(case, tmp_path):
    end, message = REFUSED[case]
    with pytest.raises(ExportError, match=f"{message}.*write the graph dialect"):
        export_lwtnn(keras.Model(*branched(end)), tmp_path / "net.json", "sequential")
    assert not list(tmp_path.iterdir())


def test_unknown_dialects(tmp_path):
    with pytest.raises(ExportError, match=r"graph or sequential\. Received: 'onnx'"):
        export_lwtnn(vector(), tmp_path / "net.json", "onnx")
