"""The detector card: efficiencies, resolutions and reach."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.detector import Detector, Particles, detect


def particles(identity: int, energy: float, eta: float, count: int) -> Particles:
    """Many alike particles, each in an event of its own and at an azimuth of its own."""
    phi = np.linspace(-3, 3, count)
    same = np.ones(count)
    return Particles(
        np.arange(count), np.full(count, identity), same * energy / np.cosh(eta), same * eta, phi, same * energy
    )


def test_tracks_are_seen_with_their_efficiency_and_resolution() -> None:
    seen = detect(particles(13, 100.0, 0.3, 20_000), Detector(), 20_000, np.random.default_rng(1))
    found = ak.to_numpy(ak.num(seen))
    assert found.max() == 1
    assert found.mean() == pytest.approx(0.95, abs=0.006)
    energy = ak.to_numpy(ak.flatten(seen.E))
    assert np.median(energy) == pytest.approx(100.0, rel=1e-3)
    assert np.std(np.log(energy)) == pytest.approx(np.hypot(0.01, 1.5e-4 * 100 / np.cosh(0.3)), rel=0.03)


@pytest.mark.parametrize(("identity", "stochastic", "constant"), [(22, 0.10, 0.002), (130, 0.52, 0.03)])
def test_towers_measure_energy_with_their_resolution(identity: int, stochastic: float, constant: float) -> None:
    seen = detect(particles(identity, 100.0, 0.3, 10_000), Detector(), 10_000, np.random.default_rng(2))
    energy = ak.to_numpy(ak.flatten(seen.E))
    assert len(energy) == 10_000
    assert energy.mean() == pytest.approx(100.0, rel=2e-3)
    assert energy.std() == pytest.approx(np.hypot(stochastic * 10, constant * 100), rel=0.04)


def test_towers_sum_what_hits_them_and_stay_near_it() -> None:
    two = particles(130, 50.0, -1.21, 2)
    together = two._replace(event=np.zeros(2, dtype=np.int64), phi=np.array([3.08, 3.09]))
    seen = detect(together, Detector(hadronic_stochastic=0.0, hadronic_constant=0.0), 1, np.random.default_rng(3))
    assert seen.E.tolist() == [[pytest.approx(100.0)]]
    width = 2 * np.pi / 72
    assert abs(np.arctan2(seen.py, seen.px)[0, 0] - 3.085) < width
    assert abs(np.arcsinh(seen.pz / np.hypot(seen.px, seen.py))[0, 0] + 1.21) < width


def test_what_is_out_of_reach_is_not_seen() -> None:
    for missed in (particles(13, 1e4, 3.0, 10), particles(22, 1e4, 5.5, 10), particles(22, 0.01, 0.0, 10)):
        assert ak.sum(ak.num(detect(missed, Detector(), 10, np.random.default_rng(4)))) == 0
