"""Images of jagged jets: their presets, channels, towers and subjets, and what they do not depend on."""

from __future__ import annotations

import itertools
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from keras_hep.errors import DataError
from keras_hep.physics import azimuth, cluster, pseudorapidity, transverse_momentum
from keras_hep.physics.clustering import BEAM
from keras_hep.physics.jet_images import (
    PRESETS,
    calorimeter_channels,
    centre,
    colour_channels,
    jet_images,
    leading_subjets,
    to_towers,
)
from tests.physics.jet_images.jets import flat_jets, reflected, turned
from tests.physics.substructure_jets import random_jets

COUNTS = (9, 30, 1, 0, 14, 55)
OFFSETS, ETA, PHI, PT = flat_jets(COUNTS)
CHARGE = np.random.default_rng(6).integers(-1, 2, len(PT))


def jagged(*columns):
    return tuple(ak.unflatten(column, COUNTS) for column in columns)


def two_prongs(angle=0.0, distance=0.5, phi=3.1):
    """A jet of a hard subjet at eta 0.4 and a softer one at a distance in some direction."""
    rng = np.random.default_rng(12)
    away = np.repeat([0.0, distance], 15)
    x = 0.4 + away * np.cos(angle) + rng.normal(0, 0.02, 30)
    y = phi + away * np.sin(angle) + rng.normal(0, 0.02, 30)
    pt = np.repeat([20.0, 10.0], 15) * rng.uniform(0.8, 1.2, 30)
    return ak.Array([pt]), ak.Array([x]), ak.Array([(y + np.pi) % (2 * np.pi) - np.pi])


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_have_their_shape_and_norm(preset):
    pt, eta, phi, charge = jagged(PT, ETA, PHI, CHARGE)
    images = jet_images(pt, eta, phi, preset=preset, charge=charge)
    size, channels = {"deep_top": (40, 1), "towers": (40, 1), "colour": (33, 3), "subjets": (25, 1)}[preset]
    assert images.shape == (6, size, size, channels)
    assert images.dtype == np.float32
    brightness = images[..., :2] if preset == "colour" else images[..., :1]
    norm = (brightness**2).sum(axis=(1, 2, 3)) if preset == "subjets" else brightness.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(norm, [1, 1, 1, 0, 1, 1], rtol=1e-5)


@pytest.mark.parametrize("angle", [0.4, 2.0, 5.0])
@pytest.mark.parametrize("move", [turned, reflected])
def test_images_do_not_change_when_the_jet_is_turned_or_mirrored(angle, move):
    x, y = centre(OFFSETS, ETA, PHI, PT, y_is_angle=True)
    pt, eta, phi = jagged(PT, *move(x, y, angle))
    np.testing.assert_array_equal(jet_images(pt, eta + 0.3, phi - 3.0), jet_images(*jagged(PT, ETA, PHI)))


def test_image_without_flip_does_change():
    preset = replace(PRESETS["deep_top"], flip=None)
    x, y = centre(OFFSETS, ETA, PHI, PT, y_is_angle=True)
    before, after = (jet_images(*jagged(PT, u, v), preset=preset) for u, v in ((x, y), (x, -y)))
    assert not np.array_equal(before, after)


def test_rows_are_along_phi_and_columns_along_eta():
    preset = replace(PRESETS["deep_top"], rotate=None, flip=None, pixels=4, half_width=1.0)
    pt, eta, phi = (ak.Array([values]) for values in ([98.0, 1.0, 1.0], [0.0, 0.7, 0.7], [0.0, -0.2, -0.2]))
    assert jet_images(pt, eta, phi, preset=preset)[0, 1, 3, 0] == pytest.approx(0.02)


def test_sums_of_the_colour_channels_are_those_of_the_jet():
    preset = replace(PRESETS["colour"], half_width=2.0, normalise=None)
    images = jet_images(*jagged(PT, ETA, PHI), preset=preset, charge=ak.unflatten(CHARGE, COUNTS))
    pt, charge = jagged(PT, CHARGE)
    sums = (ak.sum(pt[charge != 0], axis=1), ak.sum(pt[charge == 0], axis=1), ak.sum(charge != 0, axis=1))
    np.testing.assert_allclose(images.sum(axis=(1, 2)).T, sums, rtol=1e-5)


def test_colours_of_padding_are_dark():
    np.testing.assert_array_equal(
        colour_channels(np.array([3.0, 0.0, 2.0]), np.array([-1, 1, 0])).sum(axis=1), [3, 2, 1]
    )


def test_calorimeter_channels_share_the_pt():
    fraction = np.random.default_rng(2).uniform(0, 1, len(PT))
    preset = replace(PRESETS["deep_top"], channels="calorimeter")
    images = jet_images(*jagged(PT, ETA, PHI), preset=preset, electromagnetic=ak.unflatten(fraction, COUNTS))
    np.testing.assert_allclose(images.sum(axis=-1, keepdims=True), jet_images(*jagged(PT, ETA, PHI)), atol=1e-6)
    np.testing.assert_allclose(calorimeter_channels(PT, fraction)[0], PT * fraction)
    with pytest.raises(DataError, match=r"between 0 and 1; received 1\.5"):
        calorimeter_channels(PT[:2], np.array([0.2, 1.5]))


