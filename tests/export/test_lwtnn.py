"""Export to lwtnn's graph dialect, held against an evaluator written from the description of the format."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from keras_hep.data import FeatureSpec
from keras_hep.errors import ExportError, UnsupportedLayerError
from keras_hep.export import export_lwtnn
from keras_hep.export.document import trace
from keras_hep.export.lwtnn import read
from keras_hep.export.vectors import synthetic_inputs
from keras_hep.layers import (
    FeatureEmbedding,
    Highway,
    LeakyRelu,
    MaskedLast,
    MaskedSum,
    MaskedValues,
    Maxout,
    OutputLabels,
    Preprocessing,
    Ramp,
)
from tests.cpp.networks import plain_spec, randomised, rich_spec, tagger
from tests.export.lwtnn_graph import evaluate


def check_against_keras(model, folder, events=40):
    """Export, evaluate with the defaults of the file as a framework would, compare with Keras; return the document."""
    document = json.loads(export_lwtnn(model, folder / "net.json").read_text())
    traced = trace(model)
    inputs = synthetic_inputs(traced, events, seed=3)
    node_of = {output["name"]: output["node"] for output in traced.outputs}
    expected = traced.evaluator(list(node_of.values()))(inputs)
    for event in range(events):
        vectors = {entry["name"]: variables(entry, inputs[entry["name"]][event]) for entry in document["inputs"]}
        sequences = {}
        for entry in document["input_sequences"]:
            number = int(inputs[f"{entry['name']}_mask"][event].sum())
            sequences[entry["name"]] = variables(entry, inputs[entry["name"]][event][:number].T)
        found = evaluate(document, vectors, sequences)
        for name, node in node_of.items():
            np.testing.assert_allclose(list(found[name].values()), expected[node][event], atol=2e-6, err_msg=name)
    return document


def variables(entry, values):
    """Name the values, with defaults for what is missing."""
    result = {}
    for variable, value in zip(entry["variables"], values, strict=True):
        bad = ~np.isfinite(value)
        assert "default" in variable or not bad.any()
        result[variable["name"]] = np.where(bad, variable.get("default", 0), value)
    return result


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "elu", "leaky_relu", "silu", "linear"])
def test_dense_tagger(activation, tmp_path):
    model = tagger("dense_tagger", plain_spec("jet"), units=(7, 5), activation=activation, dropout=0.1)
    document = check_against_keras(model, tmp_path)
    assert document.keys() == {"inputs", "input_sequences", "nodes", "layers", "outputs"}
    assert [node["type"] for node in document["nodes"]] == ["input"] + 3 * ["feed_forward"]
    assert document["layers"][-1]["activation"] == "softmax"
    assert document["inputs"][0]["variables"] == [
        {"name": "pt", "offset": -40.0, "scale": 0.05, "default": 30.0},
        {"name": "eta", "offset": 0.1, "scale": 0.8},
    ]
    assert document["outputs"]["probabilities"]["labels"] == ["a", "b", "c"]


def test_deep_sets(tmp_path):
    document = check_against_keras(tagger("deep_sets", plain_spec("tracks", 6), phi=(8, 5), f=(4,)), tmp_path)
    kinds = [node["type"] for node in document["nodes"]]
    assert kinds == ["input_sequence", "time_distributed", "time_distributed", "sum", *3 * ["feed_forward"]]


def test_branches(tmp_path):
    spec = FeatureSpec.from_dict({"inputs": [*plain_spec("jet").to_dict()["inputs"], {
        "name": "tracks", "length": 4, "features": [{"name": "d0", "offset": 0.5, "scale": 2.0}]}]})  # fmt: skip
    jet, tracks, mask = (
        keras.Input((2,), name="jet"),
        keras.Input((4, 1), name="tracks"),
        keras.Input((4,), name="tracks_mask"),
    )
    x = layers.Flatten()(Preprocessing(spec, "jet")(jet))
    x = layers.BatchNormalization()(layers.Dense(4, use_bias=False)(x))
    x = layers.Activation("tanh")(x)
    phi = layers.Dense(4, activation="elu")(
        layers.BatchNormalization(scale=False)(Preprocessing(spec, "tracks")(tracks))
    )
    total = MaskedSum()([layers.Softmax()(phi), mask])
    linear = layers.Dense(4, name="linear")(total)
    both = layers.Concatenate()(
        [layers.Add()([x, layers.Activation("relu")(linear)]), linear, layers.LeakyReLU(0.3)(total)]
    )
    outputs = [layers.Dense(2, name="one")(both), layers.Dense(3, activation="sigmoid", name="two")(both)]
    check_against_keras(randomised(keras.Model([jet, tracks, mask], outputs)), tmp_path)


def refused(spec, *stack):
    entry = spec.inputs[0]
    x = given = keras.Input(entry.shape, name=entry.name)
    for layer in (Preprocessing(spec, entry.name, name="preprocessing"), *stack):
        x = layer(x)
    return keras.Model(given, x)


def test_maxout_and_highway(tmp_path):
    tracks, mask = keras.Input((6, 2), name="tracks"), keras.Input((6,), name="tracks_mask")
    x = Maxout(4, pieces=3)(Preprocessing(plain_spec("tracks", 6), "tracks")(tracks))
    x = MaskedSum()([Highway(activation=LeakyRelu(0.2))(x), mask])
    x = Highway(activation="linear")(Maxout(4, use_bias=False)(x))
    model = randomised(keras.Model([tracks, mask], layers.Dense(2, name="out")(x)))
    document = check_against_keras(model, tmp_path)
    kinds = [layer["architecture"] for layer in document["layers"]]
    assert kinds == ["maxout", "highway", "maxout", "highway", "dense"]
    assert [len(layer["sublayers"]) for layer in document["layers"] if "sublayers" in layer] == [3, 2]


@pytest.mark.parametrize("inner", ["gate", "transform"])
def test_a_highway_with_another_gate_is_refused(inner, tmp_path):
    arguments = {"gate": {"gate_activation": "tanh"}, "transform": {"activation": "softmax"}}[inner]
    jet = keras.Input((2,), name="jet")
    x = Highway(name="way", **arguments)(Preprocessing(JET, "jet")(jet))
    with pytest.raises(UnsupportedLayerError, match="'way' is of the type 'blend'"):
        export_lwtnn(keras.Model(jet, x), tmp_path / "net.json")


def convolution_model(*stack, masked=True):
    """A network that convolves tracks and takes their sum and the last of them."""
    tracks, mask = keras.Input((6, 2), name="tracks"), keras.Input((6,), name="tracks_mask")
    x = Preprocessing(plain_spec("tracks", 6), "tracks")(tracks)
    for layer in stack:
        x = layer(MaskedValues()([x, mask]) if masked else x)
    both = layers.Concatenate()([MaskedSum()([x, mask]), MaskedLast()([x, mask])])
    return randomised(keras.Model([tracks, mask], layers.Dense(2, name="out")(both)))


def test_convolutions(tmp_path):
    causal = layers.Conv1D(3, 2, padding="causal", dilation_rate=2, activation="tanh")
    same = layers.Conv1D(4, 3, padding="same", use_bias=False)
    document = check_against_keras(convolution_model(causal, same), tmp_path)
    found = [(layer["architecture"], layer.get("padding"), layer["activation"]) for layer in document["layers"]]
    assert found == [("conv1d", "causal", "tanh"), ("conv1d", "same", "linear"), ("dense", None, "linear")]
    check_against_keras(convolution_model(causal, masked=False), tmp_path)


def test_a_softmax_behind_a_convolution_is_of_each_object(tmp_path):
    tracks, mask = keras.Input((6, 2), name="tracks"), keras.Input((6,), name="tracks_mask")
    x = Preprocessing(plain_spec("tracks", 6), "tracks")(tracks)
    x = layers.Conv1D(3, 2, padding="causal", activation="softmax")(x)
    document = check_against_keras(randomised(keras.Model([tracks, mask], MaskedSum()([x, mask]))), tmp_path)
    assert [node["type"] for node in document["nodes"]] == ["input_sequence", "sequence", "time_distributed", "sum"]


CONVOLUTIONS = {
    "padded": ((layers.Conv1D(2, 3, padding="same", name="c"),), False, "'c' sees padded entries.*put MaskedValues"),
    "odd": ((layers.Conv1D(2, 2, padding="same", name="c"),), True, "'c' pads an odd number of zeros.*window of odd size"),
    "groups": ((layers.Conv1D(2, 3, padding="causal", groups=2, name="c"),), True, "'c' is a convolution with groups"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_that_lwtnn_does_not_have(case, tmp_path):
    stack, masked, message = CONVOLUTIONS[case]
    with pytest.raises(UnsupportedLayerError, match=message):
        export_lwtnn(convolution_model(*stack, masked=masked), tmp_path / "net.json")


def test_a_convolution_that_shortens_its_sequence_is_refused(tmp_path):
    with pytest.raises(UnsupportedLayerError, match=r"'c' shortens its sequence.*padding='causal' or 'same'"):
        export_lwtnn(refused(TRACKS, layers.Conv1D(2, 3, name="c")), tmp_path / "net.json")


def embedding_model(index):
    """A network of tracks with a category at `index`, 0 or 1."""
    features = [{"name": name, "offset": 0.0, "scale": 1.0} for name in ("first", "second")]
    spec = FeatureSpec.from_dict({"inputs": [{"name": "tracks", "length": 6, "features": features}]})
    tracks, mask = keras.Input((6, 2), name="tracks"), keras.Input((6,), name="tracks_mask")
    x = MaskedValues()([Preprocessing(spec, "tracks")(tracks), mask])
    x = FeatureEmbedding(index, categories=4, units=3, name="kind")(x)
    both = layers.Concatenate()([MaskedSum()([layers.Dense(4, activation="tanh")(x), mask]), MaskedLast()([x, mask])])
    return randomised(keras.Model([tracks, mask], layers.Dense(2, name="out")(both)))


def test_embedding(tmp_path):
    model = embedding_model(1)
    document = json.loads(export_lwtnn(model, tmp_path / "net.json").read_text())
    assert [node["type"] for node in document["nodes"]][:3] == ["input_sequence", "sequence", "time_distributed"]
    random = np.random.default_rng(5)
    tracks = random.normal(size=(20, 6, 2)).astype(np.float32)
    tracks[..., 1] = random.integers(0, 4, (20, 6))
    number = random.integers(1, 7, 20)
    mask = (np.arange(6) < number[:, None]).astype(np.float32)
    tracks[mask == 0] = -1
    expected = np.asarray(model([tracks, mask]))
    for event in range(20):
        given = variables(document["input_sequences"][0], tracks[event, : number[event]].T)
        found = evaluate(document, {}, {"tracks": given})["out"]
        np.testing.assert_allclose(list(found.values()), expected[event], atol=2e-6)


def test_embeddings_that_lwtnn_does_not_have(tmp_path):
    with pytest.raises(
        UnsupportedLayerError, match=r"'kind' embeds a feature in front of 1 others.*make it the last feature"
    ):
        export_lwtnn(embedding_model(0), tmp_path / "net.json")
    with pytest.raises(UnsupportedLayerError, match="'kind' embeds a feature of a vector"):
        export_lwtnn(refused(JET, FeatureEmbedding(1, 3, 2, name="kind")), tmp_path / "net.json")


JET = plain_spec("jet")
TRACKS = plain_spec("tracks", 4)
REFUSED = {
    "clip": (lambda: refused(rich_spec(), layers.Dense(2)), ExportError, "'jet_clip' of the input 'jet' has a clip"),
    "transform": (
        lambda: refused(
            FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [
                {"name": "pt", "transform": "asinh", "offset": 0.0, "scale": 1.0}]}]}),
            layers.Dense(2),
        ),
        ExportError,
        "'pt' of the input 'jet' has the transform 'asinh'",
    ),
    "hard_sigmoid": (lambda: refused(JET, layers.Dense(2, activation="hard_sigmoid", name="h")), UnsupportedLayerError, "'h' has the hard_sigmoid of Keras 3"),
    "softplus": (lambda: refused(JET, layers.Activation("softplus", name="s")), UnsupportedLayerError, "'s' has the activation 'softplus'"),
    "relu6": (lambda: refused(JET, layers.Activation("relu6", name="r")), UnsupportedLayerError, "'r' is a ReLU with"),
    "flatten": (lambda: refused(TRACKS, layers.Flatten(name="f")), UnsupportedLayerError, "'f' is of the type 'flatten'"),
    "axis": (lambda: refused(TRACKS, layers.Softmax(axis=1, name="s")), UnsupportedLayerError, "'s' is a softmax along another axis"),
    "norm_axis": (lambda: refused(TRACKS, layers.BatchNormalization(axis=1, name="n")), UnsupportedLayerError, "'n' normalises along another"),
    "gamma": (lambda: refused(JET, layers.BatchNormalization(gamma_initializer="zeros", name="n")), UnsupportedLayerError, "'n' has gamma 0 in channel 0"),
    "later": (lambda: refused(JET, Preprocessing(JET, "jet", name="again")), UnsupportedLayerError, "'again' does not stand directly"),
    "layer": (lambda: refused(JET, layers.LayerNormalization(name="l")), UnsupportedLayerError, "'l' is of the type 'layer_normalization'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_lwtnn_does_not_have_is_named(case, tmp_path):
    make, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        export_lwtnn(make(), tmp_path / "net.json")
    assert not list(tmp_path.iterdir())


def test_outputs_for_each_object(tmp_path):
    """A layer, a scan whose node lwtnn would take for its last entry, and values with names."""
    tracks, mask = keras.Input((4, 2), name="tracks"), keras.Input((4,), name="tracks_mask")
    x = Preprocessing(TRACKS, "tracks")(tracks)
    scan = layers.SimpleRNN(3, return_sequences=True, name="scan")(x, mask=mask)
    each = OutputLabels(["b", "c"], name="each")(MaskedValues()([layers.Dense(2)(x), mask]))
    model = randomised(keras.Model([tracks, mask], [scan, each]))
    document = json.loads(export_lwtnn(model, tmp_path / "net.json").read_text())
    assert [document["outputs"][name]["labels"] for name in ("scan", "each")] == [
        ["scan_0", "scan_1", "scan_2"],
        ["b", "c"],
    ]
    assert document["nodes"][document["outputs"]["scan"]["node_index"]]["type"] == "time_distributed"
    values = np.random.default_rng(6).normal(30, 20, (5, 4, 2)).astype(np.float32)
    real = (np.arange(4) < [[4], [1], [2], [3], [4]]).astype(np.float32)
    expected = dict(zip(("scan", "each"), model([values, real]), strict=True))
    again = read(tmp_path / "net.json", 4)([values, real])
    for event, number in enumerate(real.sum(axis=1).astype(int)):
        given = variables(document["input_sequences"][0], values[event, :number].T)
        found = evaluate(document, {}, {"tracks": given})
        for (name, keras_values), read_again in zip(expected.items(), again, strict=True):
            np.testing.assert_allclose(np.array(list(found[name].values())).T, keras_values[event, :number], atol=2e-6)
            np.testing.assert_allclose(read_again[event, :number], keras_values[event, :number], atol=2e-6)
            np.testing.assert_array_equal(read_again[event, number:], 0)
    with pytest.raises(ExportError, match="the output 'm' is a mask, which lwtnn does not have"):
        export_lwtnn(keras.Model([tracks, mask], [each, layers.Dropout(0.1, name="m")(mask)]), tmp_path / "net.json")


def test_masks_that_lwtnn_does_not_have(tmp_path):
    tracks, mask = keras.Input((4, 2), name="tracks"), keras.Input((4,), name="tracks_mask")
    x = Preprocessing(TRACKS, "tracks")(tracks)
    with pytest.raises(UnsupportedLayerError, match="'count' reads the mask 'tracks_mask'"):
        sum_ = layers.Add()([MaskedSum()([x, mask]), layers.Dense(2, name="count")(mask)])
        export_lwtnn(keras.Model([tracks, mask], sum_), tmp_path / "net.json")
    with pytest.raises(UnsupportedLayerError, match="'sum' sums with a mask that is not that of its own input"):
        other = keras.Input((4,), name="other")
        export_lwtnn(keras.Model([tracks, other], MaskedSum(name="sum")([x, other])), tmp_path / "net.json")
    with pytest.raises(UnsupportedLayerError, match="'join' is a 'concatenate' of sequences"):
        joined = layers.Concatenate(name="join")([x, x])
        export_lwtnn(keras.Model([tracks, mask], MaskedSum()([joined, mask])), tmp_path / "net.json")


def test_raw_values_cannot_be_read_beside_scaled_ones(tmp_path):
    jet = keras.Input((2,), name="jet")
    both = layers.Concatenate(name="join")([Preprocessing(JET, "jet", name="scaling")(jet), jet])
    with pytest.raises(UnsupportedLayerError, match="'scaling' scales the input 'jet', which 'join' reads unscaled"):
        export_lwtnn(keras.Model(jet, both), tmp_path / "net.json")


def recurrent_model(**arguments):
    tracks, mask = keras.Input((5, 2), name="tracks"), keras.Input((5,), name="tracks_mask")
    x = Preprocessing(plain_spec("tracks", 5), "tracks")(tracks)
    x = layers.LSTM(4, return_sequences=True, recurrent_activation=Ramp(0.2, 0.5))(x, mask=mask)
    left = layers.GRU(3, name="gru", **{"reset_after": False, **arguments})(x, mask=mask)
    right = layers.SimpleRNN(3, activation="relu", return_sequences=True)(x, mask=mask)
    both = layers.Concatenate()([left, MaskedLast()([right, mask]), MaskedSum()([x, mask])])
    return randomised(keras.Model([tracks, mask], layers.Dense(2, activation="softmax", name="out")(both)))


def test_recurrent_layers(tmp_path):
    document = check_against_keras(recurrent_model(), tmp_path)
    assert [layer["architecture"] for layer in document["layers"]] == ["lstm", "gru", "simplernn", "dense"]
    assert document["layers"][0]["inner_activation"] == "hard_sigmoid"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reset_after": True}, "'gru' applies the reset gate after"),
        ({"go_backwards": True}, "'gru' goes backwards"),
        ({"activation": "softplus"}, "'gru' has the activation 'softplus'"),
    ],
)
def test_recurrent_layers_that_lwtnn_does_not_have(arguments, message, tmp_path):
    with pytest.raises(UnsupportedLayerError, match=message):
        export_lwtnn(recurrent_model(**arguments), tmp_path / "net.json")
