"""Fits of vertices to helices, and the vertex finder on made-up jets."""

from __future__ import annotations

import numpy as np
import pytest

from keras_hep.data.samples.helix_fit import COLUMNS, chi2_at, crossing, distances, fit_vertex
from keras_hep.data.samples.jet_vertices import above_charm, tag_variables, vertex_variables
from keras_hep.data.samples.tracking import helices
from keras_hep.data.samples.vertexing import JetTracks, VertexFinder, Vertices, find_vertices

D0_ERROR, Z0_ERROR = 0.02, 0.05
FIELD = 2.0


def helix_rows(
    place: np.ndarray, momentum: np.ndarray, charge: np.ndarray, rng: np.random.Generator | None
) -> np.ndarray:
    """Rows of tracks that come from places, smeared with their errors unless there is no generator."""
    pt, phi = np.hypot(momentum[:, 0], momentum[:, 1]), np.arctan2(momentum[:, 1], momentum[:, 0])
    slope = momentum[:, 2] / pt
    found = helices(place, pt, np.arcsinh(slope), phi, charge, FIELD)
    rows = np.empty((len(pt), COLUMNS))
    noise = np.zeros((2, len(pt))) if rng is None else rng.standard_normal((2, len(pt)))
    rows[:, 0], rows[:, 1] = found.d0 + D0_ERROR * noise[0], found.z0 + Z0_ERROR * noise[1]
    rows[:, 2], rows[:, 3], rows[:, 4] = found.phi, found.omega, slope
    rows[:, 5], rows[:, 6] = D0_ERROR, Z0_ERROR
    return rows


def momenta(count: int, rng: np.random.Generator, spread: float = 0.15) -> np.ndarray:
    """Momenta of 1 to 10 GeV around the x axis."""
    size = rng.uniform(1, 10, (count, 1))
    direction = np.stack([np.ones(count), rng.normal(0, spread, count), rng.normal(0, spread, count)], axis=1)
    return size * direction / np.linalg.norm(direction, axis=1, keepdims=True)


def jets_of(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], rng: np.random.Generator | None) -> JetTracks:
    """Jets along x of tracks given as places, momenta and charges."""
    place, momentum, charge = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum([len(part[0]) for part in parts])])
    axis = np.tile([50.0, 0.0, 0.0], (len(parts), 1))
    return JetTracks(
        offsets, helix_rows(place, momentum, charge, rng), momentum, charge, axis, np.full((len(parts), 3), 0.01)
    )


def test_distances_vanish_on_the_helix_and_grow_beside_it() -> None:
    rng = np.random.default_rng(1)
    place, momentum = np.array([[12.0, -3.0, 8.0]]), momenta(1, rng)
    row = helix_rows(place, momentum, np.array([1]), None)[0]
    across, along, phi = distances(row, *place[0])
    assert (across, along) == pytest.approx((0.0, 0.0), abs=1e-7)
    assert phi == pytest.approx(np.arctan2(momentum[0, 1], momentum[0, 0]), abs=1e-9)
    # To the right of the track: the track passes the point on its left, at positive distance.
    beside = place[0] + 0.01 * np.array([np.sin(phi), -np.cos(phi), 0.0])
    assert distances(row, *beside)[0] == pytest.approx(0.01, abs=1e-5)
    assert distances(row, *(place[0] - [0, 0, 0.2]))[1] == pytest.approx(0.2, abs=1e-6)
    assert chi2_at(row, *beside) == pytest.approx((0.01 / D0_ERROR) ** 2, rel=0.01)


def test_two_lines_cross_where_they_do() -> None:
    rng = np.random.default_rng(2)
    hard = 1e5 * momenta(2, rng)
    place = np.array([[3.0, 1.0, 2.0]] * 2)
    rows, point = helix_rows(place, hard, np.array([1, -1]), None), np.zeros(3)
    assert crossing(rows[0], rows[1], point)
    np.testing.assert_allclose(point, place[0], atol=1e-3)
    assert not crossing(rows[0], rows[0], point)


def test_exact_tracks_give_the_exact_vertex_even_for_strongly_bent_ones() -> None:
    rng = np.random.default_rng(3)
    place = np.array([15.0, 2.0, -4.0])
    momentum = 0.3 * momenta(4, rng, 0.4)
    rows = helix_rows(np.tile(place, (4, 1)), momentum, np.array([1, -1, 1, -1]), None)
    point, covariance = np.zeros(3), np.zeros((3, 3))
    assert crossing(rows[0], rows[1], point)
    assert fit_vertex(rows, np.ones(4), point, covariance) == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(point, place, atol=1e-5)


def test_fits_scatter_by_their_covariance() -> None:
    rng = np.random.default_rng(4)
    place, fits, tracks = np.array([4.0, 0.5, 1.0]), 600, 3
    pulls, chi2s = [], []
    for _ in range(fits):
        rows = helix_rows(np.tile(place, (tracks, 1)), momenta(tracks, rng), np.array([1, -1, 1]), rng)
        point, covariance = place.copy(), np.zeros((3, 3))
        chi2s.append(fit_vertex(rows, np.ones(tracks), point, covariance))
        residual = point - place
        pulls.append(residual @ np.linalg.solve(covariance, residual))
    # A squared distance in units of the covariance has mean 3; 2 n - 3 degrees of freedom are left.
    assert np.mean(pulls) == pytest.approx(3.0, abs=0.3)
    assert np.mean(chi2s) == pytest.approx(2 * tracks - 3, abs=0.35)


