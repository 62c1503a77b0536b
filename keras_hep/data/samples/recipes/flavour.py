"""The sample `flavour`: b, c and light jets with tracks, neutral constituents and secondary vertices."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.cross_section import with_cross_section
from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.flow import see, visible
from keras_hep.data.samples.jet_tracks import JET_TRACK_BRANCHES, jet_track_branches
from keras_hep.data.samples.jets import JET_BRANCHES, Jets, collect, find_jets, near
from keras_hep.data.samples.pythia import Record, events_of, generate_record, production_vertices, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.tracking import Tracker
from keras_hep.data.samples.truth import BOTTOM, CHARM, hard_pt, heavy_hadrons, heavy_origin
from keras_hep.data.samples.vertexing import VertexFinder
from keras_hep.physics import wrap_phi

__all__ = ["SAMPLE", "Flavour", "make_shard"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CLASSES = ("b", "c", "light")
FLAVOURS = (BOTTOM, CHARM, 0)

BIAS_POWER, BIAS_PT = 4, 25
"""Hard scatterings of pT are made (pT / BIAS_PT)^BIAS_POWER times too often, so that there are jets of all pT."""

_SCATTERING = (
    f"PhaseSpace:pTHatMin={BIAS_PT}",
    "PhaseSpace:pTHatMax=400",
    "PhaseSpace:bias2Selection=on",
    f"PhaseSpace:bias2SelectionPow={BIAS_POWER}",
    f"PhaseSpace:bias2SelectionRef={BIAS_PT}",
)


@dataclass(frozen=True)
class Flavour:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every class.
        processes: Pythia settings of each class.
        detector: the detector card.
        tracker: the tracker card.
        finder: the card of the vertex finder.
        radius: anti-kT radius.
        jet_pt: least and largest pT of a jet in GeV.
        jet_eta: largest absolute pseudorapidity of a jet.
        leading: only so many leading jets of an event are looked at.
        hadron_pt: least pT in GeV of a hadron that gives a jet its flavour.
        matched: it lies within this distance of the jet axis.
        unmatched: a jet without a flavour has no such hadron within this distance.
        track_pt: least pT of the stored tracks in GeV.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000", *_SCATTERING)
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "b": ("HardQCD:hardbbbar=on",),
            "c": ("HardQCD:hardccbar=on",),
            "light": (
                "HardQCD:gg2gg=on",
                "HardQCD:gg2qqbar=on",
                "HardQCD:qg2qg=on",
                "HardQCD:qq2qq=on",
                "HardQCD:qqbar2gg=on",
                "HardQCD:qqbar2qqbarNew=on",
                "HardQCD:nQuarkNew=3",
            ),
        }
    )
    detector: Detector = field(default_factory=Detector)
    tracker: Tracker = field(default_factory=Tracker)
    finder: VertexFinder = field(default_factory=VertexFinder)
    radius: float = 0.4
    jet_pt: tuple[float, float] = (20.0, 300.0)
    jet_eta: float = 2.5
    leading: int = 2
    hadron_pt: float = 5.0
    matched: float = 0.3
    unmatched: float = 0.4
    track_pt: float = 0.5


CARD = Flavour()


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
    rng = np.random.default_rng(request.seeds())
    settings = (*CARD.common, *CARD.processes[CLASSES[request.label]])
    pythia = start_pythia(settings, request.pythia_seed())

    def batch(count: int, before: int) -> ak.Array:
        return _jets(generate_record(pythia, count), request.label, rng, request.first_event() + before)

    jets, collisions = collect(request.entries, 1.2, checkpoint, batch)
    return with_cross_section(jets, pythia, collisions)


def _jets(record: Record, label: int, rng: np.random.Generator, first: int) -> ak.Array:
    """Return the jets of the class in a batch, with their branches."""
    vertices, stable = production_vertices(record), visible(record)
    events = len(record.counts)
    flow = see(events_of(record).particles, vertices[stable], events, CARD.detector, CARD.tracker, rng)
    jets = find_jets(flow.objects, CARD.radius, CARD.jet_pt, CARD.jet_eta, CARD.leading)
    hadrons = heavy_hadrons(record, CARD.hadron_pt)
    jets = jets.select(_flavour(jets, hadrons) == FLAVOURS[label])
    origin = heavy_origin(record, vertices)[stable[flow.particle]]
    columns = jet_track_branches(jets, flow, origin, CARD.track_pt, CARD.radius, CARD.tracker, CARD.finder)
    return ak.zip(
        {
            "event": (first + jets.event) * CARD.leading + jets.rank,
            "label": np.full(len(jets.event), label, dtype=np.int32),
            "weight": ((hard_pt(record) / BIAS_PT) ** -BIAS_POWER)[jets.event].astype(np.float32),
            **{name: _stored(values) for name, values in columns.items()},
            **_truth(jets, hadrons, FLAVOURS[label]),
        },
        depth_limit=1,
    )


def _stored(values: Any) -> Any:
    """Return what is one real number a jet as float32, whole numbers and lists of records as they are."""
    real = values.ndim == 1 and ak.to_numpy(values).dtype.kind == "f"
    return ak.to_numpy(values).astype(np.float32) if real else values


def _flavour(jets: Jets, hadrons: ak.Array) -> Integers:
    """Return 5, 4 or 0 for each jet, and -1 where a hadron lies at the edge of the jet."""
    of_event = hadrons[jets.event]
    matched, close = near(jets, of_event, CARD.matched), near(jets, of_event, CARD.unmatched)
    heaviest = ak.max(of_event.flavour[matched], axis=1, initial=0, mask_identity=False)
    around = ak.max(of_event.flavour[close], axis=1, initial=0, mask_identity=False)
    flavour: Integers = ak.to_numpy(ak.where(heaviest == around, heaviest, -1)).astype(np.int64)
    return flavour


def _truth(jets: Jets, hadrons: ak.Array, flavour: int) -> dict[str, Any]:
    """Return the branches of the hardest hadron that gives a jet its flavour, 0 for light jets."""
    of_event = hadrons[jets.event]
    inside = of_event[near(jets, of_event, CARD.matched) & (of_event.flavour == flavour)]
    hardest = ak.firsts(inside)
    columns = {f"hadron_{name}": hardest[name] for name in ("identity", "pt", "lifetime", "flight")}
    columns["hadron_dr"] = np.hypot(hardest.eta - jets.eta, wrap_phi(hardest.phi - jets.phi))
    kinds = {"hadron_identity": np.int32}
    truth = {
        name: ak.to_numpy(ak.fill_none(values, 0)).astype(kinds.get(name, np.float32))
        for name, values in columns.items()
    }
    return {**truth, "hadron_count": ak.to_numpy(ak.num(inside)).astype(np.int32)}


BRANCHES = {
    "event": "identity of the jet, unique in the sample; event // 2 names the collision, so jets of one collision share it",
    "label": "class: 0 b, 1 c, 2 light",
    "weight": "weight that gives the jets of a class the falling pT spectrum of collisions back",
    **JET_BRANCHES,
    **JET_TRACK_BRANCHES,
    "hadron_identity": "truth: PDG number of the hardest b (c) hadron of a b (c) jet; 0 for light jets, as below",
    "hadron_pt": "its pT (GeV)",
    "hadron_lifetime": "its proper lifetime (mm/c)",
    "hadron_flight": "its flight from the collision (mm)",
    "hadron_dr": "its distance from the jet axis",
    "hadron_count": "number of b (c) hadrons above 5 GeV in the jet",
}

SAMPLE = Sample(
    name="flavour",
    description="b, c and light jets with tracks and secondary vertices",
    tree="jets",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the jets.
    configuration={"revision": 1, **asdict(CARD), "finder": CARD.finder._asdict()},
    card={
        "physics": (
            "Proton collisions at 13 TeV from Pythia 8 with the Monash 2013 tune and multiple parton interactions. b and "
            "c jets come from the hard production of pairs, light jets from QCD 2 -> 2 scattering of gluons and light "
            "quarks; scatterings of high pT are made more often, with a weight. Heavy hadrons, strange hadrons and taus "
            "fly and decay. Charged particles are helices in a field of 2 T; a pixel tracker measures their perigees "
            "with errors from resolution and multiple scattering, 3 % of them three times worse than their error says. "
            "The primary vertex is smeared with the error of a fit of its tracks. Tracks and towers are clustered with "
            "anti-kT, R = 0.4 (arXiv:0802.1189); the two leading jets of an event are taken if their flavour is that of "
            "the class: the heaviest hadron above 5 GeV within 0.3, none within 0.4 for light jets. Tracks have "
            "impact parameters with lifetime signs; secondary vertices are fitted from displaced tracks, with those "
            "of K0s and Lambda taken out."
        ),
        "leaves_out": (
            "No pile-up, no photon conversions, no interactions of hadrons with the detector, no tracks from wrong hits "
            "alone and no losses in dense jets. The directions of tracks are exact, their curvature at most smeared; "
            "the pixel layers are cylinders at all angles. b and c quarks of gluon splitting and of the proton's sea "
            "are not among the b and c jets, since those come from pairs made in the hard scattering. Electrons and "
            "muons are tracks like others. The classes have equal numbers, not their cross sections."
        ),
        "cite": [
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
            "arXiv:1712.07158 (track and vertex variables of CMS)",
            "arXiv:2008.10519 (DeepJet)",
        ],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy", "numba"),
    entry="jets",
    shard_entries=400,
)
