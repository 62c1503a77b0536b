"""Impact parameters against closed forms, and against tracks that are integrated in the field and searched numerically."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from keras_hep.errors import DataError
from keras_hep.physics import impact_parameters, impact_significance, lifetime_sign

FORCE = 0.299792458e-3  # GeV per mm and T, on a unit charge at the speed of light


def tracks(number=300, seed=3):
    """Tracks of 0.5 to 20 GeV that pass a few mm from a displaced vertex; the reference points lie up to 15 mm away."""
    rng = np.random.default_rng(seed)
    pt, phi = rng.uniform(0.5, 20, number), rng.uniform(-np.pi, np.pi, number)
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(rng.uniform(-2, 2, number))], axis=-1)
    vertex = np.array([0.3, -0.2, 12.0])
    return vertex + rng.uniform(-15, 15, (number, 3)), momentum, rng.choice([-1.0, 1.0], number), vertex


def integrated(position, momentum, charge, field, length):
    """Return the position as a function of the path length, both ways, by integrating the Lorentz force."""

    def motion(path, state):
        direction = state[3:] / np.linalg.norm(state[3:])
        return np.concatenate([direction, FORCE * charge * np.cross(direction, [0.0, 0.0, field])])

    ways = [
        solve_ivp(motion, (0, end), np.concatenate([position, momentum]), rtol=1e-11, atol=1e-11, dense_output=True).sol
        for end in (-length, length)
    ]
    return lambda path: ways[int(path > 0)](path)


def nearest_point(track, vertex, axes, length):
    def distance(path):
        return np.linalg.norm((track(path)[:3] - vertex)[axes])

    best = min(np.linspace(-length, length, 401), key=distance)
    step = length / 200
    found = minimize_scalar(distance, bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-10})
    return track(np.clip(found.x, -length, length))


def test_perigee_and_nearest_point_equal_a_numerical_search():
    position, momentum, charge, vertex = tracks(12)
    found = impact_parameters(position, momentum, charge, vertex, field=3.8)
    for i in range(len(charge)):
        length = 25.0 * np.linalg.norm(momentum[i]) / np.hypot(*momentum[i, :2])
        track = integrated(position[i], momentum[i], charge[i], 3.8, length)
        perigee = nearest_point(track, vertex, slice(0, 2), length)
        np.testing.assert_allclose(found.perigee[i], perigee[:3] - vertex, atol=2e-5)
        assert abs(found.d0[i]) == pytest.approx(np.linalg.norm((perigee[:3] - vertex)[:2]), abs=1e-7)
        assert np.sin(found.phi[i] - np.arctan2(perigee[4], perigee[3])) == pytest.approx(0.0, abs=1e-6)
        nearest = nearest_point(track, vertex, slice(0, 3), length)
        np.testing.assert_allclose(found.nearest[i], nearest[:3] - vertex, atol=2e-5)
        assert found.distance[i] == pytest.approx(np.linalg.norm(nearest[:3] - vertex), abs=1e-7)


def test_tracks_that_curl_up_are_searched_on_all_turns():
    """Soft tracks with reference points 100 mm away; every point of many turns is looked at."""
    position, momentum, charge, vertex = tracks(400, seed=8)
    position = vertex + 7 * (position - vertex)
    momentum = momentum / np.hypot(momentum[:, :1], momentum[:, 1:2]) * np.linspace(0.05, 0.4, 400)[:, None]
    found = impact_parameters(position, momentum, charge, vertex, field=3.8)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    radius, slope = pt / (FORCE * 3.8), momentum[:, 2] / pt
    turns = np.ceil(np.abs(found.z0 / (2 * np.pi * radius * slope))) + 1
    assert turns.max() > 3
    centre = found.perigee[:, :2] * (1 - charge * radius / found.d0)[:, None]
    for i in range(400):
        angle = np.linspace(-2 * np.pi * turns[i], 2 * np.pi * turns[i], 20_001)
        start = np.arctan2(*(found.perigee[i, :2] - centre[i])[::-1])
        x = centre[i, 0] + radius[i] * np.cos(start - charge[i] * angle)
        y = centre[i, 1] + radius[i] * np.sin(start - charge[i] * angle)
        z = found.z0[i] + slope[i] * radius[i] * angle
        scan = np.sqrt(x**2 + y**2 + z**2).min()
        assert found.distance[i] <= scan + 1e-9
        assert found.distance[i] == pytest.approx(scan, abs=1e-3 * turns[i] * np.hypot(1, slope[i]) * radius[i])


def test_a_circle_through_known_points_has_its_known_impact_parameters():
    """A positive charge at (0, 0) that flies along x turns clockwise about (0, -R): the vertex (0, h) lies to its left."""
    pt, field = 2.0, 2.0
    radius = pt / (FORCE * field)
    for height in (5.0, -5.0, -2.5 * radius):
        one = impact_parameters([0.0, 0.0, 1.0], [pt, 0.0, 3.0], 1.0, [0.0, height, 0.0], field)
        # The left of a clockwise track is the outside: a vertex inside its circle has it on the left, d0 > 0.
        assert one.d0 == pytest.approx(radius - abs(height + radius), rel=1e-9)
        if height > -radius:
            assert (one.phi, one.z0) == pytest.approx((0.0, 1.0))
        else:
            # Beyond the centre the perigee is half a turn away.
            assert abs(one.phi) == pytest.approx(np.pi)
            assert abs(one.z0 - 1.0) == pytest.approx(np.pi * radius * 3.0 / pt, rel=1e-12)


def test_without_field_it_is_the_distance_of_a_straight_line():
    position, momentum, charge, vertex = tracks()
    found = impact_parameters(position, momentum, charge, vertex, field=0.0)
    delta, direction = position - vertex, momentum / np.linalg.norm(momentum, axis=-1, keepdims=True)
    np.testing.assert_allclose(found.distance, np.linalg.norm(np.cross(delta, direction), axis=-1), rtol=1e-9)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    # The z component of direction x displacement: positive where the track passes with the vertex on its right.
    cross = (momentum[:, 0] * delta[:, 1] - momentum[:, 1] * delta[:, 0]) / pt
    np.testing.assert_allclose(found.d0, cross, rtol=1e-12)
    back = np.sum(delta[:, :2] * momentum[:, :2], axis=-1) / pt**2
    np.testing.assert_allclose(found.z0, delta[:, 2] - back * momentum[:, 2], rtol=1e-9, atol=1e-12)


def test_the_linear_approximation_is_wrong_by_the_sagitta():
    position, momentum, charge, vertex = tracks()
    momentum = 20 * momentum
    exact = impact_parameters(position, momentum, charge, vertex, field=3.8)
    line = impact_parameters(position, momentum, charge, vertex, field=0.0)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    along = np.sum((position - vertex)[:, :2] * momentum[:, :2], axis=-1) / pt
    sagitta = -0.5 * along**2 * FORCE * 3.8 * charge / pt
    assert np.abs(sagitta).max() > 1e-3
    np.testing.assert_allclose(exact.d0 - line.d0, sagitta, rtol=1e-2, atol=1e-7)


def test_a_vanishing_field_and_a_neutral_particle_give_the_straight_line():
    position, momentum, charge, vertex = tracks()
    line = impact_parameters(position, momentum, charge, vertex, field=0.0)
    for other in (
        impact_parameters(position, momentum, charge, vertex, field=1e-13),
        impact_parameters(position, momentum, 0 * charge, vertex, field=3.8),
    ):
        for ours, theirs in zip(other, line, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_the_perigee_is_its_own_perigee():
    position, momentum, charge, vertex = tracks()
    first = impact_parameters(position, momentum, charge, vertex, field=3.8)
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    turned = np.stack([pt * np.cos(first.phi), pt * np.sin(first.phi), momentum[:, 2]], axis=-1)
    again = impact_parameters(vertex + first.perigee, turned, charge, vertex, field=3.8)
    np.testing.assert_allclose(again.d0, first.d0, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(again.z0, first.z0, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(again.nearest, first.nearest, atol=1e-7)


def test_the_opposite_charge_in_the_opposite_field_is_the_same_track():
    position, momentum, charge, vertex = tracks()
    one = impact_parameters(position, momentum, charge, vertex, field=3.8)
    two = impact_parameters(position, momentum, -charge, vertex, field=-3.8)
    np.testing.assert_array_equal(one.d0, two.d0)
    np.testing.assert_array_equal(one.nearest, two.nearest)


def test_stiff_tracks_lose_no_precision():
    """At 1 PeV the circle has a radius of a million kilometres, and the difference of two radii would lose 1 um."""
    one = impact_parameters([10.0, 0.002, 0.0], [1e6, 0.0, 0.0], 1.0, [0.0, 0.0, 0.0], field=3.8)
    assert one.d0 == pytest.approx(0.002 - 0.5 * 100 * FORCE * 3.8 / 1e6, rel=1e-12)


def test_decays_in_flight_have_a_positive_lifetime_sign():
    """Tracks that leave a point 3 mm down the jet, at small angles to it, all pass the vertex downstream."""
    rng = np.random.default_rng(7)
    jet = np.array([40.0, 30.0, 20.0])
    decay = 3.0 * jet / np.linalg.norm(jet)
    momentum = jet / 10 + rng.normal(0, 0.8, (200, 3))
    found = impact_parameters(decay, momentum, rng.choice([-1, 1], 200), np.zeros(3), field=3.8)
    assert (lifetime_sign(found.perigee[:, :2], jet[:2]) > 0).all()
    assert (lifetime_sign(found.nearest, jet) > 0).all()
    behind = impact_parameters(-decay, momentum, rng.choice([-1, 1], 200), np.zeros(3), field=3.8)
    assert (lifetime_sign(behind.perigee[:, :2], jet[:2]) < 0).all()
    assert (lifetime_sign(behind.nearest, jet) < 0).all()
    expected = np.sign(np.sin(np.arctan2(jet[1], jet[0]) - found.phi) * found.d0)
    np.testing.assert_array_equal(lifetime_sign(found.perigee[:, :2], jet[:2]), expected)


def test_the_significance_has_unit_width_with_the_vertex_in_it():
    rng = np.random.default_rng(9)
    number = 4000
    covariance = np.array([[4e-4, 2e-4], [2e-4, 9e-4]])
    phi, error = rng.uniform(-np.pi, np.pi, number), rng.uniform(0.01, 0.03, number)
    vertex = np.concatenate([rng.multivariate_normal([0, 0], covariance, number), np.zeros((number, 1))], axis=1)
    momentum = np.stack([np.cos(phi), np.sin(phi), np.zeros(number)], axis=-1)
    d0 = impact_parameters(np.zeros(3), momentum, 0.0, vertex, field=0.0).d0 + error * rng.normal(size=number)
    pull = impact_significance(d0, error, phi, covariance)
    for chosen in (np.cos(2 * phi) > 0, np.cos(2 * phi) < 0, np.sin(2 * phi) > 0):
        assert np.std(pull[chosen]) == pytest.approx(1.0, abs=4 / np.sqrt(2 * chosen.sum()))
    np.testing.assert_array_equal(impact_significance(d0, error), d0 / error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0, np.nan], [1, 0, 0], 1, [0, 0, 0], 1.0), "position of a track must be finite; received nan"),
        (([0, 0, 0], [0, 0, 5], 1, [0, 0, 0], 1.0), "need tracks with a transverse momentum"),
        (([0, 0, 0], [FORCE, 0, 0], 1, [0, -1, 0], 1.0), "circles about the vertex"),
    ],
)
def test_tracks_without_an_impact_parameter_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        impact_parameters(*arguments)


def test_other_errors_are_refused():
    with pytest.raises(DataError, match="uncertainty of an impact parameter must be positive"):
        impact_significance([0.1, 0.2], [0.1, 0.0])
    with pytest.raises(DataError, match="2 or 3 components each; received 3 and 2"):
        lifetime_sign(np.zeros((4, 3)), np.ones(2))
