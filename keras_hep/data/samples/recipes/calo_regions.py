"""The sample `calo-regions`: transverse energies of 18x14 calorimeter regions under pile-up, after CICADA."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.calo_grid import RegionGrid, add_grids, deposits, read_out
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.pileup import LARGEST_PILEUP, Overlay, SoftCollisions
from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest

__all__ = ["SAMPLE", "CaloRegions", "make_shard"]

CLASSES = ("zero_bias", "ttbar", "h_aa_4b", "vbf_h_inv")
BATCH = 200

_NO_INTERACTIONS = "PartonLevel:MPI=off"


@dataclass(frozen=True)
class CaloRegions:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every signal.
        signals: Pythia settings of each signal.
        grid: the card of the regions.
        soft: the card of underlying event and pile-up.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000", _NO_INTERACTIONS)
    signals: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "ttbar": ("Top:gg2ttbar=on", "Top:qqbar2ttbar=on"),
            "h_aa_4b": (
                "Higgs:useBSM=on",
                "HiggsBSM:gg2H2=on",
                "HiggsH2:coup2A3A3=1",
                "35:m0=125",
                "35:onMode=off",
                "35:onIfMatch=36 36",
                "36:m0=25",
                "36:mMin=20",
                "36:mMax=30",
                "36:onMode=off",
                "36:onIfAny=5",
            ),
            "vbf_h_inv": (
                "HiggsSM:ff2Hff(t:WW)=on",
                "HiggsSM:ff2Hff(t:ZZ)=on",
                "25:onMode=off",
                "25:onIfMatch=23 23",
                "23:onMode=off",
                "23:onIfAny=12 14 16",
            ),
        }
    )
    grid: RegionGrid = field(default_factory=RegionGrid)
    soft: SoftCollisions = field(default_factory=SoftCollisions)


CARD = CaloRegions()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the events of one shard.

    Args:
        request: class, number of events, seed and options.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (events,).

    Raises:
        DataError: an option is out of range.
        MissingToolError: pythia8mc is not installed.
    """
    pileup = number_option(request, "pileup", 0.0, LARGEST_PILEUP)
    name = CLASSES[request.label]
    overlay = Overlay(CARD.soft, request, checkpoint)
    pool = deposits(overlay.pool.particles, CARD.grid, CARD.soft.pool)
    rng = np.random.default_rng(request.seeds())
    pythia = None
    if name in CARD.signals:
        pythia = start_pythia((*CARD.common, *CARD.signals[name]), request.pythia_seed())
    batches: list[ak.Array] = []
    for first in range(0, request.entries, BATCH):
        checkpoint()
        count = min(BATCH, request.entries - first)
        event = request.first_event() + first + np.arange(count)
        label = np.full(count, request.label, dtype=np.int32)
        batches.append(ak.zip({"event": event, "label": label, **_branches(pythia, count, pileup, overlay, pool, rng)},
                              depth_limit=1))  # fmt: skip
    return ak.concatenate(batches)


def _branches(
    pythia: Any, count: int, pileup: float, overlay: Overlay, pool: npt.NDArray[np.float64], rng: np.random.Generator
) -> dict[str, Any]:
    """Make a batch of events; without a Pythia there is nothing but pile-up."""
    collisions = rng.poisson(pileup, count)
    hard, soft = overlay.hard_ones(collisions, rng)
    true = deposits(hard, CARD.grid, count)
    signal = np.zeros(count)
    if pythia is not None:
        own = deposits(generate_events(pythia, count).particles, CARD.grid, count)
        signal = own.sum(axis=(1, 2, 3))
        true += own
        soft = soft + overlay.underlying(count, rng)
    total = int(soft.sum())
    turns = rng.integers(CARD.grid.azimuths, size=total)
    add_grids(true, pool, soft, rng.integers(len(pool), size=total), turns, rng.random(total) < 0.5)
    regions = read_out(true, CARD.grid, rng)
    return {
        "regions": ak.from_numpy(regions, regulararray=True),
        "total": regions.sum(axis=(1, 2)).astype(np.float32),
        "n_pileup": collisions.astype(np.int32),
        "signal": signal.astype(np.float32),
    }


BRANCHES = {
    "event": "identity of the event, unique in the sample",
    "label": "class: 0 zero_bias, 1 ttbar, 2 h_aa_4b, 3 vbf_h_inv",
    "regions": (
        "transverse energy (GeV) of 18 x 14 regions: azimuth from -pi, pseudorapidity from -3 to 3; multiples of 0.5 GeV up "
        "to 511.5 GeV"
    ),
    "total": "sum over all regions (GeV)",
    "n_pileup": "truth: number of pile-up collisions",
    "signal": "truth: transverse energy (GeV) that the signal itself leaves in the regions; 0 for zero_bias",
}

SAMPLE = Sample(
    name="calo-regions",
    description="energies of 18x14 calorimeter regions: minimum bias with pile-up, and signals",
    tree="events",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the events.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Crossings of proton bunches at 13 TeV from Pythia 8 with the Monash 2013 tune, as a calorimeter trigger sees "
            "them: transverse energies in 18 regions of azimuth and 14 of pseudorapidity (|eta| < 3). Zero bias is pile-up "
            "alone: a Poisson number of non-diffractive collisions, whose mean is the option pileup. The signals are a "
            "collision of their own under the same pile-up: top pairs, a Higgs boson decaying to two pseudoscalars of "
            "25 GeV with two b quarks each, and a Higgs boson from the fusion of vector bosons decaying to neutrinos. "
            "Electromagnetic and hadronic energies of a region are smeared, added, rounded down to multiples of 0.5 GeV and "
            "cut off at 1023 of them. Charged particles below 0.7 GeV do not reach the calorimeter."
        ),
        "leaves_out": (
            "Collisions whose hardest scattering is below 20 GeV, 98.7 % of the pile-up, are drawn from a pool of 500, turned "
            "by whole regions and mirrored; harder ones are always new, with one or two collisions of the pool instead of "
            "multiple parton interactions, as in the signals. Pulses of earlier and later crossings, noise, thresholds of "
            "trigger towers, the bending of charged particles above 0.7 GeV, showers that spread over regions, diffraction "
            "and the forward calorimeter are left out. The classes have equal numbers, not their rates."
        ),
        "cite": ["arXiv:2203.11601 (Pythia 8.3)"],
        "branches": BRANCHES,
        "option_meanings": {
            "pileup": "mean number of pile-up collisions",
        },
    },
    packages=("pythia8mc", "awkward", "numpy"),
    shard_entries=2000,
    entry="events",
    options={"pileup": 60.0},
)
