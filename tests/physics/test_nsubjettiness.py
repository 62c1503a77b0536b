"""N-subjettiness against FastJet contrib, closed forms, other minimisers, and its symmetries."""

import math

import awkward as ak
import numpy as np
import pytest
import scipy.optimize

from keras_hep.errors import DataError
from keras_hep.physics import AXES, n_subjettiness
from keras_hep.physics._axes import assign, refine, weighted_sum
from tests.physics.substructure_jets import (
    REFERENCE,
    boosted,
    directions,
    jets,
    massless,
    random_jets,
    reference_jets,
    rotated,
    shuffled,
)

BETAS = (0.5, 1.0, 2.0)


def reference(axes):
    """FastJet contrib's values, shape (jets, betas, 6)."""
    return np.array([REFERENCE["tau"][axes][beta] for beta in ("0.5", "1", "2")]).transpose(1, 0, 2)


@pytest.mark.parametrize(("axes", "name"), [("kt", "KT_Axes"), ("wta_kt", "WTA_KT_Axes")])
def test_axes_from_clustering_give_the_values_of_fastjet_contrib(axes, name):
    # The reference is printed to nine digits.
    assert n_subjettiness(reference_jets(), axes=axes) == pytest.approx(reference(name), rel=1e-8)


def test_minima_are_those_of_fastjet_contrib_or_lower():
    tau, expected = n_subjettiness(reference_jets()), reference("OnePass_WTA_KT_Axes")
    assert tau[:, 2] == pytest.approx(expected[:, 2], rel=1e-8)
    # For beta = 1 contrib ends a little above the same minimum.
    assert (tau[:, 1] <= expected[:, 1]).all()
    assert np.median(tau[:, 1] / expected[:, 1]) == pytest.approx(1.0, abs=1e-3)
    assert (tau[:, 1] >= 0.9 * expected[:, 1]).all()
    # For beta < 1 contrib smooths the local minima away that the constituents are.
    assert (tau[:, 0] < expected[:, 0]).all()
    assert 0.95 < np.mean(tau[:, 0] / expected[:, 0]) < 0.99


def test_the_sums_written_out():
    """tau_2 about exclusive axes of three well separated prongs, of which the nearest two are merged."""
    pt, y, phi = np.array([100.0, 60.0, 20.0]), np.array([0.2, 0.7, 0.8]), np.array([3.1, -3.1, -3.0])
    prongs = jets([massless(*values) for values in zip(pt, y, phi, strict=True)])
    step = math.hypot(0.1, 0.1)
    for beta in (0.5, 1.0, 1.7):
        winner = n_subjettiness(prongs, 2, (beta,), "wta_kt", r0=0.5)
        assert winner[0, 0, 1] == pytest.approx(20.0 * step**beta / (180.0 * 0.5**beta))
        far = math.hypot(0.5, 2 * math.pi - 6.2)
        third = math.hypot(0.6, 2 * math.pi - 6.1)
        assert winner[0, 0, 0] == pytest.approx((60.0 * far**beta + 20.0 * third**beta) / (180.0 * 0.5**beta))
        raw = n_subjettiness(prongs, 2, (beta,), "wta_kt", normalised=False)
        assert raw[0, 0, 1] == pytest.approx(20.0 * step**beta)


def test_minima_of_two_constituents_in_closed_form():
    pt, distance, r0 = (70.0, 30.0), 0.6, 0.8
    pair = jets([massless(pt[0], 0.0, 0.0), massless(pt[1], distance, 0.0)])
    tau = n_subjettiness(pair, 1, (0.5, 1.0, 2.0, 3.0), "onepass_kt", r0=r0)[0, :, 0]
    # beta <= 1: upon the harder one; beta = 2: the mean; beta = 3: where 70 a^2 = 30 b^2.
    assert tau[0] == pytest.approx(0.3 * math.sqrt(distance / r0))
    assert tau[1] == pytest.approx(0.3 * distance / r0)
    assert tau[2] == pytest.approx(0.7 * 0.3 * (distance / r0) ** 2)
    share = math.sqrt(30.0) / (math.sqrt(70.0) + math.sqrt(30.0))
    assert tau[3] == pytest.approx((0.7 * share**3 + 0.3 * (1 - share) ** 3) * (distance / r0) ** 3)


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("axes", ["onepass_kt", "onepass_wta_ca"])
def test_tau_1_is_the_minimum_that_another_minimiser_finds(axes, beta):
    """With one axis and beta >= 1 the sum is convex."""
    some_jets = reference_jets()[:12]
    tau = n_subjettiness(some_jets, 1, (beta,), axes, normalised=False)[:, 0, 0]
    for jet, value in zip(some_jets, tau, strict=True):
        pt, y, phi = directions(jet)
        phi = np.angle(np.exp(1j * (phi - phi[0])))

        def total(axis, pt=pt, y=y, phi=phi):
            return np.sum(pt * np.hypot(y - axis[0], phi - axis[1]) ** beta)

        start = (np.average(y, weights=pt), np.average(phi, weights=pt))
        best = min(
            total((y[np.argmax(pt)], phi[np.argmax(pt)])),
            scipy.optimize.minimize(
                total, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 2000}
            ).fun,
        )
        assert value == pytest.approx(best, rel=1e-7)


