"""A functional Keras model called again layer by layer, through the models inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_hep.errors import UnsupportedLayerError

__all__ = ["ATTENTION", "Replay", "replayed"]

ATTENTION = (keras.layers.Attention, keras.layers.GroupQueryAttention, keras.layers.MultiHeadAttention)


@dataclass
class Replay:
    """What calling all layers of a model again, on its own inputs, gave.

    Attributes:
        outputs: the Keras tensors that are the model's outputs.
        node_of: id of a Keras tensor -> the call that returned it, as Keras holds it.
        paths: id of such a call -> name of the layer, behind those of the models that it is in.
        hidden: id of a call of attention -> the tensors that it receives, each with the mask that Keras hands on with it, or
            None. Other layers have their masks as arguments.
    """

    outputs: list[Any] = field(default_factory=list)
    node_of: dict[int, Any] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)
    hidden: dict[int, list[tuple[Any, Any]]] = field(default_factory=dict)

    def sources(self, node: Any) -> list[Any]:
        """Return the tensors that a call depends on, with the masks that are handed on to it."""
        masks = [mask for _, mask in self.hidden.get(id(node), []) if mask is not None]
        return [*node.input_tensors, *masks]


def replayed(model: keras.Model, inputs: list[Any]) -> Replay:
    """Call all layers of a functional model again, as Keras does when it evaluates the model.

    Args:
        model: the model.
        inputs: its inputs, or other Keras inputs of the same names that take their places.

    In contrast to the calls that Keras remembers of the model itself, layers of inner models are called directly, and masks
    go through inner models as they do in an evaluation. The layers forget these calls again.

    Raises:
        UnsupportedLayerError: a model inside the model has no graph, or is called in another way than with its inputs.
    """
    replay = Replay()
    remembered: dict[int, tuple[Any, int, int]] = {}

    def remember(operation: Any) -> None:
        counts = (len(operation._inbound_nodes), len(operation._outbound_nodes))
        remembered.setdefault(id(operation), (operation, *counts))

    def call(operation: Any, path: str, args: Any, kwargs: Any) -> Any:
        if isinstance(operation, keras.Model):
            return run(operation, f"{path}/", _given(operation, path, args, kwargs))
        remember(operation)
        # A mask that is None where the model was built may be a tensor where the model stands in another one.
        is_attention = isinstance(operation, ATTENTION)
        given = [item for item in keras.tree.flatten((args, kwargs)) if isinstance(item, keras.KerasTensor)]
        masks = [(tensor, getattr(tensor, "_keras_mask", None)) for tensor in given] if is_attention else []
        outputs = operation(
            *args, **{key: value for key, value in kwargs.items() if value is not None or not key.endswith("mask")}
        )
        node = operation._inbound_nodes[-1]
        replay.paths[id(node)] = path
        if any(mask is not None for _, mask in masks):
            replay.hidden[id(node)] = masks
        if isinstance(operation, keras.layers.MultiHeadAttention):
            for tensor in given:  # in an evaluation this layer takes the masks away: nobody else sees them
                tensor._keras_mask = None
        return outputs

    def run(inner: keras.Model, prefix: str, inputs: list[Any]) -> Any:
        functional = getattr(inner, "_functional", None) or inner  # that of a Sequential model

        def called(operation: Any) -> Callable[..., Any]:
            return lambda *args, **kwargs: call(operation, prefix + operation.name, args, kwargs)

        return functional._run_through_graph(inputs, operation_fn=called)

    for tensor in inputs:
        operation = tensor._keras_history.operation
        remember(operation)
    try:
        replay.outputs = keras.tree.flatten(run(model, "", list(inputs)))
        _collect(replay, [*inputs, *replay.outputs])
        for tensor in inputs:
            replay.paths[id(replay.node_of[id(tensor)])] = str(tensor._keras_history.operation.name)
    finally:
        for operation, inbound, outbound in remembered.values():
            del operation._inbound_nodes[inbound:]
            del operation._outbound_nodes[outbound:]
    return replay


def _collect(replay: Replay, tensors: list[Any]) -> None:
    """Find the calls that lead to the tensors, while the layers still remember them."""
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in replay.node_of:
            continue
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        replay.node_of.update((id(output), node) for output in node.output_tensors)
        waiting.extend(replay.sources(node))


def _given(model: keras.Model, path: str, args: Any, kwargs: Any) -> list[Any]:
    """Return the tensors that a model inside the model is called with, in the order of its inputs."""
    kind = f"{type(model).__module__}.{type(model).__name__}"

    def refuse(why: str, advice: str) -> UnsupportedLayerError:
        return UnsupportedLayerError(f"the layer '{path}' ({kind}) is a model inside the model {why}; {advice}")

    if not getattr(model, "inputs", None):
        raise refuse("and has no graph", "build it with the functional API, keras.Model(inputs, outputs)")
    if kwargs.get("training"):
        raise refuse("and is called with training=True", "call it without this argument")
    values = args[0] if args else kwargs.get("inputs")
    is_dict = isinstance(values, dict)
    given = [values.get(tensor.name) for tensor in model.inputs] if is_dict else keras.tree.flatten(values)
    for tensor, inner in zip(given, model.inputs, strict=True):
        found = (len(getattr(tensor, "shape", ())), getattr(tensor, "dtype", None))
        if found != (len(inner.shape), inner.dtype):
            raise refuse(
                f"whose input '{inner.name}' of {len(inner.shape)} axes and {inner.dtype} receives {tensor}",
                "call it with a tensor of that rank and type",
            )
    for tensor, mask in zip(given, keras.tree.flatten(kwargs.get("mask")), strict=False):
        if mask is not None and getattr(tensor, "_keras_mask", None) is None:
            tensor._keras_mask = mask
    return given
