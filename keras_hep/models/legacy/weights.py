"""Weights as Keras 1 and 2 stored them, in the order and shapes of today's layers."""

from __future__ import annotations

from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.errors import ModelError
from keras_hep.layers import Highway, Maxout

__all__ = ["set_weights"]

Arrays = list[NDArray[Any]]

# Gates of layers that Keras 1 stored one by one, in the order of Keras 3; those of an LSTM stood as i, c, f, o.
_GATES: dict[type, tuple[int, ...]] = {keras.layers.LSTM: (0, 2, 1, 3), keras.layers.GRU: (0, 1, 2)}
# Ends of the names of a Highway's weights, in the order of ours.
_HIGHWAY = ("W", "b", "W_carry", "b_carry")


def set_weights(layer: Any, name: str, group: Any) -> None:
    """Give a layer the weights that stand in a file.

    Args:
        layer: the layer, which may be a model.
        name: its name in the file.
        group: the group of all layers.

    Raises:
        ModelError: they are missing, damaged, or of other shapes; the message names the layer and the dataset.
    """
    variables = [*layer.trainable_weights, *layer.non_trainable_weights]
    if name not in group:
        if variables:
            raise ModelError(f"the weights of the layer '{name}' are missing")
        return
    names = [_text(item) for item in group[name].attrs.get("weight_names", [])]
    values = _arranged(layer, names, [_array(group[name], name, dataset) for dataset in names])
    shapes = [tuple(variable.shape) for variable in variables]
    if [value.shape for value in values] != shapes:
        found = ", ".join(f"{dataset} {group[name][dataset].shape}" for dataset in names) or "none"
        raise ModelError(f"the layer '{name}' has weights of the shapes {shapes}. Received: {found}")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _array(group: Any, layer: str, name: str) -> NDArray[Any]:
    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        raise ModelError(f"the layer '{layer}' lists the dataset '{name}', which the file does not hold")
    try:
        return np.asarray(found, dtype=np.float32)
    except (OSError, TypeError, ValueError) as error:
        raise ModelError(
            f"the dataset '{name}' of the layer '{layer}' holds no numbers that can be read: {error}"
        ) from error


def _arranged(layer: Any, names: list[str], stored: Arrays) -> Arrays:
    """Return what an old Keras stored as the layer holds it; what is not understood is returned as it is."""
    kind = type(layer)
    if kind is keras.layers.Bidirectional:
        half = len(stored) // 2
        return [
            *_arranged(layer.forward_layer, names[:half], stored[:half]),
            *_arranged(layer.backward_layer, names[half:], stored[half:]),
        ]
    if kind in _GATES and len(stored) == 3 * len(_GATES[kind]):
        # For each gate: kernel, recurrent kernel, bias.
        return [np.concatenate([stored[3 * gate + part] for gate in _GATES[kind]], axis=-1) for part in range(3)]
    if kind is keras.layers.Conv1D and stored and stored[0].ndim == 4:
        return [_of_one_axis(stored[0], layer), *stored[1:]]
    if kind is Maxout and stored and stored[0].ndim == 3:
        kernel, *bias = stored  # [piece][input][unit]
        return [kernel.transpose(1, 0, 2).reshape(kernel.shape[1], -1), *(values.ravel() for values in bias)]
    if kind is Highway:
        return _of_highway(names, stored)
    return stored


def _of_highway(names: list[str], stored: Arrays) -> Arrays:
    """Return kernel, bias, and those of the gate; the order changed between versions, and both biases may be missing."""
    parts = {name.removesuffix(":0").rsplit("/")[-1]: values for name, values in zip(names, stored, strict=True)}
    found = [[v for name, v in parts.items() if name == end or name.endswith(f"_{end}")] for end in _HIGHWAY]
    if [len(values) for values in found] == [1, 0, 1, 0]:
        zeros = np.zeros(stored[0].shape[-1], np.float32)
        found = [found[0], [zeros], found[2], [zeros]]
    return [values[0] for values in found] if all(len(values) == 1 for values in found) else stored


def _of_one_axis(kernel: NDArray[Any], layer: Any) -> NDArray[Any]:
    """Return the kernel of a 1D convolution that stands as that of a 2D one, its filters last or, before Keras 1.2, first."""
    first = kernel.shape[3] == 1 and kernel.shape[0] == layer.filters
    kernel = kernel.transpose(2, 3, 1, 0) if first and kernel.shape[1] != 1 else kernel
    return kernel[:, 0] if kernel.shape[1] == 1 else kernel


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
