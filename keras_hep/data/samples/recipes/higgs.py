"""The sample `higgs`: a heavy Higgs boson decaying to WWbb by way of a charged one, and top pairs (arXiv:1402.4735)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.btagging import BTagging, draw_tags, jet_flavours
from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.jets import collect
from keras_hep.data.samples.objects import Objects, Reconstruction, reconstruct
from keras_hep.data.samples.pileup import Overlay, SoftCollisions
from keras_hep.data.samples.pythia import Record, events_of, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.truth import heavy_hadrons
from keras_hep.data.samples.wwbb import WWBB_MASSES, WwbbHypotheses, wwbb_masses
from keras_hep.physics import azimuth, pseudorapidity, transverse_momentum, wrap_phi

__all__ = ["SAMPLE", "Higgs", "make_shard"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CLASSES = ("background", "signal")
JETS = 4
FIELDS = ("px", "py", "pz", "E")

_ENERGY = "Beams:eCM=8000"
_W = ("24:onMode=off", "24:onPosIfAny=11 13", "24:onNegIfAny=1 2 3 4 5")
_HIGGS = (
    "Higgs:useBSM=on",
    "HiggsBSM:gg2H2=on",
    # Couplings without which Pythia leaves the decays out; the cascade is forced, so they decide nothing else.
    "HiggsH2:coup2HchgW=1",
    "HiggsHchg:coup2H1W=1",
    "25:m0=125",
    "35:m0=425",
    "35:doForceWidth=on",
    "35:mWidth=1",
    "35:mMin=415",
    "35:mMax=435",
    "37:m0=325",
    "37:doForceWidth=on",
    "37:mWidth=1",
    "37:mMin=315",
    "37:mMax=335",
    "35:onMode=off",
    "35:onIfMatch=24 37",
    "37:onMode=off",
    "37:onIfMatch=24 25",
    "25:onMode=off",
    "25:onIfMatch=5 5",
)


@dataclass(frozen=True)
class Higgs:
    """The card of the sample.

    Attributes:
        common: Pythia settings of both classes.
        processes: Pythia settings of each class.
        soft: the card of the underlying event.
        detector: the detector card.
        reconstruction: the card of leptons and jets.
        scale: jets are calibrated with sqrt((scale[0] - scale[1] |eta|)^2 / pT + 1), the form of the Delphes cards.
        jet_pt: least calibrated pT of a jet in GeV.
        lepton_pt: least pT of the lepton in GeV.
        isolation: largest isolation of the lepton.
        overlap: jets this near to the lepton are the lepton.
        tagging: the card of the b-tags.
        tagged: at least so many of the four jets have a tag.
        hypotheses: masses that decide between combinations.
    """

    common: tuple[str, ...] = (_ENERGY, "PartonLevel:MPI=off", *_W)
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"background": ("Top:gg2ttbar=on", "Top:qqbar2ttbar=on"), "signal": _HIGGS}
    )
    soft: SoftCollisions = field(
        default_factory=lambda: SoftCollisions(
            settings=(_ENERGY, "SoftQCD:nonDiffractive=on"), pool=250, hard_share=0.0
        )
    )
    detector: Detector = field(default_factory=Detector)
    reconstruction: Reconstruction = field(
        default_factory=lambda: Reconstruction(
            lepton_pt=(5.0, 3.0), lepton_eta=(2.5, 2.5), electrons_in_jets=True, jet_pt=14.0, jet_eta=2.5
        )
    )
    scale: tuple[float, float] = (2.5, 0.15)
    jet_pt: float = 20.0
    lepton_pt: float = 20.0
    isolation: float = 0.15
    overlap: float = 0.4
    tagging: BTagging = field(default_factory=BTagging)
    tagged: int = 2
    hypotheses: WwbbHypotheses = field(default_factory=WwbbHypotheses)


CARD = Higgs()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events and seed.
        checkpoint: called before each batch of collisions.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    rng = np.random.default_rng(request.seeds())
    overlay = Overlay(CARD.soft, request, checkpoint)
    pythia = start_pythia((*CARD.common, *CARD.processes[CLASSES[request.label]]), request.pythia_seed())

    def batch(count: int, before: int) -> ak.Array:
        return _events(generate_record(pythia, count), overlay, rng, request.first_event() + before, request.label)

    events, _ = collect(request.entries, 0.22, checkpoint, batch)
    return events


def _events(record: Record, overlay: Overlay, rng: np.random.Generator, first: int, label: int) -> ak.Array:
    """Return the events of a batch that pass the selection, with their branches."""
    events = len(record.counts)
    particles = overlay.add(events_of(record).particles, overlay.underlying(events, rng), rng)
    found = reconstruct(particles, CARD.detector, CARD.reconstruction, events, rng)
    selected = _select(found, heavy_hadrons(record, CARD.tagging.hadron_pt), rng)
    jets, lepton = selected.jets, selected.lepton
    missing = np.stack([selected.missing.real, selected.missing.imag], axis=1)
    columns: dict[str, Floats] = {
        "lepton_pt": _pt(lepton),
        "lepton_eta": np.arcsinh(lepton[:, 2] / _pt(lepton)),
        "lepton_phi": np.arctan2(lepton[:, 1], lepton[:, 0]),
        "missing_energy_magnitude": np.abs(selected.missing),
        "missing_energy_phi": np.angle(selected.missing),
    }
    for number in range(JETS):
        jet = jets[:, number]
        columns |= {
            f"jet_{number + 1}_pt": _pt(jet),
            f"jet_{number + 1}_eta": np.arcsinh(jet[:, 2] / _pt(jet)),
            f"jet_{number + 1}_phi": np.arctan2(jet[:, 1], jet[:, 0]),
            f"jet_{number + 1}_b_tag": selected.tags[:, number].astype(np.float64),
        }
    columns |= wwbb_masses(lepton, missing, jets, selected.tags, CARD.hypotheses)
    whole = {"lepton_is_muon": selected.muon, "n_jets": selected.jet_count}
    whole |= {f"jet_{number + 1}_flavour": selected.flavours[:, number] for number in range(JETS)}
    return ak.zip(
        {
            "event": first + selected.event,
            "label": np.full(len(selected.event), label, dtype=np.int32),
            **{name: values.astype(np.float32) for name, values in columns.items()},
            **{name: values.astype(np.int32) for name, values in whole.items()},
        }
    )


class _Selected(NamedTuple):
    """What is kept of the selected events of a batch; see `Higgs`."""

    event: Integers
    lepton: Floats
    muon: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.complex128]
    jets: Floats
    tags: Integers
    flavours: Integers
    jet_count: Integers


def _select(found: Objects, hadrons: ak.Array, rng: np.random.Generator) -> _Selected:
    """Select events with one isolated lepton, four jets and enough tags."""
    kinds = ak.concatenate([ak.zeros_like(found.electrons.charge), ak.ones_like(found.muons.charge)], axis=1)
    leptons = ak.concatenate([found.electrons, found.muons], axis=1)
    isolated = (leptons.pt > CARD.lepton_pt) & (leptons.isolation < CARD.isolation)
    leptons, kinds = leptons[isolated], kinds[isolated]
    one = ak.num(leptons) == 1
    event = np.flatnonzero(ak.to_numpy(one))
    lepton, jets = leptons[event][:, 0], _calibrated(found.jets[event])
    eta, phi = pseudorapidity(jets), azimuth(jets)
    apart = np.hypot(eta - lepton.eta, wrap_phi(phi - lepton.phi)) > CARD.overlap
    jets = jets[apart & (transverse_momentum(jets) > CARD.jet_pt)]
    jets = jets[ak.argsort(transverse_momentum(jets), axis=1, ascending=False)]
    enough = ak.to_numpy(ak.num(jets) >= JETS)
    event, lepton, jets = event[enough], lepton[enough], jets[enough]
    count = ak.to_numpy(ak.num(jets))
    jets = jets[:, :JETS]
    near = jet_flavours(jets, hadrons[event], CARD.tagging.distance)
    flavours = ak.to_numpy(ak.to_regular(near)).astype(np.int64)
    tags = draw_tags(flavours, CARD.tagging, rng)
    kept = (tags > 0).sum(axis=1) >= CARD.tagged
    lepton = lepton[kept]
    pt, eta, phi = (ak.to_numpy(lepton[name]) for name in ("pt", "eta", "phi"))
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], axis=1)
    four_jets = np.stack([ak.to_numpy(ak.to_regular(jets[name])) for name in FIELDS], axis=2)
    return _Selected(
        event[kept],
        momentum,
        ak.to_numpy(kinds[event][:, 0])[kept] > 0,
        found.missing[event[kept]],
        four_jets[kept],
        tags[kept],
        flavours[kept],
        count[kept],
    )


def _calibrated(jets: ak.Array) -> ak.Array:
    """Return jets with what their threshold, their radius and the detector lose on average."""
    constant, slope = CARD.scale
    scale = np.sqrt((constant - slope * np.abs(pseudorapidity(jets))) ** 2 / transverse_momentum(jets) + 1.0)
    return ak.zip({name: scale * jets[name] for name in FIELDS}, with_name="Momentum4D")


def _pt(momentum: Floats) -> Floats:
    return np.hypot(momentum[:, 0], momentum[:, 1])


_JET_BRANCHES = {
    "pt": "pT of the jet (GeV); jets are sorted by it",
    "eta": "its pseudorapidity",
    "phi": "its azimuth (rad)",
    "b_tag": "its b-tag: 2 tight, 1 loose, 0 none",
}

BRANCHES = {
    "event": "identity of the collision, unique in the sample",
    "label": "class: 0 background, 1 signal",
    "lepton_pt": "pT of the electron or muon (GeV)",
    "lepton_eta": "its pseudorapidity",
    "lepton_phi": "its azimuth (rad)",
    "missing_energy_magnitude": "missing transverse momentum (GeV)",
    "missing_energy_phi": "its azimuth (rad)",
    **{f"jet_{number}_{name}": meaning for number in range(1, JETS + 1) for name, meaning in _JET_BRANCHES.items()},
    **WWBB_MASSES,
    "lepton_is_muon": "1 for a muon, 0 for an electron",
    "n_jets": "number of jets above 20 GeV",
    **{
        f"jet_{number}_flavour": "truth: 5 with a b hadron, 4 with a c hadron, 0 with neither"
        for number in range(1, JETS + 1)
    },
}

SAMPLE = Sample(
    name="higgs",
    description="a heavy Higgs boson decaying to WWbb, and top pairs: 21 low-level and 7 high-level variables",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Proton collisions at 8 TeV from Pythia 8, as in arXiv:1402.4735. Signal: gg -> H0 (425 GeV) -> W H+- "
            "(325 GeV), H+- -> W h0 (125 GeV), h0 -> bb; background: top pairs. One W decays to an electron or muon, the "
            "other to quarks, so both classes are l nu jj bb. The underlying event is overlaid from a pool of soft "
            "collisions. Events have exactly one isolated electron or muon with pT above 20 GeV and |eta| below 2.5, at "
            "least four jets (anti-kT, R = 0.4, arXiv:0802.1189, with a simple calibration) with pT above 20 GeV and |eta| "
            "below 2.5, and b-tags on at least two of the four hardest, which are drawn with efficiencies from the true flavour. The variables "
            "have the names and order of the data set HIGGS, in GeV and not normalised."
        ),
        "leaves_out": (
            "The two Higgs bosons H0 and H+- have a width of 1 GeV, and their cascade decays by phase space; the "
            "couplings are not those of a model, so there is no cross section. Matrix elements are of leading order, "
            "without further jets; other backgrounds, pile-up, false leptons and a trigger are left out. The positive "
            "W is always the one that decays to leptons, which the variables do not show. Neutrinos of b decays are not made up for, so the masses with b jets peak some GeV low. "
            "The classes have equal numbers."
        ),
        "cite": [
            "arXiv:1402.4735 (the process and the variables)",
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
        ],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy", "numba"),
    entry="events",
    shard_entries=500,
)
