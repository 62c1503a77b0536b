"""The sample `event-images`: images of whole events, ttH with H -> bb against ttbb, as in arXiv:1906.11265."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np

from keras_hep.data.samples.bottom_pair import bottom_pair
from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.early_veto import EarlyVeto, start_vetoing
from keras_hep.data.samples.event_image import event_images
from keras_hep.data.samples.jet_truth import BTagging, mass_of_matched, match_quarks, tag_jets
from keras_hep.data.samples.objects import Reconstruction, angles, reconstruct
from keras_hep.data.samples.options import int_option
from keras_hep.data.samples.pileup import Overlay, SoftCollisions
from keras_hep.data.samples.pythia import Record, events_of, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.semileptonic_tops import SEED_STEP, SEMILEPTONIC, alternate
from keras_hep.physics import invariant_mass

__all__ = ["SAMPLE", "EventImages", "make_shard"]

CLASSES = ("ttbb", "ttH")
BOTTOM = 5
PIXELS = (8, 200)


@dataclass(frozen=True)
class EventImages:
    """The card of the sample.

    Attributes:
        common: Pythia settings of both classes.
        processes: Pythia settings of each class; one of the two charges of the lepton is added for each batch in turn.
        bottom_pt: least pT in GeV of the two additional b quarks.
        bottom_eta: their largest absolute pseudorapidity.
        bottom_distance: their least distance in eta and phi.
        veto_scale: top pairs are given up early unless they have two additional b quarks of `bottom_pt` when the shower
            comes to this pT in GeV.
        batch: events of a batch, for each class.
        detector: the detector card.
        reconstruction: the card of the objects.
        soft: the card of the underlying event.
        tagging: the card of the b tag.
        jets: least number of jets.
        matched: largest distance in eta and phi between a quark and its jet.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000", "PartonLevel:MPI=off")
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "ttbb": ("Top:gg2ttbar=on", "Top:qqbar2ttbar=on"),
            "ttH": ("HiggsSM:gg2Httbar=on", "HiggsSM:qqbar2Httbar=on", "25:onMode=off", "25:onIfMatch=5 5"),
        }
    )
    bottom_pt: float = 20.0
    bottom_eta: float = 2.5
    bottom_distance: float = 0.4
    veto_scale: float = 5.0
    batch: dict[str, int] = field(default_factory=lambda: {"ttbb": 25, "ttH": 100})
    detector: Detector = field(default_factory=Detector)
    reconstruction: Reconstruction = field(
        default_factory=lambda: Reconstruction(lepton_pt=(25.0, 25.0), lepton_eta=(2.5, 2.4), isolation=0.15)
    )
    soft: SoftCollisions = field(default_factory=SoftCollisions)
    tagging: BTagging = field(default_factory=BTagging)
    jets: int = 4
    matched: float = 0.4


CARD = EventImages()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events, seed and options.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is wrong.
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    pixels = int_option(request, "pixels", *PIXELS)
    overlay = Overlay(CARD.soft, request, checkpoint)
    rng = np.random.default_rng(request.seeds())
    name = CLASSES[request.label]
    batches: tuple[list[ak.Array], list[ak.Array]] = [], []
    for turn, record in enumerate(_records(name, request.pythia_seed())):
        checkpoint()
        events = _events(record, overlay, pixels, rng)
        number = request.first_event() + turn * CARD.batch[name] + ak.to_numpy(events.event)
        label = np.full(len(events), request.label, dtype=np.int32)
        rest = {field: events[field] for field in events.fields}
        batches[turn % 2].append(ak.zip({**rest, "event": number, "label": label}, depth_limit=1))
        if turn % 2 == 1 and 2 * min(sum(map(len, of_charge)) for of_charge in batches) >= request.entries:
            break
    positive, negative = map(ak.concatenate, batches)
    return alternate(positive, negative, request.entries)


def _records(name: str, seed: int) -> Iterator[Record]:
    """Generate batches with positive and negative leptons in turn, without end."""
    cards = [(*CARD.common, *CARD.processes[name], *decays) for decays in SEMILEPTONIC]
    seeds = seed, seed + SEED_STEP
    if name == "ttbb":
        veto = EarlyVeto((CARD.bottom_pt, np.inf), rapidity=CARD.bottom_eta + 0.5, scale=CARD.veto_scale)
        pythias = [start_vetoing(*card, veto, _all_but_hardest_bottom) for card in zip(cards, seeds, strict=True)]
    else:
        pythias = [start_pythia(*card) for card in zip(cards, seeds, strict=True)]
    while True:
        for pythia in pythias:
            yield generate_record(pythia, CARD.batch[name])


def _all_but_hardest_bottom(event: Any, process: Any) -> Iterable[tuple[float, float]]:
    """Return pT and rapidity of the b quarks of an event in which the tops have not decayed, the hardest left out."""
    del process
    bottoms = [(p.pT(), p.y()) for p in event.particles() if abs(p.id()) == BOTTOM and p.isFinal()]
    return sorted(bottoms, reverse=True)[1:]