@pytest.mark.parametrize("beta", [0.5, 1.0, 1.5, 2.0, 2.5])
def test_no_small_move_of_an_axis_lowers_the_sum(beta):
    rng = np.random.default_rng(5)
    for jet in reference_jets()[:12]:
        pt, y, phi = directions(jet)
        phi = phi % (2 * math.pi)
        away2, owner = np.empty(len(pt)), np.empty(len(pt), dtype=np.int64)
        for count in (1, 2, 4):
            chosen = rng.choice(len(pt), count, replace=False)
            axes = np.array([y[chosen], phi[chosen]]) + rng.normal(0, 0.05, (2, count))
            axes[1] %= 2 * math.pi
            assign(y, phi, axes, count, away2, owner)
            start = weighted_sum(pt, away2, beta)
            lowest = refine(y, phi, pt, axes, count, beta, away2, owner)
            assert lowest <= start
            assign(y, phi, axes, count, away2, owner)
            assert weighted_sum(pt, away2, beta) == pytest.approx(lowest, rel=1e-9)
            for axis in range(count):
                for size in (1e-7, 1e-6, 1e-5):
                    for angle in np.arange(8) * math.pi / 4:
                        moved = axes.copy()
                        moved[:, axis] += size * np.array([math.cos(angle), math.sin(angle)])
                        assign(y, phi, moved, count, away2, owner)
                        assert weighted_sum(pt, away2, beta) >= lowest * (1.0 - 1e-10)


@pytest.mark.parametrize("weight", [0.52, 0.5275, 0.53, 0.55, 0.65])
def test_an_axis_stays_upon_a_constituent_that_the_others_do_not_pull_it_from(weight):
    """The Fermat point of a triangle: upon a corner as long as the pull of the others is not more than its weight."""
    y, phi, pt = np.array([0.0, 0.3, 0.3]), np.array([1.0, 1.1, 0.9]), np.array([1.0, weight, weight])
    pull = 2 * weight * math.cos(math.atan(1 / 3))
    # On the axis of symmetry the pull of two is 1 where their angle seen from there is arccos(1 / (2 weight)).
    at = max(0.0, 0.3 - 0.1 / math.tan(math.acos(min(1.0, 1 / (2 * weight))))) if pull > 1 else 0.0
    lowest = at + 2 * weight * math.hypot(0.3 - at, 0.1)
    for start in ((0.0, 1.0), (1e-5, 1.0), (0.001, 1.0005), (0.29, 0.9)):
        axes = np.array([[start[0]], [start[1]]])
        value = refine(y, phi, pt, axes, 1, 1.0, np.empty(3), np.empty(3, dtype=np.int64))
        assert value == pytest.approx(lowest, rel=1e-9)
        assert axes[0, 0] == pytest.approx(at, abs=1e-5)
        assert (axes[0, 0] == 0.0) == (pull < 1)


def test_with_a_small_exponent_no_constituent_of_a_subjet_is_a_better_axis():
    some_jets = reference_jets()[:15]
    tau = n_subjettiness(some_jets, 1, (0.5, 0.8), "onepass_kt", normalised=False)[:, :, 0]
    for jet, values in zip(some_jets, tau, strict=True):
        pt, y, phi = directions(jet)
        turn = np.angle(np.exp(1j * (phi[:, None] - phi)))
        for beta, value in zip((0.5, 0.8), values, strict=True):
            sums = (pt * np.hypot(y[:, None] - y, turn) ** beta).sum(axis=1)
            assert value <= sums.min() * (1 + 1e-12)
            assert value > 0.8 * sums.min()


@pytest.mark.parametrize("kind", ["kt", "wta_kt", "ca", "wta_ca"])
def test_minimising_never_raises_the_sum(kind):
    some_jets = ak.concatenate([reference_jets(), random_jets([8, 15, 30, 60], seed=2)])
    betas = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0)
    start = n_subjettiness(some_jets, 6, betas, kind)
    minimum = n_subjettiness(some_jets, 6, betas, f"onepass_{kind}")
    assert (minimum <= start * (1 + 1e-12)).all()
    assert (minimum < 0.999 * start).mean() > 0.2


