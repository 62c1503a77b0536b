"""What Keras makes of events, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_hep.export.graph import Call

__all__ = ["evaluate_calls", "evaluate_model"]

Floats = NDArray[np.float32]


def evaluate_calls(calls: Sequence[Call], inputs: Mapping[str, Any], wanted: Iterable[Any]) -> dict[int, Floats]:
    """Evaluate the calls one by one.

    Args:
        calls: as `keras_hep.export.graph.calls_of` returns them.
        inputs: name of an input -> its values.
        wanted: Keras tensors.

    Returns:
        id of each wanted tensor -> its values.
    """
    values: dict[int, Any] = {}
    for call in calls:
        if call.is_input:
            values[id(call.output)] = keras.ops.convert_to_tensor(inputs[call.name], dtype=call.output.dtype)
            continue
        args, keywords = call.node.arguments.fill_in(values)
        for tensor, mask in call.hidden:
            values[id(tensor)]._keras_mask = None if mask is None else values[id(mask)]
        given = keras.tree.flatten(call.layer(*args, **keywords))
        values.update((id(tensor), value) for tensor, value in zip(call.outputs, given, strict=True))
    return {id(tensor): _floats(values[id(tensor)]) for tensor in wanted}


def evaluate_model(model: keras.Model, inputs: Mapping[str, Any]) -> list[Floats]:
    """Return the outputs of a model of a list of inputs as Keras itself evaluates it, after one another."""
    values = model([inputs[tensor.name] for tensor in model.inputs], training=False)
    return [_floats(value) for value in keras.tree.flatten(values)]


def _floats(values: Any) -> Floats:
    return np.asarray(keras.ops.convert_to_numpy(values), np.float32)
