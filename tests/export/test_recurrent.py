"""Recurrent layers: C++ against Keras."""

import keras
import pytest
from keras import layers

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export import export
from keras_hep.export.document import trace
from keras_hep.export.vectors import synthetic_inputs
from keras_hep.layers import Preprocessing
from tests.contracts.exportable import check_exportable
from tests.cpp.networks import plain_spec, randomised

LENGTH = 6
KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru_before": lambda units, **options: layers.GRU(units, reset_after=False, **options),
    "simple_rnn": layers.SimpleRNN,
}


def of_sequence(*stack, masked=False):
    """Return a model of layers behind one another, from the sequence `parts` of two variables; the first gets the mask."""
    spec = plain_spec("parts", LENGTH)
    parts, mask = keras.Input((LENGTH, 2), name="parts"), keras.Input((LENGTH,), name="parts_mask")
    x = Preprocessing(spec, "parts")(parts)
    for number, layer in enumerate(stack):
        x = layer(x, mask=mask) if masked and number == 0 else layer(x)
    return randomised(keras.Model([parts, mask] if masked else parts, x))


def drawn(model, events=60):
    inputs = synthetic_inputs(trace(model), events, seed=3)
    return inputs if any(entry.mask_name for entry in trace(model).inputs) else {"parts": inputs["parts"]}


def checked(model, folder):
    return check_exportable(model, drawn(model), folder)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [1, 16, 19])
def test_sizes(kind, units, tmp_path):
    document = checked(of_sequence(KINDS[kind](units)), tmp_path)
    assert document["nodes"][-1]["type"] == kind.removesuffix("_before")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("sequences", "backwards", "zero"),
    [(True, False, False), (True, True, False), (True, True, True), (False, True, True)],
)
def test_masked_steps(kind, sequences, backwards, zero, tmp_path):
    layer = KINDS[kind](5, return_sequences=sequences, go_backwards=backwards, zero_output_for_mask=zero)
    checked(of_sequence(layer, masked=True), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_options(kind, tmp_path):
    gates = {} if kind == "simple_rnn" else {"recurrent_activation": "hard_sigmoid"}
    layer = KINDS[kind](
        7,
        use_bias=False,
        activation="softsign",
        dropout=0.3,
        recurrent_dropout=0.2,
        unroll=True,
        return_sequences=True,
        **gates,
    )
    nodes = checked(of_sequence(layer), tmp_path)["nodes"]
    assert nodes[-1]["bias"] is None and nodes[-1]["activation"] == {"function": "softsign"}


def test_a_cell_in_a_general_layer_behind_other_layers(tmp_path):
    stack = [
        layers.Dense(4, activation="relu"),
        layers.BatchNormalization(),
        layers.RNN(layers.GRUCell(5, activation=keras.activations.leaky_relu), return_sequences=True),
        layers.LSTM(20, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
    checked(of_sequence(*stack), tmp_path)


@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
@pytest.mark.parametrize("masked", [False, True])
def test_both_directions(merge, masked, tmp_path):
    inner = layers.LSTM(4, return_sequences=merge != "sum")
    document = checked(of_sequence(layers.Bidirectional(inner, merge_mode=merge), masked=masked), tmp_path)
    backward = document["nodes"][-2]
    assert backward["go_backwards"] and backward["reverse_output"]


def test_different_layers_in_both_directions(tmp_path):
    backward = layers.SimpleRNN(4, go_backwards=True, return_sequences=True)
    both = layers.Bidirectional(layers.GRU(4, return_sequences=True), backward_layer=backward)
    x = Preprocessing(plain_spec("parts", LENGTH), "parts")(parts := keras.Input((LENGTH, 2), name="parts"))
    y = both(x)
    checked(randomised(keras.Model(parts, y)), tmp_path)


REFUSED = {
    "stateful": (layers.LSTM(2, stateful=True), "has stateful=True; make each event a whole sequence"),
    "return_state": (layers.GRU(2, return_state=True), "returns 2 tensors"),
    "stacked": (layers.RNN([layers.LSTMCell(2), layers.LSTMCell(2)]), "has a cell of the class StackedRNNCells; use GRUCell"),
    "softmax": (layers.LSTM(2, activation="softmax"), "has the activation 'softmax'"),
    "sizes": (
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(3, go_backwards=True)),
        "inner layers of 2 and 3 units; use as many",
    ),
    "apart": (layers.Bidirectional(layers.LSTM(2), merge_mode=None), "returns 2 tensors"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_named(case, tmp_path):
    layer, message = REFUSED[case]
    parts = keras.Input((LENGTH, 2), name="parts", batch_size=2 if case == "stateful" else None)
    x = layer(Preprocessing(plain_spec("parts", LENGTH), "parts")(parts))
    x = x[0] if isinstance(x, list | tuple) else x
    with pytest.raises(UnsupportedLayerError, match=f"the layer '{layer.name}' .*{message}"):
        export(keras.Model(parts, x), tmp_path / "net.json")


def test_an_initial_state_is_refused(tmp_path):
    x = Preprocessing(plain_spec("parts", LENGTH), "parts")(parts := keras.Input((LENGTH, 2), name="parts"))
    state = layers.Dense(3)(layers.Flatten()(x))
    with pytest.raises(UnsupportedLayerError, match="called with the argument 'initial_state'"):
        export(keras.Model(parts, layers.GRU(3)(x, initial_state=state)), tmp_path / "net.json")


def test_unrolled_backward_layers_with_a_mask_are_refused(tmp_path):
    layer = layers.LSTM(2, unroll=True, go_backwards=True, return_sequences=True, zero_output_for_mask=True)
    with pytest.raises(UnsupportedLayerError, match=r"unroll=True.*build it with unroll=False"):
        export(of_sequence(layer, masked=True), tmp_path / "net.json")
