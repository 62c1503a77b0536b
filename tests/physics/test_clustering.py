"""Clustering against the definition in plain loops and against FastJet; the format of the history."""

import math

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import cluster, exclusive_subjets
from keras_hep.physics._fastjet import load_fastjet
from keras_hep.physics.clustering import BEAM, NONE
from tests.physics.substructure_jets import jets, massless, random_jets, reference_jets

POWER = {"kt": 1, "ca": 0, "antikt": -1}


def pt_y_phi(vector):
    px, py, pz, energy = vector
    return math.hypot(px, py), 0.5 * math.log((energy + pz) / (energy - pz)), math.atan2(py, px)


def plain_history(vectors, power, radius, recombination):
    """The definition of the generalised kT algorithm: all distances, at each step."""
    objects = {row: vector for row, vector in enumerate(vectors)}
    steps, row = [], len(vectors)
    while objects:
        best = (math.inf, None, None)
        for one in objects:
            pt, y, phi = pt_y_phi(objects[one])
            if radius is not None:
                best = min(best, (pt ** (2 * power), one, BEAM))
            for other in objects:
                if other > one:
                    pt2, y2, phi2 = pt_y_phi(objects[other])
                    turn = math.remainder(phi - phi2, 2 * math.pi)
                    metric = min(pt ** (2 * power), pt2 ** (2 * power)) * ((y - y2) ** 2 + turn**2)
                    best = min(best, (metric / (radius or 1.0) ** 2, one, other))
        distance, one, other = best if best[1] is not None else (math.inf, next(iter(objects)), BEAM)
        taken = objects.pop(one)
        if other != BEAM:
            partner = objects.pop(other)
            if recombination == "E":
                taken = tuple(a + b for a, b in zip(taken, partner, strict=True))
            else:
                hard, soft = sorted((pt_y_phi(taken), pt_y_phi(partner)), reverse=True)
                taken = massless(hard[0] + soft[0], hard[1], hard[2])
            objects[row] = taken
        steps.append((one, other, distance, taken))
        row += 1
    return steps


@pytest.mark.parametrize("recombination", ["E", "wta"])
@pytest.mark.parametrize("radius", [None, 0.35])
@pytest.mark.parametrize("algorithm", ["kt", "ca", "antikt"])
def test_the_history_is_that_of_the_definition(algorithm, radius, recombination):
    some_jets = random_jets([1, 2, 7, 19], seed=3)
    history = cluster(some_jets, algorithm, radius, recombination)
    for number, jet in enumerate(some_jets):
        vectors = [tuple(c[name] for name in ("px", "py", "pz", "E")) for c in jet]
        count = len(vectors)
        rows = slice(history.offsets[number], history.offsets[number + 1])
        parents, momentum = history.parents[rows], history.momentum[rows]
        assert (parents[:count] == NONE).all()
        assert momentum[:count] == pytest.approx(np.array(vectors))
        steps = plain_history(vectors, POWER[algorithm], radius, recombination)
        if algorithm == "ca" and radius is not None:
            # All distances to the beam are 1: jets may be declared in any order.
            merged = [step for step in steps if step[1] != BEAM]
            assert parents[count : count + len(merged)].tolist() == [list(step[:2]) for step in merged]
            assert (parents[count + len(merged) :, 1] == BEAM).all()
            continue
        assert parents[count:].tolist() == [list(step[:2]) for step in steps]
        assert history.distance[rows][count:] == pytest.approx([step[2] for step in steps], rel=1e-9)
        assert momentum[count:] == pytest.approx(np.array([step[3] for step in steps]), rel=1e-9, abs=1e-9)


def test_children_rapidities_and_azimuths_belong_to_the_rows():
    history = cluster(random_jets([12, 5], seed=8), "kt")
    assert history.offsets.tolist() == [0, 24, 34]
    for first, last in ((0, 24), (24, 34)):
        parents, child = history.parents[first:last], history.child[first:last]
        for row, pair in enumerate(parents):
            for parent in pair[pair >= 0]:
                assert child[parent] == row
        # All but the last step are taken up again.
        assert np.flatnonzero(child == NONE).tolist() == [last - first - 1]
        assert parents[-1].tolist() == [last - first - 2, BEAM]
    assert math.isinf(history.distance[23])
    px, py, pz, energy = history.momentum.T
    assert history.rapidity == pytest.approx(0.5 * np.log((energy + pz) / (energy - pz)))
    assert np.exp(1j * history.azimuth) == pytest.approx((px + 1j * py) / np.hypot(px, py))
    assert ((history.azimuth >= 0.0) & (history.azimuth < 2 * math.pi)).all()


