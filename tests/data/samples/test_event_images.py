"""The sample `event-images`, and the images of whole events."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.detector import Detector, Particles
from keras_hep.data.samples.event_image import CHANNELS, event_images
from keras_hep.data.samples.recipes import event_images as recipe
from keras_hep.data.samples.recipes.event_images import CLASSES, SAMPLE, make_shard
from keras_hep.data.samples.sample import Option, ShardRequest
from keras_hep.errors import DataError

TTBB, TTH = range(2)
ENTRIES = {TTBB: 12, TTH: 80}
TRACKS, ELECTROMAGNETIC, HADRONIC = range(3)
EXACT = Detector(
    efficiency=(1.0, 1.0),
    efficiency_low_pt=(1.0, 1.0),
    track_constant=(0.0, 0.0),
    track_slope=(0.0, 0.0),
    electromagnetic_stochastic=0.0,
    electromagnetic_constant=0.0,
    hadronic_stochastic=0.0,
    hadronic_constant=0.0,
)


def request(label: int, entries: int, seed: int = 3, **options: Option) -> ShardRequest:
    return ShardRequest(label, 1, entries, seed, len(CLASSES), {**SAMPLE.options, **options})


@pytest.fixture(scope="module", autouse=True)
def small_card() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        card = recipe.CARD
        soft = dataclasses.replace(card.soft, pool=40)
        patch.setattr(recipe, "CARD", dataclasses.replace(card, soft=soft, batch={"ttbb": 25, "ttH": 30}))
        yield


@pytest.fixture(scope="module")
def events() -> ak.Array:
    return ak.concatenate([make_shard(request(label, entries), lambda: None) for label, entries in ENTRIES.items()])


def particles(*rows: tuple[int, int, float, float, float]) -> Particles:
    event, identity, pt, eta, phi = (np.array(column) for column in zip(*rows, strict=True))
    return Particles(event, identity, pt, eta, phi, pt * np.cosh(eta))


def test_particles_are_in_the_channels_of_their_kind() -> None:
    assert CHANNELS == ("tracks", "electromagnetic", "hadronic")
    hit = particles(
        (0, 22, 10.0, 0.05, 0.05),
        (0, -11, 5.0, 0.05, 0.05),
        (0, 211, 4.0, -2.45, -3.1),
        (0, 130, 6.0, -2.45, -3.1),
        (0, 13, 50.0, 2.45, 3.1),
        (0, 22, 30.0, 2.51, 0.0),  # outside
        (2, 321, 20.0, 1.05, -np.pi / 2 + 0.01),
    )
    images = event_images(hit, EXACT, 3, 50, np.random.default_rng(1))
    assert images.shape == (3, 50, 50, 3) and images.dtype == np.float32
    # Pixels of 0.1 in eta, and of 2 pi / 50 in phi.
    assert {tuple(at): images[tuple(at)] for at in np.argwhere(images).tolist()} == pytest.approx(
        {
            (0, 25, 25, TRACKS): 5.0,
            (0, 25, 25, ELECTROMAGNETIC): 15.0,
            (0, 0, 0, TRACKS): 4.0,
            (0, 0, 0, HADRONIC): 10.0,
            (0, 49, 49, TRACKS): 50.0,
            (2, 35, 12, TRACKS): 20.0,
            (2, 35, 12, HADRONIC): 20.0,
        }
    )


def test_thresholds_are_of_the_energy_in_a_pixel() -> None:
    hit = particles(
        (0, 22, 0.4, 0.05, 0.0),  # below 0.5 GeV
        (0, 22, 0.4, 0.15, 0.0),
        (0, 22, 0.2, 0.15, 0.0),  # together above
        (0, 22, 0.2, 2.35, 0.0),  # 1.06 GeV
        (0, 130, 0.9, 0.05, 0.0),  # below 1 GeV
        (0, 130, 0.9, -1.05, 0.0),  # 1.4 GeV
    )
    image = event_images(hit, EXACT, 1, 50, np.random.default_rng(1))[0, :, 25]
    assert np.flatnonzero(image[:, ELECTROMAGNETIC]).tolist() == [26, 48]
    assert np.flatnonzero(image[:, HADRONIC]).tolist() == [14]
    assert not np.any(image[:, TRACKS])


@pytest.mark.parametrize(
    ("identity", "channel", "stochastic", "constant"), [(22, 1, 0.10, 0.002), (130, 2, 0.52, 0.03)]
)
def test_pixels_have_the_resolution_of_the_card(
    identity: int, channel: int, stochastic: float, constant: float
) -> None:
    count, energy = 3000, 30.0 * np.cosh(2.25)
    hit = particles(*((event, identity, 30.0, 2.25, 1.0) for event in range(count)))
    found = event_images(hit, Detector(), count, 10, np.random.default_rng(1))[..., channel].sum(axis=(1, 2))
    spread = 30.0 * np.hypot(stochastic / np.sqrt(energy), constant)
    assert found.mean() == pytest.approx(30.0, abs=4 * spread / np.sqrt(count))
    assert found.std() == pytest.approx(spread, rel=0.05)


def test_tracks_have_the_efficiency_of_the_card() -> None:
    count = 3000
    for eta, efficiency in ((0.3, 0.95), (2.0, 0.85)):
        hit = particles(*((event, 211, 10.0, eta, 1.0) for event in range(count)))
        found = event_images(hit, Detector(), count, 10, np.random.default_rng(2))
        seen = found[..., TRACKS].any(axis=(1, 2))
        assert seen.mean() == pytest.approx(efficiency, abs=0.02)
        # Whether there is a track or not, the calorimeter has the particle.
        assert found[~seen][..., HADRONIC].sum(axis=(1, 2)).mean() == pytest.approx(10.0, rel=0.05)
        assert found[seen][..., HADRONIC].sum(axis=(1, 2)).mean() == pytest.approx(10.0, rel=0.05)


def test_a_shard_is_a_function_of_its_request() -> None:
    calls: list[int] = []
    one, again = (make_shard(request(TTH, 8), lambda: calls.append(1)) for _ in range(2))
    other = make_shard(request(TTH, 8, seed=4), lambda: None)
    assert len(calls) >= 2
    assert one.to_list() == again.to_list()
    assert not np.array_equal(one.image, other.image)


def test_branches_are_the_documented_ones(events: ak.Array) -> None:
    branches = {f"jet_{name}": events.jet[name] for name in events.jet.fields}
    branches |= {name: events[name] for name in events.fields if name != "jet"}
    assert set(branches) == set(SAMPLE.card["branches"])
    kinds = {name: ak.to_numpy(ak.flatten(values, axis=None)).dtype for name, values in branches.items()}
    assert kinds.pop("event") == np.int64
    whole = {"label", "jet_btag", "jet_flavour", "n_jets", "n_btags", "lepton_charge", "lepton_kind"}
    assert {kinds.pop(name) for name in (*whole, "index_b1", "index_b2")} == {np.dtype(np.int32)}
    assert set(kinds.values()) == {np.dtype(np.float32)}
    assert all(np.isfinite(ak.to_numpy(ak.flatten(values, axis=None))).all() for values in branches.values())
    assert ak.to_numpy(events.image).shape == (sum(ENTRIES.values()), 40, 40, 3)


def test_events_pass_the_selection(events: ak.Array) -> None:
    assert np.bincount(events.label).tolist() == list(ENTRIES.values())
    assert len(np.unique(ak.to_numpy(events.event))) == len(events)
    assert ak.all(ak.num(events.jet) == events.n_jets) and ak.all(events.n_jets >= 4)
    assert ak.all(events.jet.pt > 25) and ak.all(abs(events.jet.eta) < 2.5)
    assert ak.all(events.jet.pt[:, :-1] >= events.jet.pt[:, 1:])
    assert ak.all(ak.sum(events.jet.btag, axis=1) == events.n_btags)
    assert ak.all(events.lepton_pt > 25) and ak.all(events.bb_distance > 0.4)
    assert set(np.unique(events.lepton_kind).tolist()) == {11, 13}
    # By turns, so that there are as many of each in any part of a sample.
    assert events.lepton_charge.to_list() == [1, -1] * (len(events) // 2)


def test_b_jets_have_the_efficiency_of_the_tag(events: ak.Array) -> None:
    jets = ak.flatten(events.jet)
    bottom, light = jets.btag[jets.flavour == 5], jets.btag[jets.flavour == 0]
    assert ak.mean(bottom) == pytest.approx(0.70, abs=4 * 0.46 / len(bottom) ** 0.5)
    assert ak.mean(light) < 0.06
    # Two of the tops, and the two that the events are chosen by.
    assert 2.8 < ak.mean(ak.sum(events.jet.flavour == 5, axis=1)) < 4


def test_the_two_b_quarks_are_those_of_the_higgs_boson(events: ak.Array) -> None:
    mass = ak.to_numpy(events.bb_mass)
    higgs = ak.to_numpy(events.label) == TTH
    # What the quarks radiate is not with them; a few events have another b quark that is harder.
    assert np.mean(mass[higgs] > 125.5) < 0.06 and 85 < np.median(mass[higgs]) < 125
    assert np.median(mass[~higgs]) < 0.8 * np.median(mass[higgs])
    # Two quarks with this pT have at least this mass at their distance.
    least = 2 * 20.0 * np.sin(np.minimum(ak.to_numpy(events.bb_distance), np.pi) / 2)
    assert np.all(mass > 0.95 * least)


def test_masses_are_those_of_the_jets_of_the_quarks(events: ak.Array) -> None:
    index = np.stack([ak.to_numpy(events.index_b1), ak.to_numpy(events.index_b2)], axis=1)
    both = np.all(index >= 0, axis=1)
    assert 0.3 < both.mean() < 0.95
    mass = ak.to_numpy(events.matched_bb_mass)
    assert np.all(mass[~both] == 0)
    jets, rows = events.jet[both], np.arange(both.sum())
    pair = [jets[rows, index[both, column]] for column in (0, 1)]
    pt, eta, phi, energy = (
        np.array([ak.to_numpy(jet[name]) for jet in pair], dtype=np.float64) for name in ("pt", "eta", "phi", "energy")
    )
    across, along = np.abs((pt * np.exp(1j * phi)).sum(axis=0)), (pt * np.sinh(eta)).sum(axis=0)
    assert mass[both] == pytest.approx(np.sqrt(energy.sum(axis=0) ** 2 - across**2 - along**2), rel=1e-3)
    assert np.mean([ak.mean(jet.flavour == 5) for jet in pair]) > 0.9
    assert 80 < np.median(mass[both & (ak.to_numpy(events.label) == TTH)]) < 130


def test_images_have_the_energy_of_the_jets_at_their_place(events: ak.Array) -> None:
    images = ak.to_numpy(events.image)
    assert images.min() == 0
    eta, phi = (np.arange(40) + 0.5) / 40 * 5 - 2.5, (np.arange(40) + 0.5) / 40 * 2 * np.pi - np.pi
    jet = events.jet[:, 0]
    inner = np.abs(ak.to_numpy(jet.eta)) < 2
    turn = np.angle(np.exp(1j * (phi[None, None, :] - ak.to_numpy(jet.phi)[:, None, None])))
    near = np.hypot(eta[None, :, None] - ak.to_numpy(jet.eta)[:, None, None], turn) < 0.5
    ratio = (images[..., 1:].sum(axis=3) * near).sum(axis=(1, 2)) / ak.to_numpy(jet.pt)
    assert np.median(ratio[inner]) == pytest.approx(1.0, abs=0.08)
    # The pixel that the lepton is in has its track.
    row = np.floor((ak.to_numpy(events.lepton_eta) + 2.5) / 5 * 40).astype(int)
    column = np.floor((ak.to_numpy(events.lepton_phi) + np.pi) / (2 * np.pi) * 40).astype(int)
    track = images[np.arange(len(events)), np.clip(row, 0, 39), column % 40, TRACKS]
    ratio = track / ak.to_numpy(events.lepton_pt)
    # The image has an efficiency and a resolution of its own.
    assert np.mean(np.abs(ratio - 1) < 0.15) > 0.75 and np.mean(ratio < 0.5) < 0.2


def test_top_pairs_are_given_up_by_their_second_b_quark() -> None:
    def parton(identity: int, pt: float, final: bool = True) -> SimpleNamespace:
        return SimpleNamespace(id=lambda: identity, pT=lambda: pt, y=lambda: pt / 100, isFinal=lambda: final)

    event = [parton(6, 200.0), parton(5, 40.0), parton(21, 90.0), parton(-5, 60.0), parton(5, 70.0, final=False)]
    record = SimpleNamespace(particles=lambda: event)
    assert recipe._all_but_hardest_bottom(record, None) == [(40.0, 0.4)]
    assert recipe._all_but_hardest_bottom(SimpleNamespace(particles=lambda: event[:3]), None) == []


def test_pixels_can_be_chosen() -> None:
    fine = make_shard(request(TTH, 3, pixels=64), lambda: None)
    assert ak.to_numpy(fine.image).shape == (3, 64, 64, 3)


@pytest.mark.parametrize("pixels", [7, 201, 12.5, "many"])
def test_a_wrong_option_is_refused(pixels: Option) -> None:
    with pytest.raises(DataError, match="pixels"):
        make_shard(request(TTH, 4, pixels=pixels), lambda: None)
