"""Collisions that are given up early, and the top quarks of the others."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from keras_hep.data.samples.early_veto import EarlyVeto, parton_jets, start_vetoing
from keras_hep.data.samples.hadronic_tops import hadronic_tops, top_parton_jets
from keras_hep.data.samples.pythia import Record, generate_record, start_pythia

TOPS = (
    "Beams:eCM=14000", "PartonLevel:MPI=off", "Top:gg2ttbar=on", "24:onMode=off", "24:onIfAny=1 2 3 4 5",
    "PhaseSpace:pTHatMin=400", "PhaseSpace:pTHatMax=700",
)  # fmt: skip
EVERYTHING = EarlyVeto((0.0, 1e9), rapidity=1e9)


def tops(event: Any, process: Any = None) -> list[tuple[float, float]]:
    return [(parton.pT(), parton.y()) for parton in event.particles() if parton.isFinal() and abs(parton.id()) == 6]


def top_pt(record: Record) -> ak.Array:
    true = hadronic_tops(record)
    return np.hypot(true.px, true.py)


def test_a_momentum_is_accepted_inside_the_window() -> None:
    veto = EarlyVeto((500.0, 700.0), rapidity=2.0)
    assert veto.accepts([(100.0, 0.0), (600.0, -1.9)])
    assert not veto.accepts([(499.0, 0.0), (701.0, 0.0), (600.0, 2.1), (600.0, -2.1)])
    assert not veto.accepts([])


def test_a_veto_that_accepts_everything_changes_nothing() -> None:
    plain = generate_record(start_pythia(TOPS, 3), 20)
    vetoing = start_vetoing(TOPS, 3, EVERYTHING, parton_jets(0.8, 0.0))
    hooked = generate_record(vetoing, 20)
    for one, other in zip(plain, hooked, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_collisions_with_a_top_in_the_window_are_left() -> None:
    everything = start_vetoing(TOPS, 3, EVERYTHING, tops)
    whole = ak.to_numpy(ak.any(abs(top_pt(generate_record(everything, 100)) - 600) < 20, axis=1))
    vetoing = start_vetoing(TOPS, 3, EarlyVeto((580.0, 620.0)), tops)
    found = top_pt(generate_record(vetoing, 40))
    # Emissions below the scale of 20 GeV come after the veto.
    assert ak.all(ak.any(abs(found - 600) < 20 + 20, axis=1))
    left = vetoing.infoPython().sigmaGen() / everything.infoPython().sigmaGen()
    assert left == pytest.approx(whole.mean(), abs=4 * np.sqrt(left / 40))


def test_parton_jets_are_those_near_the_recoiling_boson() -> None:
    card = (
        "Beams:eCM=14000", "PartonLevel:MPI=off", "WeakBosonAndParton:qg2gmZq=on", "WeakZ0:gmZmode=2", "23:onMode=off",
        "23:onIfAny=12", "PhaseSpace:pTHatMin=400", "PhaseSpace:pTHatMax=600",
    )  # fmt: skip
    seen: list[tuple[list[float], list[float]]] = []
    alone, everything = parton_jets(0.4, 100.0, apart=23), parton_jets(0.4, 100.0)

    def find(event: Any, process: Any) -> list[tuple[float, float]]:
        seen.append(([pt for pt, _ in alone(event, process)], [pt for pt, _ in everything(event, process)]))
        return [(500.0, 0.0)]

    vetoing = start_vetoing(card, 1, EVERYTHING, find)
    generate_record(vetoing, 10)
    assert len(seen) >= 10
    for jets, with_boson in seen:
        assert len(with_boson) == len(jets) + 1, "the boson is a jet of its own"
        for jet in jets:
            with_boson.remove(jet)
        assert with_boson[0] > 250
        assert max(jets) > 250


def test_top_parton_jets_hold_the_decay_of_their_top() -> None:
    """What the veto foresees is what the finished record says, up to the recoil of the decay shower."""
    foreseen: list[set[int]] = []
    every, near = top_parton_jets(0.8, 350.0, 10.0), top_parton_jets(0.8, 350.0, 0.8)

    def find(event: Any, process: Any) -> list[tuple[float, float]]:
        hard = [pt for pt, _ in tops(event) if pt > 450]
        found = list(every(event, process))
        assert len(found) >= len(hard), "a hard top makes a hard jet"
        inside = list(near(event, process))
        assert set(inside) <= set(found)
        foreseen.append({round(pt) for pt, _ in inside})
        return [(1.0, 0.0)]

    pythia = start_vetoing(TOPS, 3, EVERYTHING, find)
    agree = some = 0
    for _ in range(40):
        true = hadronic_tops(generate_record(pythia, 1))[0]
        eta, phi, quark_eta, quark_phi = (ak.to_numpy(true[name]) for name in ("eta", "phi", "quark_eta", "quark_phi"))
        turn = (quark_phi - phi[:, None] + np.pi) % (2 * np.pi) - np.pi
        apart = np.hypot(quark_eta - eta[:, None], turn).max(axis=1)
        contained = ak.sum((np.hypot(true.px, true.py) > 380) & (apart < 0.8))
        agree += contained == len(foreseen[-1])
        some += contained > 0
    assert agree >= 34
    assert 10 < some < 38


def record(rows: list[list[tuple[int, float, int, int]]]) -> Record:
    """Events of (PDG number, px, first daughter, second daughter); all move by px = 10 pz."""
    counts = np.array([len(event) for event in rows])
    offsets = np.repeat(np.cumsum(counts) - counts, counts)
    flat = [row for event in rows for row in event]
    identity, px, first, second = (np.array(column) for column in zip(*flat, strict=True))
    zeros, no = np.zeros(len(flat)), np.zeros(len(flat), dtype=np.int64)
    event = np.repeat(np.arange(len(rows)), counts)
    return Record(
        counts, event, identity, no, px.astype(float), zeros, px / 10, 2 * px, zeros, zeros, offsets, offsets,
        offsets + first, offsets + second,
    )  # fmt: skip


def test_tops_are_followed_to_the_quarks_of_their_decay() -> None:
    hadronic = [
        (90, 0.0, 0, 0), (6, 1.0, 2, 2), (6, 2.0, 3, 4),  # system, a top and its last copy
        (5, 3.0, 0, 0), (24, 4.0, 5, 5), (24, 5.0, 6, 7),  # bottom, W and its last copy
        (-3, -6.0, 0, 0), (4, 7.0, 0, 0),
        (-6, 8.0, 9, 10), (-24, 9.0, 11, 12), (-5, 10.0, 0, 0), (13, 11.0, 0, 0), (-14, 12.0, 0, 0),
    ]  # fmt: skip
    found = hadronic_tops(record([hadronic, [(90, 0.0, 0, 0)], hadronic[:1]]))
    assert ak.num(found, axis=1).tolist() == [1, 0, 0], "the second top decays to a lepton"
    (top,) = found[0].tolist()
    assert (top["px"], top["py"], top["pz"], top["E"]) == (2.0, 0.0, 0.2, 4.0)
    assert top["phi"] == 0.0
    assert top["quark_phi"] == pytest.approx([0.0, np.pi, 0.0]), "bottom first, then the quarks of the W"
    assert top["eta"] == pytest.approx(np.arcsinh(0.1))
    assert top["quark_eta"] == pytest.approx([np.arcsinh(0.1), -np.arcsinh(0.1), np.arcsinh(0.1)])


def test_both_tops_of_pythia_are_found_with_their_mass() -> None:
    found = hadronic_tops(generate_record(start_pythia(TOPS, 5), 30))
    assert ak.num(found, axis=1).tolist() == [2] * 30
    mass = np.sqrt(found.E**2 - found.px**2 - found.py**2 - found.pz**2)
    assert np.median(ak.flatten(mass)) == pytest.approx(173.0, abs=1.0)
    nearest = ak.min(abs(found.quark_eta - found.eta), axis=2, mask_identity=False)
    assert np.median(ak.flatten(nearest)) < 0.3
