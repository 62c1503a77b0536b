"""Export to JSON, and C++ against Keras for each kind of layer."""

import json
from functools import partial
from importlib.metadata import version

import jsonschema
import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_hep.cli.export import Format
from keras_hep.cli.export import export as cli_export
from keras_hep.data import FeatureSpec
from keras_hep.errors import DataError, ExportError, OutputError, ParityError, UnsupportedLayerError
from keras_hep.export import check, export, schema
from keras_hep.export.document import trace
from keras_hep.export.vectors import synthetic_inputs
from keras_hep.layers import MaskedSum, Preprocessing
from keras_hep.models import load, save
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import plain_spec, randomised, rich_spec, tagger

# TensorFlow's variables do not know the arguments that NumPy 2 gives to __array__.
SAVING = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def drawn(model, events=300, seed=4):
    return synthetic_inputs(trace(model), events, seed)


def of_vector(size, *stack):
    """Return a model of layers behind one another, from the plain vector x."""
    x = given = keras.Input((size,), name="x")
    for layer in stack:
        x = layer(x)
    return randomised(keras.Model(given, x))


@pytest.fixture(scope="module")
def dense():
    return tagger("dense_tagger", rich_spec(), units=(17, 33, 16))


def test_dense_tagger(dense, tmp_path):
    inputs = drawn(dense)
    assert np.isnan(inputs["jet"]).any()
    document, parity = check_exportable(dense, inputs, tmp_path)
    names = [layer.name for layer in parity.layers]
    assert names[-3:] == ["logits", "probabilities (nodes apart)", "probabilities"]
    assert len(names) == len(document["nodes"])
    assert document["outputs"] == [{"name": "probabilities", "node": "probabilities", "labels": ["a", "b", "c"]}]
    assert document["provenance"]["keras"] == version("keras")
    assert document["inputs"][0]["features"][0] == {"name": "jet_plain", "unit": "GeV", "default": 25.0}


def test_deep_sets(tmp_path):
    model = tagger("deep_sets", rich_spec(), phi=(20, 16), f=(18,), dropout=0.2)
    document, _ = check_exportable(model, drawn(model), tmp_path)
    given = [vector["inputs"]["parts"] for vector in document["test_vectors"]]
    assert given[0] == [] and len({len(rows) for rows in given}) > 2
    assert "f_dropout_1" not in {node["name"] for node in document["nodes"]}


def test_padding_that_is_not_zero_changes_nothing(tmp_path):
    model = tagger("deep_sets", rich_spec(), phi=(8,), f=(4,))
    inputs = drawn(model, 50)
    inputs["parts"] = np.where(inputs["parts_mask"][:, :, None] > 0, inputs["parts"], np.float32(np.nan))
    check_exportable(model, inputs, tmp_path)


def test_all_real_jets(events, fitted_spec, tmp_path):
    for name in ("dense_tagger", "deep_sets"):
        check_exportable(tagger(name, fitted_spec), events.inputs, tmp_path)


def test_several_inputs_branches_and_outputs(tmp_path):
    spec = rich_spec(5)
    jet, parts, mask = (
        keras.Input((6,), name="jet"),
        keras.Input((5, 6), name="parts"),
        keras.Input((5,), name="parts_mask"),
    )
    phi = layers.Dense(5, activation="tanh", use_bias=False)(Preprocessing(spec, "parts")(parts))
    phi = layers.BatchNormalization()(phi)
    total = MaskedSum(0.2)([phi, mask])
    head = layers.BatchNormalization(scale=False, epsilon=0.01)(
        layers.Dense(5, activation="elu")(Preprocessing(spec, "jet")(jet))
    )
    joined = layers.Concatenate()([layers.Add()([total, head]), total, layers.Flatten()(phi)])
    joined = layers.GaussianNoise(0.1)(layers.Dense(6)(joined))
    outputs = {
        "flavour": layers.Dense(3, activation="softmax", name="flavour")(joined),
        "mass": layers.Dense(1, name="mass")(joined),
    }
    model = randomised(keras.Model({"jet": jet, "parts": parts, "parts_mask": mask}, outputs))
    document, _ = check_exportable(model, drawn(model), tmp_path)
    assert {o["name"]: o["labels"] for o in document["outputs"]} == {"flavour": ["a", "b", "c"], "mass": ["mass_0"]}


