"""Top pairs with one lepton, from event records."""

from __future__ import annotations

import numpy as np
import pytest

from keras_hep.data.samples.bottom_pair import BottomPair, additional_bottoms, bottom_pair
from keras_hep.data.samples.pythia import Record, generate_record, start_pythia
from keras_hep.data.samples.semileptonic_tops import SEMILEPTONIC, W_MASS, neutrino_pz, semileptonic_tops
from keras_hep.data.samples.truth import BOTTOM, heavy_flavour

COMMON = ("Beams:eCM=13000", "PartonLevel:MPI=off")
PAIRS = (*COMMON, "Top:gg2ttbar=on", "Top:qqbar2ttbar=on")
WITH_HIGGS = (*COMMON, "HiggsSM:gg2Httbar=on", "25:onMode=off", "25:onIfMatch=5 5")


@pytest.fixture(scope="module", params=[0, 1])
def charge_and_record(request: pytest.FixtureRequest) -> tuple[int, Record]:
    return request.param, generate_record(start_pythia((*PAIRS, *SEMILEPTONIC[request.param]), 4), 40)


def momentum(record: Record, positions: np.ndarray) -> np.ndarray:
    return np.stack([record.px, record.py, record.pz, record.energy], axis=1)[positions]


def test_decays_are_found_in_every_event(charge_and_record: tuple[int, Record]) -> None:
    negative, record = charge_and_record
    decays = semileptonic_tops(record)
    events = np.arange(40)
    assert all(np.array_equal(record.event[positions], events) for positions in decays)
    sign = -1 if negative else 1
    assert np.all(record.identity[decays.top_lep] == sign * 6)
    assert np.all(record.identity[decays.top_had] == -sign * 6)
    assert np.all(record.identity[decays.w_lep] == sign * 24)
    assert np.all(record.identity[decays.w_had] == -sign * 24)
    assert set(record.identity[decays.lepton].tolist()) == {-11 * sign, -13 * sign}
    assert set(record.identity[decays.neutrino].tolist()) == {12 * sign, 14 * sign}
    assert np.mean(record.identity[decays.b_lep] == sign * 5) > 0.95
    assert np.all(np.abs(record.identity[decays.q1]) <= 5)
    pt = np.hypot(record.px, record.py)
    assert np.all(pt[decays.q1] >= pt[decays.q2])


def test_momentum_is_conserved_in_the_decays(charge_and_record: tuple[int, Record]) -> None:
    _, record = charge_and_record
    decays = semileptonic_tops(record)
    for w, first, second in (
        (decays.w_had, decays.q1, decays.q2),
        (decays.w_lep, decays.lepton, decays.neutrino),
    ):
        assert momentum(record, first) + momentum(record, second) == pytest.approx(momentum(record, w), abs=1e-4)
    # The W of the decay of the top, before photons and gluons that its shower takes from b and W together.
    for top, b in ((decays.top_had, decays.b_had), (decays.top_lep, decays.b_lep)):
        other = record.daughter1[top] + record.daughter2[top] - b
        assert momentum(record, other) + momentum(record, b) == pytest.approx(momentum(record, top), abs=1e-4)
        assert record.mass[top] == pytest.approx(np.full(40, 172.5), abs=25)


def test_the_neutrino_makes_a_w_with_the_lepton() -> None:
    rng = np.random.default_rng(1)
    pt, eta, phi = rng.uniform(25, 100, 500), rng.normal(0, 1, 500), rng.uniform(-np.pi, np.pi, 500)
    missing = rng.uniform(5, 100, 500) * np.exp(1j * rng.uniform(-np.pi, np.pi, 500))
    pz = neutrino_pz(pt, eta, phi, missing)
    energy = pt * np.cosh(eta) + np.hypot(np.abs(missing), pz)
    squared = energy**2 - np.abs(missing + pt * np.exp(1j * phi)) ** 2 - (pt * np.sinh(eta) + pz) ** 2
    transverse = 2 * (pt * np.abs(missing) - np.real(missing * pt * np.exp(-1j * phi)))
    real = transverse < W_MASS**2
    assert 100 < real.sum() < 400
    assert np.sqrt(squared[real]) == pytest.approx(np.full(real.sum(), W_MASS), rel=1e-9)
    # The other solution lies beyond the real part of both, so it is the larger one.
    middle = (0.5 * W_MASS**2 + np.real(missing * pt * np.exp(-1j * phi))) * np.sinh(eta) / pt
    assert np.all(np.abs(pz[real]) <= np.abs(2 * middle - pz)[real] + 1e-9)
    assert pz[~real] == pytest.approx(middle[~real])


def test_bottoms_beside_the_tops_are_those_of_the_higgs_boson() -> None:
    record = generate_record(start_pythia((*WITH_HIGGS, *SEMILEPTONIC[0]), 4), 30)
    found = additional_bottoms(record)
    number = np.bincount(record.event[found], minlength=30)
    assert np.all(number >= 2)
    assert np.mean(number == 2) > 0.9
    ordinary = generate_record(start_pythia((*PAIRS, *SEMILEPTONIC[0]), 4), 30)
    assert np.mean(np.bincount(ordinary.event[additional_bottoms(ordinary)], minlength=30)) < 0.5
    assert np.count_nonzero(heavy_flavour(ordinary.identity) == BOTTOM) >= 60
    pair = bottom_pair(record, 15.0, 2.5)
    both = pair.pt[:, 1] > 0
    assert both.sum() > 10
    assert np.all(pair.pt[:, 0] >= pair.pt[:, 1]) and np.all((pair.pt == 0) | (pair.pt > 15.0))
    assert np.all(np.abs(pair.eta) < 2.5)
    mass = pair.mass()[both & (number == 2)]
    assert np.all(mass < 125.2) and np.median(mass) > 85


def test_distance_and_mass_of_a_pair() -> None:
    pt, eta, phi = np.array([[30.0, 20.0]]), np.array([[1.0, 0.6]]), np.array([[3.0, -3.0]])
    pair = BottomPair(pt, eta, phi, pt * np.cosh(eta))
    turn = 2 * np.pi - 6.0
    assert pair.distance() == pytest.approx([np.hypot(0.4, turn)])
    assert pair.mass() == pytest.approx([np.sqrt(2 * 30 * 20 * (np.cosh(0.4) - np.cos(turn)))])
