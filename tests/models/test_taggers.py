import functools
import itertools

import numpy as np
import pytest

from keras_hep.data import Feature, FeatureSpec, InputSpec
from keras_hep.models import build, names
from tests.conftest import toy_events
from tests.contracts.model import check_model

# Small sizes, other than the defaults, with which the contract trains each model; a new model gets a line here.
SMALL = {
    "deep_sets": {"phi": (12, 8), "f": (10,), "dropout": 0.1, "activation": "tanh"},
    "dense_tagger": {"units": (12,), "dropout": 0.1, "l1": 1e-5, "activation": "tanh"},
}


@functools.cache
def toys():
    return toy_events()


def predict(model, inputs):
    return np.asarray(model({tensor.name: inputs[tensor.name] for tensor in model.inputs}, training=False))


def shuffled(events, seed=0):
    """Return the events with the entries of each sequence in another order, padding included."""
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(8), (len(events), 1)), axis=1)
    inputs = dict(events.inputs)
    inputs["constituents"] = np.take_along_axis(events.inputs["constituents"], order[..., None], axis=1)
    inputs["constituents_mask"] = np.take_along_axis(events.inputs["constituents_mask"], order, axis=1)
    return inputs


@pytest.mark.parametrize("name", names())
def test_every_model_keeps_the_contract(name):
    assert name in SMALL, f"give '{name}' small sizes in SMALL"
    events, spec = toys()
    check_model(name, spec, events, **SMALL[name])


def test_dense_tagger_is_the_network_of_its_paper():
    features = tuple(Feature(name=f"x{i}", offset=0.0, scale=1.0) for i in range(16))
    classes = {name: f"label == {i}" for i, name in enumerate("gqwzt")}
    model = build("dense_tagger", FeatureSpec(inputs=(InputSpec(name="jet", features=features),), classes=classes))
    sizes = [16, 64, 32, 32, 5]
    assert sum((before + 1) * after for before, after in itertools.pairwise(sizes)) == 4389
    assert model.count_params() == 4389
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == sizes[1:]


def test_dense_tagger_equals_its_formula():
    events, spec = toys()
    model = build("dense_tagger", spec, units=(6, 4))
    x = np.asarray(model.get_layer("preprocessing")(events.inputs["jet"]), dtype=np.float64)
    for name in ("dense_1", "dense_2"):
        kernel, bias = model.get_layer(name).get_weights()
        x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = model.get_layer("logits").get_weights()
    scores = np.exp(x @ kernel + bias)
    np.testing.assert_allclose(
        predict(model, events.inputs), scores / scores.sum(axis=1, keepdims=True), rtol=2e-4, atol=1e-6
    )


def test_dense_tagger_penalises_weights_when_asked():
    events, spec = toys()
    model = build("dense_tagger", spec, units=(4,), l1=0.1)
    predict(model, events[:2].inputs)
    kernels = [model.get_layer(name).get_weights()[0] for name in ("dense_1", "logits")]
    np.testing.assert_allclose(sum(map(float, model.losses)), 0.1 * sum(np.abs(k).sum() for k in kernels), rtol=1e-4)
    assert build("dense_tagger", spec, units=(4,)).losses == []


def test_deep_sets_equals_its_formula():
    events, spec = toys()
    model = build("deep_sets", spec, phi=(6, 5), f=(4,))
    x = np.asarray(model.get_layer("preprocessing")(events.inputs["constituents"]), dtype=np.float64)
    for name in ("phi_1", "phi_2"):
        kernel, bias = model.get_layer(name).get_weights()
        x = np.maximum(x @ kernel + bias, 0)
    x = (x * events.inputs["constituents_mask"][..., None]).sum(axis=1) / 8
    kernel, bias = model.get_layer("f_1").get_weights()
    x = np.maximum(x @ kernel + bias, 0)
    kernel, bias = model.get_layer("logits").get_weights()
    scores = np.exp(x @ kernel + bias)
    np.testing.assert_allclose(
        predict(model, events.inputs), scores / scores.sum(axis=1, keepdims=True), rtol=2e-4, atol=1e-6
    )


def test_deep_sets_counts_neither_order_nor_padding():
    events, spec = toys()
    model = build("deep_sets", spec)
    expected = predict(model, events.inputs)
    inputs = shuffled(events)
    np.testing.assert_allclose(predict(model, inputs), expected, atol=1e-5)
    inputs["constituents"] = np.where(
        inputs["constituents_mask"][..., None] > 0, inputs["constituents"], np.float32(50)
    )
    np.testing.assert_allclose(predict(model, inputs), expected, atol=1e-5)
    # More padding changes nothing but the constant 1/length, which is set back here.
    longer, longer_spec = toy_events(length=12)
    few = longer.inputs["constituents_mask"].sum(axis=1) <= 8
    wider = build(
        "deep_sets",
        spec.with_input(
            longer_spec.input("constituents").model_copy(update={"features": spec.input("constituents").features})
        ),
    )
    wider.set_weights(model.get_weights())
    wider.get_layer("sum").scale = 1 / 8
    np.testing.assert_allclose(predict(wider, longer.inputs)[few], expected[few], atol=1e-5)


def test_deep_sets_tells_apart_what_differs_in_a_real_entry():
    events, spec = toys()
    model = build("deep_sets", spec)
    inputs = dict(events.inputs)
    inputs["constituents"] = inputs["constituents"].copy()
    inputs["constituents"][:, 0, 1] += 0.3
    moved = np.abs(predict(model, inputs) - predict(model, events.inputs))
    real = events.inputs["constituents_mask"][:, 0] > 0
    assert moved[real].max(axis=1).min() > 0
    assert moved[~real].max() == 0
