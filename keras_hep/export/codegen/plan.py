"""The nodes of a network as statements, in the order of evaluation, and where their values stand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from keras_hep.export.codegen import layers
from keras_hep.export.codegen.interface import Input, Output
from keras_hep.export.codegen.literals import Names, comment
from keras_hep.export.codegen.memory import Memory
from keras_hep.export.codegen.node import MOST, Node, Shape, shape_of
from keras_hep.export.codegen.registry import Constants, Site, statement

__all__ = ["Plan"]

assert layers.__all__  # they are registered
_VIEWS = ("flatten", "reshape")


@dataclass
class Plan:
    """The body of the function.

    Attributes:
        inputs: of the network.
        names: identifiers that are free.
        shapes: node -> its shape.
        constants: what the statements refer to.
        statements: text of each node.
    """

    inputs: list[Input]
    names: Names
    shapes: dict[str, Shape] = field(default_factory=dict)
    constants: Constants = field(default_factory=Constants)
    statements: list[str] = field(default_factory=list)
    _memory: Memory = field(default_factory=Memory)
    _pointers: dict[str, str] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)  # node -> the one whose memory it stands in
    _begins: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Numbers of memory that are needed."""
        return self._memory.size + self.constants.scratch

    @property
    def scratch(self) -> int:
        """Where the memory of a single node begins."""
        return self._memory.size

    def add(self, nodes: list[Node], outputs: list[Output]) -> None:
        """Write the statements of all nodes; memory is used again once nobody reads it any more."""
        last = self._last_readers(nodes, outputs)
        for number, node in enumerate(nodes):
            self._add(node)
            for place in [place for place in self._begins if last.get(place, number) <= number]:
                self._memory.free(self._begins.pop(place))

    def copy(self, output: Output) -> str:
        """Return the statement that writes an output."""
        source = self._pointers[output.node]
        return f"std::memcpy({output.argument}, {source}, {len(output.labels)} * sizeof(float));"

    def _last_readers(self, nodes: list[Node], outputs: list[Output]) -> dict[str, int]:
        """Return for each place the number of the last node that needs it; read shapes and check names on the way."""
        last: dict[str, int] = {}
        total = 0
        for number, node in enumerate(nodes):
            name = node.text("name")
            if name in self.shapes:
                raise node.error(f"the node '{name[:80]}' stands twice", "name")
            sources = _sources(node)
            for source in sources:
                if source not in self.shapes:
                    raise node.error(f"there is no node '{source[:80]}' before this one", "inputs")
            self.shapes[name] = shape_of(node)
            total += math.prod(self.shapes[name])
            if total > MOST:
                raise node.error("the network is larger than 2**26 values", "shape")
            is_view = node.text("type") in _VIEWS and len(sources) == 1
            self._places[name] = self._places[sources[0]] if is_view else name
            for source in [name, *sources]:
                last[self._places[source]] = number
        for output in outputs:
            if output.node in self._places:
                last[self._places[output.node]] = len(nodes)
        return last

    def _add(self, node: Node) -> None:
        name = node.text("name")
        shape = self.shapes[name]
        inputs = tuple(self.shapes[source] for source in _sources(node))
        node = Node(node.path, node.values, inputs, shape)
        kind = node.text("type")
        title = f"// {comment(name)}: {kind} {list(shape)}"
        if kind == "input":
            self._add_input(node, title)
            return
        pointer = self.names.new(name)
        x = tuple(self._pointers[source] for source in _sources(node))
        site = Site(node, pointer, x, pointer, self.constants)
        if not x:
            raise node.error("expected at least one input, found none", "inputs")
        self._pointers[name] = pointer
        if kind in _VIEWS:
            statement(site)  # checks it
            self.statements.append(f"{title}\nconst float* const {pointer} = {x[0]};")
            return
        self._take(name, pointer, title, statement(site))

    def _take(self, name: str, pointer: str, title: str, code: str) -> None:
        begin = self._memory.take(math.prod(self.shapes[name]))
        self._begins[name] = begin
        self._pointers[name] = pointer
        place = f"float* const {pointer} = workspace.values + {begin};"
        self.statements.append(f"{title}\n{place}\n{code}\npieces::settle({pointer});")

    def _add_input(self, node: Node, title: str) -> None:
        node.attributes("input", "part")
        node.takes(0)
        name, part = node.text("name"), node.text("part")
        entry = next((entry for entry in self.inputs if entry.name == node.text("input")), None)
        if entry is None:
            raise node.error(f"there is no input '{node.text('input')[:80]}'", "input")
        if part not in ("values", "mask"):
            raise node.error(f"expected 'values' or 'mask', found '{part[:80]}'", "part")
        if part == "mask" and not entry.rows:
            raise node.error(f"the input '{entry.name}' is not a sequence and has no mask", "part")
        node.gives(*(entry.shape[:1] if part == "mask" else entry.shape))
        if not entry.rows:
            self._pointers[name] = entry.argument
            self.statements.append(f"{title}\npieces::settle({entry.argument});")
            return
        self.constants.pieces.add("inputs.hpp")
        pointer = self.names.new(name)
        if part == "mask":
            code = f"pieces::fill_mask<{entry.shape[0]}>({entry.rows}, {pointer});"
        else:
            sizes = ", ".join(map(str, entry.shape))
            code = f"pieces::fill_sequence<{sizes}>({entry.argument}, {entry.rows}, {pointer});"
        self._take(name, pointer, title, code)


def _sources(node: Node) -> list[str]:
    sources = node.at("inputs")
    if not isinstance(sources, list) or any(not isinstance(source, str) for source in sources):
        raise node.error("expected an array of names", "inputs")
    return sources
