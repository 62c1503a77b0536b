"""The sample `pixel-hits`, and charge in silicon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.samples.pixel_hits import draw, find_clusters, image_of, normal_incidence, peak, quantities
from keras_hep.data.samples.recipes.pixel_hits import (
    CARD,
    SAMPLE,
    charged_tracks,
    soft_electrons,
    synchrotron_photons,
)
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.silicon import Crossings, Sensor, digitise, landau, most_probable_loss
from keras_hep.errors import DataError


def make(entries: int, seed: int = 1, **options: Any) -> ak.Array:
    request = ShardRequest(0, 0, entries, seed, 1, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def maps() -> ak.Array:
    return make(60)


def crossings(
    count: int, u: float, v: float, slope_u: float = 0.0, slope_v: float = 0.0, energy: float = 0.0
) -> Crossings:
    return Crossings(np.arange(count), *(np.full(count, value) for value in (u, v, slope_u, slope_v, energy)))


# Silicon


def test_landau_numbers_have_the_quantiles_and_the_mode_of_landau() -> None:
    drawn = landau(400_000, np.random.default_rng(1))
    # Quantiles of Landau's density, from its integral.
    assert np.quantile(drawn, [0.1, 0.25, 0.5, 0.75]) == pytest.approx([-1.0923, -0.2046, 1.3558, 4.4584], abs=0.02)
    number, edges = np.histogram(drawn, np.linspace(-2, 2, 81))
    fit = np.polyfit((edges[1:] + edges[:-1])[24:48] / 2, number[24:48], 2)
    assert -fit[1] / fit[0] / 2 == pytest.approx(-0.223, abs=0.05)


def test_landau_pieces_add_up_to_the_whole() -> None:
    # n pieces of xi / n with the most probable loss of a piece, against one piece of xi.
    rng, count, pieces, length = np.random.default_rng(2), 40_000, 25, np.array(0.075)
    xi = 0.017825 * 75
    whole = most_probable_loss(length) + xi * (landau(count, rng) + 0.22278)
    part = most_probable_loss(length / pieces) + xi / pieces * (landau(count * pieces, rng) + 0.22278)
    sums = part.reshape(count, pieces).sum(axis=1)
    assert np.quantile(sums, [0.1, 0.5, 0.8]) == pytest.approx(np.quantile(whole, [0.1, 0.5, 0.8]), rel=0.01)


def test_the_most_probable_loss_is_that_of_thin_silicon() -> None:
    # 300 um: 84 keV by Landau and Vavilov with the full density effect (Review of Particle Physics).
    assert most_probable_loss(np.array(0.300)) == pytest.approx(84, rel=0.02)
    assert most_probable_loss(np.array(0.075)) / 0.075 < most_probable_loss(np.array(0.300)) / 0.300


def test_charge_at_right_angles_peaks_where_it_should() -> None:
    pixels = normal_incidence(20_000)
    whole = np.bincount(pixels.frame, weights=pixels.charge)
    expected = float(most_probable_loss(np.array(0.075))) / 0.00365 / 130
    assert peak(whole, 8.0) == pytest.approx(expected, rel=0.015)
    # A long tail, to one side.
    assert np.quantile(whole, 0.95) - expected > 4 * (expected - np.quantile(whole, 0.05))
    # Only a charge cloud of 6 um spreads it: one pixel in the middle of 50 um x 60 um, two at an edge, never many.
    size = np.bincount(pixels.frame)
    assert 1.2 < size.mean() < 1.8 and size.max() <= 6


def test_slanting_paths_make_long_clusters_and_more_charge() -> None:
    rng, sensor = np.random.default_rng(3), CARD.sensor
    for slope_u, slope_v in ((8.0, 0.0), (0.0, -8.0)):
        pixels = digitise(crossings(500, 6.0, 20.0, slope_u, slope_v), sensor, rng)
        rows, columns = (
            np.array([np.ptp(v[pixels.frame == i]) + 1 for i in range(500)]) for v in (pixels.row, pixels.column)
        )
        # 8 x 75 um are 12 rows of 50 um, or 10 columns of 60 um, and the ends.
        assert np.median(rows if slope_u else columns) == pytest.approx(12.5 if slope_u else 10.5, abs=1.0)
        assert np.median(columns if slope_u else rows) <= 2
        whole = np.bincount(pixels.frame, weights=pixels.charge, minlength=500)
        long = float(most_probable_loss(np.array(0.075 * np.sqrt(65)))) / 0.00365 / 130
        assert np.median(whole) == pytest.approx(long, rel=0.15)
        assert (
            (pixels.row == 120).sum() > 0 and abs(pixels.row.mean() - 119.5) < 1 and abs(pixels.column.mean() - 333) < 1
        )


def test_photons_give_their_energy_to_one_pixel() -> None:
    sensor = Sensor(noise=0.0, diffusion=0.0)
    pixels = digitise(crossings(50, 1.025, 2.03, energy=10.0), sensor, np.random.default_rng(4))
    assert pixels.frame.tolist() == list(range(50))
    assert set(pixels.row.tolist()) == {20} and set(pixels.column.tolist()) == {33}
    assert set(pixels.charge.tolist()) == {int(10 / 0.00365 / 130)}
    # Below threshold nothing, above the converter's range its largest number.
    assert len(digitise(crossings(5, 1.0, 2.0, energy=3.0), sensor, np.random.default_rng(4)).frame) == 0
    assert set(digitise(crossings(5, 1.025, 2.03, energy=500.0), sensor, np.random.default_rng(4)).charge) == {255}


def test_noise_and_threshold() -> None:
    sensor = Sensor(noise=2.0, diffusion=0.0)
    seen = digitise(
        crossings(20_000, 1.025, 2.03, energy=20.5 * 0.00365 * 130), sensor, np.random.default_rng(5)
    ).charge
    assert seen.mean() == pytest.approx(20.0, abs=0.05) and seen.std() == pytest.approx(2.0, rel=0.05)
    faint = digitise(crossings(20_000, 1.025, 2.03, energy=7.0 * 0.00365 * 130), sensor, np.random.default_rng(5))
    assert len(faint.frame) == pytest.approx(10_000, abs=400) and faint.charge.min() == 7


# Sources


def test_electrons_cross_at_the_angle_of_their_circle() -> None:
    found = soft_electrons(3000, np.random.default_rng(6))
    assert len(np.unique(found.frame)) == 3000 and found.frame.max() == 2999
    assert (found.u >= 0).all() and (found.u < 12.5).all() and (found.v >= 0).all() and (found.v < 46.08).all()
    # sin(angle) = radius / (2 bending radius), at most that of the softest electron.
    tangent = np.abs(found.slope_u)
    softest = 14.0 / (2 * 0.0033 / (0.299792458e-3 * 1.5))
    assert tangent.max() <= softest / np.sqrt(1 - softest**2) + 1e-9
    # The spectrum falls as pT^-3, so (sine / largest sine)^2 is flat where the sensor's length does not choose.
    long = replace(CARD, sensor=Sensor(columns=10**6), eta_max=0.5)
    tangent = soft_electrons(3000, np.random.default_rng(6), long).slope_u
    sine = tangent / np.hypot(1, tangent)
    assert np.mean((sine / softest) ** 2) == pytest.approx(0.5, abs=0.03)
    assert len(found.frame) > 3000
    # One turn from z = 0: going out (slope_v > 0) after half of the angle turned, or coming back, at the height that
    # a helix has there: z = 2 R (half angle) cot(theta), with 2 R = radius / sin(half angle).
    once = soft_electrons(2000, np.random.default_rng(7), replace(CARD, turns=1, beam_z=0.0))
    half = np.arctan(np.abs(once.slope_u))
    half = np.where(once.slope_v > 0, half, np.pi - half)
    np.testing.assert_allclose(once.v, 14.0 * half / np.sin(half) * once.slope_v * np.cos(half), rtol=1e-9)
    assert 0.02 < np.mean(once.slope_v < 0) < 0.5
    assert np.mean(found.slope_u > 0) == pytest.approx(0.5, abs=0.03)


def test_photons_and_tracks_have_the_cards_spectra() -> None:
    photons = synchrotron_photons(20_000, np.random.default_rng(7))
    assert photons.energy.mean() == pytest.approx(5.0, rel=0.03)
    length, scale = 46.08, 30.0
    mean = scale - length / np.expm1(length / scale)
    assert photons.v.mean() == pytest.approx(mean, rel=0.02) and photons.v.max() < length
    tracks = charged_tracks(20_000, np.random.default_rng(8))
    assert np.abs(tracks.slope_v).mean() == pytest.approx(2.5, rel=0.03)
    assert tracks.slope_u.std() == pytest.approx(0.4, rel=0.03)


# The sample


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    first, again, other = make(3), make(3), make(3, seed=2)
    assert ak.array_equal(first, again)
    assert ak.flatten(first.pixel.row).tolist() != ak.flatten(other.pixel.row).tolist()
    calls: list[int] = []
    request = ShardRequest(0, 2, 21, 1, 1, {**SAMPLE.options, "occupancy": 1e-4})
    shard = SAMPLE.make_shard(request, lambda: calls.append(1))
    assert len(calls) == 2 and shard.event.tolist() == list(range(2_000_000, 2_000_021)) and ak.all(shard.label == 0)


def test_branches_are_those_of_the_card(maps: ak.Array) -> None:
    dense = make(2, dense=True)
    documented = set(SAMPLE.card["branches"])
    pixel = {f"pixel_{name}" for name in maps.pixel.fields}
    assert set(maps.fields) - {"pixel"} | pixel == documented - {"image"}
    assert set(dense.fields) == documented - pixel
    kinds = {name: str(maps[name].type.content) for name in maps.fields if name != "pixel"}
    assert kinds.pop("event") == "int64" and kinds.pop("occupancy") == "float32" and set(kinds.values()) == {"int32"}
    assert {str(maps.pixel[name].type.content) for name in maps.pixel.fields} == {"var * int32"}
    assert str(dense.image.type.content) == "250 * 768 * float32"


def test_dense_and_sparse_maps_are_the_same() -> None:
    sparse, dense = make(3), make(3, dense=True)
    for one, other in zip(sparse, dense, strict=True):
        assert (image_of(one) == ak.to_numpy(other.image)).all()


def test_pixels_are_sorted_and_in_range(maps: ak.Array) -> None:
    pixel = maps.pixel
    key = pixel.row * 768 + pixel.column
    assert ak.all(key[:, 1:] > key[:, :-1])
    assert ak.all((pixel.row >= 0) & (pixel.row < 250) & (pixel.column >= 0) & (pixel.column < 768))
    assert ak.min(pixel.charge) == 7 and ak.max(pixel.charge) <= 255
    np.testing.assert_allclose(ak.to_numpy(maps.occupancy), ak.to_numpy(ak.num(pixel)) / 192_000, rtol=1e-6)


@pytest.mark.parametrize("occupancy", [0.003, 0.01])
def test_the_occupancy_is_what_was_asked_for(occupancy: float) -> None:
    seen = ak.to_numpy(make(60, occupancy=occupancy).occupancy)
    # Sixty maps with a spread of a quarter; overlaps take little.
    assert seen.mean() == pytest.approx(occupancy, rel=0.10)
    assert seen.std() / seen.mean() == pytest.approx(0.25, abs=0.08)


def test_the_parts_of_the_sources_are_those_of_the_card(maps: ak.Array) -> None:
    number = np.array([ak.sum(maps[name]) for name in ("electrons", "photons", "tracks")])
    assert number / number.sum() == pytest.approx([0.6, 0.3, 0.1], abs=0.01)
    # Photons gather where the sensor begins, and so make the map uneven.
    assert ak.mean(maps.pixel.column) < 384


def test_clusters_look_like_background(maps: ak.Array) -> None:
    clusters = find_clusters(maps[:20])
    assert 0.15 < (clusters.size == 1).mean() < 0.5 and 2 < clusters.size.mean() < 6
    assert clusters.size.max() > 10 and clusters.columns.max() > clusters.rows.max()
    for quantity in quantities(maps):
        if " to " not in quantity.expected:
            assert quantity.measured == pytest.approx(float(quantity.expected), rel=0.1), quantity.name
    figure = plt.figure()
    draw(maps, figure)
    assert len(figure.axes) == 7
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"occupancy": 0.5}, "occupancy must lie between 1e-05 and 0.1; received 0.5"),
        ({"occupancy": "much"}, "occupancy must be a number from 1e-05 to 0.1; received 'much'"),
        ({"dense": 1}, "dense must be true or false; received 1"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(1, **options)


def test_another_card_moves_the_sensor() -> None:
    far = soft_electrons(300, np.random.default_rng(9), replace(CARD, pt_min=0.02))
    assert np.abs(far.slope_u).max() < 0.2
