"""The sample `ttbar-assignment`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.recipes import ttbar_assignment
from keras_hep.data.samples.recipes.ttbar_assignment import QUARKS, SAMPLE, make_shard
from keras_hep.data.samples.sample import Option, ShardRequest
from keras_hep.data.samples.semileptonic_tops import alternate
from keras_hep.errors import DataError

ENTRIES = 160


def request(entries: int, seed: int = 3, **options: Option) -> ShardRequest:
    return ShardRequest(0, 1, entries, seed, 1, {**SAMPLE.options, **options})


@pytest.fixture(scope="module", autouse=True)
def small_card() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        soft = dataclasses.replace(ttbar_assignment.CARD.soft, pool=40)
        patch.setattr(ttbar_assignment, "CARD", dataclasses.replace(ttbar_assignment.CARD, soft=soft))
        patch.setattr(ttbar_assignment, "BATCH", 50)
        yield


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return make_shard(request(ENTRIES), lambda: None)


def vectors(records: ak.Array) -> tuple[ak.Array, ...]:
    pt, eta, phi = (ak.values_astype(records[name], np.float64) for name in ("pt", "eta", "phi"))
    return pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), ak.values_astype(records.energy, np.float64)


def mass(px: ak.Array, py: ak.Array, pz: ak.Array, energy: ak.Array) -> np.ndarray:
    return ak.to_numpy(np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0)))


def test_a_shard_is_a_function_of_its_request() -> None:
    calls: list[int] = []
    one, again = (make_shard(request(10), lambda: calls.append(1)) for _ in range(2))
    other = make_shard(request(10, seed=4), lambda: None)
    assert len(calls) >= 2
    assert one.to_list() == again.to_list()
    assert not np.array_equal(one.lepton_pt, other.lepton_pt)


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    lists = {"jet", "quark"}
    branches = {f"{name}_{sub}": events[name][sub] for name in lists for sub in events[name].fields}
    branches |= {name: events[name] for name in events.fields if name not in lists}
    assert set(branches) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(ak.flatten(values, axis=None)).dtype for name, values in branches.items()}
    assert kinds.pop("event") == np.int64
    assert kinds.pop("matched") == np.int8
    whole = {"label", "jet_btag", "jet_flavour", "lepton_charge", "lepton_kind", *(f"index_{name}" for name in QUARKS)}
    assert {kinds.pop(name) for name in whole} == {np.dtype(np.int32)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    assert all(np.isfinite(ak.to_numpy(ak.flatten(values, axis=None))).all() for values in branches.values())


def test_events_pass_the_selection(events: ak.Array) -> None:
    assert len(events) == ENTRIES == len(np.unique(ak.to_numpy(events.event)))
    assert ak.all(events.label == 0)
    assert ak.all(ak.num(events.jet) >= 4)
    assert ak.all(events.jet.pt > 25) and ak.all(abs(events.jet.eta) < 2.5)
    assert ak.all(events.jet.pt[:, :-1] >= events.jet.pt[:, 1:])
    assert ak.all(events.lepton_pt > 25) and ak.all(events.lepton_isolation < 0.15)
    assert set(np.unique(events.lepton_kind).tolist()) == {11, 13}
    # By turns, so that there are as many of each in any part of a sample.
    assert events.lepton_charge.to_list() == [1, -1] * (ENTRIES // 2)


def test_the_two_charges_are_different_collisions(events: ak.Array) -> None:
    mass = ak.to_numpy(events.top_had_mass)
    assert len(np.unique(mass)) == len(mass)


def test_charges_alternate() -> None:
    positive, negative = ak.Array([1, 2, 3, 4]), ak.Array([-1, -2, -3])
    assert alternate(positive, negative, 6).to_list() == [1, -1, 2, -2, 3, -3]
    assert alternate(positive, negative, 3).to_list() == [1, -1, 2]


def test_true_decays_conserve_momentum(events: ak.Array) -> None:
    px, py, pz, energy = vectors(events.quark)
    # b_had, b_lep, q1, q2: the two quarks of the W have its mass, as it is when it decays.
    pair = [component[:, 2] + component[:, 3] for component in (px, py, pz, energy)]
    assert mass(*pair) == pytest.approx(ak.to_numpy(events.w_had_mass), abs=0.1)
    assert np.hypot(pair[0], pair[1]).to_numpy() == pytest.approx(ak.to_numpy(events.w_had_pt), abs=0.05)
    three = mass(*(component[:, 0] + total for component, total in zip((px, py, pz, energy), pair, strict=True)))
    # The shower of the decay takes something from b and W together.
    assert np.median(three) == pytest.approx(172, abs=4)
    assert np.median(ak.to_numpy(events.top_had_mass)) == pytest.approx(172.5, abs=1)
    assert np.median(ak.to_numpy(events.w_had_mass)) == pytest.approx(80.4, abs=1)
    assert ak.all(events.quark.pt[:, 2] >= events.quark.pt[:, 3])


def test_quarks_are_near_their_jets(events: ak.Array) -> None:
    index = np.stack([ak.to_numpy(events[f"index_{name}"]) for name in QUARKS], axis=1)
    assert np.array_equal(ak.to_numpy(events.matched) == 1, np.all(index >= 0, axis=1))
    assert 0.25 < ak.mean(events.matched) < 0.55
    jets, quarks = events.jet, events.quark
    for column, name in enumerate(QUARKS):
        chosen = index[:, column] >= 0
        assert 0.4 < chosen.mean() < 0.98
        at = ak.local_index(jets.pt)[chosen] == index[chosen, column]
        jet = ak.flatten(jets[chosen][at])
        assert len(jet) == chosen.sum()
        turn = np.angle(np.exp(1j * (ak.to_numpy(jet.phi) - ak.to_numpy(quarks.phi[chosen][:, column]))))
        assert np.hypot(ak.to_numpy(jet.eta) - ak.to_numpy(quarks.eta[chosen][:, column]), turn).max() < 0.4001
        bottom = ak.mean(jet.flavour == 5)
        assert bottom > 0.9 if name.startswith("b") else bottom < 0.1
    for row in index:
        own = row[row >= 0]
        assert len(set(own.tolist())) == len(own)


def test_masses_are_those_of_the_matched_jets(events: ak.Array) -> None:
    matched = events[events.matched == 1]
    momenta = vectors(matched.jet)

    def total(*names: str) -> np.ndarray:
        rows = np.arange(len(matched))
        chosen = [[component[rows, matched[f"index_{name}"]] for name in names] for component in momenta]
        return mass(*(sum(parts) for parts in chosen))

    assert total("q1", "q2") == pytest.approx(ak.to_numpy(matched.matched_w_had_mass), rel=1e-3)
    assert total("q1", "q2", "b_had") == pytest.approx(ak.to_numpy(matched.matched_top_had_mass), rel=1e-3)
    assert 70 < np.median(matched.matched_w_had_mass) < 85
    assert 150 < np.median(matched.matched_top_had_mass) < 178
    assert 150 < np.median(matched.matched_top_lep_mass) < 185
    rest = events[events.matched == 0]
    assert all(ak.all(rest[f"matched_{name}_mass"] == 0) for name in ("w_had", "top_had", "top_lep"))


def test_the_missing_momentum_is_that_of_the_neutrino(events: ak.Array) -> None:
    seen = ak.to_numpy(events.met_pt) * np.exp(1j * ak.to_numpy(events.met_phi))
    true = ak.to_numpy(events.neutrino_pt) * np.exp(1j * ak.to_numpy(events.neutrino_phi))
    assert np.median(np.abs(seen - true)) < 25
    assert np.median(np.abs(seen + true)) > 60


def test_matched_only_leaves_the_others_out() -> None:
    some = make_shard(request(12, matched_only=True), lambda: None)
    assert len(some) == 12 and ak.all(some.matched == 1)


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(DataError, match="matched_only"):
        make_shard(request(4, matched_only=2), lambda: None)
