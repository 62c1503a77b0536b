"""The sample `top-tagging`."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.recipes.top_tagging import CARD, CLASSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest

JETS = 120


def shard(name: str, entries: int = JETS, seed: int = 1, index: int = 0) -> ak.Array:
    return make_shard(ShardRequest(CLASSES.index(name), index, entries, seed, len(CLASSES)), lambda: None)


@pytest.fixture(scope="module")
def shards() -> dict[str, ak.Array]:
    return {name: shard(name) for name in CLASSES}


@pytest.fixture(scope="module")
def jets(shards: dict[str, ak.Array]) -> ak.Array:
    return ak.concatenate(list(shards.values()))


def test_a_shard_is_a_pure_function_of_the_request(shards: dict[str, ak.Array]) -> None:
    first = shard("top", 15)
    assert first.tolist() == shard("top", 15).tolist()
    other = shard("top", 15, seed=2, index=1)
    assert set(first.jet_pt.tolist()).isdisjoint(other.jet_pt.tolist())
    assert set(first.event.tolist()).isdisjoint(other.event.tolist())


def test_branches_are_the_documented_ones(jets: ak.Array) -> None:
    flat = {name for name in jets.fields if name != "part"}
    assert flat | {f"part_{name}" for name in jets.part.fields} == set(SAMPLE.card["branches"])
    types = {name: str(jets[name].type.content) for name in flat}
    assert types.pop("event") == "int64"
    assert types.pop("label") == "int32"
    assert set(types.values()) == {"float32"}
    assert {str(jets.part[name].type.content) for name in jets.part.fields} == {"var * float32"}
    assert jets.label.tolist() == [0] * JETS + [1] * JETS
    assert len(set(jets.event.tolist())) == 2 * JETS


def test_jets_pass_the_selection_and_are_the_sum_of_their_constituents(jets: ak.Array) -> None:
    assert ak.all((jets.jet_pt > 550) & (jets.jet_pt < 650) & (abs(jets.jet_eta) < 2))
    assert ak.all((ak.num(jets.part) > 5) & (ak.num(jets.part) <= CARD.constituents))
    assert ak.all(jets.part.pt[:, :-1] >= jets.part.pt[:, 1:])
    part = ak.values_astype(jets.part, np.float64)
    assert ak.all(np.isclose(np.hypot(part.px, part.py), part.pt, rtol=1e-5))
    assert ak.all(np.isclose(part.pt * np.sinh(part.eta), part.pz, rtol=1e-4, atol=1e-4))
    assert ak.all(np.isclose(part.pt * np.cos(part.phi), part.px, rtol=1e-4, atol=1e-4))
    px, py, pz, energy = (ak.sum(part[name], axis=1) for name in ("px", "py", "pz", "energy"))
    assert ak.all(np.isclose(np.hypot(px, py), jets.jet_pt, rtol=1e-5))
    assert ak.all(np.isclose(np.arctan2(py, px), jets.jet_phi, atol=1e-5))
    assert ak.all(np.isclose(np.arcsinh(pz / np.hypot(px, py)), jets.jet_eta, atol=1e-5))
    assert ak.all(np.isclose(energy, jets.jet_energy, rtol=1e-5))
    assert ak.all(np.isclose(np.sqrt(energy**2 - px**2 - py**2 - pz**2), jets.jet_mass, rtol=1e-3))


def test_a_top_jet_has_its_top_quark(shards: dict[str, ak.Array]) -> None:
    qcd, top = shards["qcd"], shards["top"]
    truth = [f"top_{name}" for name in ("px", "py", "pz", "energy")]
    assert all(ak.all(qcd[name] == 0) for name in truth)
    px, py, pz, energy = (ak.to_numpy(top[name]).astype(np.float64) for name in truth)
    mass = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    assert np.median(mass) == pytest.approx(173.0, abs=1.0)
    assert np.mean(abs(mass - 173.0) < 10) > 0.9
    turn = np.arctan2(py, px) - ak.to_numpy(top.jet_phi)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    apart = np.hypot(np.arcsinh(pz / np.hypot(px, py)) - ak.to_numpy(top.jet_eta), turn)
    assert apart.max() < CARD.radius
    assert np.median(apart) < 0.1
    assert np.median(np.hypot(px, py) / ak.to_numpy(top.jet_pt)) == pytest.approx(1.0, abs=0.04)


def test_the_mass_tells_the_classes_apart(shards: dict[str, ak.Array]) -> None:
    top, qcd = ak.to_numpy(shards["top"].jet_mass), ak.to_numpy(shards["qcd"].jet_mass)
    # All three quarks are inside, so nothing but soft emissions is missing or added.
    assert np.median(top) == pytest.approx(173, abs=5)
    assert np.mean((top > 150) & (top < 200)) > 0.75
    assert np.median(qcd) < 100
    assert ak.mean(ak.num(shards["top"].part)) > ak.mean(ak.num(shards["qcd"].part)) + 5


def test_cross_sections_are_noted(shards: dict[str, ak.Array]) -> None:
    qcd, top = (dict(shards[name].attrs) for name in CLASSES)
    # About a nanobarn of QCD against a picobarn of top pairs, both after the early veto.
    assert 500 < qcd["cross_section_pb"] < 3000
    assert 0.4 < top["cross_section_pb"] < 3
    assert JETS < qcd["collisions"] < 6 * JETS
