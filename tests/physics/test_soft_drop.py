"""Soft drop against FastJet contrib, FastJet's Python package, hand-made jets, and its symmetries."""

import math

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import modified_mass_drop, soft_drop
from keras_hep.physics._fastjet import load_fastjet
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


def test_values_of_fastjet_contrib():
    groomed, expected = soft_drop(reference_jets()), REFERENCE["softdrop"]
    assert groomed.mass == pytest.approx(np.maximum(expected["mass"], 0.0), rel=1e-8)
    assert transverse(groomed.constituents) == pytest.approx(np.array(expected["pt"]), rel=1e-8)
    assert ak.num(groomed.constituents).tolist() == expected["n"]
    assert groomed.z_g == pytest.approx(np.array(expected["z"]), rel=1e-8)
    assert groomed.r_g == pytest.approx(np.array(expected["delta_R"]), rel=1e-8)


def test_values_of_fastjet_contrib_with_an_angle():
    groomed, expected = soft_drop(reference_jets(), beta=2.0, z_cut=0.05), REFERENCE["loose_softdrop"]
    assert groomed.mass == pytest.approx(np.maximum(expected["mass"], 0.0), rel=1e-8)
    assert transverse(groomed.constituents) == pytest.approx(np.array(expected["pt"]), rel=1e-8)


@pytest.mark.parametrize(
    ("beta", "z_cut", "r0"), [(0.0, 0.1, 0.8), (1.0, 0.2, 0.5), (2.0, 0.05, 0.8), (-1.0, 0.3, 1.0)]
)
def test_not_a_bit_differs_from_fastjet(beta, z_cut, r0):
    pytest.importorskip("fastjet")
    fastjet = load_fastjet()
    some_jets = ak.concatenate([reference_jets(), random_jets([1, 2, 3, 10, 40, 90], seed=9, spread=0.6)])
    sequence = fastjet.ClusterSequence(
        ak.to_packed(some_jets), fastjet.JetDefinition(fastjet.cambridge_algorithm, 1000.0)
    )
    expected = sequence.exclusive_jets_softdrop_grooming(njets=1, beta=beta, symmetry_cut=z_cut, R0=r0)
    groomed = soft_drop(some_jets, beta=beta, z_cut=z_cut, r0=r0)
    assert groomed.mass.tolist() == np.maximum(ak.to_numpy(expected.msoftdrop), 0.0).tolist()
    for name in ("px", "py", "pz", "E"):
        assert groomed.constituents[name].tolist() == expected.constituents[name].tolist()
    # fastjet writes -1 where no declustering passed.
    assert groomed.z_g == pytest.approx(np.maximum(ak.to_numpy(expected.symmetrysoftdrop), 0.0), rel=1e-14)
    assert groomed.r_g == pytest.approx(np.maximum(ak.to_numpy(expected.deltaRsoftdrop), 0.0), rel=1e-14)
    assert (groomed.z_g == 0.0).any()
    assert (groomed.dropped > 0).any()


def test_the_mass_drop_tagger_is_soft_drop_without_an_angle():
    some_jets = reference_jets()
    tagged, groomed = modified_mass_drop(some_jets, z_cut=0.15), soft_drop(some_jets, beta=0.0, z_cut=0.15, r0=0.3)
    assert tagged.mass.tolist() == groomed.mass.tolist()
    assert tagged.dropped.tolist() == groomed.dropped.tolist()
    assert tagged.dropped.sum() > soft_drop(some_jets, beta=0.0, z_cut=0.05).dropped.sum()


