"""How the sums of energy-flow polynomials are done: variable elimination with shared steps, arXiv:1712.07124 section 5.

A polynomial is a sum over one constituent for each vertex of its graph. Summing over a vertex with one neighbour leaves
a vector (a number for each choice of the neighbour), over a vertex with two neighbours a matrix. Where every vertex that
remains has three neighbours or more, one of them is held fixed instead: its edges become vectors, and what remains is
done for each constituent that it can be. So a tree costs the square of the number of constituents, a graph of cycles
that share no more than two vertices the cube, the complete graph of four vertices the fourth power.

The steps of all graphs with the same number of held vertices form one program, in which no step is done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from keras_hep.physics.energy_flow.multigraphs import Graph

__all__ = ["Instruction", "Operation", "Program", "compile_graphs"]


class Operation(IntEnum):
    """What an instruction does. Vectors have a number for each constituent, matrices one for each pair.

    The product of a graph starts as that of the energy fractions of the held vertices; its value is the sum of its
    products over all choices of these.
    """

    SUM = 0  # product[out] *= sum of vector a
    MULTIPLY_VECTORS = 1  # vector out = vector a * vector b
    PASS = 2  # vector out = matrix a, transposed, times vector b: the sum over a vertex with one neighbour
    MULTIPLY_MATRICES = 3  # matrix out = matrix a * matrix b, entry by entry
    TRANSPOSE = 4  # matrix out = matrix a, transposed
    JOIN = 5  # matrix out = matrix a times diagonal b times matrix c: the sum over a vertex with two neighbours
    HELD_ROW = 6  # vector out = row of matrix a at the held vertex b
    HELD_PAIR = 7  # product[out] *= matrix a between the held vertices b and c


class Instruction(NamedTuple):
    """One step; the operands are numbers of registers."""

    operation: Operation
    out: int
    a: int = 0
    b: int = 0
    c: int = 0


@dataclass
class Program:
    """Instructions for graphs with the same number of held vertices.

    Register 0 of the vectors is the energy fraction; the matrices 0 to `powers` - 1 are the angles to the power 1, 2, ...

    Attributes:
        held: how many vertices are held fixed.
        powers: the highest multiplicity of an edge.
        outputs: the number of each graph among those that were asked for, in the order of the values.
        instructions: the steps, in order.
        vectors: how many vectors are alive at the same time, at most.
        matrices: how many matrices are.
    """

    held: int
    powers: int
    outputs: list[int] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    vectors: int = 1
    matrices: int = 0


def compile_graphs(graphs: Sequence[Graph]) -> list[Program]:
    """Return the programs that evaluate connected graphs, one for each number of held vertices that occurs."""
    powers = max((graph.count(edge) for graph in graphs for edge in graph), default=0)
    builders: dict[int, _Builder] = {}
    for number, graph in enumerate(graphs):
        held, order = _elimination(graph)
        builder = builders.setdefault(len(held), _Builder(len(held), powers))
        builder.add(number, graph, held, order)
    return [_allocate(builders[held].program) for held in sorted(builders)]


def _elimination(graph: Graph) -> tuple[list[int], list[int]]:
    """Return the vertices to hold and the order in which the others are summed over.

    Leaves go first, then vertices with two neighbours. The vertex to hold is one with the most neighbours.
    """
    neighbours: dict[int, set[int]] = {vertex: set() for edge in graph for vertex in edge} or {0: set()}
    for first, second in graph:
        neighbours[first].add(second)
        neighbours[second].add(first)
    held, order = [], []
    while neighbours:
        vertex = min(neighbours, key=lambda v: (len(neighbours[v]), v))
        if len(neighbours[vertex]) > 2:
            vertex = max(neighbours, key=lambda v: (len(neighbours[v]), -v))
            held.append(vertex)
            near: Iterable[int] = ()
        else:
            order.append(vertex)
            near = neighbours[vertex]
        for other in neighbours.pop(vertex):
            neighbours[other].discard(vertex)
            neighbours[other] |= set(near) - {other}
    return held, order


class _Builder:
    """Collects the steps of many graphs; a step that was there already is not added again."""

    def __init__(self, held: int, powers: int) -> None:
        self.program = Program(held, powers)
        self._known: dict[tuple[int, ...], int] = {}
        self._symmetric = set(range(powers))
        self._next = {"vector": 1, "matrix": powers}

    def add(self, number: int, graph: Graph, held: list[int], order: list[int]) -> None:
        """Add the steps that compute a graph."""
        value = len(self.program.outputs)
        self.program.outputs.append(number)
        # A matrix between two vertices (row, column), and the vectors that each vertex is to be multiplied with.
        between: dict[tuple[int, int], int] = {}
        factors: dict[int, list[int]] = {vertex: [0] for vertex in order}
        for edge in sorted(set(graph)):
            power = graph.count(edge) - 1
            fixed = [held.index(vertex) for vertex in edge if vertex in held]
            if len(fixed) == 2:
                self._emit(Operation.HELD_PAIR, value, power, *fixed)
            elif fixed:
                (free,) = (vertex for vertex in edge if vertex not in held)
                factors[free].append(self._vector(Operation.HELD_ROW, power, fixed[0]))
            else:
                between[edge] = power
        for vertex in order:
            weight = self._product(factors[vertex])
            edges = sorted(edge for edge in between if vertex in edge)
            near = [first if second == vertex else second for first, second in edges]
            if not near:
                self._emit(Operation.SUM, value, weight)
            elif len(near) == 1:
                matrix = self._oriented(between.pop(edges[0]), edges[0], vertex)
                factors[near[0]].append(self._vector(Operation.PASS, matrix, weight))
            else:
                into = self._oriented(between.pop(edges[0]), edges[0], near[0])
                out = self._oriented(between.pop(edges[1]), edges[1], vertex)
                # In the order of the sorted edges the first neighbour has the lower number.
                joined, pair = self._join(into, weight, out), (near[0], near[1])
                if pair in between:
                    joined = self._multiply(joined, between[pair])
                between[pair] = joined

    def _product(self, vectors: list[int]) -> int:
        vectors = sorted(vectors)
        product = vectors[0]
        for vector in vectors[1:]:
            product = self._vector(Operation.MULTIPLY_VECTORS, product, vector)
        return product

    def _oriented(self, matrix: int, edge: tuple[int, int], row: int) -> int:
        """Return the matrix of an edge with the vertex `row` in its rows."""
        return matrix if edge[0] == row else self._transposed(matrix)

    def _transposed(self, matrix: int) -> int:
        return matrix if matrix in self._symmetric else self._matrix(Operation.TRANSPOSE, matrix)

    def _multiply(self, first: int, second: int) -> int:
        first, second = sorted((first, second))
        product = self._matrix(Operation.MULTIPLY_MATRICES, first, second)
        if {first, second} <= self._symmetric:
            self._symmetric.add(product)
        return product

    def _join(self, into: int, weight: int, out: int) -> int:
        """Join two matrices; of two symmetric ones in a fixed order, so that a step and its mirror image are one."""
        mirrored = {into, out} <= self._symmetric and into > out
        if mirrored:
            into, out = out, into
        joined = self._matrix(Operation.JOIN, into, weight, out)
        if into == out and into in self._symmetric:
            self._symmetric.add(joined)
        return self._transposed(joined) if mirrored else joined

    def _vector(self, operation: Operation, *operands: int) -> int:
        return self._step("vector", operation, operands)

    def _matrix(self, operation: Operation, *operands: int) -> int:
        return self._step("matrix", operation, operands)

    def _step(self, kind: str, operation: Operation, operands: tuple[int, ...]) -> int:
        key = (operation, *operands)
        if key not in self._known:
            self._known[key] = self._next[kind]
            self._next[kind] += 1
            self._emit(operation, self._known[key], *operands)
        return self._known[key]

    def _emit(self, operation: Operation, out: int, *operands: int) -> None:
        self.program.instructions.append(Instruction(operation, out, *operands))


# Which operands of an operation (a, b, c) and whether its result are vectors or matrices.
OPERANDS: dict[Operation, dict[str, str]] = {
    Operation.SUM: {"a": "vector"},
    Operation.MULTIPLY_VECTORS: {"a": "vector", "b": "vector", "out": "vector"},
    Operation.PASS: {"a": "matrix", "b": "vector", "out": "vector"},
    Operation.MULTIPLY_MATRICES: {"a": "matrix", "b": "matrix", "out": "matrix"},
    Operation.TRANSPOSE: {"a": "matrix", "out": "matrix"},
    Operation.JOIN: {"a": "matrix", "b": "vector", "c": "matrix", "out": "matrix"},
    Operation.HELD_ROW: {"a": "matrix", "out": "vector"},
    Operation.HELD_PAIR: {"a": "matrix"},
}


def _allocate(program: Program) -> Program:
    """Give registers that are no longer needed to later steps: the working set is to stay in the processor's cache."""
    kept = {("vector", 0): 0} | {("matrix", power): power for power in range(program.powers)}
    last_use: dict[tuple[str, int], int] = {}
    for time, step in enumerate(program.instructions):
        for name, kind in OPERANDS[step.operation].items():
            last_use[kind, getattr(step, name)] = time
    place = dict(kept)
    free: dict[str, list[int]] = {"vector": [], "matrix": []}
    used = {"vector": 1, "matrix": program.powers}
    allocated = []
    for time, step in enumerate(program.instructions):
        moved = {"out": step.out, "a": step.a, "b": step.b, "c": step.c}
        for name, kind in OPERANDS[step.operation].items():
            register = kind, moved[name]
            if name == "out":
                if not free[kind]:
                    free[kind].append(used[kind])
                    used[kind] += 1
                place[register] = free[kind].pop()
            moved[name] = place[register]
        allocated.append(Instruction(step.operation, **moved))
        for name, kind in OPERANDS[step.operation].items():
            register = kind, getattr(step, name)
            if last_use[register] == time and register in place and register not in kept:
                free[kind].append(place.pop(register))
    return Program(
        program.held, program.powers, program.outputs, allocated, vectors=used["vector"], matrices=used["matrix"]
    )
