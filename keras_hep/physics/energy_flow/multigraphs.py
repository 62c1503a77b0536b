"""All loopless multigraphs with a given number of edges, up to isomorphism: the index set of arXiv:1712.07124."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from keras_hep.errors import DataError

__all__ = ["Graph", "canonical", "connected_components", "multigraphs", "vertex_count"]

Graph = tuple[tuple[int, int], ...]
"""Edges (i, j) with i < j, one for each line between two vertices; the empty tuple is the single vertex."""


def multigraphs(degree: int, connected: bool = False) -> tuple[Graph, ...]:
    """Return every multigraph with up to `degree` edges and no vertex without one, once each.

    The order is fixed: by the number of edges, then of connected components, then of vertices, then by the edges
    themselves. A connected graph is written with the labels of `canonical`; a composite one is its components one after
    the other. The first is the single vertex, the empty tuple. There are 1, 1, 2, 5, 12, 33, 103, 333 connected graphs
    with 0 to 7 edges and 1, 1, 3, 8, 23, 66, 212, 686 in all.

    Args:
        degree: the largest number of edges.
        connected: leave composite graphs out.

    Raises:
        DataError: the degree is negative.
    """
    if degree < 0:
        raise DataError(f"the degree of a multigraph must not be negative; received {degree}")
    graphs: list[Graph] = [()]
    for edges in range(1, degree + 1):
        graphs += _connected(edges)
        if not connected:
            graphs += _composite(edges)
    return tuple(graphs)


def vertex_count(graph: Graph) -> int:
    """Return the number of vertices, 1 for the empty tuple."""
    return 1 + max((vertex for edge in graph for vertex in edge), default=0)


def connected_components(graph: Sequence[Sequence[int]]) -> tuple[Graph, ...]:
    """Return the connected components in their canonical form.

    Vertices without an edge are not seen, except the one of the empty graph.

    Raises:
        DataError: an edge is not a pair of two different integers.
    """
    edges = _checked(graph)
    owner = {vertex: vertex for edge in edges for vertex in edge}
    for first, second in edges:
        merged, gone = owner[first], owner[second]
        owner = {vertex: merged if root == gone else root for vertex, root in owner.items()}
    roots = dict.fromkeys(owner.values())
    components = [tuple(edge for edge in edges if owner[edge[0]] == root) for root in roots]
    return tuple(canonical(component) for component in components) or ((),)


def canonical(graph: Graph) -> Graph:
    """Return the labelling of a connected graph whose sorted edges come first in lexicographic order.

    Two connected graphs are isomorphic if and only if their canonical forms are equal. The search places one vertex
    after the other. The edges come first in order when the rows of the adjacency matrix above the diagonal are the
    largest, one after the other, so that of all partial labellings only those with the largest row are followed.
    """
    vertices = sorted({vertex for edge in graph for vertex in edge})
    number = {vertex: index for index, vertex in enumerate(vertices)}
    lines = [[0] * len(vertices) for _ in vertices]
    for first, second in graph:
        lines[number[first]][number[second]] += 1
        lines[number[second]][number[first]] += 1
    # Each state is a list of cells: vertices that the rows so far do not tell apart. The next one is of the first cell.
    states = [[list(range(len(vertices)))]] if vertices else []
    edges: list[tuple[int, int]] = []
    for position in range(len(vertices)):
        best: list[int] = []
        followed: list[list[list[int]]] = []
        for cells in states:
            for vertex in _without_twins(cells[0], lines):
                refined, row = _split(cells, vertex, lines[vertex])
                if not followed or row > best:
                    best, followed = row, [refined]
                elif row == best:
                    followed.append(refined)
        states = followed
        edges += [(position, position + 1 + other) for other, count in enumerate(best) for _ in range(count)]
    return tuple(edges)


def _split(cells: list[list[int]], vertex: int, lines: list[int]) -> tuple[list[list[int]], list[int]]:
    """Take a vertex out and split each cell by the number of lines to it, most first; also return these numbers."""
    refined, row = [], []
    for cell in cells:
        counts = sorted({lines[other] for other in cell if other != vertex}, reverse=True)
        for count in counts:
            refined.append([other for other in cell if other != vertex and lines[other] == count])
            row += [count] * len(refined[-1])
    return refined, row


def _without_twins(cell: list[int], lines: list[list[int]]) -> Iterator[int]:
    """Yield the vertices of a cell without those that could be swapped with an earlier one: they lead to the same."""
    seen: list[int] = []
    for vertex in cell:
        if not any(_twins(lines, vertex, other) for other in seen):
            seen.append(vertex)
            yield vertex


def _twins(lines: list[list[int]], first: int, second: int) -> bool:
    others = (other for other in range(len(lines)) if other not in (first, second))
    return all(lines[first][other] == lines[second][other] for other in others)


@cache
def _connected(edges: int) -> tuple[Graph, ...]:
    """Return the connected multigraphs with exactly `edges` edges.

    Each of them comes from one with an edge less by a line between two of its vertices or to a new vertex: if there is
    a cycle, one of its lines can be taken away, and if there is none, a leaf can.
    """
    if edges == 0:
        return ((),)
    grown = set()
    for graph in _connected(edges - 1):
        size = vertex_count(graph)
        grown |= {canonical((*graph, (i, j))) for j in range(1, size + 1) for i in range(j)}
    return tuple(sorted(grown, key=lambda graph: (vertex_count(graph), graph)))


@cache
def _composite(edges: int) -> tuple[Graph, ...]:
    """Return the multigraphs of two or more connected components with exactly `edges` edges."""
    found = [_join(parts) for parts in _partitions(edges, edges - 1, None) if len(parts) > 1]
    return tuple(sorted(found, key=lambda graph: (len(connected_components(graph)), vertex_count(graph), graph)))


def _partitions(edges: int, largest: int, last: int | None) -> Iterator[list[Graph]]:
    """Yield multisets of connected graphs, the larger first; `last` is the number of the one before, of same size."""
    if edges == 0:
        yield []
    for size in range(min(edges, largest), 0, -1):
        first = last if last is not None and size == largest else 0
        for index, graph in enumerate(_connected(size)):
            if index >= first:
                for rest in _partitions(edges - size, size, index):
                    yield [graph, *rest]


def _join(components: Iterable[Graph]) -> Graph:
    joined: list[tuple[int, int]] = []
    shift = 0
    for component in components:
        joined += [(first + shift, second + shift) for first, second in component]
        shift += vertex_count(component)
    return tuple(joined)


def _checked(graph: Sequence[Sequence[int]]) -> Graph:
    edges = []
    for edge in graph:
        if len(edge) != 2 or edge[0] == edge[1] or not all(isinstance(vertex, int) for vertex in edge):
            raise DataError(f"an edge of a multigraph joins two different vertices, such as (0, 1); received {edge!r}")
        edges.append((edge[0], edge[1]))
    return tuple(edges)
