"""The sample `quark-gluon`: quark and gluon jets beside an invisible Z boson, after arXiv:1810.05165, section 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np

from keras_hep.data.samples.cross_section import with_cross_section
from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.early_veto import EarlyVeto, parton_jets, start_vetoing
from keras_hep.data.samples.jets import (
    JET_BRANCHES,
    PART_BRANCHES,
    Jets,
    collect,
    find_jets,
    jet_branches,
    near,
    part_branches,
)
from keras_hep.data.samples.options import flag_option
from keras_hep.data.samples.particle_flow import detect_classes, true_objects
from keras_hep.data.samples.pythia import Events, generate_events
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest
from keras_hep.physics import rapidity

__all__ = ["SAMPLE", "QuarkGluon", "make_shard"]

CLASSES = ("gluon", "quark")
Z_BOSON, GLUON = 23, 21


@dataclass(frozen=True)
class QuarkGluon:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every class.
        processes: Pythia settings of each class.
        truth: for each class the absolute PDG numbers of the parton that a jet must come from.
        veto: what a collision must have after its hardest emissions: a parton jet.
        detector: the detector card.
        radius: anti-kT radius; also the largest distance between jet and parton.
        jet_pt: least and largest pT of a jet in GeV.
        jet_eta: largest absolute pseudorapidity of a jet.
        leading: only so many leading jets of an event are looked at.
        constituents: at most so many constituents of a jet are stored, the hardest ones.
    """

    common: tuple[str, ...] = (
        "Beams:eCM=14000",
        "WeakZ0:gmZmode=2",
        "23:onMode=off",
        "23:onIfAny=12 14 16",
        "PhaseSpace:pTHatMin=300",
        "PhaseSpace:pTHatMax=1000",
    )
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "gluon": ("WeakBosonAndParton:qqbar2gmZg=on",),
            "quark": ("WeakBosonAndParton:qg2gmZq=on",),
        }
    )
    truth: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"gluon": (GLUON,), "quark": (1, 2, 3, 4, 5)})
    veto: EarlyVeto = field(default_factory=lambda: EarlyVeto((460.0, 620.0), rapidity=2.2))
    detector: Detector = field(default_factory=Detector)
    radius: float = 0.4
    jet_pt: tuple[float, float] = (500.0, 550.0)
    jet_eta: float = 1.7
    leading: int = 2
    constituents: int = 200


CARD = QuarkGluon()
OPTIONS: Mapping[str, Option] = {"detector": True, "underlying": False}


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the jets of one shard.

    Args:
        request: class, number of jets, seed and options.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (jets,).

    Raises:
        DataError: an option is neither true nor false.
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    detector, underlying = (flag_option(request, name) for name in ("detector", "underlying"))
    name = CLASSES[request.label]
    rng = np.random.default_rng(request.seeds())
    card = (*CARD.common, *CARD.processes[name], f"PartonLevel:MPI={'on' if underlying else 'off'}")
    find = parton_jets(CARD.radius, CARD.veto.pt[0], apart=Z_BOSON)
    pythia = start_vetoing(card, request.pythia_seed(), CARD.veto, find)

    def batch(count: int, first: int) -> ak.Array:
        events = generate_events(pythia, count)
        seen = (
            detect_classes(events.particles, CARD.detector, count, rng)
            if detector
            else true_objects(events.particles, count)
        )
        jets, parton = _matched(find_jets(seen, CARD.radius, CARD.jet_pt, CARD.jet_eta, CARD.leading), events, name)
        return _branches(jets, parton, request, first)

    # An event gives about 0.4 jets.
    jets, collisions = collect(request.entries, 0.4, checkpoint, batch, largest=500)
    return with_cross_section(jets, pythia, collisions)


def _matched(jets: Jets, events: Events, name: str) -> tuple[Jets, ak.Array]:
    """Return the jets that come from the parton of the hard process, and the PDG number of it without sign."""
    hard = events.hard[jets.event]
    of_class = ak.zeros_like(hard.identity, dtype=bool)
    for identity in CARD.truth[name]:
        of_class = of_class | (hard.identity == identity)
    inside = of_class & near(jets, hard, CARD.radius)
    chosen = ak.to_numpy(ak.any(inside, axis=1))
    return jets.select(chosen), ak.firsts(hard.identity[inside][chosen])


def _branches(jets: Jets, parton: ak.Array, request: ShardRequest, first: int) -> ak.Array:
    """Turn selected jets into the branches of the file; `first` is the number of events before those of the jets."""
    stored = jets.constituents[:, : CARD.constituents]
    jet = jet_branches(jets.constituents)
    part = {**part_branches(stored, jet), "rapidity": rapidity(stored)}
    single: dict[str, Any] = {name: ak.values_astype(values, np.float32) for name, values in {**jet, **part}.items()}
    classes = {"id": ak.values_astype(stored.id, np.int32), "charge": ak.values_astype(stored.charge, np.int8)}
    return ak.zip(
        {
            "event": (request.first_event() + first + jets.event) * CARD.leading + jets.rank,
            "label": np.full(len(jets.event), request.label, dtype=np.int32),
            "parton": ak.values_astype(ak.fill_none(parton, 0), np.int32),
            **{name: single[name] for name in jet},
            "part": ak.zip({**{name: single[name] for name in part}, **classes}),
        },
        depth_limit=1,
    )


BRANCHES = {
    "event": "identity of the jet, unique in the sample; event // 2 names the collision",
    "label": "class: 0 gluon, 1 quark",
    "parton": "PDG number, without sign, of the parton that the jet comes from: 21 for gluons, 1 to 5 for quarks",
    **JET_BRANCHES,
    **PART_BRANCHES,
    "part_rapidity": "their rapidity; the same as the pseudorapidity with detector, whose objects have no mass",
    "part_id": "their PDG number; with detector the class that is seen: 11, 13, 211 (all charged hadrons), 22, 130",
    "part_charge": "their charge",
}

SAMPLE = Sample(
    name="quark-gluon",
    description="quark and gluon jets of 500 GeV",
    tree="jets",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the jets.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Proton collisions at 14 TeV from Pythia 8 with the Monash 2013 tune: a Z boson that decays to neutrinos "
            "with a gluon (from quark and antiquark) or with a quark of any of five flavours (from quark and gluon), "
            "with pT of the hard process between 300 and 1000 GeV. What a parametrised detector with tracks, "
            "electromagnetic and hadronic towers sees (or, with detector=off, the particles except neutrinos) is "
            "clustered with anti-kT, R = 0.4 (arXiv:0802.1189). The two leading jets of an event are taken "
            "if their pT lies between 500 and 550 GeV, their pseudorapidity below 1.7, and the gluon or quark of the hard "
            "process within R of their axis. So that "
            "time is not spent on other collisions, one is given up if it has no parton jet near this pT after all "
            "emissions above 20 GeV; few jets in a thousand are lost by that."
        ),
        "leaves_out": (
            "Multiple parton interactions (the underlying event), which the public data set has, are off unless "
            "underlying=on; pile-up is off. Matrix elements are of leading order and not matched to higher multiplicities, "
            "tracks do not bend in the magnetic field, showers do not spread over towers, there is no trigger. What a "
            "quark or gluon jet is, is defined by the hard process and the parton near its axis. The classes have equal "
            "numbers, not their cross sections."
        ),
        "cite": [
            "arXiv:1810.05165 (the selection)",
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "detector": "on: what the detector sees; off: the particles themselves, except neutrinos",
            "underlying": "multiple parton interactions, which take about twice as long",
        },
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    shard_entries=1_000,
    entry="jets",
    options=OPTIONS,
    default_entries=20_000,
)
