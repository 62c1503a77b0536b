"""The graph of a functional Keras model as a flat list of calls, in the order of evaluation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras

from keras_hep.errors import ExportError
from keras_hep.export.replay import ATTENTION, Replay, replayed

__all__ = ["Call", "calls_of"]


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        layer: the layer (a ``keras.layers.InputLayer`` for an input), or an operation that Keras put in to make a mask.
        name: name of the layer behind those of the models that it is in, joined by ``/``; from its second call on with the
            number of the call, ``LAYER:2``.
        inputs: the Keras tensors that it receives, without masks.
        masks: the masks that it receives: argument -> Keras tensor, or list of tensors and None.
        hidden: of a call of attention, the tensors whose masks Keras hands on by itself, each with its mask or None.
        outputs: the Keras tensors that it returns.
        keywords: the other arguments of the call that have a name.
        node: the call as Keras holds it.
        is_of_mask: whether it is an operation of which nothing but masks is made.
    """

    layer: Any
    name: str
    inputs: tuple[Any, ...]
    masks: dict[str, Any]
    outputs: tuple[Any, ...]
    keywords: dict[str, Any]
    node: Any
    is_of_mask: bool = False
    hidden: tuple[tuple[Any, Any], ...] = ()

    @property
    def output(self) -> Any:
        """The only tensor that it returns, or the first one."""
        return self.outputs[0]

    @property
    def is_input(self) -> bool:
        """Whether this is an input of the model."""
        return isinstance(self.layer, keras.layers.InputLayer)


def calls_of(model: keras.Model, inputs: list[Any] | None = None) -> tuple[list[Call], list[Any]]:
    """Return the calls that lead from a model's inputs to its outputs, each after those that it depends on.

    Models inside the model are taken apart, and masks are calls and arguments like all others.

    Args:
        model: the model.
        inputs: Keras inputs of the same names that take the places of its own.

    Returns:
        The calls, and the Keras tensors that are the model's outputs.

    Raises:
        ExportError: the model is not functional.
        UnsupportedLayerError: a model inside it has no graph.
    """
    if not hasattr(model, "outputs") or not model.outputs:
        raise ExportError(
            f"the model '{model.name}' has no graph: build it with the functional API, keras.Model(inputs, outputs), "
            "or give a Sequential model an Input"
        )
    inputs = list(model.inputs) if inputs is None else inputs
    replay = replayed(model, inputs)
    names = _Names()
    calls: list[Call] = []
    for node in _in_order([*reversed(replay.outputs), *reversed(inputs)], replay):
        layer = node.operation
        path = replay.paths.get(id(node)) if isinstance(layer, keras.layers.Layer) else None
        # Keras numbers the names of operations through all models of a process.
        calls.append(_call(node, names.unique(path or _snake(type(layer).__name__)), replay.hidden.get(id(node), [])))
    return _marked(calls, replay.outputs), replay.outputs


def _marked(calls: list[Call], outputs: list[Any]) -> list[Call]:
    """Return the calls, those marked that are operations of which nothing but masks is made."""
    wanted = {id(tensor) for tensor in outputs}
    marked = []
    for call in reversed(calls):
        is_of_mask = all(id(tensor) not in wanted for tensor in call.outputs)
        if not is_of_mask:
            wanted.update(id(tensor) for tensor in call.inputs)
        marked.append(replace(call, is_of_mask=is_of_mask and not isinstance(call.layer, keras.layers.Layer)))
    return marked[::-1]


def _in_order(tensors: list[Any], replay: Replay) -> Iterator[Any]:
    """Yield the nodes that lead to the tensors, the last tensor first, each after those that it depends on."""
    done: set[int] = set()
    waiting = [replay.node_of[id(tensor)] for tensor in tensors]
    while waiting:
        node = waiting[-1]
        if id(node) in done:
            waiting.pop()
            continue
        sources = [replay.node_of[id(tensor)] for tensor in replay.sources(node)]
        if missing := [source for source in sources if id(source) not in done]:
            waiting.extend(reversed(missing))
            continue
        done.add(id(node))
        yield node


def _call(node: Any, name: str, handed_on: list[tuple[Any, Any]]) -> Call:
    keywords = dict(node.arguments.kwargs)
    if not isinstance(node.operation, keras.layers.Layer):  # an operation takes numbers without their names too
        given = inspect.signature(node.operation.call).bind_partial(*node.arguments.args).arguments
        keywords |= {key: value for key, value in given.items() if not _tensors(value)}
    named = [key for key, value in keywords.items() if (key == "mask" or key.endswith("_mask")) and _tensors(value)]
    masks = {key: keywords.pop(key) for key in named}
    hidden = {id(tensor) for value in masks.values() for tensor in _tensors(value)}
    plain = {id(tensor) for value in node.arguments.args for tensor in _tensors(value)}
    inputs = tuple(tensor for tensor in node.input_tensors if id(tensor) not in hidden - plain)
    masks = _attention_masks(node, masks, handed_on)
    outputs = tuple(node.output_tensors)
    return Call(node.operation, name, inputs, masks, outputs, keywords, node, hidden=tuple(handed_on))


def _attention_masks(node: Any, masks: dict[str, Any], handed_on: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the masks that a call of attention uses: the arguments, and those that are handed on with its tensors."""
    if not isinstance(node.operation, ATTENTION):
        return masks
    mask_of = {id(tensor): mask for tensor, mask in handed_on}
    if isinstance(node.operation, keras.layers.Attention):
        given = inspect.signature(node.operation.call).bind_partial(*node.arguments.args, **node.arguments.kwargs)
        found = [mask_of.get(id(tensor)) for tensor in keras.tree.flatten(given.arguments["inputs"])]
        return masks if masks or all(mask is None for mask in found) else {"mask": found}
    masks = dict(masks)
    if isinstance(node.operation, keras.layers.MultiHeadAttention):
        masks.pop("query_mask", None)  # Keras takes the mask of the tensor instead of this argument
    given = inspect.signature(node.operation.call).bind_partial(*node.arguments.args, **node.arguments.kwargs)
    for name in ("query", "value", "key"):
        mask = mask_of.get(id(given.arguments.get(name)))
        if mask is not None:
            masks.setdefault(f"{name}_mask", mask)
    return masks


def _tensors(value: Any) -> list[Any]:
    return [item for item in keras.tree.flatten(value) if isinstance(item, keras.KerasTensor)]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class _Names:
    """Gives each call a name of its own."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def unique(self, base: str) -> str:
        name, number = base, 1
        while name in self.used:
            number += 1
            name = f"{base}:{number}"
        self.used.add(name)
        return name
