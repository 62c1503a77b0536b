"""Collisions with a hard electron or muon."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from keras_hep.data.samples.lepton_filter import Collision, gather, hard_lepton_collisions

COMMON = ("Beams:eCM=13000", "PartonLevel:MPI=off")
W = (*COMMON, "WeakSingleBoson:ffbar2W=on", "24:onMode=off", "24:onIfAny=11 13 15")
TAUS = (*COMMON, "Higgs:useBSM=on", "HiggsBSM:ffbar2H+-=on", "37:m0=90", "37:onMode=off", "37:onIfMatch=15 16")


def collisions(settings: tuple[str, ...], lepton_pt: float, decays: int, count: int, seed: int = 3) -> list[Collision]:
    found = (one for one in hard_lepton_collisions(settings, lepton_pt, decays, seed) if one is not None)
    return list(islice(found, count))


def lepton_pt(collision: Collision) -> float:
    identity, px, py, *_ = collision.particles.T
    return float(np.hypot(px, py)[np.isin(np.abs(identity), (11, 13))].max(initial=0.0))


def test_leptons_are_hard_and_their_spectrum_is_that_without_the_filter() -> None:
    every = np.array([lepton_pt(one) for one in collisions(W, 0.0, 1, 250)])
    hard = np.array([lepton_pt(one) for one in collisions(W, 30.0, 1, 150, seed=4)])
    assert hard.min() > 0.93 * 30.0
    assert every.min() < 10.0
    same = every[every > 0.93 * 30.0]
    assert 60 < len(same) < 200
    for power in (1, 2):
        deviation = np.hypot((same**power).std() / len(same) ** 0.5, (hard**power).std() / len(hard) ** 0.5)
        assert np.mean(same**power) == pytest.approx(np.mean(hard**power), abs=4 * deviation)


def test_collisions_are_functions_of_the_seed() -> None:
    one, again, other = (collisions(W, 25.0, 1, 4, seed) for seed in (3, 3, 5))
    assert all(np.array_equal(a.particles, b.particles) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0].particles, other[0].particles)
    assert [collision.trial for collision in one] == [0] * 4


def test_taus_of_a_collision_decay_several_times() -> None:
    source = hard_lepton_collisions(TAUS, 15.0, 8, 3)
    found = [one for one in islice(source, 280) if one is not None]
    numbers = [one.number for one in found]
    assert all(lepton_pt(one) > 0.93 * 15.0 for one in found)
    assert numbers == sorted(numbers)
    assert 40 < len(set(numbers)) < 0.9 * len(found)
    assert len({(one.number, one.trial) for one in found}) == len(found)
    # Every decay has the same chance: nothing is favoured by trying again. 7 degrees of freedom, probability 0.001.
    counts = np.bincount([one.trial for one in found], minlength=8)
    assert len(counts) == 8
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 24.3
    # All but the products of the tau stays.
    first, second = next((a, b) for a, b in pairwise(found) if a.number == b.number)
    rows = [{tuple(row) for row in one.particles.tolist()} for one in (first, second)]
    assert len(rows[0] & rows[1]) >= len(rows[0]) - 8
    assert rows[0] != rows[1]


def test_particles_are_gathered_in_columns() -> None:
    rows = np.array([[11.0, 3.0, 4.0, 0.0, 5.0], [-211.0, 0.0, -2.0, 1.0, 3.0]])
    gathered = gather([Collision(5, 0, rows), Collision(9, 1, rows[1:])])
    assert gathered.event.tolist() == [0, 0, 1]
    assert gathered.identity.tolist() == [11, -211, -211]
    assert gathered.pt == pytest.approx([5.0, 2.0, 2.0])
    assert gathered.eta == pytest.approx([0.0, np.arcsinh(0.5), np.arcsinh(0.5)])
    assert gathered.phi == pytest.approx([np.arctan2(4, 3), -np.pi / 2, -np.pi / 2])
    assert gathered.energy.tolist() == [5.0, 3.0, 3.0]
