"""The contracts themselves: they accept what is right, and find what is wrong."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from keras import ops

from tests import mutations
from tests.contracts.layer import check_layer
from tests.contracts.loss import check_loss
from tests.contracts.model import check_model
from tests.contracts.source import check_source


def predictions(events=64, classes=5):
    rng = np.random.default_rng(0)
    truth = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, events)]
    return truth, rng.dirichlet(np.ones(classes), events).astype(np.float32)


@pytest.mark.parametrize(
    "make_loss",
    [
        keras.losses.CategoricalCrossentropy,
        functools.partial(keras.losses.CategoricalCrossentropy, label_smoothing=0.1),
        keras.losses.MeanSquaredError,
    ],
)
def test_losses_of_keras_keep_the_contract_of_a_loss(make_loss):
    check_loss(make_loss, *predictions())


@keras.saving.register_keras_serializable(package="keras_hep")
class Broken(keras.losses.Loss):
    """A mean squared error with one fault."""

    def __init__(self, fault, **arguments):
        super().__init__(**arguments)
        self.fault = fault

    def call(self, y_true, y_pred):
        squared = ops.mean(ops.square(y_true - y_pred), axis=-1)
        if self.fault == "blind to events":
            return squared + ops.mean(squared)
        return {
            "constant": 0.0 * squared + 1.0,
            "infinite": squared / ops.zeros_like(squared),
            "gradient": ops.sqrt(squared),
            "config": squared * (1.0 if self.name == "trained" else 2.0),
        }[self.fault]

    def get_config(self):
        config = {**super().get_config(), "fault": self.fault}
        return config | {"name": "other"} if self.fault == "config" else config


@pytest.mark.parametrize("fault", ["constant", "infinite", "gradient", "config", "blind to events"])
def test_the_contract_of_a_loss_finds_faults(fault):
    with pytest.raises(AssertionError):
        check_loss(functools.partial(Broken, fault, name="trained"), *predictions())


@keras.saving.register_keras_serializable(package="keras_hep")
class Faulty(keras.layers.Layer):
    """A layer that multiplies its input, with one fault."""

    def __init__(self, fault, factor=1.0, **arguments):
        super().__init__(**arguments)
        self.fault = fault
        self.factor = factor

    def call(self, inputs):
        if self.fault == "batch":
            inputs = inputs - ops.mean(inputs, axis=0)
        return inputs / 0.0 if self.fault == "infinite" else inputs * self.factor

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1) if self.fault == "shape" else input_shape

    def get_config(self):
        config = {**super().get_config(), "fault": self.fault}
        return config if self.fault == "config" else config | {"factor": self.factor}


@pytest.mark.parametrize("fault", ["none", "infinite", "shape", "config", "batch"])
def test_the_contract_of_a_layer_finds_faults(fault):
    make = functools.partial(Faulty, fault, factor=2.0)
    values = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    if fault == "none":
        check_layer(make, values, (4, 3))
    else:
        with pytest.raises(AssertionError):
            check_layer(make, values, (4, 3))


def test_the_contract_of_a_source_finds_faults(events):
    whole = dataclasses.replace(events, counts={})

    def source(chunk, start=0, step=1):
        return [whole[i : i + chunk] for i in range(start, len(whole), chunk)][::step]

    check_source(source, whole)
    for fault in ({"start": 1}, {"step": -1}):
        with pytest.raises(AssertionError):
            check_source(functools.partial(source, **fault), whole)


def test_the_contract_of_a_model_finds_a_sum_over_padded_entries(events, fitted_spec):
    with mutations.masked_sum_without_mask(), pytest.raises(AssertionError, match="padded entries of nan change"):
        check_model("deep_sets", fitted_spec, events, phi=(4,), f=(4,))
