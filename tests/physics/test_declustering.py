"""Orders of constituents against a recursion on FastJet's own trees, and closed cases."""

from __future__ import annotations

import json
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics._fastjet import load_fastjet
from keras_hep.physics.declustering import constituent_order

REFERENCE = json.loads(Path(__file__).parents[1].joinpath("fixtures/substructure_20jets.json").read_text("utf-8"))
ORDERS = ("pt", "kt", "ca", "antikt", "subjet")


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    pt, eta, phi, energy = (ak.Array(REFERENCE["constituents"][name]) for name in ("pt", "eta", "phi", "energy"))
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": energy})


def toy(*constituents: tuple[float, float, float]) -> ak.Array:
    """One jet of massless constituents (pt, eta, phi)."""
    pt, eta, phi = np.array(constituents).T
    return ak.zip(
        {"px": [pt * np.cos(phi)], "py": [pt * np.sin(phi)], "pz": [pt * np.sinh(eta)], "E": [pt * np.cosh(eta)]}
    )


def fastjet_sequence(jet: ak.Array, algorithm: str, radius: float | None = None):
    load_fastjet()
    import fastjet._swig as swig

    particles = []
    for index, (px, py, pz, energy) in enumerate(
        zip(*(jet[name].tolist() for name in ("px", "py", "pz", "E")), strict=True)
    ):
        particles.append(swig.PseudoJet(px, py, pz, energy))
        particles[-1].set_user_index(index)
    algorithms = {"kt": swig.kt_algorithm, "ca": swig.cambridge_algorithm, "antikt": swig.antikt_algorithm}
    definition = swig.JetDefinition(algorithms[algorithm], radius or swig.JetDefinition.max_allowable_R)
    return swig.ClusterSequence(particles, definition)


def leaves(jet) -> list[int]:
    """The constituents of a PseudoJet, the harder parent first."""
    import fastjet._swig as swig

    first, second = swig.PseudoJet(), swig.PseudoJet()
    if not jet.has_parents(first, second):
        return [jet.user_index()]
    harder, softer = (first, second) if first.perp() >= second.perp() else (second, first)
    return leaves(harder) + leaves(softer)


@pytest.mark.parametrize("algorithm", ["kt", "ca", "antikt"])
def test_declustering_orders_follow_the_tree_of_fastjet(jets, algorithm):
    order = constituent_order(jets, algorithm, threads=1).tolist()
    for jet, its_order in zip(jets, order, strict=True):
        sequence = fastjet_sequence(jet, algorithm)
        (root,) = sequence.inclusive_jets()
        assert its_order == leaves(root)


@pytest.mark.parametrize(("algorithm", "radius"), [("antikt", 0.2), ("ca", 0.2), ("kt", 0.35)])
def test_subjet_order_follows_the_subjets_of_fastjet(jets, algorithm, radius):
    order = constituent_order(jets, "subjet", subjet_algorithm=algorithm, subjet_radius=radius, threads=1).tolist()
    several = 0
    for jet, its_order in zip(jets, order, strict=True):
        sequence = fastjet_sequence(jet, algorithm, radius)
        subjets = sorted(sequence.inclusive_jets(), key=lambda subjet: -subjet.perp())
        several += len(subjets) > 2
        expected = [
            constituent.user_index()
            for subjet in subjets
            for constituent in sorted(subjet.constituents(), key=lambda constituent: -constituent.perp())
        ]
        assert its_order == expected
    assert several > 10


def test_pt_order(jets):
    ordered = jets[constituent_order(jets, "pt")]
    pt = np.hypot(ordered.px, ordered.py)
    assert ak.all(pt[:, 1:] <= pt[:, :-1])


@pytest.mark.parametrize("order", ORDERS)
def test_orders_are_permutations(jets, order):
    indices = constituent_order(jets, order, threads=1)
    assert ak.all(ak.sort(indices, axis=1) == ak.local_index(jets.px, axis=1))
    assert len(set(map(str, (constituent_order(jets, other, threads=1).tolist() for other in ORDERS)))) == len(ORDERS)


@pytest.mark.parametrize("order", ORDERS)
def test_order_in_the_file_does_not_matter(jets, order):
    shuffled = jets[ak.argsort(jets.px * 1e3 % 1.0, axis=1)]
    before, after = (some[constituent_order(some, order, threads=1)] for some in (jets, shuffled))
    assert ak.all(before.px == after.px)


def test_subjets_are_read_one_after_the_other():
    """With R = 0.2 the hard pair are two subjets; the soft constituent that is close to the first belongs to it."""
    jet = toy((50, 0.0, 0.0), (40, 0.0, 0.3), (4, 0.1, 0.0), (5, 0.5, 0.05))
    assert constituent_order(jet, "subjet").tolist() == [[0, 2, 1, 3]]
    assert constituent_order(jet, "subjet", subjet_radius=0.4).tolist() == [[0, 1, 2, 3]]


def test_subjets_of_the_same_pt_are_not_mixed():
    jet = toy((10, 0.0, 0.0), (5, 0.0, 0.1), (10, 2.0, 0.0), (5, 2.0, 0.1))
    assert constituent_order(jet, "subjet").tolist() == [[0, 1, 2, 3]]


def test_padding_comes_last_and_empty_jets_stay_empty():
    pt = ak.Array([[0.0, 3.0, 0.0, 7.0], [], [0.0]])
    jets = ak.zip({"px": pt, "py": 0.1 * pt, "pz": pt * 0.0, "E": 2 * pt})
    for order in ORDERS:
        assert constituent_order(jets, order).tolist() == [[3, 1, 0, 2], [], [0]]


def test_padded_jets_are_read_like_unpadded_ones(jets):
    padding = ak.zip({name: jets[:, :3][name] * 0.0 for name in jets.fields})
    padded = ak.concatenate([padding, jets], axis=1)
    for order in ORDERS:
        read = constituent_order(padded, order, threads=1)
        assert (read[:, :-3] - 3).tolist() == constituent_order(jets, order, threads=1).tolist()
        assert read[:, -3:].tolist() == [[0, 1, 2]] * len(jets)


def test_unknown_orders_are_refused(jets):
    with pytest.raises(DataError, match="'anti-kt'; did you mean 'antikt'"):
        constituent_order(jets, "anti-kt")
    with pytest.raises(DataError, match="unknown algorithm 'cambridge'"):
        constituent_order(jets, "subjet", subjet_algorithm="cambridge")
    with pytest.raises(DataError, match="radius must be positive"):
        constituent_order(jets, "subjet", subjet_radius=-0.2)


def test_each_algorithm_has_its_own_order():
    """b and c are the nearest pair, d is further from a than b and harder.

    C/A: b c, then a d. anti-kT: everything to the hard a, the nearest first. kT: the soft b c, to a, then the harder d.
    """
    jet = toy((100, 0.0, 1.0), (1.1, 0.3, 1.0), (1.0, 0.45, 1.0), (5.0, -0.35, 1.0))
    orders = {name: constituent_order(jet, name).tolist()[0] for name in ("ca", "antikt", "kt")}
    assert orders == {"ca": [0, 3, 1, 2], "antikt": [0, 1, 3, 2], "kt": [0, 1, 2, 3]}