def test_branches_are_dropped_one_by_one():
    prongs = [massless(300.0, 0.0, 0.0), massless(200.0, 0.3, 0.0)]
    soft = [massless(5.0, -0.5, 0.5), massless(4.0, 0.2, -0.9)]
    groomed = soft_drop(jets([prongs[0], *soft, prongs[1]]))
    assert ak.num(groomed.constituents).tolist() == [2]
    assert sorted(groomed.constituents.px[0].tolist()) == pytest.approx([200.0, 300.0])
    assert groomed.mass[0] == pytest.approx(math.sqrt(2 * 300.0 * 200.0 * (math.cosh(0.3) - 1.0)))
    assert groomed.z_g[0] == pytest.approx(0.4)
    assert groomed.r_g[0] == pytest.approx(0.3)
    assert groomed.dropped[0] == 2


def test_an_angle_in_the_cut_lets_soft_radiation_within_it_stay():
    # z = 5 / 105 at an angle of 0.4 passes z > 0.1 (0.4 / 0.8)^beta for beta > log2(2.1).
    pair = jets([massless(100.0, 0.0, 0.0), massless(5.0, 0.4, 0.0)])
    for beta, remain in ((0.0, 1), (1.0, 1), (1.06, 1), (1.08, 2), (2.0, 2)):
        groomed = soft_drop(pair, beta=beta)
        assert ak.num(groomed.constituents).tolist() == [remain], beta
        assert groomed.dropped.tolist() == [2 - remain]
    assert ak.num(soft_drop(pair, beta=1.08, r0=0.4).constituents).tolist() == [1]


def test_symmetries():
    some_jets = random_jets([6, 15, 40, 70], seed=4)
    groomed = soft_drop(some_jets, beta=1.0)
    for changed in (rotated(some_jets, 1.9), boosted(some_jets, -0.8), shuffled(some_jets)):
        again = soft_drop(changed, beta=1.0)
        assert again.dropped.tolist() == groomed.dropped.tolist()
        for name in ("mass", "z_g", "r_g"):
            assert getattr(again, name) == pytest.approx(getattr(groomed, name), rel=1e-7)


def test_what_is_groomed_is_not_groomed_again():
    groomed = soft_drop(reference_jets(), beta=0.0)
    again = soft_drop(groomed.constituents, beta=0.0)
    assert ak.num(again.constituents).tolist() == ak.num(groomed.constituents).tolist()
    assert again.mass == pytest.approx(groomed.mass, rel=1e-9)
    assert again.dropped.tolist() == [0] * 40


def test_small_jets_and_padding():
    hard, soft = massless(50.0, 0.1, 0.2), massless(1.0, 0.4, 0.1)
    padding = (0.0, 0.0, 0.0, 0.0)
    groomed = soft_drop(jets([], [hard], [padding, soft, padding, hard], [padding]))
    assert ak.num(groomed.constituents).tolist() == [0, 1, 1, 0]
    assert groomed.constituents.px[2].tolist() == [hard[0]]
    assert groomed.dropped.tolist() == [0, 0, 1, 0]
    assert groomed.mass == pytest.approx(0.0, abs=1e-5)
    assert groomed.z_g.tolist() == groomed.r_g.tolist() == [0.0] * 4
    assert len(soft_drop(jets([hard])[:0]).mass) == 0


def test_threads_change_nothing():
    many = reference_jets()[np.tile(np.arange(40), 4)]
    one, several = soft_drop(many, threads=1), soft_drop(many, threads=3)
    assert one.mass.tolist() == several.mass.tolist()
    assert one.constituents.tolist() == several.constituents.tolist()


def test_wrong_arguments_are_refused():
    some_jets = random_jets([3], seed=1)
    with pytest.raises(DataError, match="beta must be finite; received inf"):
        soft_drop(some_jets, beta=math.inf)
    with pytest.raises(DataError, match=r"z_cut must be in \[0, 1\); received 1"):
        soft_drop(some_jets, z_cut=1.0)
    with pytest.raises(DataError, match="r0 must be positive; received -1"):
        soft_drop(some_jets, r0=-1.0)
    with pytest.raises(DataError, match="jet 1 balance"):
        soft_drop(jets([massless(1.0, 0.0, 0.0)], [(1.0, 0.0, 0.0, 1.0), (-1.0, 0.0, 0.0, 1.0)]))
