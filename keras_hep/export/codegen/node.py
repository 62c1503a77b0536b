"""A node of the file: what it says, checked, with errors that name the place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_hep.errors import ExportError
from keras_hep.export.codegen.literals import Floats

__all__ = ["MOST", "Node", "Shape", "shape_of"]

Shape = tuple[int, ...]

MOST = 2**26  # values of a node, and of all nodes together
_OWN = {"name", "type", "inputs", "shape"}


@dataclass(frozen=True)
class Node:
    """A node as it stands in the file, or a part of one.

    Attributes:
        path: where it stands, such as ``$.nodes[3]``.
        values: its members.
        inputs: shapes of its inputs.
        shape: its own shape.
    """

    path: str
    values: dict[str, Any]
    inputs: tuple[Shape, ...] = ()
    shape: Shape = ()

    def error(self, message: str, key: str = "") -> ExportError:
        """Return the error that names the place."""
        return ExportError(f"{self.path}{'.' * bool(key)}{key}: {message}")

    def at(self, key: str) -> Any:
        """Return a member."""
        if key not in self.values:
            raise self.error(f"the key '{key}' is missing")
        return self.values[key]

    def part(self, key: str) -> Node:
        """Return a member that is an object."""
        value = self.at(key)
        if not isinstance(value, dict):
            raise self.error(f"expected an object, found {str(value)[:80]}", key)
        return Node(f"{self.path}.{key}", value)

    def attributes(self, *known: str) -> None:
        """Refuse members that are not known: they could change the meaning."""
        for key in self.values:
            if key not in known and key not in _OWN:
                raise self.error(f"unknown key '{key[:80]}'")

    def takes(self, number: int, axes: int = 0) -> None:
        """Check the number of inputs, and with `axes` the number of axes of the first one."""
        if len(self.inputs) != number:
            raise self.error(f"expected {number} inputs, found {len(self.inputs)}", "inputs")
        if axes and len(self.inputs[0]) != axes:
            raise self.error(f"expected an input of {axes} axes, found {list(self.inputs[0])}", "inputs")

    def gives(self, *shape: int) -> None:
        """Check the shape."""
        if self.shape != shape:
            raise self.error(f"expected {list(shape)}, found {list(self.shape)}", "shape")

    def text(self, key: str) -> str:
        """Return a string."""
        value = self.at(key)
        if not isinstance(value, str):
            raise self.error(f"expected a string, found {str(value)[:80]}", key)
        return value

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        value = self.at(key)
        if not isinstance(value, bool):
            raise self.error(f"expected true or false, found {str(value)[:80]}", key)
        return value

    def count(self, key: str, least: int = 0, most: int = MOST) -> int:
        """Return a whole number."""
        return self._count(self.at(key), key, least, most)

    def counts(self, key: str, size: int, least: int = 0, most: int = MOST) -> tuple[int, ...]:
        """Return so many whole numbers."""
        value = self.at(key)
        if not isinstance(value, list) or len(value) != size:
            raise self.error(f"expected {size} whole numbers, found {str(value)[:80]}", key)
        return tuple(self._count(item, key, least, most) for item in value)

    def number(self, key: str) -> np.float32:
        """Return a float32 number."""
        value = self.at(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= np.finfo(np.float32).max:
            raise self.error(f"expected a number in the range of float32, found {str(value)[:80]}", key)
        return np.float32(value)

    def numbers(self, key: str, size: int | None = None) -> Floats:
        """Return float32 numbers, exactly `size` of them unless it is None."""
        value = self.at(key)
        wanted = "numbers" if size is None else f"{size} numbers"
        if not isinstance(value, list) or not all(type(item) in (int, float) for item in value):
            raise self.error(f"expected {wanted}, found {str(value)[:80]}", key)
        if size is not None and len(value) != size:
            raise self.error(f"expected {wanted}, found {len(value)}", key)
        double = np.asarray(value, np.float64)
        if not (np.abs(double) <= np.finfo(np.float32).max).all():
            raise self.error("a number is out of the range of float32", key)
        return double.astype(np.float32)

    def numbers_or(self, key: str, size: int, otherwise: float) -> Floats:
        """Return so many numbers, or where the file says null as often `otherwise`."""
        return np.full(size, otherwise, np.float32) if self.at(key) is None else self.numbers(key, size)

    def axis(self) -> tuple[int, int, int]:
        """Return of the attribute `axis` the number of values of the first input before it, its size, and the number behind."""
        shape = self.inputs[0]
        axis = self.count("axis", most=len(shape) - 1)
        return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])

    def _count(self, value: Any, key: str, least: int, most: int) -> int:
        if type(value) not in (int, float) or value != int(value) or not least <= value <= most:
            raise self.error(f"expected a whole number from {least} to {most}, found {str(value)[:80]}", key)
        return int(value)


def shape_of(node: Node) -> Shape:
    """Return the shape that a node or an input says it has."""
    value = node.at("shape")
    axes: Sequence[Any] = value if isinstance(value, list) else []
    sizes = tuple(axis for axis in axes if type(axis) is int and axis > 0)
    if not isinstance(value, list) or len(sizes) != len(axes) or len(axes) > 8 or math.prod(sizes) > MOST:
        raise node.error(
            f"expected at most eight positive sizes of at most 2**26 values, found {str(value)[:80]}", "shape"
        )
    return sizes
