import sys
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import integrate, optimize, stats

from benchmarks.samples.detector_arrays import angles, charges, draw, light_length, quantities, vectors
from keras_hep.data.samples.cherenkov import (
    SPEED_OF_LIGHT,
    Optics,
    cascade_light,
    scattering_delay,
    track_light,
)
from keras_hep.data.samples.muon_losses import MuonLosses, energy_at, propagate
from keras_hep.data.samples.recipes.detector_arrays import CARD, SAMPLE, sensor_positions
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

OPTICS = Optics()


def make(label: int, entries: int, seed: int = 1, **options: object) -> ak.Array:
    request = ShardRequest(label, 0, entries, seed, 2, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make(label, 600) for label in (0, 1)])


def test_a_shard_is_a_pure_function_of_its_request(events: ak.Array) -> None:
    for label in (0, 1):
        assert ak.array_equal(make(label, 600), events[events.label == label])
        other = make(label, 20, seed=2)
        assert not np.isin(ak.to_numpy(other.energy), ak.to_numpy(events.energy)).any()


def test_branches_are_those_of_the_card(events: ak.Array) -> None:
    produced = {}
    for name in events.fields:
        if name == "hit":
            produced |= {f"hit_{field}": str(events.hit[field].type.content.content) for field in events.hit.fields}
        else:
            produced[name] = str(events[name].type.content)
    assert set(produced) == set(SAMPLE.card["branches"])
    special = {"event": "int64", "label": "int32", "hit_sensor": "int32", "hit_signal": "int8"}
    assert produced == {name: special.get(name, "float32") for name in produced}
    assert len(np.unique(ak.to_numpy(events.event))) == len(events)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"geometry": "cube"}, "square, hexagonal; received 'cube'"), ({"noise": -1.0}, "noise"), ({"noise": 1e3}, "100")],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(0, 2, **options)


@pytest.mark.parametrize(("geometry", "strings"), [("square", 25), ("hexagonal", 19)])
def test_neighbouring_strings_and_sensors_have_their_distances(geometry: str, strings: int) -> None:
    sensors = sensor_positions(geometry)
    assert sensors.shape == (strings * 16, 3)
    assert sensors.mean(axis=0) == pytest.approx(0, abs=1e-9)
    place = sensors.reshape(strings, 16, 3)
    assert np.diff(place[:, :, 2], axis=1) == pytest.approx(CARD.spacing)
    assert np.ptp(place[:, :, :2], axis=1).max() == 0
    ground = place[:, 0, :2]
    distance = np.linalg.norm(ground[:, None] - ground, axis=2)
    neighbours = np.isclose(distance, CARD.strings).sum(axis=1)
    assert distance[distance > 0].min() == pytest.approx(CARD.strings)
    assert neighbours.max() == {"square": 4, "hexagonal": 6}[geometry]
    assert neighbours.min() == {"square": 2, "hexagonal": 3}[geometry]


def test_the_grid_of_the_square_array_is_in_the_order_of_the_sensors() -> None:
    grid = sensor_positions("square").reshape(5, 5, 16, 3)
    assert grid[3, 1, 7] == pytest.approx([CARD.strings, -CARD.strings, -CARD.spacing / 2])


def test_light_leaves_a_track_at_the_cherenkov_angle() -> None:
    assert 41 < np.degrees(OPTICS.angle) < 42
    rng = np.random.default_rng(1)
    start, aim = rng.uniform(-100, 100, (6, 3)), rng.standard_normal((6, 3))
    aim /= np.linalg.norm(aim, axis=1, keepdims=True)
    sensors = rng.uniform(-100, 100, (8, 3))
    light, emitted = track_light(start, aim, np.full(6, 1e4), sensors, OPTICS)
    for t, s in np.ndindex(6, 8):

        def beyond(along: float, t: int = t, s: int = s) -> float:
            ray = sensors[s] - start[t] - along * aim[t]
            return float(ray @ aim[t] / np.linalg.norm(ray)) - 1 / OPTICS.phase_index

        found = optimize.brentq(beyond, -1e5, float((sensors[s] - start[t]) @ aim[t]))
        path = np.linalg.norm(sensors[s] - start[t] - found * aim[t])
        assert emitted[t, s] == pytest.approx(found, abs=1e-3)
        assert light.path[t, s] == pytest.approx(path, abs=1e-3)
        assert light.time[t, s] == pytest.approx((found + path * OPTICS.group_index) / SPEED_OF_LIGHT, abs=0.01)
        assert (light.mean[t, s] > 0) == (found > 0)