ACTIVATIONS = {
    **{name: layers.Activation(name) for name in (
        "relu", "relu6", "elu", "selu", "gelu", "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "silu", "swish",
        "leaky_relu", "exponential", "linear", "softmax", "celu", "hard_shrink", "hard_tanh", "log_sigmoid", "log_softmax",
        "mish", "soft_shrink", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh_shrink",
    )},
    "relu_layer": layers.ReLU(),
    "relu_all": layers.ReLU(max_value=4.0, negative_slope=0.1, threshold=0.5),
    "relu_slope": layers.ReLU(negative_slope=0.3),
    "leaky_layer": layers.LeakyReLU(0.15),
    "elu_layer": layers.ELU(0.7),
    "softmax_layer": layers.Softmax(),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name, tmp_path):
    edges = np.array(
        [0.0, -0.0, 0.5, -0.5, 3.0, -3.0, 3.0001, 6.0, 1e-30, 88.0, -88.0, 20.0, -104.0, 1e6, -1e6], np.float32
    )
    if name == "exponential":
        edges = np.clip(edges, None, 2)
    random = np.random.default_rng(2).normal(0, 4, (200, len(edges))).astype(np.float32)
    if name == "exponential":  # float32 holds e^2 to 1e-6
        random = np.clip(random, None, 2)
    model = keras.Sequential(
        [keras.Input((len(edges),), name="x"), type(ACTIVATIONS[name]).from_config(ACTIVATIONS[name].get_config())]
    )
    check_exportable(model, {"x": np.concatenate([edges[None], random])}, tmp_path)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "linear"])
def test_nan_goes_through_as_in_keras(name, tmp_path):
    model = of_vector(3, layers.Dense(4), type(ACTIVATIONS[name]).from_config(ACTIVATIONS[name].get_config()))
    path = export(model, tmp_path / "net.json")
    values = np.array([[1, 2, 3], [np.nan, 1, 2], [0.5, np.nan, 0]], np.float32)
    assert check(path, model, {"x": values}).agrees


def test_gelu_with_tanh(tmp_path):
    model = of_vector(2, layers.Activation(partial(keras.activations.gelu, approximate=True)))
    document, _ = check_exportable(model, drawn(model), tmp_path)
    assert document["nodes"][-1]["approximate"] is True


def test_threshold(tmp_path):
    function = partial(keras.activations.threshold, threshold=0.5, default_value=-2.0)
    model = of_vector(20, layers.Dense(9, activation=function))
    document, _ = check_exportable(model, drawn(model), tmp_path)
    assert document["nodes"][-1]["default_value"] == -2.0


def test_softmax_along_another_axis(tmp_path):
    spec = rich_spec(5)
    parts = keras.Input((5, 6), name="parts")
    x = layers.Dense(3)(Preprocessing(spec, "parts")(parts))
    x = layers.Concatenate(axis=1)([layers.Softmax(axis=1)(x), layers.BatchNormalization(axis=1)(x)])
    model = randomised(keras.Model(parts, layers.Flatten()(x)))
    inputs = {"parts": drawn(model)["parts"], "parts_mask": np.ones((300, 5), np.float32)}
    check_exportable(model, inputs, tmp_path)


