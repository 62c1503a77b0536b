"""The Lund plane against FastJet, formulas written out, symmetries, and what its images count."""

from __future__ import annotations

import json
import math
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics._fastjet import load_fastjet
from keras_hep.physics.lund import lund_images, lund_plane, lund_tree

REFERENCE = json.loads(Path(__file__).parents[1].joinpath("fixtures/substructure_20jets.json").read_text("utf-8"))
COORDINATES = ("delta", "kt", "z", "psi", "mass", "ln_inverse_delta", "ln_kt")


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    pt, eta, phi, energy = (ak.Array(REFERENCE["constituents"][name]) for name in ("pt", "eta", "phi", "energy"))
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": 1.05 * energy})


@pytest.fixture(scope="module")
def tree(jets) -> ak.Array:
    return lund_tree(jets, threads=1)


def pair(pt, eta, phi) -> ak.Array:
    """A jet of massless constituents."""
    pt, eta, phi = (np.array([values]) for values in (pt, eta, phi))
    return ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)})


def test_primary_plane_is_that_of_fastjet(jets):
    fastjet = load_fastjet()
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, fastjet.JetDefinition.max_allowable_R)
    expected = fastjet.ClusterSequence(jets, definition).exclusive_jets_lund_declusterings(1)[:, 0]
    ours = lund_plane(jets, threads=1)
    assert ak.num(ours, axis=1).tolist() == ak.num(expected, axis=1).tolist()
    for name, theirs in (("delta", "Delta"), ("kt", "kt")):
        np.testing.assert_allclose(ak.flatten(ours[name]), ak.flatten(expected[theirs]), rtol=1e-9)


def plain(node, swig):
    """Decluster a PseudoJet of FastJet: (coordinates, harder branch, softer branch) or None."""
    a, b = swig.PseudoJet(), swig.PseudoJet()
    if not node.has_parents(a, b):
        return None
    if b.perp() > a.perp():
        a, b = b, a
    climb, turn = b.rap() - a.rap(), math.remainder(b.phi() - a.phi(), 2 * math.pi)
    delta = math.hypot(climb, turn)
    coordinates = {
        "delta": delta,
        "kt": b.perp() * delta,
        "z": b.perp() / (a.perp() + b.perp()),
        "psi": math.atan2(climb, turn),
        "mass": (a + b).m(),
        "ln_inverse_delta": math.log(1 / delta),
        "ln_kt": math.log(b.perp() * delta),
    }
    return coordinates, plain(a, swig), plain(b, swig)


def test_tree_equals_a_recursion_on_fastjet(jets, tree):
    load_fastjet()
    import fastjet._swig as swig

    def compare(jet, number, branch, depth, parent):
        if branch is None:
            assert number == -1
            return 0
        coordinates, harder, softer = branch
        entry = jet[number]
        assert (entry["depth"], entry["parent"]) == (depth, parent)
        assert {name: entry[name] for name in COORDINATES} == pytest.approx(coordinates, rel=1e-9, abs=1e-6)
        below = compare(jet, entry["harder"], harder, depth, number)
        return 1 + below + compare(jet, entry["softer"], softer, depth + 1, number)

    for jet, its_tree in zip(jets, tree.tolist(), strict=True):
        particles = [swig.PseudoJet(*v) for v in zip(*(jet[n].tolist() for n in ("px", "py", "pz", "E")), strict=True)]
        definition = swig.JetDefinition(swig.cambridge_algorithm, swig.JetDefinition.max_allowable_R)
        sequence = swig.ClusterSequence(particles, definition)
        (root,) = sequence.inclusive_jets()
        assert compare(its_tree, 0, plain(root, swig), 0, -1) == len(its_tree) == len(jet) - 1


def test_planes_come_one_after_the_other(jets, tree):
    assert ak.all(tree.depth[:, 1:] >= tree.depth[:, :-1])
    assert ak.max(tree.depth) > 3
    primary, from_tree = lund_plane(jets, threads=1), tree[tree.depth == 0]
    assert primary.fields == list(COORDINATES)
    for name in COORDINATES:
        assert ak.all(primary[name] == from_tree[name])
    # Within a plane each declustering follows the harder branch of the one before, and the angle shrinks.
    inside = tree.harder >= 0
    assert ak.all(tree.harder[inside] == ak.local_index(tree.depth)[inside] + 1)


