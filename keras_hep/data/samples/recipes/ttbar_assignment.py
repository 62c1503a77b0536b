"""The sample `ttbar-assignment`: top pairs with one lepton, and which jet is which quark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.jet_truth import BTagging, match_quarks, matched_jets, tag_jets
from keras_hep.data.samples.objects import Objects, Reconstruction, angles, reconstruct
from keras_hep.data.samples.options import flag_option
from keras_hep.data.samples.pileup import Overlay, SoftCollisions
from keras_hep.data.samples.pythia import Record, events_of, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.semileptonic_tops import (
    SEED_STEP,
    SEMILEPTONIC,
    SemileptonicTops,
    alternate,
    neutrino_pz,
    semileptonic_tops,
)
from keras_hep.physics import invariant_mass

__all__ = ["SAMPLE", "TtbarAssignment", "make_shard"]

Floats = npt.NDArray[np.float64]

QUARKS = ("b_had", "b_lep", "q1", "q2")
BATCH = 100


@dataclass(frozen=True)
class TtbarAssignment:
    """The card of the sample.

    Attributes:
        settings: Pythia settings, to which one of the two charges of the lepton is added for each batch in turn.
        detector: the detector card.
        reconstruction: the card of the objects.
        soft: the card of the underlying event.
        tagging: the card of the b tag.
        jets: least number of jets.
        matched: largest distance in eta and phi between a quark and its jet.
    """

    settings: tuple[str, ...] = (
        "Beams:eCM=13000",
        "PartonLevel:MPI=off",
        "Top:gg2ttbar=on",
        "Top:qqbar2ttbar=on",
    )
    detector: Detector = field(default_factory=Detector)
    reconstruction: Reconstruction = field(
        default_factory=lambda: Reconstruction(lepton_pt=(25.0, 25.0), lepton_eta=(2.5, 2.4), isolation=0.15)
    )
    soft: SoftCollisions = field(default_factory=SoftCollisions)
    tagging: BTagging = field(default_factory=BTagging)
    jets: int = 4
    matched: float = 0.4


CARD = TtbarAssignment()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: number of events, seed and options.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is wrong.
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    matched_only = flag_option(request, "matched_only")
    overlay = Overlay(CARD.soft, request, checkpoint)
    rng = np.random.default_rng(request.seeds())
    batches: tuple[list[ak.Array], list[ak.Array]] = [], []
    for turn, record in enumerate(_records(request.pythia_seed())):
        checkpoint()
        events = _events(record, overlay, rng, request.first_event() + turn * BATCH)
        batches[turn % 2].append(events[events.matched == 1] if matched_only else events)
        if turn % 2 == 1 and 2 * min(sum(map(len, of_charge)) for of_charge in batches) >= request.entries:
            break
    positive, negative = map(ak.concatenate, batches)
    return alternate(positive, negative, request.entries)


def _records(seed: int) -> Iterator[Record]:
    """Generate batches with positive and negative leptons in turn, without end."""
    pythias = [
        start_pythia((*CARD.settings, *decays), seed + charge * SEED_STEP) for charge, decays in enumerate(SEMILEPTONIC)
    ]
    while True:
        for pythia in pythias:
            yield generate_record(pythia, BATCH)


def _events(record: Record, overlay: Overlay, rng: np.random.Generator, first: int) -> ak.Array:
    """Reconstruct and select the events of a batch."""
    count = len(record.counts)
    particles = overlay.add(events_of(record).particles, overlay.underlying(count, rng), rng)
    found = reconstruct(particles, CARD.detector, CARD.reconstruction, count, rng)
    leptons = ak.concatenate(
        [ak.with_field(found.electrons, 11, "kind"), ak.with_field(found.muons, 13, "kind")], axis=1
    )
    direction = angles(found.jets)
    jets = tag_jets(direction, record, CARD.tagging, rng)
    selected = ak.to_numpy((ak.num(leptons) == 1) & (ak.num(direction) >= CARD.jets))
    tops = semileptonic_tops(record)
    columns = {
        "event": first + np.arange(count),
        "label": np.zeros(count, dtype=np.int32),
        "jet": ak.zip(
            {
                **{name: _stored(direction[name]) for name in ("pt", "eta", "phi")},
                "energy": _stored(found.jets.E),
                "mass": _stored(invariant_mass(found.jets)),
                "btag": jets.tag,
                "flavour": jets.flavour,
            }
        ),
    }
    chosen = ak.zip(columns, depth_limit=1)[selected]
    lepton = leptons[selected][:, 0]
    kept = Objects(found.electrons, found.muons, found.jets[selected], found.missing[selected])
    decays = SemileptonicTops(*(positions[selected] for positions in tops))
    rest = {**_lepton_branches(lepton, kept.missing), **_truth(record, decays, direction[selected], kept, lepton)}
    return ak.zip({**{name: chosen[name] for name in chosen.fields}, **rest}, depth_limit=1)


def _lepton_branches(lepton: ak.Array, missing: npt.NDArray[np.complex128]) -> dict[str, Any]:
    """Return the branches of the lepton and of the missing transverse momentum."""
    columns = {f"lepton_{name}": _stored(lepton[name]) for name in ("pt", "eta", "phi", "isolation")}
    whole = {f"lepton_{name}": ak.values_astype(lepton[name], np.int32) for name in ("charge", "kind")}
    pz = neutrino_pz(*_direction(lepton), missing)
    return {
        **columns,
        **whole,
        "met_pt": np.abs(missing).astype(np.float32),
        "met_phi": np.angle(missing).astype(np.float32),
        "neutrino_pz": pz.astype(np.float32),
    }


def _direction(lepton: ak.Array) -> tuple[Floats, Floats, Floats]:
    """Return pt, eta and phi of leptons."""
    return ak.to_numpy(lepton.pt), ak.to_numpy(lepton.eta), ak.to_numpy(lepton.phi)


def _truth(
    record: Record, decays: SemileptonicTops, jets: ak.Array, found: Objects, lepton: ak.Array
) -> dict[str, Any]:
    """Return which jet is which quark, the true particles, and masses with the true assignment."""
    quarks = np.stack([getattr(decays, name) for name in QUARKS], axis=1)
    momenta = _momenta(record, quarks)
    matches = match_quarks(jets, momenta["eta"], momenta["phi"], CARD.matched)
    matched = np.all(matches >= 0, axis=1)
    true = {
        f"{particle}_{name}": values.astype(np.float32)
        for particle in ("top_had", "top_lep", "w_had", "w_lep")
        for name, values in _momenta(record, getattr(decays, particle)).items()
        if name != "energy"
    }
    neutrino = _momenta(record, decays.neutrino)
    return {
        **{f"index_{name}": matches[:, column] for column, name in enumerate(QUARKS)},
        "matched": matched.astype(np.int8),
        **_matched_masses(found, lepton, matches),
        "quark": ak.zip({name: _stored(ak.from_regular(momenta[name])) for name in ("pt", "eta", "phi", "energy")}),
        **true,
        **{f"neutrino_{name}": neutrino[name].astype(np.float32) for name in ("pt", "eta", "phi")},
    }


def _momenta(record: Record, positions: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Return pt, eta, phi, mass and energy of entries of the record."""
    px, py, pz = record.px[positions], record.py[positions], record.pz[positions]
    pt = np.hypot(px, py)
    return {
        "pt": pt,
        "eta": np.arcsinh(pz / pt),
        "phi": np.arctan2(py, px),
        "mass": record.mass[positions],
        "energy": record.energy[positions],
    }


