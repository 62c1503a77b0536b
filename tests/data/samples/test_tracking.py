"""Perigees of helices, hits and errors of tracks, primary vertices, lifetime signs."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from keras_hep.data.samples.detector import Detector, Particles
from keras_hep.data.samples.flow import ELECTROMAGNETIC, HADRONIC, TRACK, see
from keras_hep.data.samples.impact_parameters import TRACK_VARIABLES, track_variables
from keras_hep.data.samples.tracking import (
    Tracker,
    Tracks,
    helices,
    impact_errors,
    measure_tracks,
    pixel_hits,
    primary_vertices,
    relative_to,
)

EXACT = replace(Tracker(), d0_constant=1e-9, d0_scattering=0.0, z0_constant=1e-9, z0_scattering=0.0)


def some_particles(count: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    vertex = rng.normal(0.0, [5.0, 5.0, 20.0], (count, 3))
    pt, eta, phi = rng.uniform(0.5, 20.0, count), rng.uniform(-2.5, 2.5, count), rng.uniform(-np.pi, np.pi, count)
    return vertex, pt, eta, phi, rng.choice([-1, 1], count)


def straight_tracks(d0: np.ndarray, z0: np.ndarray, eta: np.ndarray, phi: np.ndarray) -> Tracks:
    """Tracks of 10 GeV with errors of 0.1 mm."""
    ones = np.ones(len(d0))
    whole = np.ones(len(d0), dtype=np.int64)
    return Tracks(whole, 10 * ones, eta, phi, d0, z0, 0.1 * ones, 0.1 * ones, whole, 0 * whole)


def test_the_perigee_is_the_point_nearest_to_the_beam_line() -> None:
    vertex, pt, eta, phi, charge = some_particles(40)
    found = helices(vertex, pt, eta, phi, charge, 2.0)
    for i in range(40):
        # The Lorentz force in a field along z turns positive particles clockwise: R = pT / (0.3 B) in m.
        radius = pt[i] / (0.299792458 * 2.0) * 1000

        def point(s: float, i: int = i, radius: float = radius) -> np.ndarray:
            turned = phi[i] - charge[i] * s / radius
            x = vertex[i, 0] - charge[i] * radius * (np.sin(turned) - np.sin(phi[i]))
            y = vertex[i, 1] + charge[i] * radius * (np.cos(turned) - np.cos(phi[i]))
            return np.array([x, y, vertex[i, 2] + s * np.sinh(eta[i]), turned])

        near = minimize_scalar(lambda s: float(np.hypot(*point(s)[:2])), (-1.0, 1.0), tol=1e-12)
        x, y, z, direction = point(near.x)
        assert abs(found.d0[i]) == pytest.approx(near.fun, abs=1e-6)
        assert found.d0[i] == pytest.approx(y * np.cos(direction) - x * np.sin(direction), abs=1e-5)
        assert found.z0[i] == pytest.approx(z, abs=2e-3)
        assert np.cos(found.phi[i] - direction) == pytest.approx(1.0, abs=1e-9)
        assert found.omega[i] == pytest.approx(-charge[i] / radius)


def test_a_hard_track_is_a_straight_line() -> None:
    vertex, _, eta, phi, charge = some_particles(100)
    found = helices(vertex, np.full(100, 1e5), eta, phi, charge, 2.0)
    x, y, z = vertex.T
    np.testing.assert_allclose(found.d0, y * np.cos(phi) - x * np.sin(phi), atol=1e-5)
    np.testing.assert_allclose(found.z0, z - (x * np.cos(phi) + y * np.sin(phi)) * np.sinh(eta), atol=1e-4)


def test_a_mirror_turns_the_sign_of_d0_and_of_the_charge() -> None:
    vertex, pt, eta, phi, charge = some_particles(50)
    one = helices(vertex, pt, eta, phi, charge, 2.0)
    other = helices(vertex * [1, -1, 1], pt, eta, -phi, -charge, 2.0)
    np.testing.assert_allclose(other.d0, -one.d0, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(other.z0, one.z0, rtol=1e-6, atol=1e-6)


def test_a_vertex_near_the_beam_line_moves_the_perigee() -> None:
    vertex, pt, eta, phi, charge = some_particles(200)
    shift = np.random.default_rng(2).normal(0.0, 0.02, (200, 3))
    hits = np.full(200, 4), np.zeros(200, dtype=np.int64)

    def seen_from(origin: np.ndarray) -> Tracks:
        rng = np.random.default_rng(3)
        return measure_tracks(vertex - origin, pt, pt, eta, phi, charge, hits, EXACT, rng)

    moved, exact = relative_to(seen_from(np.zeros(3)), shift), seen_from(shift)
    np.testing.assert_allclose(moved.d0, exact.d0, atol=1e-3)
    # The perigee also turns a little, by shift over distance, which counts for tracks along the beam.
    np.testing.assert_allclose(moved.z0, exact.z0, atol=0.05)
    assert np.abs(moved.d0 - seen_from(np.zeros(3)).d0).max() > 0.03


def test_hits_are_outside_the_place_of_birth() -> None:
    tracker = replace(Tracker(), hit_efficiency=1.0)
    count, first = pixel_hits(np.array([0.0, 32.9, 33.1, 60.0, 100.0, 200.0]), tracker, np.random.default_rng(1))
    assert count.tolist() == [4, 4, 3, 2, 1, 0]
    assert first.tolist() == [0, 0, 1, 2, 3, 0]
    lossy, _ = pixel_hits(np.zeros(20_000), replace(Tracker(), hit_efficiency=0.9), np.random.default_rng(1))
    assert lossy.mean() == pytest.approx(3.6, abs=0.02)


def test_errors_have_a_constant_and_a_scattering_term() -> None:
    tracker = Tracker()
    first = np.array([0, 0, 0, 1])
    d0, z0 = impact_errors(np.array([1e6, 1.0, 1.0, 1e6]), np.array([0.0, 0.0, 2.0, 0.0]), first, tracker)
    assert d0[0] == pytest.approx(tracker.d0_constant)
    assert d0[1] == pytest.approx(np.hypot(tracker.d0_constant, tracker.d0_scattering))
    theta = 2 * np.arctan(np.exp(-2.0))
    momentum = np.cosh(2.0)
    scattering = 1 / (momentum * np.sin(theta) ** 1.5)
    assert d0[2] == pytest.approx(np.hypot(tracker.d0_constant, tracker.d0_scattering * scattering))
    assert z0[2] * np.sin(theta) == pytest.approx(np.hypot(tracker.z0_constant, tracker.z0_scattering * scattering))
    assert d0[3] == pytest.approx(tracker.d0_constant * 50.0 / 33.0)


def test_pulls_are_gaussian_with_the_outliers_asked_for() -> None:
    tracker, count = Tracker(), 40_000
    rng = np.random.default_rng(4)
    vertex, pt, eta, phi, charge = some_particles(count)
    hits = pixel_hits(np.zeros(count), tracker, rng)
    kept = hits[0] > 0
    vertex, pt, eta, phi, charge = (column[kept] for column in (0 * vertex, pt, eta, phi, charge))
    tracks = measure_tracks(vertex, pt, pt, eta, phi, charge, (hits[0][kept], hits[1][kept]), tracker, rng)
    for value, error in ((tracks.d0, tracks.d0_error), (tracks.z0, tracks.z0_error)):
        pull = value / error
        assert pull.mean() == pytest.approx(0.0, abs=0.03)
        assert pull.std() == pytest.approx(np.sqrt(0.97 + 0.03 * 9), abs=0.03)
        assert np.quantile(np.abs(pull), 0.5) == pytest.approx(0.674 * 1.02, abs=0.02)
    assert np.corrcoef(tracks.d0, tracks.z0)[0, 1] == pytest.approx(0.0, abs=0.03)


def test_the_primary_vertex_has_the_error_of_a_fit() -> None:
    events, tracks = 3_000, 25
    event, rng = np.repeat(np.arange(events), tracks), np.random.default_rng(5)
    flat = straight_tracks(*np.zeros((3, len(event))), rng.uniform(0, 2 * np.pi, len(event)))
    found, error = primary_vertices(event, flat, events, rng)
    # n measurements of error s, each of one transverse direction: s sqrt(2 / n) in x and y, s / sqrt(n) in z
    np.testing.assert_allclose(error, np.tile([0.1 * np.sqrt(2 / 25), 0.1 * np.sqrt(2 / 25), 0.02], (events, 1)))
    np.testing.assert_allclose((found / error).std(axis=0), 1.0, atol=0.05)
    far = flat._replace(d0=np.full(len(event), 0.31))
    assert primary_vertices(event, far, events, rng)[1].min() == pytest.approx(0.5)


def test_decays_ahead_of_the_vertex_have_positive_lifetime_signs() -> None:
    rng = np.random.default_rng(6)
    count = 500
    # Decays on the jet axis 1 mm ahead of the primary vertex or behind it.
    eta, phi = rng.uniform(-2, 2, count), rng.uniform(-np.pi, np.pi, count)
    axis = np.stack([np.cos(phi), np.sin(phi), np.sinh(eta)], axis=1) * 50.0
    for side in (1, -1):
        place = side * axis / np.linalg.norm(axis, axis=1, keepdims=True)
        track_eta, track_phi = eta + rng.normal(0, 0.1, count), phi + rng.normal(0, 0.1, count)
        helix = helices(place, np.full(count, 1e5), track_eta, track_phi, np.ones(count, dtype=np.int64), 2.0)
        tracks = straight_tracks(helix.d0, helix.z0, track_eta, helix.phi)
        variables = track_variables(tracks, axis, np.zeros((count, 3)))
        assert set(variables) == set(TRACK_VARIABLES)
        for name in ("d0", "z0", "ip3d"):
            big = np.abs(variables[name]) > 1e-3
            if name == "z0":
                # The perigee is the nearest point in the transverse plane, so deta does not decide alone when small.
                big &= np.abs(variables["deta"]) > variables["dphi"] ** 2
            assert big.sum() > 300
            assert (np.sign(variables[name][big]) == side).all()
        # The tracks come from the axis itself.
        np.testing.assert_allclose(variables["axisdist"], 0.0, atol=1e-5)


def test_the_three_dimensional_impact_parameter_is_the_distance_of_the_line() -> None:
    vertex, _, eta, phi, _ = some_particles(300)
    helix = helices(vertex, np.full(300, 1e6), eta, phi, np.ones(300, dtype=np.int64), 2.0)
    axis = np.tile([20.0, 10.0, 5.0], (300, 1))
    variables = track_variables(straight_tracks(helix.d0, helix.z0, eta, helix.phi), axis, np.zeros((300, 3)))
    unit = np.stack([np.cos(phi), np.sin(phi), np.sinh(eta)], axis=1) / np.cosh(eta)[:, None]
    nearest = vertex - (vertex * unit).sum(axis=1, keepdims=True) * unit
    np.testing.assert_allclose(np.abs(variables["ip3d"]), np.linalg.norm(nearest, axis=1), rtol=1e-4)
    clear = np.abs((nearest * axis).sum(axis=1)) > 1.0
    assert (np.sign(variables["ip3d"]) == np.sign((nearest * axis).sum(axis=1)))[clear].all()
    np.testing.assert_allclose(variables["ip3d_significance"], variables["ip3d"] / variables["ip3d_error"])


def test_errors_propagate_to_significances() -> None:
    track = straight_tracks(np.array([0.3]), np.array([-0.4]), np.array([0.0]), np.array([0.5]))
    axis, vertex_error = np.array([[30.0, 0.0, 0.0]]), np.array([[0.05, 0.05, 0.2]])
    variables = {name: value[0] for name, value in track_variables(track, axis, vertex_error).items()}
    assert variables["d0_error"] == pytest.approx(np.hypot(0.1, 0.05))
    assert variables["z0_error"] == pytest.approx(np.hypot(0.1, 0.2))
    assert abs(variables["ip3d"]) == pytest.approx(0.5)
    expected = np.hypot(0.3 * variables["d0_error"], 0.4 * variables["z0_error"]) / 0.5
    assert variables["ip3d_error"] == pytest.approx(expected)
    # Perigee at d0 (-sin phi, cos phi): behind a jet along x.
    assert variables["d0"] == pytest.approx(-0.3)
    assert variables["ptperp"] == pytest.approx(10 * np.sin(0.5))
    assert variables["ppar"] == pytest.approx(10 * np.cos(0.5))
    assert variables["pparfrac"] == pytest.approx(np.cos(0.5))
    energy = np.hypot(10, 0.13957)
    along = 10 * np.cos(0.5)
    assert variables["etarel"] == pytest.approx(0.5 * np.log((energy + along) / (energy - along)))
    assert (variables["ptrel"], variables["dphi"], variables["dr"]) == pytest.approx((1 / 3, 0.5, 0.5))


def test_late_decays_leave_towers_instead_of_tracks() -> None:
    count = 400
    one = np.ones(count)
    particles = Particles(np.arange(count), np.full(count, 211), 20 * one, 0 * one, 0.1 * one, 20 * one)
    detector = replace(Detector(), efficiency=(1.0, 1.0))
    for radius, kind, tracks in ((10.0, TRACK, count), (200.0, HADRONIC, 0)):
        vertex = np.stack([radius * one, 0 * one, 0 * one], axis=1)
        flow = see(particles, vertex, count, detector, Tracker(), np.random.default_rng(1))
        assert len(flow.particle) == len(flow.event) == tracks
        assert set(flow.objects.kind.to_list()[0]) == {kind}
    photons = particles._replace(identity=np.full(count, 22))
    flow = see(photons, vertex, count, detector, Tracker(), np.random.default_rng(1))
    assert set(ak.flatten(flow.objects.kind).to_list()) == {ELECTROMAGNETIC}
    assert ak.mean(flow.objects.E) == pytest.approx(20.0, rel=0.02)


def test_flow_keeps_events_and_tracks_together() -> None:
    vertex, pt, eta, phi, _ = some_particles(300)
    event = np.sort(np.random.default_rng(1).integers(0, 10, 300))
    particles = Particles(event, np.full(300, -211), pt, eta, phi, pt * np.cosh(eta))
    flow = see(particles, 0.1 * vertex, 10, Detector(), Tracker(), np.random.default_rng(2))
    assert (flow.tracks.charge == -1).all()
    np.testing.assert_array_equal(flow.event, event[flow.particle])
    tracks = flow.objects[flow.objects.kind == TRACK]
    for number in range(10):
        rows = tracks.track[number].to_numpy()
        assert (flow.event[rows] == number).all()
        measured = np.hypot(tracks.px[number], tracks.py[number]).to_numpy()
        np.testing.assert_allclose(measured, flow.tracks.pt[rows])
