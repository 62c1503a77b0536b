"""Energy-flow polynomials against EnergyFlow's values, sums written out plainly, closed forms and symmetries."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import energy_correlators
from keras_hep.physics.energy_flow import energy_flow_polynomials, multigraphs
from keras_hep.physics.energy_flow.contraction import Operation, compile_graphs

REFERENCE = json.loads(Path(__file__).parents[2].joinpath("fixtures/energyflow_20jets.json").read_text("utf-8"))
COMPLETE_4 = tuple(itertools.combinations(range(4), 2))
WHEEL_5 = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (1, 4))


def vectors(pt, y, phi, mass=0.0) -> ak.Array:
    """Four-vectors of jagged pt, y, phi, mass."""
    transverse = np.sqrt(pt**2 + mass**2)
    return ak.zip(
        {
            "px": pt * np.cos(phi),
            "py": pt * np.sin(phi),
            "pz": transverse * np.sinh(y),
            "E": transverse * np.cosh(y),
        }
    )


@pytest.fixture(scope="module")
def reference_jets() -> ak.Array:
    """The jets of the reference; each turned by another angle, so that many lie across phi = pi."""
    pt, y, phi, mass = (ak.Array([jet[name] for jet in REFERENCE["jets"]]) for name in ("pt", "y", "phi", "m"))
    return vectors(pt, y, phi + np.linspace(0, 2 * np.pi, len(pt)), mass)


@pytest.fixture(scope="module")
def small_jets() -> ak.Array:
    rng = np.random.default_rng(5)
    counts = [4, 1, 6, 2]
    pt, y, phi = (ak.unflatten(rng.uniform(low, high, 13), counts) for low, high in ((1, 50), (-1, 1), (2.6, 3.6)))
    return vectors(pt, y, phi)


def plain(jet: ak.Array, graph, beta: float, normed: bool = True) -> float:
    """The definition: one loop for each vertex."""
    pt = [math.hypot(c.px, c.py) for c in jet]
    y = [math.atanh(c.pz / c.E) for c in jet]
    phi = [math.atan2(c.py, c.px) for c in jet]

    def angle(i: int, j: int) -> float:
        turn = abs(phi[i] - phi[j])
        return math.hypot(y[i] - y[j], min(turn, 2 * math.pi - turn)) ** beta

    size = 1 + max((v for edge in graph for v in edge), default=0)
    total = sum(pt) if normed else 1.0
    return sum(
        math.prod(pt[i] / total for i in choice) * math.prod(angle(choice[v], choice[w]) for v, w in graph)
        for choice in itertools.product(range(len(pt)), repeat=size)
    )


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_equal_to_energyflow(reference_jets, beta):
    ours = energy_flow_polynomials(reference_jets, beta=beta, graphs=REFERENCE["graphs"], threads=1)
    expected = np.array(REFERENCE["values"][str(beta)])
    # The coordinates of the reference are rounded before, its values after the calculation to 12 digits.
    np.testing.assert_allclose(ours.values, expected, rtol=2e-11)


def test_equal_to_energyflow_in_gev(reference_jets):
    graphs = [graph for graph in REFERENCE["graphs"] if len(graph) <= 3]
    ours = energy_flow_polynomials(reference_jets, normed=False, graphs=graphs, threads=1)
    np.testing.assert_allclose(ours.values, REFERENCE["unnormed"], rtol=2e-11)


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_energy_correlators_equal_those_of_energyflow(reference_jets, beta):
    ours = energy_correlators(reference_jets, [beta])[beta]
    # EnergyFlow sums over all ordered pairs and triples: factors of 2 and 6.
    ratios = {"C2": 6 * ours.v3e3 / (2 * ours.e2) ** 2, "D2": 6 * ours.v3e3 / (2 * ours.e2) ** 3}
    for name, values in ratios.items():
        np.testing.assert_allclose(values, REFERENCE[name][str(beta)], rtol=1e-9)


def test_line_and_triangle_are_the_energy_correlators(reference_jets):
    values = energy_flow_polynomials(reference_jets, graphs=[((0, 1),), ((0, 1), (0, 2), (1, 2))], beta=1.3).values
    ours = energy_correlators(reference_jets, [1.3])[1.3]
    np.testing.assert_allclose(values.T, [2 * ours.e2, 6 * ours.v3e3], rtol=1e-12)


@pytest.mark.parametrize("beta", [0.7, 1.0, 2.0])
def test_equal_to_the_definition(small_jets, beta):
    values, graphs = energy_flow_polynomials(small_jets, degree=4, beta=beta)
    picked = [i for i, graph in enumerate(graphs) if max(map(max, graph), default=0) < 4]
    expected = [[plain(jet, graphs[i], beta) for i in picked] for jet in small_jets]
    np.testing.assert_allclose(values[:, picked], expected, rtol=1e-12, atol=1e-300)


def test_all_graphs_up_to_degree_7_equal_one_sum_over_all_vertices():
    """The shared steps of 487 connected graphs, against one einsum for each graph."""
    rng = np.random.default_rng(8)
    pt, y, phi = rng.uniform(1, 5, 4), rng.uniform(-1, 1, 4), rng.uniform(-1, 1, 4)
    z, theta = pt / pt.sum(), np.hypot(y[:, None] - y, phi[:, None] - phi)
    graphs = multigraphs(7, connected=True)
    values = energy_flow_polynomials(vectors(*ak.Array([[pt], [y], [phi]])), graphs=graphs).values[0]
    for graph, value in zip(graphs[1:], values[1:], strict=True):
        letters = "abcdefgh"[: 1 + max(map(max, graph))]
        edges = sorted(set(graph))
        subscripts = ",".join([*letters, *(letters[i] + letters[j] for i, j in edges)])
        expected = np.einsum(f"{subscripts}->", *[z] * len(letters), *[theta ** graph.count(edge) for edge in edges])
        assert value == pytest.approx(expected, rel=1e-12), graph


@pytest.mark.parametrize(
    "graph",
    [
        COMPLETE_4,
        WHEEL_5,
        # Two and three held vertices, one of them cutting the rest into two pieces; an edge of two lines between them.
        tuple(itertools.combinations(range(5), 2)),
        (*itertools.combinations(range(5), 2), (0, 1)),
        (*COMPLETE_4, (3, 4), (3, 5), (3, 6), (4, 5), (4, 6), (5, 6)),
    ],
)
def test_graphs_with_held_vertices_equal_the_definition(small_jets, graph):
    jets = small_jets[[0, 1, 3]]
    values = energy_flow_polynomials(jets, graphs=[graph]).values
    np.testing.assert_allclose(values[:, 0], [plain(jet, graph, 1.0) for jet in jets], rtol=1e-12, atol=1e-300)


def test_cost_is_that_of_the_paper():
    """Of the connected graphs up to seven edges only those that contain the complete graph of four vertices hold one."""
    graphs = multigraphs(7, connected=True)
    programs = compile_graphs(graphs)
    assert [program.held for program in programs] == [0, 1]
    held = [graphs[i] for i in programs[1].outputs]
    assert [len(graph) for graph in held] == [6, 7, 7, 7]
    trees = compile_graphs([graph for graph in graphs if len(set(graph)) == max(map(max, graph), default=0)])
    assert Operation.JOIN not in {step.operation for program in trees for step in program.instructions}


def test_two_constituents_give_closed_forms():
    """With two constituents a connected bipartite graph is a sum of two terms, and one with an odd cycle vanishes."""
    z, distance, beta = 0.3, 0.5, 0.8
    jets = vectors(ak.Array([[30.0, 70.0]]), ak.Array([[0.1, 0.4]]), ak.Array([[1.0, 1.4]]))
    values, graphs = energy_flow_polynomials(jets, degree=6, beta=beta)
    star = tuple((0, i) for i in range(1, 6))
    wheel = COMPLETE_4
    by_graph = dict(zip(graphs, values[0], strict=True))
    assert by_graph[star] == pytest.approx(distance ** (5 * beta) * (z * (1 - z) ** 5 + z**5 * (1 - z)), rel=1e-12)
    assert by_graph[((0, 1),) * 4] == pytest.approx(2 * z * (1 - z) * distance ** (4 * beta), rel=1e-12)
    assert by_graph[wheel] == 0.0
    square = ((0, 1), (0, 2), (1, 3), (2, 3))
    assert by_graph[square] == pytest.approx(2 * (z * (1 - z)) ** 2 * distance ** (4 * beta), rel=1e-12)


def test_equidistant_constituents_count_colourings():
    """With n equal constituents at the same distance a graph gives its chromatic polynomial / n^vertices R^edges."""
    corner = math.sqrt(3) / 2
    jets = vectors(ak.Array([[10.0] * 3]), ak.Array([[0.0, 0.4, 0.2]]), ak.Array([[0.0, 0.0, 0.4 * corner]]))
    wheel_7 = tuple((0, i) for i in range(1, 7)) + tuple((i, i % 6 + 1) for i in range(1, 7))
    star = tuple((0, i) for i in range(1, 7))
    values = energy_flow_polynomials(jets, graphs=[wheel_7, star, WHEEL_5, COMPLETE_4]).values[0]
    # P(wheel with rim of k, 3) = 3 (1 + (-1)^k), P(star with k leaves, 3) = 3 * 2^k; the complete graph needs 4 colours.
    expected = [6 / 3**7 * 0.4**12, 3 * 2**6 / 3**7 * 0.4**6, 6 / 3**5 * 0.4**8, 0.0]
    # The wheels hold a vertex: angles that are zero stay so exactly.
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_composite_graphs_are_products(small_jets):
    values, graphs = energy_flow_polynomials(small_jets, degree=3)
    by_graph = dict(zip(graphs, values.T, strict=True))
    line, wedge = by_graph[((0, 1),)], by_graph[((0, 1), (0, 2))]
    np.testing.assert_allclose(by_graph[((0, 1), (0, 2), (3, 4))], line * wedge, rtol=1e-14)
    np.testing.assert_allclose(by_graph[((0, 1), (2, 3), (4, 5))], line**3, rtol=1e-14)


def test_infrared_and_collinear_safety(small_jets):
    """A soft constituent changes nothing, nor does a collinear splitting."""
    before = energy_flow_polynomials(small_jets, degree=6).values
    for record_scale in (0.4, 1e-13):
        hardest = ak.argmax(small_jets.E, axis=1, keepdims=True)
        part = {name: small_jets[hardest][name] * record_scale for name in ("px", "py", "pz", "E")}
        rest = {
            name: ak.where(
                ak.local_index(small_jets, axis=1) == hardest,
                small_jets[name] * (1 - record_scale),
                small_jets[name],
            )
            for name in part
        }
        after = energy_flow_polynomials(ak.concatenate([ak.zip(rest), ak.zip(part)], axis=1), degree=6).values
        np.testing.assert_allclose(after, before, rtol=1e-10, atol=1e-14)


def test_order_of_constituents_boosts_and_rotations_do_not_matter(reference_jets):
    before = energy_flow_polynomials(reference_jets, degree=4).values
    rapidity, angle = 0.7, 2.0
    jets = reference_jets[:, ::-1]
    moved = ak.zip(
        {
            "px": jets.px * math.cos(angle) - jets.py * math.sin(angle),
            "py": jets.px * math.sin(angle) + jets.py * math.cos(angle),
            "pz": jets.pz * math.cosh(rapidity) + jets.E * math.sinh(rapidity),
            "E": jets.E * math.cosh(rapidity) + jets.pz * math.sinh(rapidity),
        }
    )
    np.testing.assert_allclose(energy_flow_polynomials(moved, degree=4).values, before, rtol=1e-9)


def test_padding_and_empty_jets():
    pt = ak.Array([[], [20.0, 0.0, 10.0], []])
    jets = vectors(pt, pt / 50, pt / 40)
    values, graphs = energy_flow_polynomials(jets, degree=2)
    assert len(graphs) == 5
    np.testing.assert_array_equal(values[[0, 2]], 0.0)
    np.testing.assert_allclose(values[1], energy_flow_polynomials(jets[[1]][:, [0, 2]], degree=2).values[0])
    assert values[1, 0] == pytest.approx(1.0)


def test_threads_do_not_change_the_values(reference_jets):
    many = ak.concatenate([reference_jets] * 8)
    one, three = (energy_flow_polynomials(many, degree=4, threads=threads).values for threads in (1, 3))
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("beta", [0.0, -1.0, float("nan")])
def test_beta_must_be_positive(small_jets, beta):
    with pytest.raises(DataError, match="beta must be positive"):
        energy_flow_polynomials(small_jets, beta=beta)
