"""How each Keras layer becomes a QKeras layer; a layer that is not here cannot be quantised."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep._optional import require
from keras_hep.errors import UnsupportedLayerError

__all__ = ["FloatLayer", "activation_quantizer", "linear_chain", "quantized_dense", "weight_quantizer"]


@dataclass(frozen=True)
class FloatLayer:
    """One dense layer of the float model with what follows it, batch normalisation folded into the weights.

    Attributes:
        name: name of the dense layer.
        kernel: weights (inputs, outputs).
        bias: bias (outputs,).
        activation: name of the activation layer behind it and its function's name, or None at the logits.
    """

    name: str
    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]
    activation: tuple[str, str] | None


def linear_chain(model: keras.Model) -> list[FloatLayer]:
    """Return the layers of a sequential chain behind the Preprocessing layer; a final softmax is left out.

    Raises:
        UnsupportedLayerError: a layer cannot be quantised; the message names it and says what can be.
    """
    handlers = {name: handle for names, handle in _HANDLERS.items() for name in names}
    for layer in model.layers:
        if type(layer).__name__ not in handlers:
            raise _unsupported(layer, "there is no quantised form of it")
    if len(model.outputs) != 1:
        raise UnsupportedLayerError(
            f"the model '{model.name}' has {len(model.outputs)} outputs; only one can be quantised"
        )
    for previous, layer in itertools.pairwise(model.layers):
        if getattr(layer.input, "_keras_history", (None,))[0] is not previous:
            raise _unsupported(layer, f"it does not follow '{previous.name}'; only a chain without branches can be")
    chain: list[FloatLayer] = []
    softmax: str | None = None
    for layer in model.layers:
        if softmax is not None:
            raise _unsupported(layer, f"it follows the softmax '{softmax}', where the firmware ends")
        handlers[type(layer).__name__](layer, chain)
        if type(layer).__name__ == "Softmax" or _function(layer) == "softmax":
            softmax = layer.name
    if not chain:
        raise UnsupportedLayerError(f"the model '{model.name}' has no dense layer to quantise")
    return chain


def _unsupported(layer: keras.layers.Layer, why: str) -> UnsupportedLayerError:
    known = ", ".join(sorted(name for handles in _HANDLERS for name in handles))
    return UnsupportedLayerError(
        f"the layer '{layer.name}' ({type(layer).__name__}) cannot be quantised: {why}. A model of these layers can: {known}"
    )


def _function(layer: keras.layers.Layer) -> str:
    activation = getattr(layer, "activation", None)
    return str(getattr(activation, "__name__", type(activation).__name__))


def _dense(layer: keras.layers.Layer, chain: list[FloatLayer]) -> None:
    if chain and chain[-1].activation is None:
        raise _unsupported(layer, f"it follows '{chain[-1].name}' without an activation; merge the two")
    kernel = np.asarray(layer.kernel, np.float64)
    bias = np.asarray(layer.bias, np.float64) if layer.use_bias else np.zeros(kernel.shape[1])
    chain.append(FloatLayer(layer.name, kernel, bias, None))
    if (name := _function(layer)) != "linear":
        _set_activation(layer, name, f"{layer.name}_{name}", chain)


def _activation(layer: keras.layers.Layer, chain: list[FloatLayer]) -> None:
    if (name := _function(layer)) != "linear":
        _set_activation(layer, name, layer.name, chain)


def _relu(layer: keras.layers.Layer, chain: list[FloatLayer]) -> None:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise _unsupported(layer, "only the plain ReLU has a quantised form")
    _set_activation(layer, "relu", layer.name, chain)


def _set_activation(layer: keras.layers.Layer, function: str, name: str, chain: list[FloatLayer]) -> None:
    if function == "softmax":
        return  # the network ends at the logits; softmax is taken outside the firmware
    if function != "relu":
        raise _unsupported(
            layer, f"the activation '{function}' has no quantised form that firmware computes exactly; use relu"
        )
    if not chain or chain[-1].activation is not None:
        raise _unsupported(layer, "an activation must follow a dense layer")
    last = chain[-1]
    chain[-1] = FloatLayer(last.name, last.kernel, last.bias, (name, function))


def _batch_normalization(layer: keras.layers.Layer, chain: list[FloatLayer]) -> None:
    if not chain or chain[-1].activation is not None:
        raise _unsupported(layer, "it can be folded only into a dense layer right before it")
    variance, mean = np.asarray(layer.moving_variance, np.float64), np.asarray(layer.moving_mean, np.float64)
    factor = 1.0 / np.sqrt(variance + layer.epsilon)
    factor = factor * np.asarray(layer.gamma, np.float64) if layer.scale else factor
    shift = np.asarray(layer.beta, np.float64) if layer.center else 0.0
    last = chain[-1]
    chain[-1] = FloatLayer(last.name, last.kernel * factor, (last.bias - mean) * factor + shift, None)


def _no_effect(layer: keras.layers.Layer, chain: list[FloatLayer]) -> None:
    del layer, chain


_HANDLERS: dict[tuple[str, ...], Callable[[Any, list[FloatLayer]], None]] = {
    ("InputLayer", "Preprocessing", "Dropout", "GaussianNoise", "GaussianDropout", "Softmax"): _no_effect,
    ("Dense",): _dense,
    ("Activation",): _activation,
    ("ReLU",): _relu,
    ("BatchNormalization",): _batch_normalization,
}


def weight_quantizer(weights: NDArray[np.float64], bits: int) -> Any:
    """Return the `quantized_bits` whose position of the binary point loses least on these weights (mean square).

    The scale alpha is fixed to one: with any other the firmware would need a multiplier, or differ from the model.
    """
    qkeras = require("qkeras", extra="qkeras")
    reach = float(np.abs(weights).max(initial=0.0)) or 1.0
    highest = math.ceil(math.log2(reach)) + 1

    def loss(integer: int) -> float:
        step = 2.0 ** (integer + 1 - bits)
        quantized = np.clip(np.round(weights / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * step
        return float(np.mean((quantized - weights) ** 2))

    return qkeras.quantized_bits(bits, min(range(highest - 6, highest + 1), key=loss), alpha=1.0)


def activation_quantizer(values: NDArray[np.floating], bits: int) -> Any:
    """Return the `quantized_relu` that holds all but one in a thousand of the positive values seen in training."""
    qkeras = require("qkeras", extra="qkeras")
    positive = values[values > 0]
    reach = float(np.quantile(positive, 0.999)) if positive.size else 1.0
    return qkeras.quantized_relu(bits, max(0, math.ceil(math.log2(reach))))


def quantized_dense(layer: FloatLayer, bits: int) -> Any:
    """Return the QDense twin of a float layer; give it the weights with `set_weights` once it is built."""
    qkeras = require("qkeras", extra="qkeras")
    return qkeras.QDense(
        layer.kernel.shape[1],
        kernel_quantizer=weight_quantizer(layer.kernel, bits),
        bias_quantizer=weight_quantizer(layer.bias, bits),
        name=layer.name,
    )
