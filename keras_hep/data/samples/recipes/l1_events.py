"""The sample `l1-events`: nineteen objects an event as a first-level trigger sees them, after arXiv:2107.02157."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.lepton_filter import Collision, gather, hard_lepton_collisions
from keras_hep.data.samples.objects import Objects, Reconstruction, angles, reconstruct
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.pileup import LARGEST_PILEUP, Overlay, SoftCollisions
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest

__all__ = ["PROCESSES", "SAMPLE", "L1Events", "make_shard"]

CLASSES = ("minbias", "sm", "A4l", "LQ", "h0tt", "hch")
PROCESSES = ("minbias", "W", "QCD", "Z", "ttbar", "A4l", "LQ", "h0tt", "hch")
MET, ELECTRON, MUON, JET = 1, 2, 3, 4
LARGEST_LEPTON_PT = 100.0
DECAYS = 64
"""Event numbers kept for the decays of one collision."""

_NO_INTERACTIONS = "PartonLevel:MPI=off"
_TO_TAU = ("15:onMode=off", "15:onIfAny=11 13")


@dataclass(frozen=True)
class L1Events:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every process.
        settings: Pythia settings of each process.
        cocktail: shares of the processes of the class sm.
        decays: with a lepton threshold, so many decays of each collision are tried; 1 where nothing is said.
        forced: further settings with a lepton threshold.
        detector: the detector card.
        reconstruction: the card of the objects.
        soft: the card of underlying event and pile-up.
        counts: how many electrons, muons and jets are stored.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000",)
    settings: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "minbias": ("SoftQCD:nonDiffractive=on",),
            "W": (_NO_INTERACTIONS, "WeakSingleBoson:ffbar2W=on", "24:onMode=off", "24:onIfAny=11 13 15"),
            "QCD": (_NO_INTERACTIONS, "HardQCD:all=on", "PhaseSpace:pTHatMin=25"),
            "Z": (
                _NO_INTERACTIONS,
                "WeakSingleBoson:ffbar2gmZ=on",
                "PhaseSpace:mHatMin=20",
                "23:onMode=off",
                "23:onIfAny=11 13 15",
            ),
            "ttbar": (_NO_INTERACTIONS, "Top:gg2ttbar=on", "Top:qqbar2ttbar=on"),
            "A4l": (
                _NO_INTERACTIONS,
                "HiggsSM:gg2H=on",
                "25:m0=50",
                "25:onMode=off",
                "25:onIfMatch=23 23",
                "23:mMin=4",
                "23:onMode=off",
                "23:onIfAny=11 13",
            ),
            "LQ": (
                _NO_INTERACTIONS,
                "LeptoQuark:gg2LQLQbar=on",
                "LeptoQuark:qqbar2LQLQbar=on",
                "42:m0=80",
                "42:0:products=5 15",
            ),
            "h0tt": (_NO_INTERACTIONS, "HiggsSM:gg2H=on", "25:m0=60", "25:onMode=off", "25:onIfMatch=15 15"),
            "hch": (
                _NO_INTERACTIONS,
                "Higgs:useBSM=on",
                "HiggsBSM:ffbar2H+-=on",
                "37:m0=60",
                "37:onMode=off",
                "37:onIfMatch=15 16",
            ),
        }
    )
    cocktail: dict[str, float] = field(default_factory=lambda: {"W": 0.592, "QCD": 0.338, "Z": 0.067, "ttbar": 0.003})
    decays: dict[str, int] = field(default_factory=lambda: {"QCD": 32, "LQ": 2, "h0tt": 3, "hch": 4})
    forced: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"hch": _TO_TAU})
    detector: Detector = field(default_factory=Detector)
    reconstruction: Reconstruction = field(
        default_factory=lambda: Reconstruction(
            lepton_pt=(3.0, 3.0), lepton_eta=(3.0, 2.1), electrons_in_jets=True, jet_pt=15.0, jet_eta=4.0
        )
    )
    soft: SoftCollisions = field(default_factory=SoftCollisions)
    counts: tuple[int, int, int] = (4, 4, 10)


CARD = L1Events()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events, seed and options.
        checkpoint: called between collisions.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is out of range.
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    lepton_pt = number_option(request, "lepton_pt", 0.0, LARGEST_LEPTON_PT)
    pileup = number_option(request, "pileup", 0.0, LARGEST_PILEUP)
    rng = np.random.default_rng(request.seeds())
    name = CLASSES[request.label]
    # Minimum bias has its own multiple parton interactions.
    overlay = Overlay(CARD.soft, request, checkpoint) if name != "minbias" or pileup > 0.0 else None
    parts: list[ak.Array] = []
    collisions = 0
    for process, entries in _shares(name, request.entries, rng).items():
        threshold = 0.0 if process == "minbias" else lepton_pt
        maker = _Maker(process, threshold, pileup, overlay, rng)
        # Each process of the cocktail has a Pythia of its own; equal seeds would not make them alike.
        parts.append(maker.events(entries, request.pythia_seed(), collisions, checkpoint))
        collisions += entries
    events = ak.concatenate(parts)
    events = events[rng.permutation(len(events))]
    label = np.full(len(events), request.label, dtype=np.int32)
    number = request.first_event() + ak.to_numpy(events.event)
    return ak.zip({**{n: events[n] for n in events.fields}, "event": number, "label": label}, depth_limit=1)


def _shares(name: str, entries: int, rng: np.random.Generator) -> dict[str, int]:
    """Return how many events of each process a shard of this class has."""
    if name != "sm":
        return {name: entries}
    drawn = rng.multinomial(entries, list(CARD.cocktail.values()))
    return {process: int(count) for process, count in zip(CARD.cocktail, drawn, strict=True) if count}


@dataclass(frozen=True)
class _Maker:
    """Makes the events of one process."""

    process: str
    lepton_pt: float
    pileup: float
    overlay: Overlay | None
    rng: np.random.Generator

    def events(self, entries: int, seed: int, first: int, checkpoint: Checkpoint) -> ak.Array:
        """Return so many events; collisions are numbered from `first` on."""
        forced = CARD.forced.get(self.process, ()) if self.lepton_pt > 0.0 else ()
        settings = (*CARD.common, *CARD.settings[self.process], *forced)
        source = hard_lepton_collisions(settings, self.lepton_pt, CARD.decays.get(self.process, 1), seed)
        # Pile-up decides how large an event is.
        size = int(np.clip(2000.0 / (2.0 + self.pileup), 10, 200))
        parts: list[ak.Array] = []
        made, numbers = 0, dict[int, int]()
        while made < entries:
            batch = _next_batch(source, min(size, entries - made + 2), checkpoint)
            finished = self._finish(batch)
            kept = [collision for collision, selected in zip(batch, finished.selected, strict=True) if selected]
            # Numbers for those kept alone: the next process counts on from `first + entries`.
            for collision in kept:
                numbers.setdefault(collision.number, first + len(numbers))
            event = np.array([numbers[c.number] * DECAYS + c.trial for c in kept], dtype=np.int64)
            parts.append(ak.with_field(finished[finished.selected], event, "event"))
            made += len(parts[-1])
        columns = ak.concatenate(parts)[:entries]
        return columns[[name for name in columns.fields if name != "selected"]]

    def _finish(self, batch: list[Collision]) -> ak.Array:
        """Add soft collisions, reconstruct and select."""
        events = len(batch)
        particles = gather(batch)
        if self.overlay is not None:
            counts = self.rng.poisson(self.pileup, events)
            if self.process != "minbias":
                counts = counts + self.overlay.underlying(events, self.rng)
            particles = self.overlay.add(particles, counts, self.rng)
        found = reconstruct(particles, CARD.detector, CARD.reconstruction, events, self.rng)
        return _branches(found, PROCESSES.index(self.process), self.lepton_pt)


def _next_batch(source: Iterator[Collision | None], count: int, checkpoint: Checkpoint) -> list[Collision]:
    """Return the next collisions that are not None."""
    batch: list[Collision] = []
    for collision in source:
        checkpoint()
        if collision is not None:
            batch.append(collision)
        if len(batch) == count:
            break
    return batch


def _branches(found: Objects, process: int, lepton_pt: float) -> ak.Array:
    """Turn the objects of a batch into branches, and tell which events have the lepton."""
    electrons, muons, jets = CARD.counts
    jet = angles(found.jets)
    missing = np.stack([np.abs(found.missing), np.zeros(len(jet)), np.angle(found.missing), np.full(len(jet), MET)], 1)
    objects = np.concatenate(
        [
            missing[:, None, :],
            _rows(found.electrons, electrons, ELECTRON),
            _rows(found.muons, muons, MUON),
            _rows(jet, jets, JET),
        ],
        axis=1,
    ).astype(np.float32)
    hardest = objects[:, 1 : 1 + electrons + muons, 0].max(axis=1)
    return ak.zip(
        {
            "process": np.full(len(jet), process, dtype=np.int32),
            "objects": ak.from_numpy(objects, regulararray=True),
            "ht": ak.values_astype(ak.sum(jet.pt, axis=1), np.float32),
            "n_electrons": ak.values_astype(ak.num(found.electrons), np.int32),
            "n_muons": ak.values_astype(ak.num(found.muons), np.int32),
            "n_jets": ak.values_astype(ak.num(jet), np.int32),
            "selected": (hardest > lepton_pt) | (lepton_pt == 0.0),
        },
        depth_limit=1,
    )


def _rows(objects: ak.Array, count: int, kind: int) -> npt.NDArray[np.float64]:
    """Return pt, eta, phi and kind of the hardest objects, shape (events, count, 4), zero where there are fewer."""
    records = ak.with_field(objects, kind, "kind")
    padded = ak.pad_none(records, count, axis=1, clip=True)
    columns = [ak.to_numpy(ak.fill_none(padded[name], 0.0)) for name in ("pt", "eta", "phi", "kind")]
    return np.stack(columns, axis=2)


BRANCHES = {
    "event": (
        "identity of the event, unique in the sample; event // 64 names the hard collision, which a few events of QCD, LQ, "
        "h0tt and hch share: they differ in the decays that gave the lepton, the soft collisions and the detector"
    ),
    "label": "class: 0 minbias, 1 sm, 2 A4l, 3 LQ, 4 h0tt, 5 hch",
    "process": "0 minbias, 1 W, 2 QCD, 3 Z, 4 ttbar, 5 A4l, 6 LQ, 7 h0tt, 8 hch",
    "objects": (
        "19 rows of pT (GeV), pseudorapidity, azimuth (rad), kind: missing transverse momentum (kind 1), 4 electrons (2), "
        "4 muons (3), 10 jets (4), each kind in descending pT; zero where there are fewer"
    ),
    "ht": "scalar sum of the pT of all jets (GeV)",
    "n_electrons": "number of electrons, also those beyond the fourth",
    "n_muons": "number of muons, also those beyond the fourth",
    "n_jets": "number of jets, also those beyond the tenth",
}

SAMPLE = Sample(
    name="l1-events",
    description="nineteen Level-1 objects an event: minimum bias, a Standard Model cocktail and four signals",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 2, **asdict(CARD)},
    card={
        "physics": (
            "Proton collisions at 13 TeV from Pythia 8 with the Monash 2013 tune. The class sm mixes W -> l nu (l = e, mu, "
            "tau), QCD scattering with pT above 25 GeV, Z/gamma* -> ll above 20 GeV and top pairs in the shares of the "
            "data set of arXiv:2107.02157, which hold after its lepton requirement. The signals are a scalar of 50 GeV "
            "decaying to four leptons through Z*Z*, pairs of leptoquarks of 80 GeV decaying to b tau, a scalar of 60 GeV "
            "decaying to tau tau and a charged one of 60 GeV decaying to tau nu. The option lepton_pt asks for one "
            "electron or muon above that pT (GeV) in all classes but minbias, from whatever source: in QCD they come from "
            "hadrons with b or c. Where it is above 0, hadrons with b and c and taus of QCD, LQ, h0tt and hch are decayed "
            "several times, and each decay with a lepton is an event; the taus of hch decay to leptons alone. A "
            "parametrised detector gives electrons (|eta| < 3, pT > 3 GeV), muons (|eta| < 2.1, pT > 3 GeV), anti-kT jets "
            "with R = 0.4 (|eta| < 4, pT > 15 GeV) that may be electrons as well, and missing transverse momentum. The "
            "option pileup overlays so many non-diffractive collisions on average."
        ),
        "leaves_out": (
            "Multiple parton interactions of hard collisions are not simulated but replaced by one or two overlaid "
            "non-diffractive collisions, which agree in mean and spread of the transverse momentum within a tenth; soft "
            "collisions are drawn from a pool of 500, turned and mirrored, and one pool differs from another. Matrix elements "
            "are of leading order. Nothing fakes a lepton, leptons need not be isolated, photons are not objects of their own. Diffraction, out-of-time "
            "pile-up, the width of the beam spot and the rounding of trigger hardware are left out. The classes have "
            "equal numbers, not their cross sections; without the lepton requirement the shares of the cocktail have no "
            "meaning beyond their definition."
        ),
        "cite": [
            "arXiv:2107.02157 (the data set that this one follows)",
            "arXiv:1811.10276 (the cocktail and the signals)",
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1111.6097 (FastJet)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "lepton_pt": "least pT (GeV) of one electron or muon in all classes but minbias; 0 for no selection",
            "pileup": "mean number of overlaid collisions",
        },
    },
    packages=("pythia8mc", "fastjet", "awkward", "numpy"),
    shard_entries=400,
    entry="events",
    options={"lepton_pt": 23.0, "pileup": 0.0},
)
