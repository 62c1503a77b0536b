"""The sample `five-jets`: gluon, light quark, W, Z and top jets of about 1 TeV, after arXiv:1804.06913 section 2."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.cross_section import with_cross_section
from keras_hep.data.samples.detector import Detector, detect
from keras_hep.data.samples.jets import (
    JET_BRANCHES,
    PART_BRANCHES,
    collect,
    find_jets,
    jet_branches,
    near,
    part_branches,
)
from keras_hep.data.samples.pythia import Events, generate_events, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.physics import OBSERVABLES, jet_observables

__all__ = ["SAMPLE", "FiveJets", "make_shard"]

CLASSES = ("g", "q", "w", "z", "t")

_HADRONIC = ("24:onMode=off", "24:onIfAny=1 2 3 4 5", "23:onMode=off", "23:onIfAny=1 2 3 4 5")
_SCATTERING = ("PhaseSpace:pTHatMin=980", "PhaseSpace:pTHatMax=1050")
_GRAVITON = (
    "ExtraDimensionsG*:gg2G*=on",
    "ExtraDimensionsG*:ffbar2G*=on",
    "ExtraDimensionsG*:SMinBulk=on",
    "ExtraDimensionsG*:VLVL=on",
    "5100039:m0=2000",
    "5100039:onMode=off",
)


@dataclass(frozen=True)
class FiveJets:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every class.
        processes: Pythia settings of each class.
        truth: for each class the absolute PDG numbers of the particle that a jet must come from.
        detector: the detector card.
        radius: anti-kT radius; also the largest distance between jet and true particle.
        jet_pt: least and largest pT of a jet in GeV.
        jet_eta: largest absolute pseudorapidity of a jet.
        leading: only so many leading jets of an event are looked at.
        constituents: at most so many constituents of a jet are stored, the hardest ones.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000", "PartonLevel:MPI=off")
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "g": ("HardQCD:gg2gg=on", "HardQCD:qqbar2gg=on", *_SCATTERING),
            "q": ("HardQCD:qq2qq=on", "HardQCD:gg2qqbar=on", "HardQCD:nQuarkNew=3", *_SCATTERING),
            "w": (*_GRAVITON, "5100039:onIfAny=24", *_HADRONIC),
            "z": (*_GRAVITON, "5100039:onIfAny=23", *_HADRONIC),
            "t": ("Top:gg2ttbar=on", "Top:qqbar2ttbar=on", *_SCATTERING, *_HADRONIC),
        }
    )
    truth: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {"g": (21,), "q": (1, 2, 3, 4, 5), "w": (24,), "z": (23,), "t": (6,)}
    )
    detector: Detector = field(default_factory=Detector)
    radius: float = 0.8
    jet_pt: tuple[float, float] = (800.0, 1600.0)
    jet_eta: float = 2.0
    leading: int = 2
    constituents: int = 100


CARD = FiveJets()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the jets of one shard.

    Args:
        request: class, number of jets and seed.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (jets,).

    Raises:
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    name = CLASSES[request.label]
    rng = np.random.default_rng(request.seeds())
    pythia = start_pythia((*CARD.common, *CARD.processes[name]), request.pythia_seed())

    def batch(count: int, first: int) -> ak.Array:
        return _find_jets(generate_events(pythia, count), name, rng, first)

    # An event gives 1.4 to 1.8 jets.
    jets, collisions = collect(request.entries, 1.3, checkpoint, batch)
    return with_cross_section(_branches(jets, request.label, request.first_event()), pythia, collisions)


def _find_jets(events: Events, name: str, rng: np.random.Generator, first: int) -> ak.Array:
    """Return the selected jets of a batch: constituents sorted by pT, number of the event in the shard, rank."""
    objects = detect(events.particles, CARD.detector, len(events.hard), rng)
    jets = find_jets(objects, CARD.radius, CARD.jet_pt, CARD.jet_eta, CARD.leading)
    hard = events.hard[jets.event]
    of_class = ak.zeros_like(hard.identity, dtype=bool)
    for identity in CARD.truth[name]:
        of_class = of_class | (hard.identity == identity)
    jets = jets.select(ak.to_numpy(ak.any(near(jets, hard[of_class], CARD.radius), axis=1)))
    columns = {"event": jets.event + first, "rank": jets.rank, "constituents": jets.constituents}
    return ak.zip(columns, depth_limit=1)


def _branches(jets: ak.Array, label: int, first_event: int) -> ak.Array:
    """Turn selected jets into the branches of the file."""
    jet = jet_branches(jets.constituents)
    columns: dict[str, Any] = {
        **jet,
        **jet_observables(jets.constituents),
        "part": ak.zip(part_branches(jets.constituents[:, : CARD.constituents], jet)),
    }
    single = {name: ak.values_astype(values, np.float32) for name, values in columns.items()}
    event: npt.NDArray[np.int64] = (first_event + ak.to_numpy(jets.event)) * CARD.leading + ak.to_numpy(jets["rank"])
    return ak.zip({"event": event, "label": np.full(len(jets), label, dtype=np.int32), **single}, depth_limit=1)


BRANCHES = {
    "event": "identity of the jet, unique in the sample; event // 2 names the collision, so jets of one collision share it",
    "label": "class: 0 g, 1 q, 2 w, 3 z, 4 t",
    **JET_BRANCHES,
    **OBSERVABLES,
    **PART_BRANCHES,
}

SAMPLE = Sample(
    name="five-jets",
    description="gluon, quark, W, Z and top jets of 1 TeV: sixteen observables and up to 100 constituents",
    tree="jets",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the jets.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Proton collisions at 13 TeV from Pythia 8 with the Monash 2013 tune. Gluon and light-quark jets come from "
            "QCD 2 -> 2 scattering and top jets from top pairs, with pT of the hard process between 980 and 1050 GeV; "
            "W and Z jets come from pairs of bosons from a graviton of 2 TeV. W, Z and top decay to hadrons. Parton "
            "showers, hadronisation and decays are on. A parametrised detector with tracks, electromagnetic and "
            "hadronic towers gives massless objects, clustered with anti-kT, R = 0.8 (arXiv:0802.1189). The two leading "
            "jets of an event are taken if they pass the cuts and lie within R of a true particle of their class."
        ),
        "leaves_out": (
            "Multiple parton interactions (the underlying event) and pile-up are off, matrix elements are of leading "
            "order and not matched to higher multiplicities, the bosons from the graviton decay isotropically (without "
            "polarisation), tracks do not bend in the magnetic field, showers do not spread over towers, there are no "
            "displaced vertices and no trigger. The classes have equal numbers, not their cross sections."
        ),
        "cite": ["arXiv:2203.11601 (Pythia 8.3)", "arXiv:1111.6097 (FastJet)", "arXiv:1804.06913 (the observables)"],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    entry="jets",
)
