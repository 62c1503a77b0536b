"""The multigraphs: their numbers are those of arXiv:1712.07124, and their canonical forms do not depend on labels."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from keras_hep.errors import DataError
from keras_hep.physics.energy_flow import multigraphs
from keras_hep.physics.energy_flow.multigraphs import canonical, connected_components, vertex_count

REFERENCE = json.loads(Path(__file__).parents[2].joinpath("fixtures/energyflow_20jets.json").read_text("utf-8"))
ALL = multigraphs(7)
CONNECTED = multigraphs(7, connected=True)


def brute_force_canonical(graph):
    """The first in order of all labellings."""
    vertices = sorted({vertex for edge in graph for vertex in edge})
    labellings = (dict(zip(vertices, order, strict=True)) for order in itertools.permutations(range(len(vertices))))
    return min(tuple(sorted(tuple(sorted((new[i], new[j]))) for i, j in graph)) for new in labellings)


def relabelled(graph, generator):
    new = list(range(vertex_count(graph)))
    generator.shuffle(new)
    edges = [generator.sample((new[i], new[j]), 2) for i, j in graph]
    generator.shuffle(edges)
    return [tuple(edge) for edge in edges]


def test_numbers_of_the_paper():
    assert [Counter(map(len, CONNECTED))[d] for d in range(8)] == [1, 1, 2, 5, 12, 33, 103, 333]
    assert [Counter(map(len, ALL))[d] for d in range(8)] == [1, 1, 3, 8, 23, 66, 212, 686]


def test_none_occurs_twice():
    components = [tuple(sorted(connected_components(graph))) for graph in ALL]
    assert len(set(components)) == len(ALL) == 1000


def test_same_graphs_as_energyflow():
    ours = {tuple(sorted(connected_components(graph))) for graph in multigraphs(5)}
    theirs = {tuple(sorted(connected_components(graph))) for graph in REFERENCE["graphs"] if len(graph) <= 5}
    assert ours == theirs


def test_canonical_form_is_the_first_of_all_labellings():
    for graph in CONNECTED[1:150:3]:
        assert canonical(graph) == graph == brute_force_canonical(graph)


def test_canonical_form_does_not_depend_on_labels():
    generator = random.Random(3)
    for graph in CONNECTED:
        assert canonical(relabelled(graph, generator)) == graph


def test_order():
    def key(graph):
        return len(graph), len(connected_components(graph)), vertex_count(graph), graph

    assert list(ALL) == sorted(ALL, key=key)
    assert ALL[:6] == ((), ((0, 1),), ((0, 1), (0, 1)), ((0, 1), (0, 2)), ((0, 1), (2, 3)), ((0, 1),) * 3)
    assert [graph for graph in ALL if len(connected_components(graph)) == 1] == list(CONNECTED)


def test_components_are_found_from_interleaved_edges():
    edges = [(7, 2), (5, 0), (2, 9), (0, 5), (9, 7)]
    assert connected_components(edges) == (((0, 1), (0, 2), (1, 2)), ((0, 1), (0, 1)))


@pytest.mark.parametrize("edges", [[(0, 0)], [(0, 1, 2)], [(0, 0.5)]])
def test_wrong_edges_are_refused(edges):
    with pytest.raises(DataError, match="joins two different vertices"):
        connected_components(edges)


def test_negative_degree_is_refused():
    with pytest.raises(DataError, match="-1"):
        multigraphs(-1)