def _matched_masses(
    found: Objects, lepton: ak.Array, matches: npt.NDArray[np.int32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the masses of W and tops from the jets of their quarks, 0 where a quark of any of them has no jet."""
    b_had, b_lep, q1, q2 = np.moveaxis(matched_jets(found.jets, matches), 1, 0)
    pt, eta, phi = _direction(lepton)
    pz = neutrino_pz(pt, eta, phi, found.missing)
    charged = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], axis=1)
    neutrino = np.stack([found.missing.real, found.missing.imag, pz, np.hypot(np.abs(found.missing), pz)], axis=1)
    sums = {"w_had": q1 + q2, "top_had": q1 + q2 + b_had, "top_lep": charged + neutrino + b_lep}
    matched = np.all(matches >= 0, axis=1)
    return {
        f"matched_{name}_mass": np.where(matched, _mass(total), 0.0).astype(np.float32) for name, total in sums.items()
    }


def _mass(total: Floats) -> Floats:
    """Return the mass of (px, py, pz, E), shape (events, 4)."""
    px, py, pz, energy = total.T
    return np.asarray(np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0)))


def _stored(values: Any) -> ak.Array:
    """Return values in the precision of the file."""
    return ak.values_astype(values, np.float32)


_TRUE = {
    "top_had": "the top quark that decays to quarks",
    "top_lep": "the top quark that decays to the lepton",
    "w_had": "the W boson that decays to quarks",
    "w_lep": "the W boson that decays to the lepton",
}

BRANCHES = {
    "event": "identity of the event, unique in the sample",
    "label": "0, there is one class",
    "jet_pt": "pT of the jets (GeV), descending",
    "jet_eta": "their pseudorapidity",
    "jet_phi": "their azimuth (rad)",
    "jet_energy": "their energy (GeV)",
    "jet_mass": "their mass (GeV)",
    "jet_btag": "1 with a b tag (efficiency 70 % for b jets, 15 % for c jets, 1 % for others), else 0",
    "jet_flavour": "truth: 5 b jet, 4 c jet, 0 other",
    "lepton_pt": "pT of the lepton (GeV)",
    "lepton_eta": "its pseudorapidity",
    "lepton_phi": "its azimuth (rad)",
    "lepton_isolation": "pT within 0.3 around the lepton over its pT",
    "lepton_charge": "its charge, 1 or -1",
    "lepton_kind": "11 electron, 13 muon",
    "met_pt": "missing transverse momentum (GeV)",
    "met_phi": "its azimuth (rad)",
    "neutrino_pz": "pz (GeV) of a neutrino with the missing transverse momentum, from the mass of the W: smaller solution",
    "index_b_had": "truth: position in the jets of the b quark of the hadronic top; -1 without a jet of its own",
    "index_b_lep": "the same for the b quark of the leptonic top",
    "index_q1": "the same for the harder quark of the hadronic W",
    "index_q2": "the same for the softer quark of the hadronic W",
    "matched": "1 if all four quarks have a jet of their own, else 0",
    "matched_w_had_mass": "mass (GeV) of the jets of q1 and q2; 0 if not matched",
    "matched_top_had_mass": "mass (GeV) of the jets of q1, q2 and b_had; 0 if not matched",
    "matched_top_lep_mass": "mass (GeV) of the jet of b_lep, lepton and neutrino (with neutrino_pz); 0 if not matched",
    "quark_pt": "truth: pT (GeV) of b_had, b_lep, q1, q2 before their shower",
    "quark_eta": "their pseudorapidity",
    "quark_phi": "their azimuth (rad)",
    "quark_energy": "their energy (GeV)",
    **{f"{name}_pt": f"truth: pT of {what} (GeV)" for name, what in _TRUE.items()},
    **{f"{name}_eta": f"truth: pseudorapidity of {what}" for name, what in _TRUE.items()},
    **{f"{name}_phi": f"truth: azimuth of {what} (rad)" for name, what in _TRUE.items()},
    **{f"{name}_mass": f"truth: mass of {what} (GeV)" for name, what in _TRUE.items()},
    "neutrino_pt": "truth: pT of the neutrino of the W (GeV)",
    "neutrino_eta": "truth: its pseudorapidity",
    "neutrino_phi": "truth: its azimuth (rad)",
}

SAMPLE = Sample(
    name="ttbar-assignment",
    description="top pairs with one lepton: jets, lepton, missing pT, and which jet is which quark",
    tree="events",
    classes=("ttbar",),
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 2, **asdict(CARD)},
    card={
        "physics": (
            "Top pairs in proton collisions at 13 TeV from Pythia 8 with the Monash 2013 tune; one top gives an electron "
            "or muon, of either charge equally often, the other one quarks. A parametrised detector gives leptons "
            "(pT > 25 GeV, |eta| < 2.5 for electrons and 2.4 for muons, isolation below 0.15), anti-kT jets with R = 0.4 "
            "(pT > 25 GeV, |eta| < 2.5) without them, and missing transverse momentum. Events have one lepton and at "
            "least four jets. A b tag is drawn from the flavour of a jet. A quark, as it comes from its decay, is the "
            "nearest jet within 0.4 unless that is the jet of another quark as well. The option matched_only keeps "
            "events in which all four quarks have a jet of their own."
        ),
        "leaves_out": (
            "Matrix elements are of leading order, further jets come from the parton shower, backgrounds are not "
            "simulated. Multiple parton interactions are replaced by one or two overlaid non-diffractive collisions from a "
            "pool of 500, turned and mirrored. There is no pile-up, no trigger, no jet calibration (jets have lost the "
            "energy of neutrinos, of what falls out of the cone and of what is below the thresholds), no lepton from a "
            "tau of the W, and nothing fakes a lepton. The b tag does not depend on pT and eta."
        ),
        "cite": ["arXiv:2203.11601 (Pythia 8.3)", "arXiv:1111.6097 (FastJet)", "arXiv:0802.1189 (anti-kT)"],
        "branches": BRANCHES,
        "option_meanings": {
            "matched_only": "keep events alone in which all four quarks have a jet of their own",
        },
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    shard_entries=500,
    entry="events",
    options={"matched_only": False},
)
