"""Pruning against FastJet, against its definition in plain loops, and its symmetries."""

import math

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import prune
from tests.physics.substructure_jets import (
    REFERENCE,
    boosted,
    jets,
    massless,
    random_jets,
    reference_jets,
    rotated,
    shuffled,
    transverse,
)


def test_values_of_fastjet():
    pruned, expected = prune(reference_jets()), REFERENCE["pruned"]
    assert pruned.mass == pytest.approx(np.maximum(expected["mass"], 0.0), rel=1e-8)
    assert transverse(pruned.constituents) == pytest.approx(np.array(expected["pt"]), rel=1e-8)
    assert ak.num(pruned.constituents).tolist() == expected["n"]


def plain_pruning(vectors, z_cut, r_cut_factor):
    """Cambridge/Aachen by trying all pairs, with the veto; returns the constituents that remain and what was dropped."""

    def mass(v):
        return math.sqrt(max(v[3] ** 2 - v[0] ** 2 - v[1] ** 2 - v[2] ** 2, 0.0))

    def squared_angle(one, other):
        y = [0.5 * math.log((v[3] + v[2]) / (v[3] - v[2])) for v in (one, other)]
        phi = [math.atan2(v[1], v[0]) for v in (one, other)]
        return (y[0] - y[1]) ** 2 + math.remainder(phi[0] - phi[1], 2 * math.pi) ** 2

    total = np.sum(vectors, axis=0)
    r_cut = r_cut_factor * 2 * mass(total) / math.hypot(total[0], total[1])
    objects, dropped = [(np.array(v), [i]) for i, v in enumerate(vectors)], 0
    while len(objects) > 1:
        pairs = [(squared_angle(a[0], b[0]), i, j) for i, a in enumerate(objects) for j, b in enumerate(objects[:i])]
        angle, i, j = min(pairs)
        one, other = sorted((objects.pop(i), objects.pop(j)), key=lambda o: math.hypot(o[0][0], o[0][1]))
        both = one[0] + other[0]
        if math.sqrt(angle) > r_cut and math.hypot(*one[0][:2]) < z_cut * math.hypot(*both[:2]):
            objects.append(other)
            dropped += 1
        else:
            objects.append((both, one[1] + other[1]))
    return sorted(objects[0][1]), mass(objects[0][0]), dropped


@pytest.mark.parametrize(("z_cut", "r_cut_factor"), [(0.1, 0.5), (0.2, 0.3), (0.1, 0.0)])
def test_the_definition_written_out(z_cut, r_cut_factor):
    some_jets = random_jets([1, 2, *[5] * 5, *[12] * 6, *[25] * 3], seed=21)
    pruned = prune(some_jets, z_cut, r_cut_factor)
    for number, jet in enumerate(some_jets):
        vectors = [tuple(c[name] for name in ("px", "py", "pz", "E")) for c in jet]
        kept, mass, dropped = plain_pruning(vectors, z_cut, r_cut_factor)
        assert sorted(pruned.constituents[number].px) == sorted(vectors[i][0] for i in kept)
        assert pruned.mass[number] == pytest.approx(mass, rel=1e-7)
        assert pruned.dropped[number] == dropped
    assert pruned.dropped.sum() > 5


def test_soft_radiation_goes_at_wide_angles_alone():
    prongs = [massless(300.0, 0.0, 0.0), massless(200.0, 0.5, 0.0)]
    beside, wide = massless(4.0, 0.02, 0.02), massless(4.0, -0.5, 0.5)
    pruned = prune(jets([*prongs, beside, wide]))
    assert sorted(pruned.constituents.py[0].tolist()) == pytest.approx(sorted(v[1] for v in (*prongs, beside)))
    assert pruned.dropped.tolist() == [1]
    # With a large angle of its own nothing is soft enough to go.
    assert prune(jets([*prongs, beside, wide]), r_cut_factor=10.0).dropped.tolist() == [0]


def test_symmetries():
    some_jets = random_jets([6, 15, 40, 70], seed=4)
    pruned = prune(some_jets)
    for changed in (rotated(some_jets, 1.9), boosted(some_jets, -0.8), shuffled(some_jets)):
        again = prune(changed)
        assert again.dropped.tolist() == pruned.dropped.tolist()
        assert again.mass == pytest.approx(pruned.mass, rel=1e-7)


def test_small_jets_and_padding():
    hard, soft = massless(50.0, 0.1, 0.2), massless(1.0, 0.4, 0.1)
    padding = (0.0, 0.0, 0.0, 0.0)
    pruned = prune(jets([], [hard], [padding, soft, padding, hard], [padding]), r_cut_factor=0.1)
    assert ak.num(pruned.constituents).tolist() == [0, 1, 1, 0]
    assert pruned.constituents.px[2].tolist() == [hard[0]]
    assert pruned.dropped.tolist() == [0, 0, 1, 0]
    assert pruned.mass == pytest.approx(0.0, abs=1e-5)
    assert len(prune(jets([hard])[:0]).mass) == 0


def test_wrong_arguments_are_refused():
    some_jets = random_jets([3], seed=1)
    with pytest.raises(DataError, match=r"z_cut must be in \[0, 1\); received -0.1"):
        prune(some_jets, z_cut=-0.1)
    with pytest.raises(DataError, match=r"r_cut_factor must not be negative; received -0.5"):
        prune(some_jets, r_cut_factor=-0.5)
    with pytest.raises(DataError, match="jet 0 balance"):
        prune(jets([(1.0, 0.0, 0.0, 1.0), (-1.0, 0.0, 0.0, 1.0)]))
