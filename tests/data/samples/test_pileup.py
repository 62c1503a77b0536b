"""Overlaid collisions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from keras_hep.data.samples import pileup
from keras_hep.data.samples.detector import Particles
from keras_hep.data.samples.pileup import Overlay, Pool, SoftCollisions, lay, make_pool, shared_pool
from keras_hep.data.samples.sample import ShardRequest

SMALL = SoftCollisions(pool=15)


def particles(event: list[int], pt: list[float], eta: list[float], phi: list[float]) -> Particles:
    pts = np.array(pt)
    return Particles(
        np.array(event, dtype=np.int64), np.full(len(pt), 211), pts, np.array(eta), np.array(phi), pts * np.cosh(eta)
    )


@pytest.fixture(scope="module")
def pool() -> Pool:
    return make_pool(SMALL, 3, lambda: None)


def test_collisions_are_added_to_their_events_turned_and_mirrored() -> None:
    # Two collisions: one particle of 1 GeV, and two of 2 and 4 GeV a quarter turn apart.
    two = Pool(particles([0, 1, 1], [1.0, 2.0, 4.0], [0.5, 1.0, 1.5], [0.0, 3.0, 3.0 - np.pi / 2]), np.array([0, 1, 3]))
    own = particles([0, 2], [100.0, 200.0], [0.1, 0.2], [1.0, 2.0])
    counts = np.array([3000, 0, 2000])
    all_of_them = lay(own, two, counts, np.random.default_rng(1))
    assert np.all(np.diff(all_of_them.event) >= 0)
    assert not np.any(all_of_them.event == 1)
    assert np.count_nonzero(all_of_them.pt >= 100.0) == 2
    soft = all_of_them.select(all_of_them.pt < 100.0)
    for event, count in enumerate(counts):
        here = soft.pt[soft.event == event]
        assert np.count_nonzero(here == 1.0) + np.count_nonzero(here == 2.0) == count
        assert np.count_nonzero(here == 2.0) == np.count_nonzero(here == 4.0)
    ones = soft.select(soft.pt == 1.0)
    assert len(ones.pt) == pytest.approx(2500, abs=150)
    assert set(np.abs(ones.eta).tolist()) == {0.5}
    assert np.mean(ones.eta > 0) == pytest.approx(0.5, abs=0.05)
    assert np.all(np.abs(soft.phi) <= np.pi)
    assert np.abs(np.exp(1j * ones.phi).mean()) < 0.05 and np.abs(np.exp(2j * ones.phi).mean()) < 0.05
    # A collision turns and mirrors as a whole.
    first, second = soft.select(soft.pt == 2.0), soft.select(soft.pt == 4.0)
    assert np.allclose(np.exp(1j * (first.phi - second.phi)), 1j)
    assert np.allclose(second.eta, 1.5 * first.eta)
    assert np.allclose(soft.energy, soft.pt * np.cosh(soft.eta))


def test_nothing_is_added_without_collisions(pool: Pool) -> None:
    own = particles([0, 1], [5.0, 6.0], [0.1, 0.2], [1.0, 2.0])
    same = lay(own, pool, np.zeros(2, dtype=np.int64), np.random.default_rng(1))
    assert all(np.array_equal(*columns) for columns in zip(own, same, strict=True))


def test_a_pool_has_its_collisions_side_by_side(pool: Pool) -> None:
    assert pool.starts[0] == 0 and pool.starts[-1] == len(pool.particles.pt)
    assert len(pool.starts) == SMALL.pool + 1
    assert np.array_equal(pool.particles.event, np.repeat(np.arange(SMALL.pool), np.diff(pool.starts)))
    assert np.count_nonzero(np.diff(pool.starts) > 20) > SMALL.pool / 2
    assert pool.particles.pt.max() < SMALL.hard_pt


def test_a_pool_leaves_out_hard_collisions(pool: Pool) -> None:
    softer = make_pool(dataclasses.replace(SMALL, hard_pt=5.0), 3, lambda: None)
    assert len(softer.starts) == SMALL.pool + 1
    # About half of the collisions have a scattering above 5 GeV, which makes far more particles.
    assert len(softer.particles.pt) < 0.9 * len(pool.particles.pt)


def test_hard_collisions_are_generated_and_the_rest_is_left_to_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    make = make_pool
    monkeypatch.setattr(pileup, "make_pool", lambda *arguments: calls.append(1) or make(*arguments))
    monkeypatch.setattr(pileup, "_pools", {})
    request = ShardRequest(0, 0, 10, seed=5, classes=1)
    card = SoftCollisions(pool=5, hard_share=0.5)
    overlay = Overlay(card, request, lambda: None)
    counts = np.array([0, 6, 4, 0])
    hard, soft = overlay.hard_ones(counts, np.random.default_rng(1))
    generated = np.bincount(hard.event, minlength=4)
    assert generated[0] == generated[3] == soft[0] == soft[3] == 0
    assert generated[1] > 0 and generated[2] > 0
    assert np.bincount(hard.event, hard.pt, 4)[1:3].min() > 2 * 20.0
    # Each hard one takes one or two of the pool along.
    assert np.all(soft[1:3] >= counts[1:3]) and np.any(soft > counts)
    never = Overlay(dataclasses.replace(card, hard_share=0.0), request, lambda: None)
    assert len(never.hard_ones(counts, np.random.default_rng(1))[0].pt) == 0
    assert np.array_equal(never.hard_ones(counts, np.random.default_rng(1))[1], counts)
    assert len(calls) == 2
    assert shared_pool(never.card, ShardRequest(0, 7, 99, seed=5, classes=1), lambda: None) is never.pool
    assert shared_pool(never.card, dataclasses.replace(request, seed=6), lambda: None) is not never.pool


def test_one_or_two_collisions_are_the_underlying_event() -> None:
    overlay = Overlay(SMALL, ShardRequest(0, 0, 10, seed=5, classes=1), lambda: None)
    counts = overlay.underlying(4000, np.random.default_rng(1))
    assert set(counts.tolist()) == {1, 2}
    assert counts.mean() == pytest.approx(SMALL.underlying, abs=0.04)