@pytest.mark.parametrize("axis", [0.3, math.pi - 0.05, -math.pi + 0.01])
def test_one_emission_in_closed_form(axis):
    """The emission lies at larger rapidity and smaller azimuth than the emitter."""
    (emission,) = lund_plane(pair([80.0, 20.0], [1.0, 1.3], [axis + 0.2, axis - 0.2]))[0].tolist()
    delta = 0.5
    assert emission["delta"] == pytest.approx(delta)
    assert emission["kt"] == pytest.approx(20 * delta)
    assert emission["z"] == pytest.approx(0.2)
    assert emission["psi"] == pytest.approx(math.atan2(0.3, -0.4))
    assert emission["mass"] == pytest.approx(math.sqrt(2 * 80 * 20 * (math.cosh(0.3) - math.cos(0.4))))
    assert emission["ln_inverse_delta"] == pytest.approx(math.log(2))
    assert emission["ln_kt"] == pytest.approx(math.log(10))


def test_boosts_along_the_beam_change_nothing(jets):
    cosh, sinh = math.cosh(1.2), math.sinh(1.2)
    boosted = ak.zip(
        {"px": jets.px, "py": jets.py, "pz": cosh * jets.pz + sinh * jets.E, "E": cosh * jets.E + sinh * jets.pz}
    )
    before, after = lund_plane(jets, threads=1), lund_plane(boosted, threads=1)
    for name in COORDINATES:
        np.testing.assert_allclose(ak.flatten(after[name]), ak.flatten(before[name]), rtol=1e-6, atol=1e-6)


def test_reflection_in_azimuth_turns_psi(jets):
    mirrored = ak.zip({"px": jets.px, "py": -jets.py, "pz": jets.pz, "E": jets.E})
    before, after = lund_plane(jets, threads=1).psi, lund_plane(mirrored, threads=1).psi
    np.testing.assert_allclose(np.cos(ak.flatten(after)), -np.cos(ak.flatten(before)), atol=1e-9)
    np.testing.assert_allclose(np.sin(ak.flatten(after)), np.sin(ak.flatten(before)), atol=1e-9)


def test_collinear_pairs_stay_finite():
    (emission,) = lund_plane(pair([80.0, 20.0], [1.0, 1.0], [0.0, 0.0]))[0].tolist()
    assert emission["delta"] == emission["kt"] == 0.0
    assert emission["ln_inverse_delta"] == pytest.approx(12 * math.log(10))
    assert emission["ln_kt"] == pytest.approx(-12 * math.log(10))


def test_small_jets():
    jets = ak.Array([[], [{"px": 3.0, "py": 0.0, "pz": 1.0, "E": 4.0}]])
    for planes in (lund_plane(jets), lund_tree(jets)):
        assert ak.num(planes, axis=1).tolist() == [0, 0]
        np.testing.assert_array_equal(lund_images(planes, pixels=3), np.zeros((2, 3, 3, 1)))


def test_images_equal_a_histogram(tree):
    images = lund_images(tree, pixels=12, ln_inverse_delta=(0.2, 5.0), ln_kt=(-2.0, 4.0))
    assert images.shape == (20, 12, 12, 1)
    assert images.dtype == np.float32
    edges = np.linspace(-2.0, 4.0, 13), np.linspace(0.2, 5.0, 13)
    for image, jet in zip(images, tree, strict=True):
        expected, _, _ = np.histogram2d(ak.to_numpy(jet.ln_kt), ak.to_numpy(jet.ln_inverse_delta), bins=edges)
        np.testing.assert_array_equal(image[..., 0], expected)
    assert 0 < images.sum() < ak.count(tree.kt)


def test_one_emission_lights_one_cell():
    """Rows are along ln kt, columns along ln 1/delta."""
    plane = lund_plane(pair([80.0, 20.0], [1.0, 1.3], [0.2, -0.2]))
    image = lund_images(plane, pixels=10, ln_inverse_delta=(0.0, 5.0), ln_kt=(0.0, 5.0))[0, ..., 0]
    assert np.argwhere(image).tolist() == [[int(math.log(10) / 0.5), int(math.log(2) / 0.5)]]
    on_edges = ak.Array([[{"ln_kt": 0.0, "ln_inverse_delta": 0.0}, {"ln_kt": 5.0, "ln_inverse_delta": 0.0}]])
    image = lund_images(on_edges, pixels=10, ln_inverse_delta=(0.0, 5.0), ln_kt=(0.0, 5.0))[0, ..., 0]
    assert np.argwhere(image).tolist() == [[0, 0]]


def test_empty_ranges_are_refused(tree):
    with pytest.raises(DataError, match=r"ln_kt \(3\.0, 3\.0\)"):
        lund_images(tree, ln_kt=(3.0, 3.0))
    with pytest.raises(DataError, match="needs pixels"):
        lund_images(tree, pixels=0)
