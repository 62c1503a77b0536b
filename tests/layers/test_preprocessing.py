import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_hep.data import FeatureSpec
from keras_hep.data.fitting import transformed
from keras_hep.errors import FeatureError
from keras_hep.layers import MaskedSum, Preprocessing, feature_spec_of
from tests.contracts.layer import check_layer

FEATURES = [
    {"name": "plain", "offset": -1.5, "scale": 0.3},
    {"name": "energy", "clip": [0.01, 1000.0], "transform": "log", "offset": -2.0, "scale": 0.7},
    {"name": "momentum", "clip": [0.0, 900.0], "transform": "sqrt", "offset": -3.0, "scale": 0.2},
    {"name": "excess", "clip": [-0.9, 50.0], "transform": "log1p", "offset": 0.1, "scale": 1.1},
    {"name": "impact", "transform": "asinh", "default": 0.25, "offset": 0.0, "scale": 0.5},
    {"name": "filled", "default": -4.0, "clip": [-3.0, 3.0], "offset": 1.0, "scale": -2.0},
]
SPEC = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": FEATURES}]})
VALUES = np.random.default_rng(5).normal(0, 30, (200, len(FEATURES))).astype(np.float32)


def expected_of(spec, name, values):
    entry = spec.input(name)
    columns = [(transformed(values[..., i], f) + f.offset) * f.scale for i, f in enumerate(entry.features)]
    return np.stack(columns, axis=-1)


def prepared(spec, name, values, **arguments):
    return np.asarray(Preprocessing(spec, name, **arguments)(values))


def test_equals_the_formula_in_double_precision():
    np.testing.assert_allclose(prepared(SPEC, "jet", VALUES), expected_of(SPEC, "jet", VALUES), rtol=3e-6, atol=3e-6)


def test_toy_jets_have_mean_zero_and_deviation_one_after_fitting(fitted_spec, events):
    values = prepared(fitted_spec, "jet", events.inputs["jet"])
    np.testing.assert_allclose(values.mean(axis=0, dtype=np.float64), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0, dtype=np.float64), 1, atol=1e-4)


def test_sequences_are_prepared_entry_by_entry(fitted_spec, events):
    raw = events.inputs["constituents"]
    values = prepared(fitted_spec, "constituents", raw)
    np.testing.assert_allclose(values, expected_of(fitted_spec, "constituents", raw), rtol=1e-5, atol=1e-5)
    real = values[events.inputs["constituents_mask"] > 0]
    np.testing.assert_allclose(real.mean(axis=0, dtype=np.float64), 0, atol=1e-4)
    np.testing.assert_allclose(real.std(axis=0, dtype=np.float64), 1, atol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_features_with_a_default_replace_what_is_not_finite(bad):
    values = np.ones((1, 6), dtype=np.float32)
    values[0, 4] = values[0, 5] = bad
    result = prepared(SPEC, "jet", values)
    np.testing.assert_allclose(result[0, 4], 0.5 * np.arcsinh(0.25), rtol=1e-6)
    np.testing.assert_allclose(result[0, 5], (-3.0 + 1.0) * -2.0, rtol=1e-6)
    values = np.ones((1, 6), dtype=np.float32)
    values[0, 0] = bad
    assert not np.isfinite(prepared(SPEC, "jet", values)[0, 0])
    assert np.isfinite(prepared(SPEC, "jet", values)[0, 1:]).all()


def test_a_bad_value_does_not_touch_its_neighbours():
    values = VALUES[:2].copy()
    values[0] = np.nan
    np.testing.assert_array_equal(prepared(SPEC, "jet", values)[1], prepared(SPEC, "jet", VALUES[:2])[1])


def test_the_gradient_is_finite_next_to_columns_outside_the_domain_of_a_function():
    values = np.array([[-5.0, 10.0, 4.0, 2.0, -7.0, 1.0], [0.0, 20.0, 9.0, 1.0, 0.0, -1.0]], dtype=np.float32)
    tensor = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        total = tf.reduce_sum(Preprocessing(SPEC, "jet")(tensor))
    expected = np.stack(
        [
            np.full(2, 0.3),
            0.7 / values[:, 1],
            0.2 * 0.5 / np.sqrt(values[:, 2]),
            1.1 / (1 + values[:, 3]),
            0.5 / np.sqrt(1 + values[:, 4] ** 2),
            np.full(2, -2.0),
        ],
        axis=1,
    )
    np.testing.assert_allclose(tape.gradient(total, tensor).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(7, 6), (7, 4, 6)])
def test_it_keeps_the_contract_of_a_layer(shape):
    values = np.random.default_rng(0).normal(0, 3, shape).astype(np.float32)
    check_layer(functools.partial(Preprocessing, SPEC, "jet"), values, shape)


def test_half_precision_is_only_that_of_the_result():
    wide = {"name": "energy", "clip": [0.1, 1e6], "transform": "log", "offset": -10.0, "scale": 1.0}
    spec = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": [wide]}]})
    values = np.array([[70_000.0], [1e5], [1e9]], dtype=np.float32)  # float16 ends at 65,504
    result = prepared(spec, "jet", values, dtype="mixed_float16")
    assert result.dtype == np.float16
    np.testing.assert_allclose(result[:, 0], np.log([7e4, 1e5, 1e6]) - 10, atol=2e-3)


def test_a_model_can_be_saved_and_tells_its_specification(fitted_spec, events, tmp_path):
    values = keras.Input((16,), name="jet")
    layer = Preprocessing(fitted_spec, "jet")
    model = keras.Model(values, keras.layers.Dense(2)(layer(values)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    raw = events.inputs["jet"]
    np.testing.assert_array_equal(np.asarray(loaded(raw)), np.asarray(model(raw)))
    assert feature_spec_of(loaded) == fitted_spec


def test_it_has_nothing_to_train():
    layer = Preprocessing(SPEC, "jet")
    layer(VALUES)
    assert layer.weights == []


def test_an_unfitted_specification_is_refused(spec):
    with pytest.raises(FeatureError, match=r"not fitted: 'j_pt' has no offset or scale; call keras_hep\.data\.fit"):
        Preprocessing(spec, "jet")


def test_an_unknown_input_is_refused(fitted_spec):
    with pytest.raises(FeatureError, match=r"no input 'jets': did you mean 'jet'"):
        Preprocessing(fitted_spec, "jets")


def test_another_number_of_features_is_refused():
    with pytest.raises(FeatureError, match=r"the input 'jet' has 6 features. Received: shape \(2, 5\)"):
        Preprocessing(SPEC, "jet")(np.zeros((2, 5), np.float32))


def test_a_model_without_preprocessing_carries_no_specification():
    values, mask = keras.Input((3, 2)), keras.Input((3,))
    model = keras.Model([values, mask], MaskedSum()([values, mask]), name="bare")
    with pytest.raises(FeatureError, match="the model 'bare' carries no feature specification"):
        feature_spec_of(model)
