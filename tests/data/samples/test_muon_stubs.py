"""The sample `muon-stubs`."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from benchmarks.samples.muon_stubs import draw, expected_bending, quantities, scaled_bending, scattering_floor, spread
from keras_hep.data.samples.helix import BENDING, highland
from keras_hep.data.samples.muon_endcap import Endcap, Slab, start, traverse
from keras_hep.data.samples.recipes.muon_stubs import CARD, SAMPLE
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

MUON = 0.10566
PAIRS = [(i, j) for i in range(4) for j in range(i + 1, 4)]


def make(entries: int, seed: int = 1, **options: float) -> ak.Array:
    request = ShardRequest(0, 0, entries, seed, 1, {**SAMPLE.options, **options})
    return SAMPLE.make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def muons() -> ak.Array:
    return make(60_000)


def endcap(*slabs: Slab, steps: int = 8) -> Endcap:
    """An endcap with one station at the end of each of four stretches of the given slabs."""
    return replace(CARD, slabs=slabs, steps=steps)


# Propagation


def test_a_solenoid_bends_as_a_helix() -> None:
    pt, eta, charge = np.array([3.0, 10.0, 50.0]), np.array([1.3, 1.8, 2.3]), np.array([1.0, -1.0, 1.0])
    card = endcap(Slab(0.0, 10_400.0, axial=3.8), steps=40)
    points = traverse(start(pt, eta, np.zeros(3), charge), card, None)
    assert len(points) == 4
    radius = pt / (BENDING * 3.8)
    for z, point in zip(card.stations, points, strict=True):
        turned = z / np.sinh(eta) / radius
        assert point.x == pytest.approx(radius * np.sin(turned), rel=2e-3)
        assert point.y == pytest.approx(-charge * radius * (1 - np.cos(turned)), rel=2e-3)
        assert np.arctan2(point.py, point.px) == pytest.approx(-charge * turned)
        assert np.hypot(point.px, point.py) == pytest.approx(pt) and point.pz == pytest.approx(pt * np.sinh(eta))


def test_the_steel_bends_back_and_keeps_the_momentum() -> None:
    pt, eta, zero, one = np.array([20.0]), np.array([1.8]), np.zeros(1), np.ones(1)
    card = endcap(Slab(0.0, 6000.0), Slab(6000.0, 6600.0, radial=1.5), Slab(6600.0, 10_400.0))
    before = start(pt, eta, zero, one)
    after = traverse(before, card, None)[-1]
    # Along z x r the azimuth: positive muons turn to larger azimuth by 0.3 B L, the solenoid turns them to smaller.
    assert after.py == pytest.approx(BENDING * 1.5 * 600.0, rel=1e-3)
    assert after.momentum == pytest.approx(before.momentum)
    solenoid = endcap(Slab(0.0, 10_400.0, axial=3.8))
    assert traverse(before, solenoid, None)[-1].py < 0


def test_energy_is_lost_along_the_path() -> None:
    pt, eta = np.array([10.0, 1.5]), np.array([1.8, 1.8])
    card = endcap(Slab(0.0, 6000.0), Slab(6000.0, 6900.0, radiation=17.57, loss=1.3e-3), Slab(6900.0, 10_400.0))
    before = start(pt, eta, np.zeros(2), np.ones(2))
    after = traverse(before, replace(card, straggling=0.0), np.random.default_rng(1))[0]
    lost = np.hypot(before.momentum, MUON) - np.hypot(after.momentum, MUON)
    # The path is longer by 1 / cos(theta) = coth(eta); scattering makes it a little longer yet.
    assert lost == pytest.approx(1.3e-3 * 900 / np.tanh(1.8), rel=0.02)
    thick = endcap(Slab(0.0, 6900.0, radiation=17.57, loss=1.3e-3), Slab(6900.0, 10_400.0))
    stopped = traverse(start(np.array([1.5]), np.array([1.2]), np.zeros(1), np.ones(1)), thick, None)
    assert all(np.isnan(point.x).all() for point in stopped)


def test_scattering_is_highlands() -> None:
    count = 20_000
    pt, eta = np.full(count, 30.0), np.full(count, 1.8)
    card = replace(
        endcap(Slab(0.0, 6000.0), Slab(6000.0, 6800.0, radiation=17.57), Slab(6800.0, 10_400.0)), straggling=0.0
    )
    before = start(pt, eta, np.zeros(count), np.ones(count))
    after = traverse(before, card, np.random.default_rng(2))[-1]
    slant = 1 / np.tanh(1.8)
    width = float(highland(before.momentum[:1], np.array([800 * slant / 17.57]), MUON)[0])
    assert np.std(after.py / before.momentum) == pytest.approx(width, rel=0.03)
    polar = np.arctan2(np.hypot(after.px, after.py), after.pz)
    assert np.std(polar) == pytest.approx(width, rel=0.03)
    assert after.momentum == pytest.approx(before.momentum)
    # The place where it is seen: width times the lever arm, which for a thick slab is spread evenly.
    lever = np.mean((CARD.stations[-1] - np.linspace(6000, 6800, 100)) ** 2)
    assert np.std(after.y) == pytest.approx(width * slant * np.sqrt(lever), rel=0.03)


# The sample


def test_a_shard_is_a_pure_function_of_its_request() -> None:
    first, again, other = make(50), make(50), make(50, seed=2)
    assert ak.array_equal(first, again)
    assert not np.isin(ak.to_numpy(first.pt), ak.to_numpy(other.pt)).any()
    assert ak.array_equal(make(20), first[:20])


def test_branches_are_those_of_the_card(muons: ak.Array) -> None:
    assert set(muons.fields) == set(SAMPLE.card["branches"])
    kinds = {name: str(muons[name].type.content) for name in muons.fields}
    assert kinds.pop("event") == "int64" and kinds.pop("label") == kinds.pop("mode") == "int32"
    assert kinds.pop("stub_hit") == "4 * int8"
    assert {name for name, kind in kinds.items() if kind == "4 * float32"} == {"stub_phi", "stub_theta", "stub_bend"}
    assert set(kinds.values()) == {"float32", "4 * float32"}
    assert len(np.unique(ak.to_numpy(muons.event))) == len(muons) and ak.all(muons.label == 0)


def test_differences_are_those_of_the_stubs(muons: ak.Array) -> None:
    muons = muons[:3000]
    hit = ak.to_numpy(muons.stub_hit).astype(bool)
    phi, theta = (ak.to_numpy(muons[name]) for name in ("stub_phi", "stub_theta"))
    for i, j in PAIRS:
        both = hit[:, i] & hit[:, j]
        assert 0.7 < both.mean() < 0.95
        dphi, dtheta = (ak.to_numpy(muons[f"{name}_{i + 1}{j + 1}"]) for name in ("dphi", "dtheta"))
        assert np.exp(1j * dphi[both]) == pytest.approx(np.exp(1j * (phi[:, j] - phi[:, i])[both]), abs=1e-6)
        assert np.abs(dphi).max() <= np.pi and np.quantile(np.abs(dphi), 0.99) < 0.2
        assert dtheta[both] == pytest.approx((theta[:, j] - theta[:, i])[both], abs=1e-6)
        assert not dphi[~both].any() and not dtheta[~both].any()
    assert not phi[~hit].any() and not theta[~hit].any() and not ak.to_numpy(muons.stub_bend)[~hit].any()
    assert (ak.to_numpy(muons["mode"]) == hit @ [8, 4, 2, 1]).all()
    assert hit.sum(axis=1).min() == 2
    assert theta[hit].min() > 0.15 and theta[hit].max() < 0.77
    assert ak.to_numpy(muons.theta) == pytest.approx(theta[np.arange(len(hit)), hit.argmax(axis=1)])


def test_truth_is_flat_and_symmetric(muons: ak.Array) -> None:
    fast = muons[muons.pt > 4]
    curvature = np.abs(ak.to_numpy(fast.curvature))
    assert stats.kstest(curvature, "uniform", args=(0.01, 0.24)).pvalue > 1e-4
    np.testing.assert_allclose(ak.to_numpy(muons.curvature), ak.to_numpy(muons.charge / muons.pt), rtol=1e-6)
    assert stats.kstest(ak.to_numpy(fast.eta), "uniform", args=(1.2, 1.2)).pvalue > 1e-4
    assert ak.min(muons.pt) >= 2 and ak.max(muons.pt) <= 100
    assert set(np.unique(ak.to_numpy(muons.charge))) == {-1, 1}
    theta = 2 * np.arctan(np.exp(-ak.to_numpy(muons.eta)))
    straight = ak.to_numpy(muons.pt) > 20
    assert (ak.to_numpy(muons.theta) - theta)[straight].std() < 0.004


def test_bending_times_pt_is_constant_and_scattering_sets_its_spread(muons: ak.Array) -> None:
    full = muons[(muons["mode"] == 15) & (abs(muons.eta - 1.8) < 0.15)]
    for low, high in ((5, 7), (8, 12), (15, 30)):
        some = full[(full.pt > low) & (full.pt < high)]
        pt = float(np.median(ak.to_numpy(some.pt)))
        bending = scaled_bending(some)
        assert np.median(bending) == pytest.approx(
            expected_bending(pt, 1.8), abs=3.5 * spread(bending) / np.sqrt(len(some))
        )
        expected = np.hypot(scattering_floor(pt, 1.8), np.sqrt(2) * CARD.sigma_phi) * pt * np.sinh(1.8)
        assert spread(bending) == pytest.approx(expected, rel=0.12)
    # Constant for fast muons, smaller for slow ones, which have lost energy before they are seen.
    assert expected_bending(50.0, 1.8) == pytest.approx(expected_bending(20.0, 1.8), rel=0.02)
    assert abs(expected_bending(3.0, 1.8)) < 0.97 * abs(expected_bending(20.0, 1.8))
    # Positive muons turn to smaller azimuth, negative ones the other way, by as much.
    fast = full[full.pt > 5]
    minus, plus = (np.median(ak.to_numpy((fast.dphi_12 * fast.pt)[fast.charge == sign])) for sign in (-1, 1))
    assert plus < 0 < minus and plus == pytest.approx(-minus, rel=0.15)


def test_the_bending_angle_and_all_pairs_know_the_charge(muons: ak.Array) -> None:
    full = muons[(muons["mode"] == 15) & (muons.pt > 4) & (muons.pt < 8)]
    charge = ak.to_numpy(full.charge)
    for values in (ak.to_numpy(full.stub_bend)[:, 0], ak.to_numpy(full.dphi_12), ak.to_numpy(full.dphi_13)):
        assert np.mean(np.sign(values) == -charge) > 0.9


def test_resolutions_and_efficiency_are_those_of_the_card() -> None:
    fast = make(40_000, pt_min=900.0, pt_max=1000.0)
    hit = ak.to_numpy(fast.stub_hit)
    # Muons with fewer than two stubs are dropped, one in 2000.
    assert hit.mean() == pytest.approx(0.95, abs=0.003)
    both = ak.to_numpy((fast.stub_hit[:, 2] == 1) & (fast.stub_hit[:, 3] == 1))
    assert ak.to_numpy(fast.dphi_34)[both].std() == pytest.approx(np.sqrt(2) * 0.0005, rel=0.05)
    assert ak.to_numpy(fast.dtheta_34)[both].std() == pytest.approx(np.sqrt(2) * 0.0015, rel=0.03)
    assert ak.to_numpy(fast.stub_bend)[hit[:, 3] == 1, 3].std() == pytest.approx(0.008, rel=0.05)


def test_the_look_finds_what_it_expects(muons: ak.Array) -> None:
    for quantity in quantities(muons):
        if quantity.expected.startswith(">"):
            assert quantity.measured > float(quantity.expected[1:])
        else:
            assert quantity.measured == pytest.approx(float(quantity.expected), rel=0.15), quantity.name
    figure = plt.figure()
    draw(muons, figure)
    assert len(figure.axes) == 6 and all(axis.get_xlabel() and axis.get_ylabel() for axis in figure.axes)
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pt_min": 0.5}, "pt_min must lie between 1 and 1000; received 0.5"),
        ({"pt_max": 5000.0}, "pt_max must lie between 1 and 1000; received 5000"),
        ({"pt_min": 50.0, "pt_max": 20.0}, "pt_min must not be above pt_max; received 50 and 20 GeV"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make(1, **options)