def test_all_photons_of_a_track_cross_a_cylinder_around_it() -> None:
    # Without attenuation: flux times the lit area, seen along the rays, is what a metre of track emits.
    light, _ = track_light(
        np.zeros((1, 3)), np.array([[0, 0, 1.0]]), np.array([1e4]), np.array([[30.0, 0, 500]]), OPTICS
    )
    flux = light.mean[0, 0] / OPTICS.area * np.exp(light.path[0, 0] / OPTICS.attenuation)
    assert flux * np.sin(OPTICS.angle) * 2 * np.pi * 30 == pytest.approx(OPTICS.photons)


def test_a_track_lights_only_what_its_cone_reaches() -> None:
    sensors = np.array([[10.0, 0, z] for z in (0.0, 5, 50, 109, 120, 200)])
    light, emitted = track_light(np.zeros((1, 3)), np.array([[0, 0, 1.0]]), np.array([100.0]), sensors, OPTICS)
    assert emitted[0] == pytest.approx(sensors[:, 2] - 10 / np.tan(OPTICS.angle))
    assert (light.mean[0] > 0).tolist() == [False, False, True, True, False, False]


def test_shower_light_is_conserved_and_peaks_at_the_cherenkov_angle() -> None:
    near, energy = 1.0, np.array([100.0])
    cosine = np.linspace(-1, 1, 4001)
    sensors = near * np.stack([np.sqrt(1 - cosine**2), 0 * cosine, cosine], axis=1)
    light = cascade_light(np.zeros((1, 3)), np.array([[0, 0, 1.0]]), energy, sensors, OPTICS)
    assert np.arccos(cosine[light.mean[0].argmax()]) == pytest.approx(OPTICS.angle, abs=0.01)
    assert light.mean[0].max() > 5 * light.mean[0].mean() > 10 * light.mean[0].min()
    photons = np.trapezoid(light.mean[0], cosine) / OPTICS.area * 2 * np.pi * near**2
    emitted = OPTICS.photons * OPTICS.shower_length * 100 * np.exp(-near / OPTICS.attenuation)
    assert photons == pytest.approx(emitted, rel=5e-3)


def test_delays_follow_pandel_and_lose_what_is_absorbed() -> None:
    # Pandel: t^(d/l - 1) exp(-t/tau) / (Gamma tau^(d/l)) without absorption, times exp(-(c t / n + d) / absorption).
    speed = SPEED_OF_LIGHT / OPTICS.group_index
    for path in (20.0, 60.0, 120.0):
        free = stats.gamma(path / OPTICS.scattering, scale=OPTICS.delay)
        left = integrate.quad(
            lambda t, f=free: f.pdf(t) * np.exp(-speed * t / OPTICS.absorption), 0, np.inf, limit=200
        )[0]
        assert np.exp(-path / OPTICS.attenuation) == pytest.approx(left * np.exp(-path / OPTICS.absorption), rel=1e-4)
        drawn = scattering_delay(np.full(4000, path), OPTICS, np.random.default_rng(1))
        absorbed = stats.gamma(path / OPTICS.scattering, scale=1 / (1 / OPTICS.delay + speed / OPTICS.absorption))
        assert stats.kstest(drawn, absorbed.cdf).pvalue > 1e-3


def test_muons_lose_what_the_mean_loss_says_and_stop_at_their_range() -> None:
    losses, rng = MuonLosses(), np.random.default_rng(1)
    muons = propagate(np.full(20_000, 1e4), np.full(20_000, 300.0), losses, rng)
    left = energy_at(muons, np.full((20_000, 1), 300.0), losses)[:, 0]
    mean = (1e4 + losses.ionisation / losses.radiation) * np.exp(-losses.radiation * 300)
    mean -= losses.ionisation / losses.radiation
    assert left.mean() == pytest.approx(mean, abs=4 * left.std() / np.sqrt(len(left)))
    assert energy_at(muons, np.full((20_000, 1), -5.0), losses)[:, 0] == pytest.approx(1e4)
    # No more showers than a fraction of the energy, and all that is lost in them is lost.
    quiet = MuonLosses(radiation=1e-9)
    slow = propagate(np.array([48.0]), np.array([1000.0]), quiet, rng)
    assert slow.length == pytest.approx(48 / 0.24, rel=1e-6)
    assert energy_at(slow, np.array([[100.0, 300.0]]), quiet) == pytest.approx(np.array([[24.0, 0.0]]), abs=1e-3)


