"""The layers of lwtnn as layers of Keras, with their weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.export.lwtnn.activations import function_of
from keras_hep.export.lwtnn.located import Located
from keras_hep.layers import FeatureEmbedding, Highway, Maxout

__all__ = ["GATES", "padding_of", "to_keras"]

Floats = NDArray[np.float64]

# Components of the recurrent layers, in the order in which Keras holds them.
GATES = {"lstm": ("i", "f", "c", "o"), "gru": ("z", "r", "h"), "simplernn": ("h",)}

_RECURRENT: dict[str, type] = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simplernn": keras.layers.SimpleRNN}


def to_keras(place: Located, size: int, name: str, return_sequences: bool = False) -> Any:
    """Return a layer of the file as a built Keras layer; of embeddings a list, for they come one after another.

    Args:
        place: the layer in the file.
        size: number of values that it receives, on the last axis.
        name: its name in the Keras model.
        return_sequences: of a recurrent layer, whether it returns all steps.
    """
    kind = place.at("architecture").text()
    if kind in GATES:
        return _recurrent(place, kind, size, name, return_sequences)
    if kind not in _MAKERS:
        known = ", ".join(sorted(GATES.keys() | _MAKERS.keys()))
        raise place.at("architecture").error(f"unknown architecture '{kind}'; known: {known}")
    return _MAKERS[kind](place, size, name)


def _dense(place: Located, size: int, name: str) -> Any:
    function = function_of(place.at("activation")) if place.has("activation") else keras.activations.linear
    if not len(place.at("weights").numbers()):
        if len(place.at("bias").numbers()):
            raise place.at("bias").error("expected no bias where there are no weights")
        return keras.layers.Activation(function, name=name)
    kernel, bias = _matrix(place, size)
    layer = keras.layers.Dense(kernel.shape[1], activation=function, use_bias=bias is not None, name=name)
    return _built(layer, (None, size), [kernel, bias])


def _normalization(place: Located, size: int, name: str) -> Any:
    weights = place.at("weights").numbers_of_size(size, "one for each value that the layer receives")
    bias = place.at("bias").numbers_of_size(size, "one for each value that the layer receives")
    layer = keras.layers.BatchNormalization(epsilon=0.0, name=name)
    return _built(layer, (None, size), [weights, np.zeros(size), -bias, np.ones(size)])


def _maxout(place: Located, size: int, name: str) -> Any:
    # lwtnn does not read the activation of a maxout.
    places = list(place.at("sublayers").items())
    if not places:
        raise place.at("sublayers").error("expected at least one sublayer, found none")
    parts = [_matrix(part, size) for part in places]
    units = parts[0][0].shape[1]
    for part, (kernel, _) in zip(places, parts, strict=True):
        if kernel.shape[1] != units:
            raise part.error(f"expected {units} units, as the first sublayer has, found {kernel.shape[1]}")
    layer = Maxout(units, pieces=len(parts), name=name)
    bias = [np.zeros(units) if values is None else values for _, values in parts]
    kernel = np.concatenate([values for values, _ in parts], axis=1)
    return _built(layer, (None, size), [kernel, np.concatenate(bias)])


def _highway(place: Located, size: int, name: str) -> Any:
    function = function_of(place.at("activation"))
    if function is keras.activations.softmax:
        raise place.at("activation").error("a softmax is not supported here")
    weights: list[Floats | None] = []
    for key in ("t", "carry"):
        part = place.at("components").at(key)
        kernel, bias = _matrix(part, size)
        if kernel.shape[1] != size:
            raise part.at("weights").error(f"expected as many units as inputs, {size}, found {kernel.shape[1]}")
        weights += [kernel, np.zeros(size) if bias is None else bias]
    return _built(Highway(activation=function, name=name), (None, size), weights)


def _recurrent(place: Located, kind: str, size: int, name: str, return_sequences: bool) -> Any:
    gates = GATES[kind]
    units = len(place.at("components").at(gates[0]).at("bias").numbers())
    parts = [_component(place, gate, size, units) for gate in gates]
    recurrent = [
        place.at("components").at(gate).at("U").numbers_of_size(units * units, "units squared").reshape(units, units).T
        for gate in gates
    ]
    arguments: dict[str, Any] = {"activation": function_of(place.at("activation"))}
    if kind != "simplernn":
        arguments["recurrent_activation"] = function_of(place.at("inner_activation"))
    if kind == "gru":
        arguments["reset_after"] = False
    layer = _RECURRENT[kind](units, return_sequences=return_sequences, name=name, **arguments)
    kernel = np.concatenate([kernel for kernel, _ in parts], axis=1)
    bias = np.concatenate([bias for _, bias in parts])
    return _built(layer, (None, None, size), [kernel, np.concatenate(recurrent, axis=1), bias])


def _conv1d(place: Located, size: int, name: str) -> Any:
    function = function_of(place.at("activation"))
    if function is keras.activations.softmax:
        raise place.at("activation").error("a softmax of a convolution is not supported: it would run over the objects")
    bias = place.at("bias").numbers()
    weights = place.at("weights").numbers()
    if not len(bias) or not len(weights) or len(weights) % (len(bias) * size):
        raise place.at("weights").error(
            f"expected a multiple of {len(bias)} * {size} numbers (outputs times inputs), found {len(weights)}"
        )
    padding, dilation = padding_of(place)
    kernel = weights.reshape(len(bias), size, -1).transpose(2, 1, 0)
    # Where the padding is odd, lwtnn puts the odd zero before the sequence and Keras behind it: the reader pads itself.
    layer = keras.layers.Conv1D(
        len(bias),
        kernel.shape[0],
        padding="causal" if padding == "causal" else "valid",
        dilation_rate=dilation,
        activation=function,
        name=name,
    )
    return _built(layer, (None, None, size), [kernel, bias])


def _embedding(place: Located, size: int, name: str) -> Any:
    parts = []
    for number, part in enumerate(place.at("sublayers").items()):
        units, index = part.at("n_out").count(1 << 16), part.at("index").count(size - 1)
        weights = part.at("weights").numbers()
        if not units or not len(weights) or len(weights) % units:
            raise part.at("weights").error(
                f"expected a multiple of {units} numbers (its outputs), found {len(weights)}"
            )
        layer = FeatureEmbedding(index, len(weights) // units, units, name=f"{name}_{number}")
        parts.append(_built(layer, (None, None, size), [weights.reshape(units, -1).T]))
        size += units - 1
    if not parts:
        raise place.at("sublayers").error("expected at least one sublayer, found none")
    return parts


def padding_of(place: Located) -> tuple[str, int]:
    """Return the padding of a convolution, and its dilation."""
    padding = place.at("padding").text()
    if padding not in ("valid", "same", "causal"):
        raise place.at("padding").error(f"expected 'valid', 'same' or 'causal', found '{padding}'")
    dilation = place.at("dilation_rate").count(1 << 16)
    if not dilation:
        raise place.at("dilation_rate").error("expected a positive whole number, found 0")
    return padding, dilation


def _matrix(place: Located, size: int) -> tuple[Floats, Floats | None]:
    """Return the kernel [input][output] and the bias, None where it is empty."""
    weights = place.at("weights").numbers()
    if not len(weights) or len(weights) % size:
        raise place.at("weights").error(f"expected a multiple of {size} numbers (its inputs), found {len(weights)}")
    units = len(weights) // size
    has_bias = len(place.at("bias").numbers()) > 0
    bias = place.at("bias").numbers_of_size(units, "one for each unit") if has_bias else None
    return weights.reshape(units, size).T, bias


def _component(place: Located, key: str, size: int, units: int) -> tuple[Floats, Floats]:
    part = place.at("components").at(key)
    weights = part.at("weights").numbers_of_size(size * units, f"{size} inputs times {units} units")
    return weights.reshape(units, size).T, part.at("bias").numbers_of_size(units, "one for each unit")


def _built(layer: Any, shape: tuple[int | None, ...], weights: list[Floats | None]) -> Any:
    layer.build(shape)
    layer.set_weights([values for values in weights if values is not None])
    return layer


_MAKERS: dict[str, Callable[[Located, int, str], Any]] = {
    "conv1d": _conv1d,
    "dense": _dense,
    "embedding": _embedding,
    "highway": _highway,
    "maxout": _maxout,
    "normalization": _normalization,
}