def _events(record: Record, overlay: Overlay, pixels: int, rng: np.random.Generator) -> ak.Array:
    """Reconstruct and select the events of a batch, with their positions in it as ``event``."""
    count = len(record.counts)
    pair = bottom_pair(record, CARD.bottom_pt, CARD.bottom_eta)
    distance = pair.distance()
    particles = overlay.add(events_of(record).particles, overlay.underlying(count, rng), rng)
    found = reconstruct(particles, CARD.detector, CARD.reconstruction, count, rng)
    leptons = ak.concatenate(
        [ak.with_field(found.electrons, 11, "kind"), ak.with_field(found.muons, 13, "kind")], axis=1
    )
    direction = angles(found.jets)
    jets = tag_jets(direction, record, CARD.tagging, rng)
    images = event_images(particles, CARD.detector, count, pixels, rng)
    true = (pair.pt[:, 1] > 0.0) & (distance > CARD.bottom_distance)
    selected = true & ak.to_numpy((ak.num(leptons) == 1) & (ak.num(direction) >= CARD.jets))
    matches = match_quarks(direction, pair.eta, pair.phi, CARD.matched)
    jet = {
        **{name: _stored(direction[name]) for name in ("pt", "eta", "phi")},
        "energy": _stored(found.jets.E),
        "mass": _stored(invariant_mass(found.jets)),
        "btag": jets.tag,
        "flavour": jets.flavour,
    }
    columns = {
        "event": np.arange(count),
        "image": ak.from_numpy(images, regulararray=True),
        "jet": ak.zip(jet),
        "n_jets": ak.values_astype(ak.num(direction), np.int32),
        "n_btags": ak.values_astype(ak.sum(jets.tag, axis=1), np.int32),
        "met_pt": np.abs(found.missing).astype(np.float32),
        "met_phi": np.angle(found.missing).astype(np.float32),
        "bb_mass": pair.mass().astype(np.float32),
        "bb_distance": distance.astype(np.float32),
        "index_b1": matches[:, 0],
        "index_b2": matches[:, 1],
        "matched_bb_mass": mass_of_matched(found.jets, matches),
    }
    chosen = ak.zip(columns, depth_limit=1)[selected]
    lepton = leptons[selected][:, 0]
    about = {f"lepton_{name}": _stored(lepton[name]) for name in ("pt", "eta", "phi")}
    about |= {f"lepton_{name}": ak.values_astype(lepton[name], np.int32) for name in ("charge", "kind")}
    return ak.zip({**{name: chosen[name] for name in chosen.fields}, **about}, depth_limit=1)


def _stored(values: Any) -> ak.Array:
    """Return values in the precision of the file."""
    return ak.values_astype(values, np.float32)


BRANCHES = {
    "event": "identity of the event, unique in the sample",
    "label": "class: 0 ttbb, 1 ttH",
    "image": (
        "transverse momentum (GeV) in pixels x pixels x 3: pseudorapidity from -2.5 to 2.5, azimuth from -pi to pi, channels "
        "tracks, electromagnetic and hadronic calorimeter"
    ),
    "jet_pt": "pT of the jets (GeV), descending",
    "jet_eta": "their pseudorapidity",
    "jet_phi": "their azimuth (rad)",
    "jet_energy": "their energy (GeV)",
    "jet_mass": "their mass (GeV)",
    "jet_btag": "1 with a b tag (efficiency 70 % for b jets, 15 % for c jets, 1 % for others), else 0",
    "jet_flavour": "truth: 5 b jet, 4 c jet, 0 other",
    "n_jets": "number of jets",
    "n_btags": "number of jets with a b tag",
    "lepton_pt": "pT of the lepton (GeV)",
    "lepton_eta": "its pseudorapidity",
    "lepton_phi": "its azimuth (rad)",
    "lepton_charge": "its charge, 1 or -1",
    "lepton_kind": "11 electron, 13 muon",
    "met_pt": "missing transverse momentum (GeV)",
    "met_phi": "its azimuth (rad)",
    "bb_mass": "truth: mass (GeV) of the two hardest b quarks that are not from top quarks, after their shower",
    "bb_distance": "truth: their distance in pseudorapidity and azimuth",
    "index_b1": "truth: position in the jets of the harder of these b quarks; -1 without a jet of its own",
    "index_b2": "the same for the softer one",
    "matched_bb_mass": "mass (GeV) of these two jets; 0 unless there are both",
}

SAMPLE = Sample(
    name="event-images",
    description="calorimeter images of whole events: ttH against ttbb",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 2, **asdict(CARD)},
    card={
        "physics": (
            "Top pairs with two further b quarks in proton collisions at 13 TeV from Pythia 8 with the Monash 2013 tune; one "
            "top gives an electron or muon, of either charge equally often, the other one quarks. In ttH the b quarks "
            "come from a Higgs boson; in ttbb from top pairs in whose parton shower gluons have split to b quarks, or a b "
            "quark of a proton has scattered. In both classes two b quarks that are not from the tops have pT > 20 GeV and "
            "|eta| < 2.5 after the shower and are 0.4 apart; top pairs must have two of 20 GeV already when the shower comes "
            "to 5 GeV, which saves time. Events have one lepton (pT > 25 GeV, isolation below 0.15) and at "
            "least four anti-kT jets with R = 0.4 (pT > 25 GeV, |eta| < 2.5). The image holds smeared tracks and the "
            "calorimeter, with resolution and threshold of each pixel, before any object is reconstructed. The option "
            "pixels sets the number of pixels along each axis."
        ),
        "leaves_out": (
            "ttbb comes from the parton shower on top pairs of leading order, not from a matrix element of its own, which "
            "matters for b quarks that are hard or far apart. Multiple parton interactions are replaced by one or two "
            "overlaid non-diffractive collisions from a pool of 500, turned and mirrored. There is no pile-up, tracks do "
            "not bend on their way to the calorimeter, showers do not spread over pixels, images are not turned or centred. "
            "The classes have equal numbers, not their cross sections."
        ),
        "cite": [
            "arXiv:1906.11265 (capsule networks on images of whole events)",
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "pixels": "pixels along each axis of the image",
        },
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    shard_entries=200,
    entry="events",
    options={"pixels": 40},
)
