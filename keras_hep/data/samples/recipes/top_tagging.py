"""The sample `top-tagging`: top and QCD jets after the public reference of arXiv:1902.09914, section 2."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.cross_section import with_cross_section
from keras_hep.data.samples.detector import Detector, detect
from keras_hep.data.samples.early_veto import EarlyVeto, parton_jets, start_vetoing
from keras_hep.data.samples.hadronic_tops import hadronic_tops, top_parton_jets
from keras_hep.data.samples.jets import JET_BRANCHES, Jets, collect, find_jets, jet_branches, near
from keras_hep.data.samples.pythia import Record, events_of, generate_record
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.physics import azimuth, pseudorapidity, transverse_momentum, wrap_phi

__all__ = ["SAMPLE", "TopTagging", "make_shard"]

CLASSES = ("qcd", "top")


@dataclass(frozen=True)
class TopTagging:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every class.
        processes: Pythia settings of each class.
        veto: for each class, what a collision must have after its hardest emissions: a parton jet, for top jets one with a top quark.
        reach: in the latter, the largest distance from the axis of the quarks that the top quark is going to decay to.
        detector: the detector card.
        radius: anti-kT radius; also the largest distance of a jet from its top quark and from each of its three quarks.
        jet_pt: least and largest pT of a jet in GeV.
        jet_eta: largest absolute pseudorapidity of a jet.
        leading: only so many leading jets of an event are looked at.
        constituents: at most so many constituents of a jet are stored, the hardest ones.
    """

    common: tuple[str, ...] = ("Beams:eCM=14000", "PartonLevel:MPI=off", "PhaseSpace:pTHatMax=1000")
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "qcd": ("HardQCD:all=on", "PhaseSpace:pTHatMin=300"),
            "top": (
                "Top:gg2ttbar=on",
                "Top:qqbar2ttbar=on",
                "24:onMode=off",
                "24:onIfAny=1 2 3 4 5",
                "PhaseSpace:pTHatMin=350",
            ),
        }
    )
    veto: dict[str, EarlyVeto] = field(
        default_factory=lambda: {
            "qcd": EarlyVeto((510.0, 710.0), rapidity=2.3),
            # The quarks of the decay are still to radiate, and partly out of the jet.
            "top": EarlyVeto((510.0, 760.0), rapidity=2.3),
        }
    )
    reach: float = 0.85
    detector: Detector = field(default_factory=Detector)
    radius: float = 0.8
    jet_pt: tuple[float, float] = (550.0, 650.0)
    jet_eta: float = 2.0
    leading: int = 2
    constituents: int = 200


CARD = TopTagging()


class _Matched(NamedTuple):
    """Jets of a class and their top quarks (px, py, pz, E), which QCD jets do not have: (jets, 4) of zeros."""

    jets: Jets
    top: npt.NDArray[np.float64]


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
    veto = CARD.veto[name]
    find = (
        top_parton_jets(CARD.radius, veto.pt[0], CARD.reach) if name == "top" else parton_jets(CARD.radius, veto.pt[0])
    )
    pythia = start_vetoing((*CARD.common, *CARD.processes[name]), request.pythia_seed(), veto, find)

    def batch(count: int, first: int) -> ak.Array:
        record = generate_record(pythia, count)
        objects = detect(events_of(record).particles, CARD.detector, count, rng)
        jets = find_jets(objects, CARD.radius, CARD.jet_pt, CARD.jet_eta, CARD.leading)
        matched = _contained(jets, record) if name == "top" else _Matched(jets, np.zeros((len(jets.event), 4)))
        return _branches(matched, request, first)

    # An event gives 0.35 to 0.5 jets.
    jets, collisions = collect(request.entries, 0.4, checkpoint, batch, largest=500)
    return with_cross_section(jets, pythia, collisions)