def test_towers():
    eta, phi = np.array([0.0, 0.099, 0.1, -0.001, 2.55]), np.array([0.0, 0.08, -1e-17, np.pi, -np.pi])
    new_eta, new_phi = to_towers(eta, phi)
    np.testing.assert_allclose(new_eta, [0.05, 0.05, 0.15, -0.05, 2.55])
    np.testing.assert_allclose(np.degrees(new_phi), [2.5, 2.5, 2.5, -177.5, -177.5])
    rng = np.random.default_rng(4)
    eta, phi = rng.uniform(-3, 3, 5000), rng.uniform(-np.pi, np.pi, 5000)
    new_eta, new_phi = to_towers(eta, phi, eta_width=0.5, phi_towers=7)
    assert np.abs(new_eta - eta).max() <= 0.25
    assert np.abs((new_phi - phi + np.pi) % (2 * np.pi) - np.pi).max() <= np.pi / 7 + 1e-12
    assert len(np.unique(new_eta.round(9))) == 12
    assert len(np.unique(new_phi.round(9))) == 7


def test_tower_images_have_a_pixel_for_each_tower():
    """Without rotation towers in eta stay apart: as many columns are lit as towers are hit."""
    images = jet_images(*jagged(PT, ETA, PHI), preset="towers")
    for jet in (1, 4, 5):
        eta, _ = to_towers(ETA[OFFSETS[jet] : OFFSETS[jet + 1]], 0 * PHI[OFFSETS[jet] : OFFSETS[jet + 1]])
        assert len(np.unique(eta.round(6))) == images[jet, ..., 0].any(axis=0).sum()


def test_leading_subjets():
    pt, eta, phi = two_prongs(angle=1.0)
    first, second = leading_subjets(pt, eta, phi)
    np.testing.assert_allclose(first[0], [0.4, 3.1], atol=0.02)
    np.testing.assert_allclose(second[0], [0.4 + 0.5 * np.cos(1.0), 3.1 + 0.5 * np.sin(1.0)], atol=0.02)
    first, second = leading_subjets(ak.Array([[], [5.0]]), ak.Array([[], [0.1]]), ak.Array([[], [0.2]]))
    np.testing.assert_allclose(first, [[np.nan, np.nan], [0.1, 0.2]])
    assert np.isnan(second).all()


def test_leading_subjets_are_the_hardest_of_the_clustering():
    jets = random_jets([1, 2, 30, 60, 100], seed=5, spread=0.6)
    pt, eta, phi = transverse_momentum(jets), pseudorapidity(jets), azimuth(jets)
    found = leading_subjets(pt, eta, phi, radius=0.2)
    momenta = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    history = cluster(ak.zip(momenta), "kt", radius=0.2)
    for jet, (begin, end) in enumerate(itertools.pairwise(history.offsets)):
        rows = begin + np.flatnonzero(history.parents[begin:end, 1] == BEAM)
        hardest = rows[np.argsort(-np.hypot(*history.momentum[rows, :2].T))]
        assert jet == 0 or len(rows) > 1
        for direction, row in zip(found, hardest, strict=False):
            assert direction[jet].tolist() == [history.rapidity[row], history.azimuth[row]]


@pytest.mark.parametrize("angle", [0.0, 1.2, 2.9, 4.5])
def test_second_subjet_lies_below_the_first(angle):
    image = jet_images(*two_prongs(angle), preset=replace(PRESETS["subjets"], normalise="sum"))[0, ..., 0]
    # Pixels of 0.1: the first subjet fills the middle, the second lies five rows further down.
    assert image[11:14, 11:14].sum() == pytest.approx(2 / 3, abs=0.05)
    assert image[6:9, 11:14].sum() == pytest.approx(1 / 3, abs=0.05)
    assert image[:, 12:].sum() >= image[:, :12].sum()


def test_threads_do_not_change_the_images():
    pt, eta, phi = jagged(PT, ETA, PHI)
    for preset in ("deep_top", "subjets"):
        one, many = (jet_images(pt, eta, phi, preset=preset, threads=threads) for threads in (1, 9))
        np.testing.assert_array_equal(one, many)


def test_what_does_not_fit_is_refused():
    pt, eta, phi = jagged(PT, ETA, PHI)
    with pytest.raises(DataError, match="'deep_tops'; did you mean 'deep_top'"):
        jet_images(pt, eta, phi, preset="deep_tops")
    with pytest.raises(DataError, match="'colour' need 'charge'"):
        jet_images(pt, eta, phi, preset="colour")
    with pytest.raises(DataError, match="'eta' must have one value for each constituent"):
        jet_images(pt, eta[:, 1:], phi)
    with pytest.raises(DataError, match="'phi' must be finite; jet 1 has"):
        jet_images(pt, eta, ak.where(ak.local_index(phi) == 20, np.nan, phi))
    with pytest.raises(DataError, match="must not be negative"):
        jet_images(-pt, eta, phi)
    with pytest.raises(DataError, match="threads must be at least 1; received 0"):
        jet_images(pt, eta, phi, threads=0)
