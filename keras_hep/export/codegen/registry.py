"""Which function writes the code of a node; a new type of node is one function below layers/, imported by that package."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from keras_hep.errors import UnsupportedLayerError
from keras_hep.export.codegen.literals import Floats, Names, array, boolean, literal
from keras_hep.export.codegen.node import Node

__all__ = ["Constants", "Site", "emits", "statement"]

Argument = str | int | bool | float | np.float32
Emitter = Callable[["Site"], str]

_EMITTERS: dict[str, tuple[str, Emitter]] = {}


@dataclass
class Constants:
    """What stands before the function: constants, each once, and the pieces of C++ that are called.

    Attributes:
        definitions: text of each.
        pieces: files of the folder of pieces.
        scratch: numbers of memory that one node needs at most beside its values.
    """

    definitions: list[str] = field(default_factory=list)
    pieces: set[str] = field(default_factory=set)
    scratch: int = 0
    _names: Names = field(default_factory=Names)
    _known: dict[bytes, str] = field(default_factory=dict)

    def floats(self, wish: str, values: Floats, columns: int) -> str:
        """Return the name of an array that holds these numbers; layers that share weights share it."""
        key = np.ascontiguousarray(values, np.float32).tobytes()
        if key not in self._known:
            self._known[key] = self.define(wish, lambda name: array(name, values, columns))
        return self._known[key]

    def define(self, wish: str, definition: Callable[[str], str]) -> str:
        """Add the definition of something, made of its name, and return the name."""
        name = self._names.new(wish)
        self.definitions.append(definition(name))
        return f"constants::{name}"


@dataclass(frozen=True)
class Site:
    """A node, and where its values stand.

    Attributes:
        node: the node.
        name: its name, for constants.
        x: pointers to the values of its inputs, as expressions.
        y: that to its own.
        constants: what stands before the function.
        depth: number of loops around it.
    """

    node: Node
    name: str
    x: tuple[str, ...]
    y: str
    constants: Constants
    depth: int = 0

    def call(self, function: str, sizes: tuple[Argument, ...], *arguments: Argument) -> str:
        """Return a call of a template of the pieces."""
        return f"pieces::{function}<{_list(sizes)}>({_list(arguments)});"

    def floats(self, what: str, values: Floats, columns: int = 0) -> str:
        """Return the name of a constant array."""
        return self.constants.floats(f"{self.name}_{what}", values, columns)

    def matrix(self, what: str, values: Floats, units: int) -> str:
        """Return the name of a constant array of rows of so many units, each padded with zeros as products want it."""
        rows = values.reshape(-1, units)
        wide = np.zeros((len(rows), padded(units)), np.float32)
        wide[:, :units] = rows
        return self.floats(what, wide, wide.shape[1])

    def scratch(self, numbers: int) -> str:
        """Return a pointer to memory for so many numbers, which nobody else needs meanwhile."""
        self.constants.scratch = max(self.constants.scratch, numbers)
        return "scratch"

    @property
    def size(self) -> int:
        """Number of its values."""
        return math.prod(self.node.shape)

    def entry(self, node: Node, variable: str) -> Site:
        """Return the site of a node for one entry of the first axis of this one."""
        sizes = [math.prod(shape) for shape in node.inputs]
        x = tuple(f"{pointer} + {variable} * {size}" for pointer, size in zip(self.x, sizes, strict=True))
        y = f"{self.y} + {variable} * {math.prod(node.shape)}"
        return replace(self, node=node, x=x, y=y, depth=self.depth + 1)


def emits(type_: str, piece: str = "") -> Callable[[Emitter], Emitter]:
    """Register the function that writes the statements of a type of node; `piece` is the file of what they call."""

    def register(emitter: Emitter) -> Emitter:
        _EMITTERS[type_] = (piece, emitter)
        return emitter

    return register


def statement(site: Site) -> str:
    """Return the statements that compute a node.

    Raises:
        UnsupportedLayerError: no code can be written for this type of node.
        ExportError: the node is not one of this format.
    """
    kind = site.node.text("type")
    if kind not in _EMITTERS:
        raise UnsupportedLayerError(
            f"{site.node.path}.type: no code can be written for nodes of the type '{kind[:80]}'; evaluate the file with "
            f"keras_hep::Network. Known: {', '.join(sorted(_EMITTERS))}"
        )
    piece, emitter = _EMITTERS[kind]
    if piece:
        site.constants.pieces.add(piece)
    return emitter(site)


def padded(units: int) -> int:
    """Return the length of a row of weights, as `padded` in product.hpp."""
    return 4 if units <= 4 else (units + 7) // 8 * 8


def _list(items: tuple[Argument, ...]) -> str:
    return ", ".join(_text(item) for item in items)


def _text(item: Argument) -> str:
    if isinstance(item, bool):
        return boolean(item)
    if isinstance(item, float | np.float32):
        return literal(item)
    return str(item)
