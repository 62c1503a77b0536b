"""A float model and its QKeras twin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._optional import require
from keras_hep.data.events import Events
from keras_hep.data.features import FeatureSpec
from keras_hep.errors import KerasHepError, MissingToolError, ModelError
from keras_hep.layers.hardware_input import Digitize, PowerOfTwoScaling
from keras_hep.layers.preprocessing import feature_spec_of
from keras_hep.models import saving
from keras_hep.quantization.inputs import firmware_spec, hardware_table
from keras_hep.quantization.layers import FloatLayer, activation_quantizer, linear_chain, quantized_dense

__all__ = ["firmware_core", "is_quantized", "load_quantized", "quantize"]

INPUT_QUANTIZER = "input_quantizer"


def quantize(
    model: keras.Model,
    training: Events,
    method: str = "qkeras",
    bits: int = 6,
    input_bits: int = 10,
    hardware_bits: int = 16,
) -> keras.Model:
    """Return the quantised twin of a trained float model, with its weights copied.

    The twin takes the same raw inputs. Its first layers turn them into hardware integers, add an integer offset, shift, and
    quantise; what the power-of-two scale differs from the fitted one is folded into the first dense layer. It ends at the
    logits. Train it on (`keras_hep.training.fine_tune`) to win back what quantisation lost.

    Args:
        model: trained classifier of the zoo with one vector input.
        training: training events, for the ranges of inputs and activations.
        method: ``qkeras``.
        bits: bits of weights and activations, 2 to 16.
        input_bits: bits of the quantised network inputs (range -8 to 8 standard deviations), 4 to 16.
        hardware_bits: bits of the raw hardware integers, where the specification does not state them.

    Returns:
        Model from raw inputs to logits, to be saved and loaded like any other (`load_quantized`).

    Raises:
        ModelError: an unknown method or impossible bits.
        UnsupportedLayerError: a layer has no quantised form.
        FeatureError: an input cannot be realised in firmware.
    """
    if method != "qkeras":
        raise ModelError(f"unknown quantisation method. Received: {method!r}. Known: qkeras")
    for name, value, low in (("bits", bits, 2), ("input_bits", input_bits, 4), ("hardware_bits", hardware_bits, 4)):
        if not low <= value <= 16:
            raise ModelError(f"{name} must lie between {low} and 16. Received: {value}")
    qkeras = _qkeras()
    spec = feature_spec_of(model)
    chain = linear_chain(model)
    hardware = firmware_spec(spec, training, hardware_bits)
    entry = hardware.inputs[0]
    chain[0] = _rescaled(chain[0], spec, hardware)

    values = keras.Input(entry.shape, name=entry.name)
    x = Digitize(hardware, entry.name, name="digitize")(values)
    table = hardware_table(hardware)
    columns: dict[str, Any] = {key: [row[key] for row in table] for key in ("offset", "shift", "bits", "signed")}
    x = PowerOfTwoScaling(**columns, name="scaling")(x)
    x = qkeras.QActivation(qkeras.quantized_bits(input_bits, 3, alpha=1.0), name=INPUT_QUANTIZER)(x)
    # The float chain is followed in step, so that each activation's range is that of the network as it stands.
    sample = training.inputs[entry.name][:20_000]
    activations = np.asarray(keras.Model(values, x).predict(sample, batch_size=4096, verbose=0), np.float64)
    built: list[tuple[Any, FloatLayer]] = []
    for layer in chain:
        dense = quantized_dense(layer, bits)
        x = dense(x)
        built.append((dense, layer))
        activations = activations @ layer.kernel + layer.bias
        if layer.activation is not None:
            activations = np.maximum(activations, 0.0)
            x = qkeras.QActivation(activation_quantizer(activations, bits), name=layer.activation[0])(x)
    for dense, layer in built:
        dense.set_weights([layer.kernel.astype(np.float32), layer.bias.astype(np.float32)])
    return keras.Model({entry.name: values}, x, name=f"{model.name}_q{bits}")


def _rescaled(layer: FloatLayer, spec: FeatureSpec, hardware: FeatureSpec) -> FloatLayer:
    """Fold the difference between the fitted and the hardware scale and offset into the first dense layer."""

    def column(of: FeatureSpec, what: str) -> NDArray[np.float64]:
        return np.array([getattr(feature, what) for feature in of.inputs[0].features], np.float64)

    scale, offset = column(spec, "scale"), column(spec, "offset")
    kernel = layer.kernel * (scale / column(hardware, "scale"))[:, None]
    bias = layer.bias + ((offset - column(hardware, "offset")) * scale) @ layer.kernel
    return FloatLayer(layer.name, kernel, bias, layer.activation)


def is_quantized(model: keras.Model) -> bool:
    """Whether a model is a quantised twin made by `quantize`."""
    return any(layer.name == INPUT_QUANTIZER for layer in model.layers)


def load_quantized(path: str | Path) -> keras.Model:
    """Load a quantised twin from a ``.keras`` file.

    Raises:
        ModelError: the file cannot be read, or holds no quantised model.
    """
    qkeras = _qkeras()
    custom = {name: getattr(qkeras, name) for name in ("QDense", "QActivation", "quantized_bits", "quantized_relu")}
    model = saving.load(path, custom_objects={**custom, **_qkeras_objects()})
    if not is_quantized(model):
        raise ModelError(f"'{path}' holds no quantised model; make one with: keras-hep quantize {path}")
    return model


def firmware_core(model: keras.Model) -> keras.Model:
    """Return the part of a quantised twin that becomes firmware: from hardware integers to logits."""
    if not is_quantized(model):
        raise ModelError(f"the model '{model.name}' is not quantised; make its twin with quantize() first")
    start = model.get_layer("scaling").input
    integers = keras.Input(start.shape[1:], name=feature_spec_of(model).inputs[0].name)
    x = integers
    started = False
    for layer in model.layers:
        started = started or layer.name == "scaling"
        if started:
            x = layer(x)
    return keras.Model(integers, x, name=f"{model.name}_core")


def _qkeras() -> Any:
    try:
        qkeras = require("qkeras", extra="qkeras")
        qkeras.QDense, qkeras.quantized_relu  # noqa: B018
    except (AttributeError, ImportError) as error:
        raise MissingToolError(
            "the installed 'qkeras' is not qkeras-v3: HGQ2 brings a package of the same name and overwrites it. "
            "Install keras_hep[qkeras] and keras_hep[hgq] in two environments"
        ) from error
    return qkeras


def _qkeras_objects() -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        require("qkeras.utils", extra="qkeras")._add_supported_quantized_objects(found)
    except (AttributeError, KerasHepError):
        return {}
    return found