@pytest.mark.parametrize("kind", ["wta_kt", "wta_ca"])
def test_one_more_winner_never_raises_tau(kind):
    """The axes of N winners are among those of N + 1."""
    tau = n_subjettiness(ak.concatenate([reference_jets(), random_jets([9, 25, 40], seed=6)]), 8, BETAS, kind)
    assert (np.diff(tau, axis=2) <= 0.0).all()


@pytest.mark.parametrize("axes", sorted(AXES))
def test_symmetries(axes):
    some_jets = random_jets([5, 12, 20, 35, 50], seed=11)
    tau = n_subjettiness(some_jets, 6, BETAS, axes)
    assert (tau[2:] > 0.0).all()
    for changed in (rotated(some_jets, 2.3), boosted(some_jets, 0.7), shuffled(some_jets)):
        assert n_subjettiness(changed, 6, BETAS, axes) == pytest.approx(tau, rel=1e-6, abs=1e-12)
    # Only shares of pT count, and with the unit GeV they double.
    twice = ak.zip({name: 2.0 * some_jets[name] for name in some_jets.fields})
    assert n_subjettiness(twice, 6, BETAS, axes) == pytest.approx(tau, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("axes", ["kt", "wta_kt", "onepass_kt", "onepass_wta_kt"])
def test_soft_and_collinear_constituents_change_little(axes):
    some_jets = random_jets([20, 30, 45], seed=12)
    tau = n_subjettiness(some_jets, 4, BETAS, axes)
    # The second jet's axis is where it is; soft constituents come 0.4 to the side of the first constituent.
    softness = 1e-7
    pt, y, phi = (ak.Array([directions(jet)[column] for jet in some_jets]) for column in range(3))
    soft = jets(
        *(
            [massless(softness * float(a[0]), float(b[0]) + 0.3, float(c[0]) + 0.2)]
            for a, b, c in zip(pt, y, phi, strict=True)
        )
    )
    with_soft = ak.concatenate([some_jets, soft], axis=1)
    assert n_subjettiness(with_soft, 4, BETAS, axes) == pytest.approx(tau, rel=1e-5)
    halves = ak.concatenate([some_jets[:, :1], some_jets], axis=1)
    split = ak.zip(
        {
            name: ak.where(ak.local_index(halves) < 2, 0.5 * halves[name], halves[name])
            for name in ("px", "py", "pz", "E")
        }
    )
    # Two halves of the first constituent, in the same direction, for the whole.
    assert n_subjettiness(split, 4, BETAS, axes) == pytest.approx(tau, rel=1e-9)


@pytest.mark.parametrize("axes", ["kt", "onepass_wta_kt"])
def test_jets_with_few_constituents(axes):
    one, two, three = massless(50.0, 0.1, 0.2), massless(20.0, 0.4, 0.1), massless(7.0, 0.0, 0.6)
    padding = (0.0, 0.0, 0.0, 0.0)
    tau = n_subjettiness(jets([], [one], [one, padding, two, padding], [one, two, three], [one, one]), 4, BETAS, axes)
    assert np.isfinite(tau).all()
    assert (tau[:2] == 0.0).all()
    assert (tau[2, :, 0] > 0.0).all()
    assert (tau[2, :, 1:] == 0.0).all()
    assert (tau[3, :, :2] > 0.0).all()
    assert (tau[3, :, 2:] == 0.0).all()
    assert tau[4] == pytest.approx(0.0, abs=1e-12)
    assert n_subjettiness(jets([one])[:0], 4, BETAS, axes).shape == (0, 3, 4)


def test_threads_and_neighbours_change_nothing():
    many = reference_jets()[np.tile(np.arange(40), 4)]
    tau = n_subjettiness(many, threads=1)
    assert np.array_equal(n_subjettiness(many, threads=4), tau)
    assert np.array_equal(n_subjettiness(many[7:8]), tau[7:8])


def test_wrong_arguments_are_refused():
    some_jets = random_jets([3], seed=1)
    with pytest.raises(DataError, match="unknown axes 'kt_wta'; did you mean 'wta_kt'"):
        n_subjettiness(some_jets, axes="kt_wta")
    with pytest.raises(DataError, match="n_max must be at least 1; received 0"):
        n_subjettiness(some_jets, n_max=0)
    with pytest.raises(DataError, match=r"beta must be positive; received -1\.0"):
        n_subjettiness(some_jets, betas=(1.0, -1.0))
    with pytest.raises(DataError, match="r0 must be positive; received 0"):
        n_subjettiness(some_jets, r0=0.0)
    with pytest.raises(DataError, match="jet 0 has a NaN or infinite px"):
        n_subjettiness(jets([(math.nan, 0.0, 0.0, 1.0)]))