def test_showers_of_muons_take_energy_from_them() -> None:
    losses = MuonLosses()
    muons = propagate(np.full(500, 1e5), np.full(500, 500.0), losses, np.random.default_rng(2))
    assert (muons.lost[:, 0] == 0).all()
    real = muons.lost > 0
    assert real.sum() / 500 == pytest.approx(-losses.radiation * np.log(0.01) * 500, abs=0.3)
    rows, knots = np.nonzero(real)
    place = muons.knots[rows, knots]
    just = [energy_at(muons, np.where(real, muons.knots + shift, 0), losses)[rows, knots] for shift in (-1e-6, 1e-6)]
    assert just[0] - just[1] == pytest.approx(muons.lost[rows, knots], rel=1e-3)
    fraction = muons.lost[rows, knots] / just[0]
    assert (place > 0).all()
    assert stats.kstest(np.log(fraction) / np.log(0.01), "uniform").pvalue > 1e-3


def test_energies_are_uniform_in_the_logarithm_and_directions_on_the_sphere(events: ak.Array) -> None:
    for label in (0, 1):
        some = events[events.label == label]
        scaled = (np.log10(ak.to_numpy(some.energy)) - 2) / 3
        assert stats.kstest(scaled, "uniform").pvalue > 1e-3
    direction = vectors(events, "dir")
    assert np.linalg.norm(direction, axis=1) == pytest.approx(1, abs=1e-5)
    # The trigger prefers some directions a little: the array is not a sphere.
    assert stats.kstest(direction[events.label == 1, 2], stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_vertices_are_where_the_card_says(events: ak.Array) -> None:
    tracks, cascades = (events[events.label == label] for label in (0, 1))
    entry, direction = vectors(tracks, "vertex"), vectors(tracks, "dir")
    assert np.linalg.norm(entry, axis=1) == pytest.approx(CARD.sphere, rel=1e-5)
    inward = -np.einsum("ei,ei->e", entry, direction)
    assert (inward > 0).all()
    assert np.sqrt(CARD.sphere**2 - inward**2).max() < CARD.impact * 1.001
    length = ak.to_numpy(tracks.length)
    assert (length < 2 * inward * 1.0001).all()
    # Muons of less than 300 GeV stop: 100 GeV ionise in 417 m at most, many radiate on the way.
    assert (length[ak.to_numpy(tracks.energy) > 5e3] > 1.9 * inward[ak.to_numpy(tracks.energy) > 5e3]).mean() > 0.95
    vertex = vectors(cascades, "vertex")
    assert np.hypot(vertex[:, 0], vertex[:, 1]).max() < CARD.radius
    assert np.abs(vertex[:, 2]).max() <= sensor_positions("square")[:, 2].max() * 1.0001
    assert ak.all(cascades.length == 0)


def test_hits_are_those_of_the_sensors_in_order(events: ak.Array) -> None:
    hit = ak.flatten(events.hit)
    place = sensor_positions("square")[ak.to_numpy(hit.sensor)]
    assert np.allclose(np.stack([ak.to_numpy(hit[axis]) for axis in "xyz"], axis=1), place, atol=1e-3)
    assert 0 <= ak.min(hit.t) < ak.max(hit.t) < CARD.readout.window
    assert ak.min(hit.charge) >= 0.1
    same = events.hit.sensor[:, 1:] == events.hit.sensor[:, :-1]
    assert ak.all(events.hit.sensor[:, 1:] >= events.hit.sensor[:, :-1])
    # A gate lasts 25 ns, stored times are single precision.
    assert CARD.readout.gate - 1e-2 < ak.min((events.hit.t[:, 1:] - events.hit.t[:, :-1])[same]) < CARD.readout.gate + 1


def test_the_first_light_starts_the_readout_and_six_sensors_keep_it(events: ak.Array) -> None:
    seen = charges(events, 400) > 0
    assert seen.sum(axis=1).min() == CARD.readout.trigger
    first = ak.to_numpy(ak.min(events.hit.t[events.hit.signal == 1], axis=1))
    # Noise just before the first photoelectron may have opened its gate.
    assert np.isclose(first, CARD.readout.before, atol=1e-2).mean() > 0.99
    assert np.abs(first - CARD.readout.before).max() <= CARD.readout.gate


def test_light_arrives_when_the_particle_says(events: ak.Array) -> None:
    cascades = events[(events.label == 1) & (events.energy > 3000)]
    sensors = sensor_positions("square")
    light = cascade_light(
        vectors(cascades, "vertex"), vectors(cascades, "dir"), np.ones(len(cascades)), sensors, CARD.optics
    )
    real = cascades.hit[cascades.hit.signal == 1]
    owner = np.repeat(np.arange(len(cascades)), ak.to_numpy(ak.num(real)))
    sensor = ak.to_numpy(ak.flatten(real.sensor))
    late = ak.to_numpy(ak.flatten(real.t)) - ak.to_numpy(cascades.time)[owner] - light.time[owner, sensor]
    near = light.path[owner, sensor] < 30
    assert np.percentile(late, 0.5) > -5 * CARD.readout.jitter
    first = np.full(light.path.shape, np.inf)
    np.minimum.at(first, (owner[near], sensor[near]), late[near])
    # Of thousands of photons the first one is not scattered.
    assert np.abs(first[np.isfinite(first)]).max() < 8 * CARD.readout.jitter


def test_charge_is_the_light_that_the_truth_predicts() -> None:
    cascades = make(1, 500, noise=0.0)
    sensors = sensor_positions("square")
    energy = ak.to_numpy(cascades.energy).astype(np.float64)
    mean = cascade_light(vectors(cascades, "vertex"), vectors(cascades, "dir"), energy, sensors, CARD.optics).mean
    measured = charges(cascades, len(sensors))
    for least, largest in ((1, 10), (10, 100), (100, 1000)):
        chosen = (mean > least) & (mean < largest)
        # A little is lost behind the window, and the least charge raises the mean of a photoelectron by 0.01 per cent.
        assert measured[chosen].sum() / mean[chosen].sum() == pytest.approx(
            0.995, abs=4 / np.sqrt(mean[chosen].sum()) + 0.006
        )
    assert ak.all(ak.flatten(cascades.hit.signal) == 1)
    assert light_length(cascades, 2)[2] == pytest.approx(CARD.optics.attenuation, rel=0.04)


def test_charge_of_tracks_that_do_not_radiate_is_the_light_that_the_truth_predicts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet = replace(CARD, losses=MuonLosses(radiation=1e-9))
    monkeypatch.setattr(sys.modules["keras_hep.data.samples.recipes.detector_arrays"], "CARD", quiet)
    tracks = make(0, 600, noise=0.0)
    sensors, length = sensor_positions("square"), ak.to_numpy(tracks.length).astype(np.float64)
    light, _ = track_light(vectors(tracks, "vertex"), vectors(tracks, "dir"), length, sensors, CARD.optics)
    measured = charges(tracks, len(sensors))
    assert measured[light.mean == 0].sum() == 0
    for least, largest in ((0.1, 1), (1, 10), (10, 100)):
        chosen = (light.mean > least) & (light.mean < largest)
        ratio = measured[chosen].sum() / light.mean[chosen].sum()
        # The trigger takes events with more light than expected, where there is little.
        assert ratio == pytest.approx(1, abs=4 / np.sqrt(light.mean[chosen].sum()) + (0.06 if least < 1 else 0.01))
    assert light_length(tracks, 1)[2] == pytest.approx(CARD.optics.attenuation, rel=0.06)


def test_noise_has_its_rate_and_knows_nothing_of_the_event() -> None:
    made = make(0, 150, noise=20.0)
    noise = made.hit[made.hit.signal == 0]
    expected = 400 * CARD.readout.window * 20e-6
    assert ak.mean(ak.num(noise)) == pytest.approx(expected, abs=5 * np.sqrt(expected / 150))
    assert stats.kstest(ak.to_numpy(ak.flatten(noise.t)) / CARD.readout.window, "uniform").pvalue > 1e-3


def test_a_line_fit_recovers_tracks_and_not_cascades(events: ak.Array) -> None:
    tracks, cascades = (angles(events[events.label == label]) for label in (0, 1))
    assert np.median(tracks) < 20
    assert len(tracks) > 450
    assert 75 < np.median(cascades) < 105


def test_the_hexagonal_array_has_other_sensors() -> None:
    made = make(0, 20, geometry="hexagonal")
    assert ak.max(made.hit.sensor) < 19 * 16
    place = sensor_positions("hexagonal")[ak.to_numpy(ak.flatten(made.hit.sensor))]
    assert np.allclose(ak.to_numpy(ak.flatten(made.hit.x)), place[:, 0], atol=1e-3)


def test_the_look_finds_its_expectations_and_draws(events: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(events)}
    assert abs(found["track: most probable delay, path < 20 m (ns)"]) <= 4
    assert found["cascade: length of light, q d^2 (m)"] == pytest.approx(CARD.optics.attenuation, rel=0.05)
    figure = Figure()
    draw(events, figure)
    assert len(figure.axes) == 8
