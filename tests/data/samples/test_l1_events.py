"""The sample `l1-events`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.recipes import l1_events
from keras_hep.data.samples.recipes.l1_events import CLASSES, PROCESSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import Option, ShardRequest
from keras_hep.errors import DataError

ENTRIES = 14
MINBIAS, SM, A4L, LQ, H0TT, HCH = range(6)


def request(label: int, entries: int = ENTRIES, seed: int = 3, **options: Option) -> ShardRequest:
    return ShardRequest(label, 1, entries, seed, len(CLASSES), {**SAMPLE.options, **options})


@pytest.fixture(scope="module", autouse=True)
def small_pool() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        soft = dataclasses.replace(l1_events.CARD.soft, pool=40)
        patch.setattr(l1_events, "CARD", dataclasses.replace(l1_events.CARD, soft=soft))
        yield


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make_shard(request(label), lambda: None) for label in range(len(CLASSES))])


@pytest.fixture(scope="module")
def objects(events: ak.Array) -> np.ndarray:
    return ak.to_numpy(events.objects)


def test_a_shard_is_a_function_of_its_request() -> None:
    calls: list[int] = []
    one, again = (make_shard(request(A4L, 5), lambda: calls.append(1)) for _ in range(2))
    other = make_shard(request(A4L, 5, seed=4), lambda: None)
    assert len(calls) >= 10
    assert one.to_list() == again.to_list()
    assert not np.array_equal(one.objects, other.objects)


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    assert set(events.fields) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(events[name]).dtype for name in events.fields}
    assert kinds.pop("event") == np.int64
    assert {kinds.pop(name) for name in ("objects", "ht")} == {np.dtype(np.float32)}
    assert set(kinds.values()) == {np.dtype(np.int32)}
    assert all(np.isfinite(ak.to_numpy(events[name])).all() for name in events.fields)
    assert ak.to_numpy(events.objects).shape == (len(CLASSES) * ENTRIES, 19, 4)


def test_labels_processes_and_identities(events: ak.Array) -> None:
    assert np.bincount(events.label).tolist() == [ENTRIES] * len(CLASSES)
    assert len(np.unique(ak.to_numpy(events.event))) == len(events)
    process = ak.to_numpy(events.process)
    for label, name in enumerate(CLASSES):
        of_class = {PROCESSES[number] for number in process[ak.to_numpy(events.label) == label]}
        assert of_class == {name} if name != "sm" else of_class <= {"W", "QCD", "Z", "ttbar"} and len(of_class) > 1
    # A collision has one process and one class.
    collision = ak.to_numpy(events.event) // 64
    assert len(np.unique(collision)) == len(np.unique(np.stack([collision, process], axis=1), axis=0))


def test_objects_are_in_order_and_padded_with_zeros(events: ak.Array, objects: np.ndarray) -> None:
    kinds = objects[:, :, 3]
    assert np.all(kinds[:, 0] == 1) and np.all(objects[:, 0, 1] == 0)
    for rows, kind, edge, least, number in (
        (slice(1, 5), 2, 3.0, 3.0, events.n_electrons),
        (slice(5, 9), 3, 2.1, 3.0, events.n_muons),
        (slice(9, 19), 4, 4.0, 15.0, events.n_jets),
    ):
        pt, eta, phi, found = np.moveaxis(objects[:, rows], 2, 0)
        there = pt > 0
        assert there.any()
        assert np.all(np.diff(pt, axis=1) <= 0)
        assert np.array_equal(found, np.where(there, kind, 0))
        assert not np.any(eta[~there]) and not np.any(phi[~there])
        assert np.all(pt[there] > least) and np.all(np.abs(eta[there]) < edge) and np.all(np.abs(phi) <= np.pi + 1e-6)
        assert np.array_equal(there.sum(axis=1), np.minimum(ak.to_numpy(number), there.shape[1]))
    few = ak.to_numpy(events.n_jets) <= 10
    assert ak.to_numpy(events.ht)[few] == pytest.approx(objects[few, 9:, 0].sum(axis=1), rel=1e-5)


def test_all_but_minimum_bias_have_a_lepton(events: ak.Array, objects: np.ndarray) -> None:
    hardest = objects[:, 1:9, 0].max(axis=1)
    soft = ak.to_numpy(events.label) == MINBIAS
    assert np.all(hardest[~soft] > 23.0)
    assert np.all(hardest[soft] < 23.0)
    assert np.median(ak.to_numpy(events.ht)[soft]) < 15


def test_signals_look_like_themselves(events: ak.Array, objects: np.ndarray) -> None:
    label = ak.to_numpy(events.label)
    leptons = objects[:, 1:9]
    number = np.count_nonzero(leptons[:, :, 0], axis=1)
    assert np.median(number[label == A4L]) >= 3 and np.median(number[label == HCH]) == 1
    four = leptons[(label == A4L) & (number == 4)].astype(np.float64)
    assert len(four) > 2
    pt, eta, phi, _ = np.moveaxis(four, 2, 0)
    across = np.abs((pt * np.exp(1j * phi)).sum(axis=1))
    mass = np.sqrt((pt * np.cosh(eta)).sum(axis=1) ** 2 - (pt * np.sinh(eta)).sum(axis=1) ** 2 - across**2)
    assert np.median(mass) == pytest.approx(50, abs=4)
    jets = ak.to_numpy(events.n_jets)
    assert jets[label == LQ].mean() > 1.3 * jets[label == HCH].mean()
    assert np.median(objects[label == H0TT, 0, 0]) > 15


def test_the_cocktail_has_the_published_shares() -> None:
    shares = l1_events._shares("sm", 100_000, np.random.default_rng(1))
    assert sum(shares.values()) == 100_000
    expected = {"W": 0.592, "QCD": 0.338, "Z": 0.067, "ttbar": 0.003}
    assert {name: count / 100_000 for name, count in shares.items()} == pytest.approx(expected, abs=0.006)
    assert l1_events._shares("LQ", 7, np.random.default_rng(1)) == {"LQ": 7}


def test_without_threshold_there_is_no_selection() -> None:
    every = make_shard(request(HCH, 25, lepton_pt=0.0), lambda: None)
    hardest = ak.to_numpy(every.objects)[:, 1:9, 0].max(axis=1)
    assert len(every) == 25 and np.mean(hardest < 23.0) > 0.8
    assert len(np.unique(ak.to_numpy(every.event) // 64)) == 25


def test_pile_up_adds_soft_activity() -> None:
    alone, crowded = (make_shard(request(MINBIAS, 8, pileup=pileup), lambda: None) for pileup in (0.0, 40.0))
    missing = [ak.to_numpy(events.objects)[:, 0, 0] for events in (alone, crowded)]
    assert np.median(missing[1]) > 2 * np.median(missing[0])


@pytest.mark.parametrize(
    ("options", "named"),
    [({"lepton_pt": -1.0}, "lepton_pt"), ({"lepton_pt": 101.0}, "lepton_pt"), ({"pileup": 301.0}, "pileup")],
)
def test_a_wrong_option_is_refused(options: dict[str, Option], named: str) -> None:
    with pytest.raises(DataError, match=named):
        make_shard(request(SM, **options), lambda: None)