def _contained(jets: Jets, record: Record) -> _Matched:
    """Return the jets that hold a hadronic top quark and its three decay quarks."""
    true = hadronic_tops(record)[jets.event]
    quarks = np.hypot(jets.eta - true.quark_eta, wrap_phi(jets.phi - true.quark_phi)) < CARD.radius
    inside = near(jets, true, CARD.radius) & ak.all(quarks, axis=2)
    chosen = ak.to_numpy(ak.any(inside, axis=1))
    top = ak.firsts(true[inside][chosen])
    momentum = [ak.to_numpy(ak.fill_none(top[name], 0.0)) for name in ("px", "py", "pz", "E")]
    return _Matched(jets.select(chosen), np.stack(momentum, axis=1))


def _branches(matched: _Matched, request: ShardRequest, first: int) -> ak.Array:
    """Turn selected jets into the branches of the file; `first` is the number of events before those of the jets."""
    jets = matched.jets
    stored = jets.constituents[:, : CARD.constituents]
    part = {
        "px": stored.px,
        "py": stored.py,
        "pz": stored.pz,
        "energy": stored.E,
        "pt": transverse_momentum(stored),
        "eta": pseudorapidity(stored),
        "phi": azimuth(stored),
    }
    top = dict(zip(("top_px", "top_py", "top_pz", "top_energy"), matched.top.T, strict=True))
    columns: dict[str, Any] = {**jet_branches(jets.constituents), **top, "part": ak.zip(part)}
    single = {name: ak.values_astype(values, np.float32) for name, values in columns.items()}
    event = (request.first_event() + first + jets.event) * CARD.leading + jets.rank
    label = np.full(len(event), request.label, dtype=np.int32)
    return ak.zip({"event": event, "label": label, **single}, depth_limit=1)


BRANCHES = {
    "event": "identity of the jet, unique in the sample; event // 2 names the collision, so jets of one collision share it",
    "label": "class: 0 qcd, 1 top",
    **JET_BRANCHES,
    "top_px": "momentum of the top quark of the jet along x, when it decays (GeV); 0 for QCD",
    "top_py": "the same along y",
    "top_pz": "the same along z, the beam",
    "top_energy": "its energy (GeV)",
    "part_px": "momentum of the constituents along x (GeV), by descending pT",
    "part_py": "the same along y",
    "part_pz": "the same along z",
    "part_energy": "their energy (GeV)",
    "part_pt": "their pT (GeV)",
    "part_eta": "their pseudorapidity",
    "part_phi": "their azimuth (rad)",
}

SAMPLE = Sample(
    name="top-tagging",
    description="top and QCD jets of 550 to 650 GeV with up to 200 constituents",
    tree="jets",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the jets.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Proton collisions at 14 TeV from Pythia 8 with the Monash 2013 tune: QCD 2 -> 2 scattering, and top pairs "
            "with hadronic decays, with pT of the hard process up to 1000 GeV, from 300 GeV (QCD) or 350 GeV (top). A "
            "parametrised detector with tracks, electromagnetic and hadronic towers gives massless objects, clustered "
            "with anti-kT, R = 0.8 (arXiv:0802.1189). The two leading jets of an event are taken if their pT lies "
            "between 550 and 650 GeV and their pseudorapidity below 2; a top jet must have a top quark within R of its "
            "axis, and all three quarks of its decay. So that time is not spent on other collisions, one is given up if "
            "it has no parton jet (holding a top quark and its decay) near this pT after all emissions above 20 GeV; "
            "few jets in a thousand are lost by that."
        ),
        "leaves_out": (
            "Multiple parton interactions (the underlying event) and pile-up are off, matrix elements are of leading "
            "order and not matched to higher multiplicities, tracks do not bend in the magnetic field, showers do not "
            "spread over towers, there is no trigger. Top jets from a hard process of less than 350 GeV, which recoil "
            "against a hard emission, are missing: about a tenth of all, with the same pT spectrum. The detector is "
            "that of the other samples and not the one of the public data set. The classes have equal numbers, not "
            "their cross sections."
        ),
        "cite": [
            "arXiv:1902.09914 (the definition of the sample)",
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
        ],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    shard_entries=1_000,
    entry="jets",
    default_entries=20_000,
)