# fastjet's warning compares a definition with an algorithm, and so comes for every algorithm.
@pytest.mark.filterwarnings("ignore:dcut and exclusive jets")
@pytest.mark.parametrize("algorithm", ["kt", "ca"])
def test_exclusive_subjets_equal_fastjet(algorithm):
    pytest.importorskip("fastjet")
    fastjet = load_fastjet()
    some_jets = reference_jets()
    definition = fastjet.JetDefinition(
        getattr(fastjet, {"kt": "kt", "ca": "cambridge"}[algorithm] + "_algorithm"), 1000.0
    )
    sequence = fastjet.ClusterSequence(some_jets, definition)
    history = cluster(some_jets, algorithm)
    for count in range(1, 7):
        expected, found = sequence.exclusive_jets(n_jets=count), exclusive_subjets(history, count)
        assert ak.all(ak.num(found) == count)
        order, expected_order = ak.argsort(found.px, axis=1), ak.argsort(expected.px, axis=1)
        for name in ("px", "py", "pz", "E"):
            # The same sums in the same order: not one bit differs.
            assert ak.all(found[order][name] == expected[expected_order][name]), (count, name)


@pytest.mark.parametrize("algorithm", ["kt", "ca", "antikt"])
def test_jets_of_a_radius_equal_fastjet(algorithm):
    pytest.importorskip("fastjet")
    fastjet = load_fastjet()
    some_jets = reference_jets()
    name = {"kt": "kt", "ca": "cambridge", "antikt": "antikt"}[algorithm]
    expected = fastjet.ClusterSequence(
        some_jets, fastjet.JetDefinition(getattr(fastjet, f"{name}_algorithm"), 0.3)
    ).inclusive_jets()
    history = cluster(some_jets, algorithm, radius=0.3)
    for number in range(len(some_jets)):
        rows = slice(history.offsets[number], history.offsets[number + 1])
        declared = history.parents[rows][:, 1] == BEAM
        assert sorted(history.momentum[rows][declared][:, 0]) == sorted(expected[number].px)


def test_the_winner_gives_its_direction_and_all_their_pt():
    some_jets = reference_jets()
    history = cluster(some_jets, "kt", recombination="wta")
    for number, jet in enumerate(some_jets):
        begin, end = history.offsets[number : number + 2]
        root = end - 2
        hardest = int(np.argmin(np.abs(history.rapidity[begin : begin + len(jet)] - history.rapidity[root])))
        assert history.rapidity[root] == history.rapidity[begin + hardest]
        assert history.azimuth[root] == history.azimuth[begin + hardest]
        px, py, pz, energy = history.momentum[root]
        assert math.hypot(px, py) == pytest.approx(float(ak.sum(np.hypot(jet.px, jet.py))))
        assert energy == pytest.approx(math.sqrt(px**2 + py**2 + pz**2))


def test_small_jets_and_padding():
    hard, soft = massless(50.0, 0.1, 0.2), massless(3.0, 0.4, 0.1)
    padding = (0.0, 0.0, 0.0, 0.0)
    history = cluster(jets([], [hard, padding, soft], [soft]), "ca")
    assert history.offsets.tolist() == [0, 0, 4, 6]
    assert history.parents.tolist() == [[NONE] * 2, [NONE] * 2, [0, 1], [2, BEAM], [NONE] * 2, [0, BEAM]]
    assert history.distance[2] == pytest.approx(0.3**2 + 0.1**2)
    assert ak.num(exclusive_subjets(history, 2)).tolist() == [0, 2, 1]
    assert exclusive_subjets(history, 1)[1].px.tolist() == pytest.approx([hard[0] + soft[0]])
    assert len(cluster(jets([hard])[:0], "kt").child) == 0


def test_neighbours_across_phi_equal_pi_are_neighbours():
    three = jets([massless(10.0, 0.0, 3.1), massless(9.0, 0.0, -3.1), massless(8.0, 0.0, 2.8)])
    history = cluster(three, "ca")
    assert history.parents[3].tolist() == [0, 1]
    assert history.distance[3] == pytest.approx((2 * math.pi - 6.2) ** 2)


def test_threads_change_nothing():
    many = reference_jets()[np.tile(np.arange(40), 4)]
    one, several = cluster(many, "kt", threads=1), cluster(many, "kt", threads=3)
    for left, right in zip(one, several, strict=True):
        assert np.array_equal(left, right)


def test_wrong_arguments_are_refused():
    some_jets = random_jets([3], seed=1)
    with pytest.raises(DataError, match=r"unknown algorithm 'cambridge'; .*antikt, ca, kt"):
        cluster(some_jets, "cambridge")
    with pytest.raises(DataError, match="unknown recombination 'WTA'"):
        cluster(some_jets, "kt", recombination="WTA")
    with pytest.raises(DataError, match="radius must be positive, or None for none; received 0"):
        cluster(some_jets, "kt", radius=0.0)
    with pytest.raises(DataError, match="at least 1; received 0"):
        exclusive_subjets(cluster(some_jets, "kt"), 0)
    with pytest.raises(DataError, match="threads must be at least 1, or None for one on each core; received 0"):
        cluster(some_jets, "kt", threads=0)
    with pytest.raises(DataError, match="missing: E"):
        cluster(some_jets[["px", "py", "pz"]], "kt")