def test_ten_thousand_events_in_chunks(dense, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_hep.export.cpp_check._CHUNK_BYTES", 1 << 20)
    parity = check(export(dense, tmp_path / "net.json"), dense, drawn(dense, 10_000))
    assert parity.agrees and all(layer.events == 10_000 for layer in parity.layers)


def test_the_first_event_that_differs_is_counted_over_chunks(dense, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_hep.export.cpp_check._CHUNK_BYTES", 1)
    inputs = drawn(dense, 6)
    path = export(dense, tmp_path / "net.json")
    real = np.fromfile

    def changed(*args, **kwargs):
        values = real(*args, **kwargs)
        changed.calls += 1
        return values + (0.001 if changed.calls in (4, 6) else 0)

    changed.calls = 0
    monkeypatch.setattr(np, "fromfile", changed)
    parity = check(path, dense, inputs)
    assert {layer.first_event for layer in parity.layers} == {3}
    assert parity.output.equal_fraction == pytest.approx(4 / 6)
    with pytest.raises(ParityError, match="first in layer 'preprocessing'"):
        parity.require()


def test_numbers_come_back_as_they_were():
    values = np.random.default_rng(3).normal(size=10_000).astype(np.float32) * np.float32(10) ** np.arange(
        -30, 20
    ).repeat(200)
    special = [0.1, 1e-45, 1.1754944e-38, 3.4028235e38, -0.0, 16777217]
    values = np.concatenate([values, special]).astype(np.float32)
    text = schema.dumps({"x": schema.numbers(values, "x")})
    back = np.array(json.loads(text)["x"]).astype(np.float32)
    assert (back == values).all() and np.signbit(back[-2])
    assert "0.1," in text and "0.10000000149" not in text


@SAVING
def test_a_saved_model_exports_to_the_same_bytes(dense, tmp_path):
    again = load(save(dense, tmp_path / "model.keras"))
    assert export(dense, tmp_path / "a.json").read_bytes() == export(again, tmp_path / "b.json").read_bytes()


def test_no_test_vectors(dense, tmp_path):
    assert schema.read(export(dense, tmp_path / "net.json", vectors=0))["test_vectors"] == []
    with pytest.raises(ExportError, match=r"must not be negative\. Received: -1"):
        export(dense, tmp_path / "net.json", vectors=-1)


def test_every_unknown_key_breaks_the_schema(dense, tmp_path):
    document = schema.read(export(dense, tmp_path / "net.json", vectors=1))
    for place in (document, *document["inputs"], *document["nodes"], *document["outputs"], *document["test_vectors"]):
        place["extra"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, schema.json_schema())
        del place["extra"]
    jsonschema.validate(document, schema.json_schema())


@keras.saving.register_keras_serializable(package="test")
class Special(layers.Dense):
    pass


REFUSED = {
    "subclass": (lambda x: Special(2, name="mine")(x), r"layer 'mine' \(.*Special\) cannot be exported; replace it"),
    "activation": (lambda x: layers.Dense(2, activation="glu", name="d")(x), "layer 'd' .* activation 'glu'.*use one of celu"),
    "function": (lambda x: layers.Activation(lambda v: v * 2, name="own")(x), "layer 'own' .* activation '<lambda>'"),
    "operation": (lambda x: x * 2.0, "the layer 'multiply.*' .*Multiply.* cannot be exported"),
    "training": (lambda x: layers.Dropout(0.5, name="always")(x, training=True), "'always' .*training=True"),
    "half": (lambda x: layers.Dense(2, dtype="mixed_float16", name="half")(x), "'half' .*float16.*build it in float32"),
    "axes": (lambda x: layers.Softmax(axis=[1], name="s")(x), r"'s' .*several axes, \[1\]"),
    "batch": (lambda x: layers.Concatenate(axis=0, name="c")([x, x]), "'c' .*axis 0, that of the events"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_named(case, tmp_path):
    make, message = REFUSED[case]
    given = keras.Input((3,), name="x")
    with pytest.raises(UnsupportedLayerError, match=message):
        export(keras.Model(given, make(given)), tmp_path / "net.json")
    assert not list(tmp_path.iterdir())


def test_quantised_layers_are_sent_elsewhere(tmp_path):
    qkeras = pytest.importorskip("qkeras")
    given = keras.Input((3,), name="x")
    model = keras.Model(given, qkeras.QDense(2, kernel_quantizer=qkeras.quantized_bits(4, 0, 1), name="small")(given))
    with pytest.raises(UnsupportedLayerError, match=r"'small' \(qkeras.*is quantised.*float model.*firmware"):
        export(model, tmp_path / "net.json")


def test_models_that_are_no_graph(tmp_path):
    class Own(keras.Model):
        def call(self, inputs):
            return ops.relu(inputs)

    with pytest.raises(ExportError, match="has no graph"):
        export(Own(name="own"), tmp_path / "net.json")
    given = keras.Input((None, 3), name="x")
    with pytest.raises(ExportError, match=r"shape"):
        export(keras.Model(given, layers.Dense(2)(given)), tmp_path / "net.json")


def test_weights_that_are_not_finite_name_the_layer(tmp_path):
    model = of_vector(3, layers.Dense(2, name="first"), layers.BatchNormalization(name="norm"))
    kernel = model.get_layer("first").kernel
    before = np.asarray(kernel)
    kernel.assign(np.where(before == before[0, 0], np.nan, before))
    with pytest.raises(ExportError, match="the layer 'first': weights: 1 of 6 numbers are NaN or infinite"):
        export(model, tmp_path / "net.json")
    kernel.assign(before)
    model.get_layer("norm").moving_variance.assign([np.inf, 1.0])
    with pytest.raises(ExportError, match="the layer 'norm': moving variance"):
        export(model, tmp_path / "net.json")


def test_samples_that_do_not_fit(dense, tmp_path):
    good = drawn(dense, 4)
    bad = good["jet"].copy()
    bad[1, 1] = np.nan
    with pytest.raises(
        DataError, match="feature 'jet_clip' is NaN or infinite in event 1 of the sample, and has no default"
    ):
        export(dense, tmp_path / "net.json", {"jet": bad})
    with pytest.raises(DataError, match="values of the input 'jet' are missing: did you mean 'jets'"):
        export(dense, tmp_path / "net.json", {"jets": bad})
    with pytest.raises(DataError, match=r"'jet' takes the shape \(events, 6\). Received: \(4, 5\)"):
        export(dense, tmp_path / "net.json", {"jet": bad[:, :5]})
    sets = tagger("deep_sets", rich_spec(), phi=(4,), f=(4,))
    inputs = drawn(sets, 4)
    with pytest.raises(DataError, match="mask of 'parts' must be 1 for the first"):
        export(sets, tmp_path / "net.json", {**inputs, "parts_mask": 1 - inputs["parts_mask"][:, ::-1] * 0.5})
    with pytest.raises(DataError, match=r"different numbers of events: \[3, 4\]"):
        export(sets, tmp_path / "net.json", {**inputs, "parts_mask": inputs["parts_mask"][:3]})
    with pytest.raises(ExportError, match="output 'out' is infinite for event 0"):
        model = of_vector(1, layers.Activation("exponential", name="out"))
        export(model, tmp_path / "net.json", {"x": [[1000.0]]})
    with pytest.raises(OutputError):
        (tmp_path / "file").touch()
        export(dense, tmp_path / "file" / "net.json")


def test_check_refuses_files_of_another_model(dense, tmp_path):
    path = export(dense, tmp_path / "net.json")
    other = tagger("dense_tagger", rich_spec(), units=(17, 33, 16))
    randomised(other, seed=2)
    with pytest.raises(ExportError, match="was not exported from this state of the model 'dense_tagger'"):
        check(path, other, drawn(other, 3))
    with pytest.raises(DataError, match="no events"):
        check(path, dense, {"jet": np.zeros((0, 6), np.float32)})
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ExportError, match="not a network exported by keras_hep"):
        check(tmp_path / "other.json", dense, drawn(dense, 3))
    (tmp_path / "new.json").write_text('{"format": "keras_hep", "version": 7}')
    with pytest.raises(ExportError, match="has version 7; this keras_hep reads versions 1 to 1"):
        check(tmp_path / "new.json", dense, drawn(dense, 3))


def test_one_input_with_two_preparations(tmp_path):
    first = plain_spec("jet")
    second = FeatureSpec.from_dict({**first.to_dict(), "inputs": [rich_spec().input("jet").model_dump() | {"features": [
        {"name": "mass", "offset": 0.0, "scale": 1.0}, {"name": "width", "offset": 0.0, "scale": 1.0}]}]})  # fmt: skip
    jet = keras.Input((2,), name="jet")
    sum_ = layers.Add()([Preprocessing(first, "jet")(jet), Preprocessing(second, "jet")(jet)])
    with pytest.raises(ExportError, match="'jet' is read by Preprocessing layers with different features"):
        export(keras.Model(jet, sum_), tmp_path / "net.json")


@SAVING
def test_command_line(jet_file, fitted_spec, tmp_path, capsys):
    model = save(tagger("dense_tagger", fitted_spec, units=(5,)), tmp_path / "model.keras")
    cli_export(model, tmp_path / "net.json", check=jet_file)
    out = capsys.readouterr().out
    assert "net.json" in out and "C++ from JSON against Keras, within 1e-05: equal" in out
    with pytest.raises(ExportError, match="--check"):
        cli_export(model, tmp_path / "lwtnn.json", format=Format.lwtnn, check=jet_file)
    with pytest.raises(ExportError, match=r"'j_pt'.*lwtnn"):
        cli_export(model, tmp_path / "lwtnn.json", format=Format.lwtnn)
