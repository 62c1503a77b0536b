"""What an imported model remembers of its file, and how it is written again from that."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np

from keras_hep.errors import ExportError
from keras_hep.export.lwtnn.document import Document
from keras_hep.export.lwtnn.layers import GATES
from keras_hep.layers.output_labels import OutputLabels

__all__ = ["dialect_of", "keep", "of", "restored"]

_ARRAYS = ("weights", "bias", "U")


def keep(document: Document, names: dict[int, list[str]]) -> dict[str, Any]:
    """Return the file without its weights.

    Args:
        document: the file.
        names: index of a layer in the file -> names of the Keras layers that hold its weights. Layers that no output needs
            are not among them, and are kept whole.
    """
    kept = {key: value for key, value in document.raw.items() if key != "layers"}
    layers = [
        _emptied(layer.value) if index in names else copy.deepcopy(layer.value)
        for index, layer in enumerate(document.layers)
    ]
    return {"lwtnn": {**kept, "layers": layers}, "keras_layers": {str(i): found for i, found in names.items()}}


def of(model: keras.Model) -> dict[str, Any] | None:
    """Return what a model remembers of the file that it came from, None if it came from none."""
    for layer in model.layers:
        if isinstance(layer, OutputLabels) and layer.origin is not None and "lwtnn" in layer.origin:
            return layer.origin
    return None


def dialect_of(kept: dict[str, Any]) -> str:
    """Return the dialect of the file: of both, only a graph has its outputs by name."""
    return "graph" if isinstance(kept["lwtnn"]["outputs"], dict) else "sequential"


def restored(model: keras.Model, kept: dict[str, Any]) -> dict[str, Any]:
    """Return the file again, with the weights that the model has now.

    Raises:
        ExportError: a layer of the file is not in the model any more.
    """
    document: dict[str, Any] = copy.deepcopy(kept["lwtnn"])
    for index, names in kept["keras_layers"].items():
        entry, layers = document["layers"][int(index)], [_layer(model, name) for name in names]
        # Several embeddings are one layer of the file.
        for part, layer in zip(
            entry["sublayers"] if entry["architecture"] == "embedding" else [entry], layers, strict=True
        ):
            _fill(part, entry["architecture"], layer)
    return document


def _layer(model: keras.Model, name: str) -> Any:
    try:
        return model.get_layer(name)
    except ValueError as error:
        raise ExportError(
            f"the model '{model.name}' was read from a file of lwtnn, and its layer '{name}' is gone; build the model "
            "from its layers without OutputLabels to write it as a new network"
        ) from error


def _emptied(entry: Any) -> Any:
    """Return a layer with None in place of each array of weights that is not empty."""
    if isinstance(entry, list):
        return [_emptied(item) for item in entry]
    if not isinstance(entry, dict):
        return entry
    return {key: None if key in _ARRAYS and value else _emptied(value) for key, value in entry.items()}


def _fill(entry: dict[str, Any], kind: str, layer: Any) -> None:
    weights = [np.asarray(weight) for weight in layer.weights]
    if kind in GATES:
        parts = [np.split(values, len(GATES[kind]), axis=-1) for values in weights]
        for gate, kernel, recurrent, bias in zip(GATES[kind], *parts, strict=True):
            _set(entry["components"][gate], weights=kernel.T, U=recurrent.T, bias=bias)
    elif kind == "conv1d":
        _set(entry, weights=weights[0].transpose(2, 1, 0), bias=weights[1])
    elif kind == "normalization":
        gamma, beta, mean, variance = (values.astype(np.float64) for values in weights)
        scale = gamma / np.sqrt(variance + layer.epsilon)
        _set(entry, weights=scale, bias=np.divide(beta, scale, out=np.zeros_like(beta), where=scale != 0) - mean)
    elif kind == "embedding":
        _set(entry, weights=weights[0].T)
    elif kind == "maxout":
        parts = [np.split(values, layer.pieces, axis=-1) for values in weights]
        for part, kernel, bias in zip(entry["sublayers"], *parts, strict=True):
            _set_linear(part, kernel, bias)
    elif kind == "highway":
        _set_linear(entry["components"]["t"], *weights[:2])
        _set_linear(entry["components"]["carry"], *weights[2:])
    elif weights:
        _set_linear(entry, *weights)


def _set_linear(entry: dict[str, Any], kernel: Any, bias: Any = None) -> None:
    _set(entry, weights=kernel.T)
    # A bias that the file leaves out stays out while it is zero.
    if bias is not None and (entry["bias"] is None or np.any(bias)):
        _set(entry, bias=bias)


def _set(entry: dict[str, Any], **arrays: Any) -> None:
    for key, values in arrays.items():
        # Every digit of the float32, so that a number that came from a file is the same again.
        entry[key] = [float(value) for value in np.ravel(values)]
