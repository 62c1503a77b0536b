"""The graph of a functional Keras model as a list of calls, in the order of evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from keras_hep.errors import ExportError, UnsupportedLayerError

__all__ = ["Call", "calls_of"]


@dataclass(frozen=True)
class Call:
    """One layer, called once.

    Attributes:
        layer: the layer (a ``keras.layers.InputLayer`` for an input).
        inputs: the Keras tensors that it receives.
        output: the Keras tensor that it returns.
        keywords: the other arguments of the call.
    """

    layer: Any
    inputs: tuple[Any, ...]
    output: Any
    keywords: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the layer."""
        return str(self.layer.name)

    @property
    def is_input(self) -> bool:
        """Whether this is an input of the model."""
        return isinstance(self.layer, keras.layers.InputLayer)


def calls_of(model: keras.Model) -> list[Call]:
    """Return the calls that lead from a model's inputs to its outputs, each after those that it depends on.

    Raises:
        ExportError: the model is not functional.
        UnsupportedLayerError: a layer is used twice, is itself a model, or returns several tensors.
    """
    if not hasattr(model, "outputs") or not model.outputs:
        raise ExportError(
            f"the model '{model.name}' has no graph: build it with the functional API, keras.Model(inputs, outputs), "
            "or give a Sequential model an Input"
        )
    calls: dict[Any, Call] = {}

    def is_done(tensor: Any) -> bool:
        call = calls.get(tensor._keras_history.operation)
        if call is not None and call.output is not tensor:
            raise UnsupportedLayerError(
                f"the layer '{call.name}' ({type(call.layer).__name__}) is used more than once, which cannot be "
                "exported; give each use a layer of its own"
            )
        return call is not None

    waiting = [*reversed(model.outputs), *reversed(model.inputs)]
    while waiting:
        if is_done(waiting[-1]):
            waiting.pop()
            continue
        call = _call(waiting[-1])
        if missing := [tensor for tensor in call.inputs if not is_done(tensor)]:
            waiting.extend(reversed(missing))
        else:
            calls[call.layer] = call
    return list(calls.values())


def _call(tensor: Any) -> Call:
    layer, node_index, _ = tensor._keras_history
    node = layer._inbound_nodes[node_index]
    kind = f"{type(layer).__module__}.{type(layer).__name__}"
    if isinstance(layer, keras.Model):
        raise UnsupportedLayerError(
            f"the layer '{layer.name}' ({kind}) is a model inside the model, which cannot be exported; "
            "call its layers directly"
        )
    if len(node.output_tensors) != 1:
        raise UnsupportedLayerError(
            f"the layer '{layer.name}' ({kind}) returns {len(node.output_tensors)} tensors, which cannot be exported"
        )
    return Call(layer, tuple(node.input_tensors), tensor, dict(node.arguments.kwargs))
