"""Which function turns a layer into nodes; a new layer is one file beside this one, imported by the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import keras
import numpy as np

from keras_hep.errors import ExportError, UnsupportedLayerError
from keras_hep.export import schema
from keras_hep.export.graph import Call

__all__ = ["Node", "Site", "handles", "nodes_of", "to_nodes"]

Node = dict[str, Any]
Open = tuple[bool, ...]


@dataclass(frozen=True)
class Site:
    """A layer and where it stands in the graph.

    Attributes:
        layer: the Keras layer.
        name: its name in the file, also if it is called several times or stands in a model inside the model.
        inputs: names of the nodes that it receives.
        input_shapes: their shapes, without the axis of the events.
        shape: shape that it returns, without the axis of the events.
        masks: the masks that it receives: argument of the call -> name of the node, or list of names and None.
        keywords: the other arguments of the call that have a name; a tensor is the name of its node.
        open_inputs: for each input, which of its axes have sizes that differ from event to event; the shapes hold one of
            them. Empty where there are no such axes in the model.
        open_output: the same of what it returns.
    """

    layer: Any
    name: str
    inputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]
    masks: dict[str, Any] = field(default_factory=dict)
    keywords: dict[str, Any] = field(default_factory=dict)
    open_inputs: tuple[Open, ...] = ()
    open_output: Open = ()

    @property
    def open_input(self) -> Open:
        """Which axes of the first input have sizes that differ from event to event."""
        return self.open_inputs[0] if self.open_inputs else (False,) * len(self.input_shapes[0])

    def node(self, kind: str, **attributes: Any) -> Node:
        """Return the node of this layer; its mask, if there is just one, is the last input."""
        mask = self.masks.get("mask")
        return {
            "name": self.name,
            "type": kind,
            "inputs": [*self.inputs, mask] if isinstance(mask, str) else list(self.inputs),
            "shape": list(self.shape),
            **attributes,
        }

    def number(self, what: str, value: float) -> float:
        """Return an attribute as float32; `what` names it in the error."""
        return schema.number(value, f"the layer '{self.name}': {what}")

    def numbers(self, what: str, values: Any) -> list[float]:
        """Return weights as float32; `what` names them in the error."""
        return schema.numbers(np.asarray(values), f"the layer '{self.name}': {what}")

    def axis(self, axis: Any) -> int:
        """Return an axis of Keras (0 is that of the events) as an axis of the shape of one event."""
        if not isinstance(axis, int):
            raise self.unsupported(f"works along several axes, {axis}", "use one axis")
        rank = len(self.shape)
        event_axis = axis - 1 if axis >= 0 else rank + axis
        if not 0 <= event_axis < rank:
            raise self.unsupported(f"works along axis {axis}, that of the events", "use another axis")
        return event_axis

    def unsupported(self, why: str, advice: str) -> UnsupportedLayerError:
        """Return the error that names the layer, its class, why it cannot be exported and what can be done."""
        kind = f"{type(self.layer).__module__}.{type(self.layer).__name__}"
        return UnsupportedLayerError(f"the layer '{self.name}' ({kind}) {why}; {advice}")


Handler = Callable[[Site], list[Node]]
Masks = Literal["refused", "input", "ignored"]
_HANDLERS: dict[type, tuple[Handler, Masks]] = {}
_ARGUMENTS: dict[type, frozenset[str]] = {}


def handles(*classes: type, masks: Masks = "refused", arguments: tuple[str, ...] = ()) -> Callable[[Handler], Handler]:
    """Register a function for layers of exactly these classes (decorator).

    The function returns the nodes of a layer in the order of evaluation, the last one under the layer's name; an empty
    list says that the layer does nothing after training.

    Args:
        classes: the classes.
        masks: what becomes of a mask that Keras hands to the layer: ``refused``; ``input``, `Site.masks` has it; or
            ``ignored``, because the layer needs it in training alone.
        arguments: names of arguments of the call that it understands; `Site.keywords` has them.
    """

    def enter(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(classes, (handler, masks)))
        _ARGUMENTS.update(dict.fromkeys(classes, frozenset(arguments)))
        return handler

    return enter


def to_nodes(call: Call, node_of: Mapping[int, str], open_of: Mapping[int, Open] | None = None) -> list[Node]:
    """Return the nodes of a call.

    Args:
        call: a layer and its tensors.
        node_of: id of a Keras tensor -> name of the node that gives it.
        open_of: id of a Keras tensor -> which of its axes have sizes that differ from event to event.

    Raises:
        UnsupportedLayerError: layers of this class, or used like this, cannot be exported.
        ExportError: weights are not finite, or a shape is not known.
    """
    shapes = tuple(_shape(call, tensor) for tensor in call.inputs)
    inputs = tuple(node_of[id(tensor)] for tensor in call.inputs)
    names = keras.tree.map_structure(lambda tensor: None if tensor is None else node_of[id(tensor)], call.masks)
    site = Site(call.layer, call.name, inputs, shapes, _shape(call, call.output), names, _keywords(call, node_of))
    if open_of:
        opened = tuple(open_of[id(tensor)] for tensor in call.inputs)
        site = replace(site, open_inputs=opened, open_output=open_of[id(call.output)])
    if call.is_of_mask and type(call.layer) not in _HANDLERS:
        raise site.unsupported(
            "makes a mask in a way that cannot be exported",
            "take away the Masking layer or the mask_zero, or join the sequences after the layers that take their masks",
        )
    handler, masks = _handler(site)
    if len(call.outputs) != 1:
        raise site.unsupported(
            f"returns {len(call.outputs)} tensors, which cannot be exported", "build it so that it returns one"
        )
    _check_call(call, site)
    if names and masks == "refused":
        raise site.unsupported(
            f"receives a mask ('{keras.tree.flatten(names)[0]}'), which cannot be exported with such a layer",
            "take the Masking layer or mask_zero away, or use a layer that takes masks: " + _known("input"),
        )
    return handler(site if masks == "input" else replace(site, masks={}))


def nodes_of(site: Site) -> list[Node]:
    """Return the nodes of a layer that is a part of another one.

    Raises:
        UnsupportedLayerError: layers of this class cannot be exported.
        ExportError: weights are not finite.
    """
    return _handler(site)[0](site)


def _handler(site: Site) -> tuple[Handler, Masks]:
    kind = type(site.layer)
    if kind in _HANDLERS:
        return _HANDLERS[kind]
    if kind.__module__.split(".")[0] == "qkeras":
        raise site.unsupported(
            "is quantised, and JSON holds float networks",
            "export the float model that it was made from, or build firmware from it with keras_hep.firmware",
        )
    raise site.unsupported("cannot be exported", f"replace it by layers that can: {_known()}")


def _known(masks: str | None = None) -> str:
    return ", ".join(sorted({kind.__name__ for kind, (_, takes) in _HANDLERS.items() if masks in (None, takes)}))


def _check_call(call: Call, site: Site) -> None:
    if call.keywords.get("training"):
        raise site.unsupported("is called with training=True", "call it without this argument")
    known = {"training", *_ARGUMENTS.get(type(call.layer), ())}
    if given := [key for key, value in call.keywords.items() if value is not None and key not in known]:
        raise site.unsupported(f"is called with the argument '{given[0]}'", "call it with its inputs alone")
    dtype = getattr(call.layer, "compute_dtype", "float32")
    if dtype != "float32" or getattr(call.layer, "quantization_mode", None) is not None:
        raise site.unsupported(f"computes in {getattr(call.layer, 'dtype_policy', dtype)}", "build it in float32")


def _keywords(call: Call, node_of: Mapping[int, str]) -> dict[str, Any]:
    given = {key: value for key, value in call.keywords.items() if value is not None}
    return {key: node_of[id(v)] if isinstance(v, keras.KerasTensor) else v for key, v in given.items()}


def _shape(call: Call, tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if not shape or None in shape:
        raise ExportError(
            f"the layer '{call.name}' ({type(call.layer).__name__}) has the shape {tuple(tensor.shape)}; "
            "every axis but that of the events must have a known size, and there must be one"
        )
    return tuple(int(size) for size in shape)
