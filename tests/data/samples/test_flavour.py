"""The sample `flavour`."""

from __future__ import annotations

import dataclasses
import json

import awkward as ak
import numpy as np
import pytest

from benchmarks.samples.flavour import quantities
from keras_hep.data.samples.recipes.flavour import CARD, SAMPLE, make_shard
from keras_hep.data.samples.sample import ShardRequest

B, C, LIGHT = range(3)


def request(label: int, entries: int) -> ShardRequest:
    return ShardRequest(label, 1, entries, 3, len(SAMPLE.classes), SAMPLE.options)


@pytest.fixture(scope="module")
def jets() -> ak.Array:
    return ak.concatenate([make_shard(request(label, 130), lambda: None) for label in range(3)])


def flat(values: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.flatten(values, axis=None))


def test_a_shard_is_a_function_of_its_request(jets: ak.Array) -> None:
    calls: list[int] = []
    one, again = (make_shard(dataclasses.replace(request(C, 6), index=2), lambda: calls.append(1)) for _ in range(2))
    assert len(calls) == 2
    assert one.to_list() == again.to_list()
    assert not set(one.jet_pt.to_list()) & set(jets.jet_pt.to_list())
    assert not set(one.event.to_list()) & set(jets.event.to_list())
    assert one.attrs["cross_section_pb"] > 1e4 and one.attrs["collisions"] >= 4


