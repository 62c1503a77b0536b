"""What the looks expect of jets and of overlaid collisions, against numbers of the papers and against toys."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from benchmarks.samples import jet_losses
from benchmarks.samples.l1_events import moments, pool_errors
from benchmarks.samples.splitting import energy_lost, mean_squared_mass, running_coupling


def test_a_splitting_gives_the_published_coefficients() -> None:
    coupling = running_coupling(300.0)
    assert energy_lost(600.0, 0.4) / coupling / np.log(1 / 0.4) == pytest.approx(0.43, abs=0.005)
    assert mean_squared_mass(600.0, 0.0) / coupling == pytest.approx(0.16, abs=0.005)
    assert mean_squared_mass(600.0, 1.0) / coupling == pytest.approx(0.37, abs=0.005)


def test_leptons_of_massless_decays_have_the_shares_of_the_muon_decay() -> None:
    # Electron antineutrino 3/10, electron 7/20.
    assert jet_losses._shares(1.0, 0.0) == pytest.approx((0.30, 0.35), abs=1e-4)
    assert sum(jet_losses._shares(5.28, 1.87)) < 0.65


def test_masses_lie_between_no_and_all_of_the_mean_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """A W and a top quark at rest: their quarks lose what they should, and masses in proportion."""
    monkeypatch.setattr(jet_losses, "overlaid_pt", lambda: 0.4 * 4 / 3 / 0.4)
    monkeypatch.setattr(jet_losses, "bottom_loss", lambda: 0.1)
    pt = 40.0
    quark = {"pt": [[60.0, 60.0, pt, pt]], "eta": [[0.0] * 4], "phi": [[1.5, -1.5, 0.0, np.pi]]}
    quark["energy"] = quark["pt"]
    sides = {f"{name}_mass": [mass] for name, mass in (("w_had", 80.0), ("top_had", 172.0), ("top_lep", 172.0))}
    w_lep = {f"w_lep_{name}": [value] for name, value in (("pt", 60.0), ("eta", 0.0), ("phi", 1.0), ("mass", 80.0))}
    found = jet_losses.expected_masses(ak.Array({"quark": ak.zip(quark), **sides, **w_lep}))
    assert found["w_had"] == pytest.approx((80.0 * (1 - energy_lost(pt, 0.4)), 80.0), rel=1e-6)
    for name in ("top_had", "top_lep"):
        low, high = found[name]
        assert high == pytest.approx(172.0) and 0.85 * 172.0 < low < 0.97 * 172.0


def test_errors_of_moments_are_those_of_repeated_toys() -> None:
    rng = np.random.default_rng(3)
    toys = rng.gamma(2.0, 20.0, (800, 300))
    means, spreads = zip(*(moments(toy) for toy in toys), strict=True)
    for found in (means, spreads):
        scatter = np.std([moment.value for moment in found])
        assert np.mean([moment.error for moment in found]) == pytest.approx(scatter, rel=0.12)


def test_pools_differ_as_much_as_is_said() -> None:
    """The exact mean and variance of one or two collisions, for many pools."""
    rng = np.random.default_rng(4)
    pools, share = rng.gamma(2.0, 20.0, (1500, 300)), 0.6
    means = (1 + share) * pools.mean(axis=1)
    spreads = np.sqrt((1 + share) * pools.var(axis=1) + share * (1 - share) * pools.mean(axis=1) ** 2)
    found = np.mean([pool_errors(pool, share, spread) for pool, spread in zip(pools, spreads, strict=True)], axis=0)
    assert found == pytest.approx((means.std(), spreads.std()), rel=0.1)
