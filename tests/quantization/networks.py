"""Small classifiers with inputs of every hardware format, for the tests of quantisation and firmware."""

import numpy as np

from keras_hep.data import Events, FeatureSpec, fit
from keras_hep.models import build
from keras_hep.quantization import quantize
from tests.cpp.networks import randomised

CLASSES = {"a": "y == 0", "b": "y == 1", "c": "y == 2"}
# Formats chosen from the data and stated; signed and unsigned; with clip, default and an offset far from zero.
FEATURES = (
    {"name": "mass", "unit": "GeV", "clip": [0.0, 400.0]},
    {"name": "shape"},
    {"name": "charge", "default": 1.0, "hardware": {"bits": 5, "signed": True, "exponent": 0}},
    {"name": "count", "default": 3.0, "hardware": {"bits": 6, "signed": False, "exponent": 0}},
)


def toy_problem(events=400, seed=2, features=FEATURES):
    """Return events and the specification fitted on them."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 3, events)
    columns = {
        "mass": random.gamma(4.0, 25.0, events) + 30 * label,
        "shape": random.normal(-0.4, 0.3, events) * (1 + label),
        "charge": random.integers(-9, 10, events) + label,
        "count": random.poisson(8 + 4 * label),
    }
    values = np.stack([columns[feature["name"]] for feature in features], axis=1).astype(np.float32)
    spec = FeatureSpec.from_dict({"inputs": [{"name": "jet", "features": list(features)}], "classes": CLASSES})
    cut = Events({"jet": values}, label, np.ones(events, np.float32), np.arange(events))
    return cut, fit(spec, cut)


def float_model(spec, units=(6,), **arguments):
    """Return a dense tagger with random weights of ordinary size."""
    return randomised(build("dense_tagger", spec, units=units, **arguments))


def toy_twin(units=(6,), bits=4, input_bits=6, hardware_bits=8):
    """Return a small quantised model, and the events that it was made with."""
    events, spec = toy_problem()
    return quantize(
        float_model(spec, units), events, bits=bits, input_bits=input_bits, hardware_bits=hardware_bits
    ), events


def on_grid(values, bits, integer, signed, symmetric=False):
    """Fixed point in plain NumPy: rounding half to even, saturation; `integer` counts the bits left of the point, no sign."""
    step = 2.0 ** (integer - (bits - signed))
    largest = 2 ** (bits - signed) - 1
    smallest = -largest - (not symmetric) if signed else 0
    return np.clip(np.rint(np.asarray(values, np.float64) / step), smallest, largest) * step


def exact_outputs(core, integers):
    """Compute a quantised core without Keras and QKeras, layer name -> values; every number is exact in float64."""
    found = {}
    values = np.asarray(integers, np.float64)
    for layer in core.layers[1:]:
        kind = type(layer).__name__
        if kind == "PowerOfTwoScaling":
            values = (values + np.array(layer.offset)) * 2.0 ** np.array(layer.shift)
        elif kind == "QActivation":
            values = on_grid(values, *format_of(layer.activation))
        else:
            kernel, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
            values = values @ on_grid(kernel, *format_of(layer.kernel_quantizer_internal))
            values = values + on_grid(bias, *format_of(layer.bias_quantizer_internal))
        found[layer.name] = values
    return found


def format_of(quantizer):
    """Return bits, integer bits and sign of a QKeras quantiser."""
    signed = type(quantizer).__name__ == "quantized_bits" and bool(quantizer.keep_negative)
    return quantizer.bits, quantizer.integer, signed