def test_branches_are_the_documented_ones(jets: ak.Array) -> None:
    lists = {name for name in jets.fields if jets[name].ndim > 1}
    assert lists == {"track", "neutral", "vertex"}
    branches = {f"{name}_{sub}": jets[name][sub] for name in lists for sub in jets[name].fields}
    branches |= {name: jets[name] for name in jets.fields if name not in lists}
    assert set(branches) == set(SAMPLE.card["branches"])
    kinds = {name: flat(values).dtype for name, values in branches.items()}
    assert kinds.pop("event") == np.int64
    whole = {"label", "jet_vertex_category", "hadron_identity", "hadron_count", "track_charge", "track_pixel_hits",
             "track_vertex", "track_origin"}  # fmt: skip
    assert {kinds.pop(name) for name in whole} == {np.dtype(np.int32)}
    assert {kinds.pop(name) for name in ("track_innermost_hit", "neutral_is_photon")} == {np.dtype(np.int8)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    assert all(np.isfinite(flat(values)).all() for values in branches.values())


def test_labels_identities_and_selection(jets: ak.Array) -> None:
    assert np.bincount(jets.label).tolist() == [130, 130, 130]
    event = ak.to_numpy(jets.event)
    assert len(np.unique(event)) == 390
    # Both jets of some collisions are there, and never more.
    per_collision = np.unique(event // 2, return_counts=True)[1]
    assert set(per_collision) == {1, 2}
    assert ak.all((jets.jet_pt > 20) & (jets.jet_pt < 300) & (abs(jets.jet_eta) < 2.5))
    assert ak.all((jets.weight > 0) & (jets.weight <= 1.0001))
    assert ak.all(jets.track.pt > 0.5)


def test_the_weight_undoes_the_bias(jets: ak.Array) -> None:
    # Cross sections fall like pT^-5 or faster, the biased sample does not.
    pt, weight = ak.to_numpy(jets.jet_pt), ak.to_numpy(jets.weight)
    assert np.median(pt) > 60
    assert 20 < np.average(pt, weights=weight) < 45
    hard = pt > 100
    np.testing.assert_allclose(np.median(weight[hard] * (pt[hard] / 25) ** 4), 1.0, atol=0.5)


def test_tracks_are_sorted_and_consistent_with_the_jet(jets: ak.Array) -> None:
    track = jets.track
    size = abs(track.d0_significance)
    assert ak.all(size[:, :-1] >= size[:, 1:])
    np.testing.assert_allclose(flat(track.d0 / track.d0_error), flat(track.d0_significance), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(flat(track.pt / jets.jet_pt), flat(track.ptrel), rtol=1e-4)
    np.testing.assert_allclose(flat(np.hypot(track.deta, track.dphi)), flat(track.dr), rtol=1e-4)
    np.testing.assert_allclose(flat(track.eta - jets.jet_eta), flat(track.deta), atol=1e-4)
    momentum = track.pt * np.cosh(track.eta)
    np.testing.assert_allclose(flat(np.hypot(track.ptperp, track.ppar)), flat(momentum), rtol=1e-4)
    assert ak.all(track.dr < 0.7)
    assert ak.all((track.pixel_hits >= 2) & (track.pixel_hits <= 4))
    assert set(flat(track.charge)) == {-1, 1}
    np.testing.assert_allclose(flat(ak.sum(track.ptrel, axis=1)), flat(jets.jet_tracks_ptfrac), rtol=1e-4)
    neutral = jets.neutral.pt
    assert ak.all(neutral[:, :-1] >= neutral[:, 1:])
    assert set(flat(jets.neutral.is_photon)) == {0, 1}
    # Stored tracks and towers are all of the jet but for soft tracks.
    energy = ak.sum(momentum, axis=1) + ak.sum(jets.neutral.pt * np.cosh(jets.neutral.deta + jets.jet_eta), axis=1)
    share = ak.to_numpy(energy / jets.jet_energy)
    assert share.max() < 1.0001
    assert np.median(share) > 0.98


def test_vertices_and_their_tracks(jets: ak.Array) -> None:
    count = ak.num(jets.vertex)
    assert ak.all((jets.jet_vertex_category == 0) == (count > 0))
    pseudo = (count == 0) & (ak.sum(jets.track.d0_significance > 2, axis=1) >= 2)
    assert ak.all((jets.jet_vertex_category == 1) == pseudo)
    assert ak.all(jets.track.vertex < count)
    for place in range(int(ak.max(count))):
        has = count > place
        members = ak.sum(jets.track.vertex[has] == place, axis=1)
        assert ak.all(members == jets.vertex.tracks[has][:, place])
        pt = ak.sum(jets.track.pt[has][jets.track.vertex[has] == place], axis=1)
        assert ak.all(pt >= jets.vertex.pt[has][:, place] * 0.9999)
    assert ak.all(jets.vertex.l3d_significance >= CARD.finder.significance)
    assert ak.all(jets.vertex.l3d_significance[:, :-1] >= jets.vertex.l3d_significance[:, 1:])
    assert ak.all(jets.vertex.l3d >= jets.vertex.lxy)
    assert ak.all((jets.vertex.mass > 0.27) & (jets.vertex.mass < 6.5) & (jets.vertex.energyfrac <= 1.0001))
    assert ak.all(jets.vertex.mass_corrected >= jets.vertex.mass)
    without = flat(jets.track.drminsv[count == 0])
    assert (without == np.float32(0.4)).all()
    assert (flat(jets.track.drminsv[count > 0]) < 0.4).mean() > 0.9


def test_truth_of_the_hadron(jets: ak.Array) -> None:
    b, c, light = (jets[jets.label == label] for label in (B, C, LIGHT))
    for jet, flavour in ((b, 5), (c, 4)):
        number = np.abs(ak.to_numpy(jet.hadron_identity))
        assert (np.maximum(number // 1000 % 10, number // 100 % 10) == flavour).all()
        assert ak.all((jet.hadron_pt > 5) & (jet.hadron_dr < 0.3) & (jet.hadron_count >= 1))
        assert ak.all(jet.hadron_lifetime > 0)
        # beta gamma from the flight and the proper lifetime is that of the momentum.
        mass = {5: 5.28, 4: 1.87}[flavour]
        ratio = ak.to_numpy(jet.hadron_flight / jet.hadron_lifetime / jet.hadron_pt) * mass
        slow = np.abs(ak.to_numpy(jet.jet_eta)) < 0.5
        assert (ratio > 0.7).all() and np.median(ratio[slow]) == pytest.approx(1.05, abs=0.12)
    for name in ("identity", "pt", "lifetime", "flight", "dr", "count"):
        assert ak.all(light[f"hadron_{name}"] == 0)
    origin = [np.bincount(flat(jet.track.origin), minlength=5) / ak.sum(ak.num(jet.track)) for jet in (b, c, light)]
    assert origin[B][1] > 0.15 and origin[B][2] > 0.2
    assert origin[C][1] + origin[C][2] < 0.01 and origin[C][3] > 0.2
    assert origin[LIGHT][1:4].sum() < 0.01 and 0.005 < origin[LIGHT][4] < 0.06


def test_displacement_tells_the_flavours_apart(jets: ak.Array) -> None:
    found = {quantity.name: quantity.measured for quantity in quantities(jets)}
    # Exponential lifetimes: the mean of 130 has an error of 9 %.
    assert found["mean proper lifetime of b hadrons (mm/c)"] == pytest.approx(0.47, rel=0.25)
    assert found["mean proper lifetime of c hadrons (mm/c)"] == pytest.approx(0.18, rel=0.3)
    assert found["68 % of prompt tracks lie within so many d0 errors"] == pytest.approx(1.025, abs=0.06)
    assert found["sign is right where tracks of b hadrons have |d0 significance| > 3"] > 0.82
    assert 0.6 < found["b jets with a secondary vertex"] < 0.85
    assert 0.2 < found["c jets with a secondary vertex"] < 0.5
    assert found["light jets with a secondary vertex"] < 0.15
    assert 0.82 < found["AUC of the number of tracks with d0 significance > 3, b against light"] < 0.97
    assert found["the same, b against c"] > 0.68
    assert found["vertices of b jets above 5.3 GeV"] < 0.05
    signed = flat(jets[jets.label == LIGHT].track.d0_significance)
    assert abs((signed > 0).mean() - 0.5) < 0.04


def test_the_configuration_is_complete_and_json() -> None:
    configuration = json.loads(json.dumps(SAMPLE.configuration))
    assert configuration["finder"]["seed_significance"] == CARD.finder.seed_significance
    assert set(configuration) == {"revision", *(field.name for field in dataclasses.fields(CARD))}