def test_weight_zero_leaves_a_track_out_and_parallel_tracks_have_no_vertex() -> None:
    rng = np.random.default_rng(5)
    place = np.array([[4.0, 0.5, 1.0]] * 3 + [[9.0, -3.0, 0.0]])
    rows = helix_rows(place, momenta(4, rng), np.ones(4, dtype=np.int64), None)
    point, covariance = np.array([3.0, 0.0, 0.0]), np.zeros((3, 3))
    assert fit_vertex(rows, np.array([1.0, 1.0, 1.0, 0.0]), point, covariance) < 1e-6
    np.testing.assert_allclose(point, place[0], atol=1e-4)
    assert np.isinf(fit_vertex(rows[:1], np.ones(1), point, covariance))


def decays(rng: np.random.Generator, jets: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Jets of four prompt tracks, three from 5 mm ahead and three from 12 mm ahead."""
    parts = []
    for _ in range(jets):
        momentum = momenta(10, rng)
        flight = np.repeat([0.0, 5.0, 12.0], [4, 3, 3])[:, None] * [1.0, 0.02, 0.01]
        parts.append((flight, momentum, rng.choice([-1, 1], 10)))
    return parts


def test_the_finder_finds_both_decays_and_no_more() -> None:
    rng = np.random.default_rng(6)
    tracks = jets_of(decays(rng, 200), rng)
    found = find_vertices(tracks, VertexFinder())
    per_jet = np.bincount(found.jet, minlength=200)
    assert (per_jet >= 2).mean() > 0.8
    assert (per_jet > 2).mean() < 0.1
    # Of whichever tracks it is made, a vertex lies at one of the decays, within its error.
    pull = np.min([np.abs(found.l3d - flight) for flight in (5.001, 12.003)], axis=0) / found.l3d_error
    assert (pull < 3.5).mean() > 0.9
    assert np.median(pull) == pytest.approx(0.674, abs=0.2)
    truth = np.tile(np.repeat([0, 1, 2], [4, 3, 3]), 200)
    used = found.of_track >= 0
    assert used[truth == 0].mean() < 0.05
    assert used[truth > 0].mean() > 0.85
    # Each track belongs to a vertex of its own jet, and vertices count their tracks.
    jet = np.repeat(np.arange(200), 10)
    np.testing.assert_array_equal(found.jet[found.of_track[used]], jet[used])
    np.testing.assert_array_equal(np.bincount(found.of_track[used], minlength=len(found.jet)), found.tracks)
    summed = np.zeros((len(found.jet), 3))
    np.add.at(summed, found.of_track[used], tracks.momentum[used])
    np.testing.assert_allclose(summed, found.momentum[:, :3])
    significance = found.l3d / found.l3d_error
    same = found.jet[1:] == found.jet[:-1]
    assert (significance[:-1] >= significance[1:])[same].all()
    assert (np.diff(found.jet) >= 0).all()


def test_the_error_of_the_primary_vertex_adds_to_that_of_the_distance() -> None:
    rng = np.random.default_rng(9)
    tracks = jets_of([(np.tile([9.0, 0.1, 0.0], (4, 1)), momenta(4, rng), np.array([1, -1, 1, -1]))], rng)
    exact = find_vertices(tracks._replace(primary_error=np.zeros((1, 3))), VertexFinder())
    blurred = find_vertices(tracks._replace(primary_error=np.array([[0.7, 0.7, 0.2]])), VertexFinder())
    assert blurred.l3d == pytest.approx(exact.l3d)
    # The flight is along x.
    assert blurred.lxy_error == pytest.approx(np.hypot(exact.lxy_error, 0.7), rel=1e-3)
    assert blurred.l3d_error == pytest.approx(np.hypot(exact.l3d_error, 0.7), rel=2e-2)


def test_prompt_tracks_and_decays_behind_the_vertex_give_nothing() -> None:
    rng = np.random.default_rng(7)
    prompt = [(np.zeros((8, 3)), momenta(8, rng), rng.choice([-1, 1], 8)) for _ in range(300)]
    assert len(find_vertices(jets_of(prompt, rng), VertexFinder()).jet) < 15
    behind = [(np.tile([-5.0, 0.1, 0.0], (4, 1)), momenta(4, rng), rng.choice([-1, 1], 4)) for _ in range(50)]
    assert len(find_vertices(jets_of(behind, rng), VertexFinder()).jet) <= 2


def pair_decays(
    mass: float, products: tuple[float, float], rng: np.random.Generator, jets: int
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Decays of a particle of 12 GeV along x into two, 8 mm ahead."""
    energy = np.hypot(12.0, mass)
    one, other = products
    momentum = np.sqrt((mass**2 - (one + other) ** 2) * (mass**2 - (one - other) ** 2)) / (2 * mass)
    parts = []
    for _ in range(jets):
        cosine, angle = rng.uniform(-0.9, 0.9), rng.uniform(0, 2 * np.pi)
        sine = np.sqrt(1 - cosine**2)
        own = momentum * np.array([cosine, sine * np.cos(angle), sine * np.sin(angle)])
        pair = []
        for sign, product in ((1, one), (-1, other)):
            along = (energy * sign * own[0] + 12.0 * np.hypot(momentum, product)) / mass
            pair.append([along, sign * own[1], sign * own[2]])
        parts.append((np.tile([8.0, 0.0, 0.0], (2, 1)), np.array(pair), np.array([1, -1])))
    return parts


def test_strange_hadrons_are_taken_out_by_their_mass() -> None:
    rng = np.random.default_rng(8)
    for mass, products, kept in (
        (0.49761, (0.13957, 0.13957), False),
        (1.11568, (0.93827, 0.13957), False),
        (0.60, (0.13957, 0.13957), True),
    ):
        tracks = jets_of(pair_decays(mass, products, rng, 100), rng)
        share = len(find_vertices(tracks, VertexFinder()).jet) / 100
        assert share > 0.8 if kept else share < 0.05
        if not kept:
            same_sign = tracks._replace(charge=np.ones(200, dtype=np.int64))
            # Not all pass the other cuts: the pion of a Lambda is soft, and close to the proton.
            assert len(find_vertices(same_sign, VertexFinder()).jet) > 50


def test_a_jet_without_tracks_has_no_vertices() -> None:
    empty = JetTracks(
        np.array([0, 0]), np.zeros((0, COLUMNS)), np.zeros((0, 3)), np.zeros(0, dtype=np.int64),
        np.array([[50.0, 0.0, 0.0]]), np.full((1, 3), 0.01),
    )  # fmt: skip
    found = find_vertices(empty, VertexFinder())
    assert len(found.jet) == len(found.of_track) == 0
    track = {name: np.zeros(0) for name in ("pt", "d0", "d0_significance", "ip3d", "ip3d_significance")}
    tag = tag_variables(empty.offsets, empty.momentum, track, empty.axis, found)
    assert tag["jet_vertex_category"].tolist() == [2]
    assert tag["jet_abovecharm_d0"].tolist() == [-1.0]


def one_vertex(position: tuple[float, ...], momentum: tuple[float, ...]) -> Vertices:
    place, four = np.array([position]), np.array([momentum])
    length = np.linalg.norm(place, axis=1)
    return Vertices(
        np.array([0]), place, four, np.array([2]), np.array([1.5]), np.hypot(place[:, 0], place[:, 1]),
        np.array([0.1]), length, np.array([0.2]), np.array([0, 0]),
    )  # fmt: skip


def test_variables_of_a_vertex_in_closed_form() -> None:
    # Flight along x, momentum 3 along x and 4 along y, mass 2.
    energy = np.sqrt(25.0 + 4.0)
    vertex = one_vertex((6.0, 0.0, 0.0), (3.0, 4.0, 0.0, energy))
    found = vertex_variables(vertex, np.array([[0.0, 50.0, 0.0]]), np.array([60.0]), np.array([20.0]))
    values = {name: value[0] for name, value in found.items()}
    assert values["mass"] == pytest.approx(2.0)
    assert values["mass_corrected"] == pytest.approx(np.hypot(2.0, 4.0) + 4.0)
    assert values["costheta"] == pytest.approx(0.6)
    assert (values["lxy"], values["l3d"], values["l3d_significance"]) == pytest.approx((6.0, 6.0, 30.0))
    assert values["lxy_significance"] == pytest.approx(60.0)
    assert (values["energyfrac"], values["enratio"]) == pytest.approx((energy / 20, energy / 60))
    assert values["dphi"] == pytest.approx(np.arctan2(4, 3) - np.pi / 2)
    assert values["dr"] == pytest.approx(np.pi / 2 - np.arctan2(4, 3))
    assert values["flight_dr"] == pytest.approx(np.pi / 2)
    assert values["chi2"] == pytest.approx(1.5)


def test_the_track_above_charm_is_the_one_that_lifts_the_mass() -> None:
    momentum = np.array([[5.0, 0.5, 0.0], [4.0, -0.5, 0.0], [3.0, 0.0, 2.5], [1.0, 0.0, 0.0]])
    energy = np.sqrt((momentum**2).sum(axis=1) + 0.13957**2)

    def mass(rows: list[int]) -> float:
        return float(np.sqrt(energy[rows].sum() ** 2 - (momentum[rows].sum(axis=0) ** 2).sum()))

    assert mass([0, 1]) < 1.5 < mass([0, 1, 2])
    offsets = np.array([0, 4, 4])
    assert above_charm(offsets, momentum, np.array([9.0, 7.0, 3.0, 5.0])).tolist() == [2, -1]
    assert mass([2, 3]) < 1.5 < mass([2, 3, 0])
    assert above_charm(offsets, momentum, np.array([1.0, 0.0, 9.0, 8.0])).tolist() == [0, -1]
