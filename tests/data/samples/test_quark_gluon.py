"""The sample `quark-gluon`."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.early_veto import start_vetoing
from keras_hep.data.samples.pythia import generate_events
from keras_hep.data.samples.recipes import quark_gluon
from keras_hep.data.samples.recipes.quark_gluon import CLASSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.errors import DataError

JETS = 100


def shard(name: str, entries: int = JETS, seed: int = 1, index: int = 0, **options: Any) -> ak.Array:
    request = ShardRequest(CLASSES.index(name), index, entries, seed, len(CLASSES), {**SAMPLE.options, **options})
    return make_shard(request, lambda: None)


@pytest.fixture(scope="module")
def shards() -> dict[str, ak.Array]:
    return {name: shard(name) for name in CLASSES}


@pytest.fixture(scope="module")
def jets(shards: dict[str, ak.Array]) -> ak.Array:
    return ak.concatenate(list(shards.values()))


@pytest.fixture(scope="module")
def particles() -> ak.Array:
    return shard("gluon", 60, detector=False)


def test_a_shard_is_a_pure_function_of_the_request(shards: dict[str, ak.Array]) -> None:
    first = shard("quark", 12)
    assert first.tolist() == shard("quark", 12).tolist()
    other = shard("quark", 12, seed=2, index=1)
    assert set(first.jet_pt.tolist()).isdisjoint(other.jet_pt.tolist())
    assert set(first.event.tolist()).isdisjoint(other.event.tolist())
    assert set(first.jet_pt.tolist()).isdisjoint(shards["quark"].jet_pt.tolist()[12:])


def test_branches_are_the_documented_ones(jets: ak.Array, particles: ak.Array) -> None:
    for found in (jets, particles):
        flat = {name for name in found.fields if name != "part"}
        assert flat | {f"part_{name}" for name in found.part.fields} == set(SAMPLE.card["branches"])
        types = {name: str(found[name].type.content) for name in flat}
        types |= {name: str(found.part[name].type.content.content) for name in found.part.fields}
        assert [types.pop(name) for name in ("event", "label", "parton", "id", "charge")] == [
            "int64", "int32", "int32", "int32", "int8",
        ]  # fmt: skip
        assert set(types.values()) == {"float32"}
    assert jets.label.tolist() == [0] * JETS + [1] * JETS
    assert len(set(jets.event.tolist())) == 2 * JETS


def test_jets_pass_the_selection_and_are_the_sum_of_their_constituents(jets: ak.Array, particles: ak.Array) -> None:
    for found in (jets, particles):
        assert ak.all((found.jet_pt > 500) & (found.jet_pt < 550) & (abs(found.jet_eta) < 1.7))
        assert ak.all(found.part.pt[:, :-1] >= found.part.pt[:, 1:])
        inside = np.hypot(found.part.deta, found.part.dphi) < 0.4
        assert ak.all(ak.sum(found.part.ptrel[inside], axis=1) > 0.95)
        part = ak.values_astype(found.part, np.float64)
        px, py, pz = (ak.sum(part.pt * f, axis=1) for f in (np.cos(part.phi), np.sin(part.phi), np.sinh(part.eta)))
        energy = ak.sum(part.energy, axis=1)
        assert ak.all(np.isclose(np.hypot(px, py), found.jet_pt, rtol=1e-5))
        assert ak.all(np.isclose(energy, found.jet_energy, rtol=1e-5))
        assert ak.all(np.isclose(np.sqrt(energy**2 - px**2 - py**2 - pz**2), found.jet_mass, rtol=1e-3))
        expected = np.arctanh(part.pt * np.sinh(part.eta) / part.energy)
        assert ak.all(np.isclose(part.rapidity, expected, atol=1e-4))


def test_the_label_is_the_parton(shards: dict[str, ak.Array]) -> None:
    assert set(shards["gluon"].parton.tolist()) == {21}
    quarks = shards["quark"].parton.tolist()
    assert set(quarks) <= {1, 2, 3, 4, 5}
    assert quarks.count(2) > quarks.count(3), "the proton has more up than strange quarks"


def test_gluons_radiate_more(shards: dict[str, ak.Array]) -> None:
    gluon, quark = shards["gluon"], shards["quark"]
    assert ak.mean(ak.num(gluon.part)) > 1.3 * ak.mean(ak.num(quark.part))
    assert np.median(gluon.jet_mass) > 1.2 * np.median(quark.jet_mass)
    width = [ak.mean(ak.sum(found.part.ptrel * np.hypot(found.part.deta, found.part.dphi), axis=1)) for found in
             (gluon, quark)]  # fmt: skip
    assert width[0] > 1.3 * width[1]


def test_the_detector_sees_classes_and_particles_have_their_own(jets: ak.Array, particles: ak.Array) -> None:
    seen, true = (
        set(np.unique(np.abs(ak.to_numpy(ak.flatten(found.part.id)))).tolist()) for found in (jets, particles)
    )
    assert {22, 130, 211} <= seen <= {11, 13, 22, 130, 211}
    assert {22, 130, 211, 321, 2112, 2212} <= true
    assert true.isdisjoint({12, 14, 16}), "neutrinos are not part of a jet"
    assert ak.all(jets.part.rapidity == jets.part.eta)
    flat = ak.flatten(ak.values_astype(particles.part, np.float64))
    pion = flat[(abs(flat.id) == 211) & (flat.energy < 20)]
    mass = np.sqrt(pion.energy**2 - (pion.pt * np.cosh(pion.eta)) ** 2)
    assert np.median(mass) == pytest.approx(0.1396, abs=2e-3)
    for found in (jets, particles):
        parts = ak.flatten(found.part)
        hadron = abs(parts.id) == 211
        assert ak.all(parts.charge[hadron] == np.sign(parts.id[hadron]))
        assert ak.all(parts.charge[(parts.id == 22) | (parts.id == 130)] == 0)
    # Two thirds of the energy is charged, up to isospin and strange particles.
    charged = ak.sum(particles.part.pt[particles.part.charge != 0], axis=1) / particles.jet_pt
    assert ak.mean(charged) == pytest.approx(0.62, abs=0.06)


def test_the_underlying_event_adds_soft_particles(particles: ak.Array) -> None:
    busy = shard("gluon", 60, detector=False, underlying=True)
    assert ak.mean(ak.num(busy.part)) > ak.mean(ak.num(particles.part))
    assert dict(busy.attrs)["cross_section_pb"] == pytest.approx(dict(particles.attrs)["cross_section_pb"], rel=0.3)


def test_the_underlying_event_fills_the_collisions(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(*arguments: Any) -> Any:
        started.append(start_vetoing(*arguments))
        return started[-1]

    monkeypatch.setattr(quark_gluon, "start_vetoing", start)
    for underlying in (False, True):
        shard("quark", 3, underlying=underlying)
    without, filled = (len(generate_events(pythia, 20).particles.pt) for pythia in started)
    assert filled > 2 * without


@pytest.mark.parametrize("option", ["detector", "underlying"])
def test_options_are_switches(option: str) -> None:
    with pytest.raises(DataError, match=f"the option {option} must be true or false; received 2"):
        shard("quark", 1, **{option: 2})
