"""The sample `calo-regions`, and the grid of its regions."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.calo_grid import RegionGrid, add_grids, deposits, read_out
from keras_hep.data.samples.detector import Particles
from keras_hep.data.samples.recipes import calo_regions
from keras_hep.data.samples.recipes.calo_regions import CLASSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import Option, ShardRequest
from keras_hep.errors import DataError

GRID = RegionGrid()
EXACT = RegionGrid(stochastic=(0.0, 0.0), constant=(0.0, 0.0))
ENTRIES = 60


def request(label: int, entries: int = ENTRIES, seed: int = 3, **options: Option) -> ShardRequest:
    return ShardRequest(label, 1, entries, seed, len(CLASSES), {**SAMPLE.options, **options})


@pytest.fixture(scope="module", autouse=True)
def small_pool() -> None:
    with pytest.MonkeyPatch.context() as patch:
        soft = dataclasses.replace(calo_regions.CARD.soft, pool=60)
        patch.setattr(calo_regions, "CARD", dataclasses.replace(calo_regions.CARD, soft=soft))
        yield


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make_shard(request(label), lambda: None) for label in range(len(CLASSES))])


def particles(*rows: tuple[int, int, float, float, float]) -> Particles:
    event, identity, pt, eta, phi = (np.array(column) for column in zip(*rows, strict=True))
    return Particles(event, identity, pt, eta, phi, pt * np.cosh(eta))


def test_the_grid_has_fourteen_by_eighteen_regions() -> None:
    edges = np.array(GRID.eta_edges)
    assert len(edges) == 15 and np.all(np.diff(edges) > 0)
    assert edges == pytest.approx(-edges[::-1])
    assert (edges[-1], GRID.azimuths) == (3.0, 18)


def test_particles_leave_their_energy_in_their_region() -> None:
    found = deposits(
        particles(
            (0, 22, 10.0, 0.1, -3.1),
            (0, -11, 5.0, 0.1, -3.1),
            (0, 211, 3.0, -2.9, 3.1),
            (0, 130, 0.5, -2.9, 3.1),  # neutral, so it does not curl
            (0, 211, 0.6, 0.1, 0.0),  # curls
            (0, 13, 50.0, 0.1, 0.0),  # leaves nothing
            (0, 22, 50.0, 3.1, 0.0),  # outside
            (1, 2212, 7.0, 0.4, 0.01),
        ),
        GRID,
        3,
    )
    assert found.shape == (3, 18, 14, 2)
    assert {tuple(at): found[tuple(at)] for at in np.argwhere(found).tolist()} == {
        (0, 0, 7, 0): 15.0,
        (0, 17, 0, 1): 3.5,
        (1, 9, 8, 1): 7.0,
    }


def test_grids_turn_and_mirror_as_wholes() -> None:
    rng = np.random.default_rng(1)
    pool, start = rng.random((3, 18, 14, 2)), rng.random((4, 18, 14, 2))
    counts, drawn = np.array([2, 0, 1, 2]), np.array([0, 2, 1, 1, 0])
    turns, mirrored = np.array([0, 17, 5, 0, 3]), np.array([False, False, True, True, False])
    sums = start.copy()
    add_grids(sums, pool, counts, drawn, turns, mirrored)
    expected = start.copy()
    for event, one, turn, mirror in zip(np.repeat(np.arange(4), counts), drawn, turns, mirrored, strict=True):
        grid = np.roll(pool[one], -turn, axis=0)
        expected[event] += grid[:, ::-1] if mirror else grid
    assert sums == pytest.approx(expected)


def test_read_out_rounds_down_and_cuts_off() -> None:
    true = np.zeros((1, 18, 14, 2))
    true[0, 0, 0] = 3.3, 0.6
    true[0, 1, 0] = 0.0, 0.49
    true[0, 2, 3] = 400.0, 300.0
    regions = read_out(true, EXACT, np.random.default_rng(1))
    assert {tuple(at): regions[tuple(at)] for at in np.argwhere(regions).tolist()} == {
        (0, 0, 0): 3.5,
        (0, 2, 3): 511.5,
    }


def test_read_out_has_the_resolution_of_the_card() -> None:
    true = np.zeros((400, 18, 14, 2))
    true[:, :, 6, 0], true[:, :, 13, 1] = 100.0, 100.0
    regions = read_out(true, dataclasses.replace(GRID, quantum=1e-3, largest=10**9), np.random.default_rng(1))
    for column, stochastic, constant in ((6, 0.10, 0.002), (13, 0.52, 0.03)):
        energy = 100.0 * np.cosh(0.5 * (GRID.eta_edges[column] + GRID.eta_edges[column + 1]))
        spread = 100.0 * np.hypot(stochastic / np.sqrt(energy), constant)
        assert regions[:, :, column].std() == pytest.approx(spread, rel=0.04)
        assert regions[:, :, column].mean() == pytest.approx(100.0, abs=spread / 20)


def test_a_shard_is_a_function_of_its_request() -> None:
    calls: list[int] = []
    one, again = (make_shard(request(1, 6), lambda: calls.append(1)) for _ in range(2))
    other = make_shard(request(1, 6, seed=4), lambda: None)
    assert len(calls) >= 2
    assert one.to_list() == again.to_list()
    assert not np.array_equal(one.regions, other.regions)


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    assert set(events.fields) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(events[name]).dtype for name in events.fields}
    assert kinds.pop("event") == np.int64
    assert {kinds.pop(name) for name in ("label", "n_pileup")} == {np.dtype(np.int32)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    regions = ak.to_numpy(events.regions)
    assert regions.shape == (len(CLASSES) * ENTRIES, 18, 14)
    assert np.all(regions % 0.5 == 0) and regions.min() == 0 and regions.max() <= 511.5
    assert ak.to_numpy(events.total) == pytest.approx(regions.sum(axis=(1, 2)))
    assert len(np.unique(ak.to_numpy(events.event))) == len(events)
    assert np.bincount(events.label).tolist() == [ENTRIES] * len(CLASSES)


def test_pile_up_is_poisson_and_carries_energy(events: ak.Array) -> None:
    collisions, total = ak.to_numpy(events.n_pileup), ak.to_numpy(events.total)
    assert collisions.mean() == pytest.approx(60, abs=4 * (60 / len(collisions)) ** 0.5)
    assert collisions.var() == pytest.approx(60, rel=0.4)
    zero = ak.to_numpy(events.label) == 0
    assert 20 < total[zero].mean() / 60 < 55
    assert np.corrcoef(total[zero], collisions[zero])[0, 1] > 0.25


def test_signals_are_on_top(events: ak.Array) -> None:
    signal = [ak.to_numpy(events.signal[events.label == label]) for label in range(len(CLASSES))]
    assert np.all(signal[0] == 0)
    assert all(np.all(of > 0) for of in signal[1:3])
    assert np.median(signal[3]) > 30  # its jets may miss the regions
    assert np.median(signal[1]) > 1.7 * np.median(signal[2])
    hardest = [ak.to_numpy(events.regions[events.label == label]).max(axis=(1, 2)) for label in range(len(CLASSES))]
    assert np.median(hardest[1]) > 1.5 * np.median(hardest[0])
    assert np.median(hardest[3]) > 1.2 * np.median(hardest[0])


def test_without_pile_up_there_is_the_signal_alone() -> None:
    nothing = make_shard(request(0, 5, pileup=0.0), lambda: None)
    assert ak.sum(nothing.total) == 0 and ak.sum(nothing.n_pileup) == 0
    alone = make_shard(request(1, 40, pileup=0.0), lambda: None)
    assert ak.to_numpy(alone.signal).mean() > 250
    # One or two soft collisions, and what rounding down takes from 252 regions.
    more = ak.to_numpy(alone.total - alone.signal)
    assert -60 < more.mean() < 60


@pytest.mark.parametrize("pileup", [-1.0, 301.0, float("nan"), "many"])
def test_a_wrong_option_is_refused(pileup: Option) -> None:
    with pytest.raises(DataError, match="pileup"):
        make_shard(request(0, pileup=pileup), lambda: None)
