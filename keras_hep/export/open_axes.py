"""Axes whose size differs from event to event, those of `keras.Input((None, 6))`: found, given sizes, and written as null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_hep.errors import ExportError
from keras_hep.export.graph import Call, calls_of
from keras_hep.export.inputs import entries_of, masks_of
from keras_hep.export.layers import Node

__all__ = ["Length", "Open", "Shapes", "inputs_of_shapes", "largest_shapes", "larger", "open_axes", "with_open_sizes"]

Length = int | Mapping[str, int | Sequence[int]]
Shapes = Mapping[str, tuple[int, ...]]
Open = tuple[bool, ...]

_MORE = 5040  # added to sizes: what depends on them then differs, while strides up to 10 leave the same remainder


def largest_shapes(model: keras.Model, length: Length | None) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of one event with the largest sizes, for the inputs of a model that have open axes.

    Args:
        model: the model.
        length: the largest size of all open axes; or input -> that of its open axis, or of each of them.

    Raises:
        ExportError: an open axis has no largest size, or `length` does not fit the inputs.
    """
    shapes = {tensor.name: tuple(tensor.shape[1:]) for tensor in getattr(model, "inputs", None) or ()}
    names = [name for name, shape in shapes.items() if None in shape]
    if not names:
        if length is not None:
            raise ExportError(f"all inputs of the model '{model.name}' have fixed sizes. Received: length={length}")
        return {}
    given = dict(length) if isinstance(length, Mapping) else dict.fromkeys(names, length) if length is not None else {}
    if unknown := sorted(given.keys() - set(names)):
        raise ExportError(f"'{unknown[0]}' is no input with an axis of any size; these are {', '.join(names)}")
    calls, _ = calls_of(model)
    entries = entries_of(calls)
    known: dict[str, Any] = {name: entry.length for name, entry in entries.items() if entry.is_sequence}
    known |= {mask: known[name] for name, mask in masks_of(calls, entries).items()}
    return {name: _largest(name, shapes[name], known.get(name, given.get(name))) for name in names}


def _largest(name: str, shape: tuple[Any, ...], sizes: int | Sequence[int] | None) -> tuple[int, ...]:
    where = [axis for axis, size in enumerate(shape) if size is None]
    if sizes is None:
        raise ExportError(
            f"the input '{name}' has the shape {(None, *shape)}, whose axis {where[0] + 1} has any size: say the largest "
            "one with `length` (--length), or give the sequence a fixed length, and pad and mask its events"
        )
    if len(where) > 2:
        raise ExportError(f"the input '{name}' has {len(where)} axes of any size; at most two can be exported")
    each = [sizes] * len(where) if isinstance(sizes, int) else list(sizes)
    if len(each) != len(where) or any(not isinstance(size, int) or size < 1 for size in each):
        raise ExportError(f"the input '{name}' takes {len(where)} lengths of at least 1. Received: {sizes}")
    by_axis = dict(zip(where, each, strict=True))
    return tuple(by_axis.get(axis, size) for axis, size in enumerate(shape))


def larger(model: keras.Model, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Return shapes with larger sizes of all open axes."""
    given = {tensor.name: tensor.shape[1:] for tensor in model.inputs}
    return {
        name: tuple(size if known is not None else size + _MORE for size, known in zip(shape, given[name], strict=True))
        for name, shape in shapes.items()
    }


def inputs_of_shapes(model: keras.Model, shapes: Shapes) -> list[Any]:
    """Return new inputs for a model, those in `shapes` with fixed sizes."""
    return [
        keras.Input(shapes.get(tensor.name, tensor.shape[1:]), name=tensor.name, dtype=tensor.dtype)
        for tensor in model.inputs
    ]


def open_axes(calls: Sequence[Call], others: Sequence[Call]) -> list[list[Open]]:
    """Return for each call, and each tensor that it returns, which axes differ between two sizes of the inputs."""
    return [
        [
            tuple(a != b for a, b in zip(small.shape[1:], big.shape[1:], strict=True))
            for small, big in zip(call.outputs, other.outputs, strict=True)
        ]
        for call, other in zip(calls, others, strict=True)
    ]


def with_open_sizes(nodes: Sequence[Node], others: Sequence[Node]) -> list[Node]:
    """Return nodes in which None stands for the sizes that differ from those of other sizes of the inputs.

    Raises:
        ExportError: something else than a size differs, or a size does not follow from the input of its node.
    """
    return [_open(node, other, node["name"]) for node, other in zip(nodes, others, strict=True)]


def _open(node: Node, other: Node, name: str) -> Node:
    result = dict(node)
    for key, value in node.items():
        if key == "shape":
            result[key] = [size if size == bigger else None for size, bigger in zip(value, other[key], strict=True)]
        elif key == "layer":
            result[key] = _open(value, other[key], name)
        elif value != other[key]:
            raise ExportError(
                f"the layer '{name}' has {key} that depend on the size of an axis of any size, which cannot be exported; "
                "give the input fixed sizes"
            )
    if node["type"] == "reshape" and result["shape"].count(None) > 1:
        raise ExportError(
            f"the layer '{name}' gives a shape with several sizes that differ from event to event, "
            f"{tuple(result['shape'])}, which cannot be exported; give the input fixed sizes along all axes but one"
        )
    return result
