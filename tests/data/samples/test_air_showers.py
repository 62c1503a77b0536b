"""The sample `air-showers`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import integrate
from scipy.special import gamma as gamma_function

from benchmarks.samples.air_showers import (
    distances,
    draw,
    energy_index,
    fit_slopes,
    quantities,
    signal_at_1000,
    slope_at_1000,
)
from keras_hep.data.samples.air_shower import (
    Front,
    Model,
    Showers,
    attenuation,
    curvature,
    depth_of_maximum,
    front,
    lateral,
    mean_depth,
    respond,
)
from keras_hep.data.samples.recipes.air_showers import CARD, CLASSES, SAMPLE, stations
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError


def make(label: int, entries: int, seed: int = 1, **options: Any) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 2, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def showers() -> ak.Array:
    return ak.concatenate([make(label, 6000) for label in (0, 1)])


def tilted(count: int, energy: float = 30.0, mass: int = 4, seed: int = 1) -> Showers:
    rng = np.random.default_rng(seed)
    sin, azimuth = rng.uniform(0, 0.85, count), rng.uniform(-3, 3, count)
    axis = np.stack([sin * np.cos(azimuth), sin * np.sin(azimuth), np.sqrt(1 - sin**2)], axis=1)
    core = rng.uniform(-700, 700, (count, 2))
    return Showers(np.full(count, energy), np.full(count, mass), rng.uniform(700, 850, count), axis, core)


# Depth of the maximum


@pytest.mark.parametrize("mass", [1, 14, 56])
def test_depths_follow_the_generalised_gumbel_distribution(mass: int) -> None:
    energy, of = np.full(200_000, 10.0), np.full(200_000, mass)
    drawn = depth_of_maximum(energy, of, np.random.default_rng(1))
    # Parameters at 10 EeV, EPOS-LHC, arXiv:1305.2331.
    power = np.array([1.0, np.log(mass), np.log(mass) ** 2])
    mu = power @ [775.457, -10.3991, -1.75261]
    sigma = power @ [32.2632, 3.94252, -0.864421]
    shape = power @ [0.641093, 0.219762, 0.171124]

    def density(x: float) -> float:
        z = (x - mu) / sigma
        return float(shape**shape / gamma_function(shape) / sigma * np.exp(-shape * z - shape * np.exp(-z)))

    for a, b in ((600, 700), (700, 760), (760, 820), (820, 1000)):
        expected = integrate.quad(density, a, b)[0]
        assert np.mean((drawn > a) & (drawn < b)) == pytest.approx(expected, abs=0.005)
    assert drawn.mean() == pytest.approx(float(mean_depth(energy[:1], of[:1])[0]), abs=0.4)


def test_the_elongation_rate_is_known_and_iron_develops_early() -> None:
    energy = 10.0 ** np.array([0.5, 1.5])
    proton, iron = (mean_depth(energy, np.full(2, mass)) for mass in (1, 56))
    assert proton[1] - proton[0] == pytest.approx(56, abs=3)
    assert iron[1] - iron[0] == pytest.approx(60, abs=5)
    assert (proton - iron > 80).all() and (proton - iron < 110).all()
    assert proton.mean() == pytest.approx(806, abs=6)


# Footprints


def test_the_grid_is_triangular() -> None:
    place = stations()
    assert place.shape == (81, 2) and place[40] == pytest.approx([0, 0])
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() == pytest.approx(1500)
    inner = (np.abs(place) < 4000).all(axis=1)
    assert (np.isclose(apart, 1500).sum(axis=1)[inner] == 6).all()


def test_fronts_are_spheres_around_their_source() -> None:
    some, model = tilted(20), Model(time_offset=7.0)
    arriving = front(some, stations(), model)
    radius = curvature(some.depth, some.axis[:, 2], model)
    source = np.pad(some.core, ((0, 0), (0, 1))) + radius[:, None] * some.axis
    ground = np.pad(stations(), ((0, 0), (0, 1)))
    way = np.linalg.norm(ground[None] - source[:, None], axis=2)
    assert arriving.time == pytest.approx((way - radius[:, None]) / 0.299792458 + 7.0)
    # Far away from the source it is a plane; the first particles come from well above the array.
    assert (radius > 5000).all()
    vertical = curvature(np.array([780.0]), np.array([1.0]), model)
    assert vertical == pytest.approx(8400 * np.log(1030 / 312) - 1400)


def test_distances_are_to_the_axis() -> None:
    some = tilted(10)
    arriving = front(some, stations(), Model())
    ground = np.pad(stations(), ((0, 0), (0, 1)))
    offset = ground[None] - np.pad(some.core, ((0, 0), (0, 1)))[:, None]
    across = np.linalg.norm(np.cross(offset, some.axis[:, None]), axis=2)
    assert arriving.distance == pytest.approx(across)


def test_the_signal_at_1000_m_follows_energy_zenith_and_mass() -> None:
    model = Model()
    at = np.array([[1000.0, 0.0]])

    def signal(
        energy: float = 10.0, mass: int = 1, zenith: float = 0.0, depth: float | None = None, **changes: Any
    ) -> float:
        of = np.array([mass])
        middle = (mean_depth(np.array([energy]), np.array([1])) + mean_depth(np.array([energy]), np.array([56]))) / 2
        # Tilted around the line from core to station, which so stays 1000 m from the axis.
        axis = np.array([[0.0, np.sin(zenith), np.cos(zenith)]])
        shower = Showers(np.array([energy]), of, middle if depth is None else np.array([depth]), axis, np.zeros((1, 2)))
        return float(front(shower, at, replace(model, **changes)).signal[0, 0])

    # A mass between proton and iron at 38 degrees: S38 = (E / 0.190 EeV)^(1 / 1.025).
    mean = (signal(mass=1, zenith=np.radians(38)) + signal(mass=56, zenith=np.radians(38))) / 2
    assert mean == pytest.approx((10 / 0.190) ** (1 / 1.025), rel=0.02)
    assert np.log(signal(100.0) / signal(10.0)) / np.log(10) == pytest.approx(1 / 1.025, rel=1e-6)
    assert signal(mass=56) / signal(mass=1) > 1.1
    assert signal(depth=850.0) > signal(depth=700.0)
    for zenith in (0.3, 1.0):
        ratio = signal(zenith=zenith) / signal(zenith=np.radians(38))
        assert ratio == pytest.approx(float(attenuation(np.array(np.cos(zenith)), model)), rel=0.1)
    # What the simulation gets wrong: each of its changes makes signals smaller at 60 degrees.
    inclined = signal(zenith=1.05)
    assert signal(zenith=1.05, muon_scale=0.75) < 0.85 * inclined
    assert signal(zenith=1.05, em_attenuation=0.15) < inclined
    assert signal(zenith=0.0, em_attenuation=0.15) > signal(zenith=0.0)


def test_the_lateral_distribution_is_a_power_with_two_slopes() -> None:
    assert lateral(np.array([1000.0]), np.array([-2.0])) == pytest.approx(1.0)
    assert lateral(np.array([2000.0]), np.array([-2.0])) == pytest.approx((2.0 * 2700 / 1700) ** -2.0)
    assert lateral(np.array([0.0]), np.array([-2.0])) == lateral(np.array([100.0]), np.array([-2.0]))


def test_stations_fluctuate_as_told() -> None:
    count, mean, distance = 40_000, 25.0, 800.0
    model = Model(muon_spread=0.0)
    flat = np.full((count, 1), 1.0)
    seen = respond(
        Front(distance * flat, mean * flat, 10 * flat, 500 * flat), np.ones(count), model, np.random.default_rng(2)
    )
    assert seen.signal.mean() == pytest.approx(mean, rel=0.01)
    assert seen.signal.std() == pytest.approx(0.80 * 5.0, rel=0.02)
    assert seen.time.mean() == pytest.approx(500, abs=1)
    assert seen.time.std() == pytest.approx(np.hypot(15, 120 * 0.8 / 5.0), rel=0.03)
    # Muons of a shower fluctuate together.
    two = np.full((count, 2), 1.0)
    spread = respond(
        Front(distance * two, 1e4 * two, 1e4 * two, two), np.ones(count), Model(), np.random.default_rng(3)
    )
    assert np.corrcoef(spread.signal.T)[0, 1] > 0.95
    assert spread.signal.mean() == pytest.approx(1e4, rel=0.01)
    assert np.log(spread.signal[:, 0]).std() == pytest.approx(0.12, rel=0.05)


# The sample


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    for label in (0, 1):
        first, again, other = make(label, 10), make(label, 10), make(label, 10, seed=2)
        assert ak.array_equal(first, again)
        assert not np.isin(ak.to_numpy(first.energy), ak.to_numpy(other.energy)).any()


def test_branches_are_those_of_the_card(showers: ak.Array) -> None:
    assert set(showers.fields) == set(SAMPLE.card["branches"])
    kinds = {name: str(showers[name].type.content) for name in showers.fields}
    assert kinds.pop("event") == "int64" and kinds.pop("label") == kinds.pop("mass") == "int32"
    assert kinds.pop("status") == "9 * 9 * int8"
    assert kinds.pop("signal") == kinds.pop("time") == "9 * 9 * float32"
    assert (kinds.pop("axis"), kinds.pop("core")) == ("3 * float32", "2 * float32")
    assert set(kinds.values()) == {"float32"}
    assert showers.label.tolist() == [0] * 6000 + [1] * 6000
    assert len(np.unique(ak.to_numpy(showers.event))) == len(showers) and len(CLASSES) == 2


def test_status_signal_and_time_belong_together(showers: ak.Array) -> None:
    signal, time, status = (ak.to_numpy(showers[name]) for name in ("signal", "time", "status"))
    assert ((signal >= 3) == (status > 0)).all() and not signal[status == 0].any() and not time[status == 0].any()
    assert (signal[status == 2] == 1000).all() and signal[status == 1].max() < 1000 and (status == 2).any()
    seen = (status > 0).sum(axis=(1, 2))
    assert seen.min() >= 3
    assert (time >= 0).all() and (np.where(status > 0, time, np.inf).min(axis=(1, 2)) == 0).all()


def test_truth_is_drawn_as_the_card_says(showers: ak.Array) -> None:
    log_energy, zenith = (ak.to_numpy(showers[name]) for name in ("log_energy", "zenith"))
    assert log_energy.min() >= 18.5 and log_energy.max() <= 20.0
    # Above 10^18.8 eV nearly all showers are seen.
    high = log_energy[log_energy > 18.8]
    assert high.mean() == pytest.approx(19.4, abs=0.02)
    np.testing.assert_allclose(10 ** (log_energy - 18), ak.to_numpy(showers.energy), rtol=1e-4)
    sure = zenith[log_energy > 19.2]
    assert np.mean(np.sin(sure) ** 2) == pytest.approx(0.75 / 2, abs=0.01) and zenith.max() <= 1.0473
    axis = ak.to_numpy(showers.axis)
    np.testing.assert_allclose(np.linalg.norm(axis, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.arccos(axis[:, 2]), zenith, atol=2e-3)
    assert np.abs(ak.to_numpy(showers.core)).max() <= 750
    mass, number = np.unique(ak.to_numpy(showers.mass), return_counts=True)
    assert mass.tolist() == [1, 4, 14, 56] and number / 12_000 == pytest.approx(0.25, abs=0.02)
    iron = make(0, 200, composition="iron", zenith_max=0.2, log_energy_min=19.0, log_energy_max=19.0)
    assert ak.all(iron.mass == 56) and ak.max(iron.zenith) <= 0.2 and np.allclose(ak.to_numpy(iron.energy), 10.0)


def test_the_direction_can_be_found_from_the_times(showers: ak.Array) -> None:
    place = stations()
    some = showers[(showers.label == 0) & (showers.log_energy > 19.5)][:20]
    for shower, distance in zip(some, distances(some), strict=True):
        seen = ak.to_numpy(shower.status).ravel() > 0
        # A front that bends with the distance to the axis: t = t0 - (axis . x) / c + d^2 / (2 R c).
        square = distance.ravel()[seen] ** 2 / 1e6
        design = np.column_stack([np.ones(seen.sum()), -place[seen] / 0.299792458, square])
        fitted = np.linalg.lstsq(design, ak.to_numpy(shower.time).ravel()[seen].astype(float), rcond=None)[0]
        assert fitted[1:3] == pytest.approx(ak.to_numpy(shower.axis)[:2], abs=0.03)


def test_slopes_and_the_energy_relation_are_recovered(showers: ak.Array) -> None:
    for label, model in ((0, CARD.data), (1, CARD.simulation)):
        some = showers[showers.label == label]
        for low, high in ((0.0, 0.5), (0.7, 1.05)):
            part = some[(some.zenith > low) & (some.zenith < high) & (some.log_energy > 19.2)]
            expected = slope_at_1000(ak.to_numpy(part.zenith).astype(float), model).mean()
            assert fit_slopes(part) == pytest.approx(expected, abs=0.12)
        assert energy_index(some, model) == pytest.approx(1.025, abs=0.02)
    assert distances(showers[:5]).shape == (5, 9, 9)


def test_the_simulation_differs_in_the_documented_way(showers: ak.Array) -> None:
    cos = np.cos(ak.to_numpy(showers.zenith).astype(float))
    size = signal_at_1000(showers, CARD.data) / ak.to_numpy(showers.energy) ** (1 / 1.025)
    label = ak.to_numpy(showers.label)
    good = np.isfinite(size) & (ak.to_numpy(showers.log_energy) > 18.8)

    def ratio(low: float, high: float) -> float:
        data, simulation = (np.median(size[good & (label == k) & (cos > low) & (cos < high)]) for k in (0, 1))
        return float(simulation / data)

    # A quarter of the muons is missing: little of vertical showers, much of inclined ones.
    muons, rise = 0.45, 1 / 0.95 - 1 / np.cos(np.radians(38))
    part = muons + 0.6 * rise
    assert ratio(0.9, 1.0) == pytest.approx(1 - part * 0.25 + (1 - part) * (np.exp(-0.15 * rise) - 1), abs=0.04)
    assert ratio(0.5, 0.6) < ratio(0.9, 1.0) - 0.08
    data, simulation = (showers[showers.label == k] for k in (0, 1))
    assert ak.mean(data.depth) == pytest.approx(ak.mean(simulation.depth), abs=3)


def test_the_look_finds_what_it_expects(showers: ak.Array) -> None:
    for quantity in quantities(showers):
        if " " not in quantity.expected:
            # The slope of 1500 depths that scatter by 60 g/cm2 has an error of 4 g/cm2.
            rel = 0.2 if "elongation" in quantity.name else 0.05
            assert quantity.measured == pytest.approx(float(quantity.expected), rel=rel), quantity.name
    figure = plt.figure()
    draw(showers, figure)
    assert len(figure.axes) == 7
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"log_energy_min": 15.0}, "log_energy_min must lie between 18 and 20.5; received 15"),
        ({"log_energy_min": 20.2}, "log_energy_min must not be above log_energy_max; received 20.2 and 20"),
        ({"zenith_max": 60.0}, "zenith_max must lie between 0 and 1.05; received 60"),
        ({"composition": "photon"}, "composition must be one of mixed, proton, .*; received 'photon'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(0, 1, **options)
