"""The sample `photons`: prompt, fragmentation and fake photons as calorimeter clusters with isolation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.calorimeters import STACKS
from keras_hep.data.samples.detector import ELECTRON, PHOTON, Detector, Particles
from keras_hep.data.samples.jets import collect
from keras_hep.data.samples.particle_flow import charge_of
from keras_hep.data.samples.photon_calorimeter import Barrel, Incident, cell_centres, fire
from keras_hep.data.samples.photon_isolation import ISOLATION, isolation
from keras_hep.data.samples.photon_seeds import DECAY, HARD, SHOWER, PhotonSeeds, find_photons, start_radiating
from keras_hep.data.samples.photon_shapes import SHAPES, cluster_energy, shapes
from keras_hep.data.samples.pileup import Pool, SoftCollisions, overlay, shared_pool, underlying_counts
from keras_hep.data.samples.pythia import Record, events_of, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.tracking import CURVATURE
from keras_hep.data.samples.truth import hard_pt
from keras_hep.physics import wrap_phi

__all__ = ["SAMPLE", "Photons", "make_shard"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CLASSES = ("prompt", "fragmentation", "fake")
ORIGINS = (HARD, SHOWER, DECAY)

BIAS_POWER, BIAS_PT = 4, 25
"""Hard scatterings of pT are made (pT / BIAS_PT)^BIAS_POWER times too often, so that there are photons of all pT."""

_BIAS = (
    "PhaseSpace:pTHatMax=400",
    "PhaseSpace:bias2Selection=on",
    f"PhaseSpace:bias2SelectionPow={BIAS_POWER}",
    f"PhaseSpace:bias2SelectionRef={BIAS_PT}",
)
_SCATTERING = (
    "HardQCD:gg2gg=on",
    "HardQCD:gg2qqbar=on",
    "HardQCD:qg2qg=on",
    "HardQCD:qq2qq=on",
    "HardQCD:qqbar2gg=on",
    "HardQCD:qqbar2qqbarNew=on",
    "HardQCD:nQuarkNew=3",
    "PhaseSpace:pTHatMin=25",
)


@dataclass(frozen=True)
class Photons:
    """The card of the sample.

    Attributes:
        common: Pythia settings of every class.
        processes: Pythia settings of each class.
        yields: candidates of an event, roughly.
        soft: the card of the underlying event.
        detector: the card of isolation: track efficiency and energy resolutions.
        barrel: the card of the calorimeter.
        magnetic_field: in T.
        seed_pt: least true pT of a photon that begins a candidate, in GeV.
        eta: largest absolute pseudorapidity.
        calibration: energy of a photon over that of its cluster.
        pt: least and largest measured pT in GeV.
        r_had: largest hadronic leakage.
        cone: particles this near to a candidate are looked at.
    """

    common: tuple[str, ...] = ("Beams:eCM=13000", "PartonLevel:MPI=off", *_BIAS)
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "prompt": ("PromptPhoton:qg2qgamma=on", "PromptPhoton:qqbar2ggamma=on", "PhaseSpace:pTHatMin=18"),
            "fragmentation": (*_SCATTERING, "Enhancements:doEnhance=on", "EnhancedSplittings:List={fsr:Q2QA=50}"),
            "fake": _SCATTERING,
        }
    )
    yields: dict[str, float] = field(default_factory=lambda: {"prompt": 0.4, "fragmentation": 0.5, "fake": 0.15})
    soft: SoftCollisions = field(default_factory=lambda: SoftCollisions(pool=250))
    detector: Detector = field(default_factory=Detector)
    barrel: Barrel = field(default_factory=Barrel)
    magnetic_field: float = 2.0
    seed_pt: float = 12.0
    eta: float = 1.3
    calibration: float = 1.046
    pt: tuple[float, float] = (20.0, 150.0)
    r_had: float = 0.10
    cone: float = 0.45


CARD = Photons()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the photons of one shard.

    Args:
        request: class, number of photons and seed.
        checkpoint: called before each batch of events.

    Returns:
        Records with the branches of the sample, shape (photons,).

    Raises:
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    name = CLASSES[request.label]
    rng = np.random.default_rng(request.seeds())
    pool = shared_pool(CARD.soft, request, checkpoint)
    settings = (*CARD.common, *CARD.processes[name])
    hook = None
    if ORIGINS[request.label] == SHOWER:
        pythia, hook = start_radiating(settings, request.pythia_seed(), CARD.seed_pt)
    else:
        pythia = start_pythia(settings, request.pythia_seed())

    def batch(count: int, before: int) -> ak.Array:
        record = generate_record(pythia, count)
        seeds = find_photons(record, ORIGINS[request.label], CARD.seed_pt, CARD.eta)
        return _photons(record, seeds, pool, rng, request.first_event() + before, request.label)

    photons, _ = collect(request.entries, CARD.yields[name], checkpoint, batch)
    del hook
    return photons


def _photons(
    record: Record, seeds: PhotonSeeds, pool: Pool, rng: np.random.Generator, first: int, label: int
) -> ak.Array:
    """Return the candidates of a batch that pass the selection, with their branches."""
    events, candidates = len(record.counts), len(seeds.event)
    particles = overlay(events_of(record).particles, pool, underlying_counts(CARD.soft, events, rng), rng)
    number = np.full(events, -1)
    number[seeds.event] = np.arange(candidates)
    particles = particles.select(number[particles.event] >= 0)
    candidate = number[particles.event]
    charge = charge_of(particles.identity)
    phi = _front_phi(particles, charge)
    centre_eta, centre_phi = _centres(particles, candidate, seeds)
    middle_eta, middle_phi = cell_centres(centre_eta, centre_phi, CARD.barrel)
    deta, dphi = particles.eta - middle_eta[candidate], wrap_phi(phi - middle_phi[candidate])
    near = (np.abs(deta) < CARD.barrel.reach) & (np.abs(dphi) < CARD.barrel.reach)
    incident = Incident(candidate[near], particles.identity[near], particles.energy[near], deta[near], dphi[near])
    layers = fire(incident, candidates, CARD.barrel, rng)
    variables = shapes(layers, CARD.barrel)
    pt = CARD.calibration * cluster_energy(layers, CARD.barrel) / np.cosh(centre_eta)
    around = np.flatnonzero(np.abs(particles.eta - centre_eta[candidate]) < CARD.cone)
    cones = isolation(
        candidate[around],
        particles.identity[around],
        charge[around],
        particles.pt[around],
        particles.energy[around],
        (particles.eta - centre_eta[candidate])[around],
        wrap_phi(particles.phi - centre_phi[candidate])[around],
        wrap_phi(phi - centre_phi[candidate])[around],
        candidates,
        CARD.detector,
        rng,
    )
    columns: dict[str, Any] = {
        "weight": ((hard_pt(record) / BIAS_PT) ** -BIAS_POWER)[seeds.event],
        "photon_pt": pt,
        "photon_eta": centre_eta,
        "photon_phi": wrap_phi(centre_phi),
        **variables,
        **cones,
        "strips": layers.strips,
        "middle": layers.middle,
        "true_pt": seeds.pt,
        "mother_pt": seeds.mother_pt,
        "opening_angle": seeds.opening,
    }
    kept = (pt > CARD.pt[0]) & (pt < CARD.pt[1]) & (variables["r_had"] < CARD.r_had)
    stored = {
        name: ak.from_numpy(values[kept].astype(np.float32), regulararray=True) for name, values in columns.items()
    }
    return ak.zip(
        {
            "event": first + seeds.event[kept],
            "label": np.full(int(kept.sum()), label, dtype=np.int32),
            **stored,
            "mother_identity": seeds.mother[kept].astype(np.int32),
        },
        depth_limit=1,
    )


def _front_phi(particles: Particles, charge: Integers) -> Floats:
    """Return the azimuth at which particles reach the calorimeter; not a number where the field turns them back."""
    sine = 0.5 * CURVATURE * CARD.magnetic_field * CARD.barrel.radius * charge / particles.pt
    with np.errstate(invalid="ignore"):
        return particles.phi - np.arcsin(sine)


def _centres(particles: Particles, candidate: Integers, seeds: PhotonSeeds) -> tuple[Floats, Floats]:
    """Return eta and phi of the clusters: the mean of photons and electrons in 3 x 7 cells around their seeds."""
    deta = particles.eta - seeds.eta[candidate]
    dphi = wrap_phi(particles.phi - seeds.phi[candidate])
    light = (particles.identity == PHOTON) | (np.abs(particles.identity) == ELECTRON)
    inside = light & (np.abs(deta) < 1.5 * CARD.barrel.cell) & (np.abs(dphi) < 3.5 * CARD.barrel.cell_phi)
    total, eta, phi = (
        np.bincount(candidate[inside], weights=weight[inside], minlength=len(seeds.event))
        for weight in (particles.energy, particles.energy * deta, particles.energy * dphi)
    )
    return seeds.eta + eta / total, seeds.phi + phi / total


BRANCHES = {
    "event": "identity of the collision, unique in the sample",
    "label": "class: 0 prompt, 1 fragmentation, 2 fake",
    "weight": "weight that gives the photons of a class the falling pT spectrum of collisions back",
    "photon_pt": "measured pT of the cluster (GeV)",
    "photon_eta": "pseudorapidity of the cluster",
    "photon_phi": "azimuth of the cluster (rad)",
    **SHAPES,
    **ISOLATION,
    "strips": "energy of the strips (GeV), (56, 2): 0.003125 in eta x 0.098 in phi",
    "middle": "energy of the cells of the middle layer (GeV), (11, 11): 0.025 in eta x 0.0245 in phi",
    "true_pt": "truth: pT of the photon, the hardest one of a fake (GeV)",
    "mother_pt": "truth: pT of what emitted it (GeV)",
    "opening_angle": "truth: distance in eta and phi of the two photons of the hadron that decayed; 0 without such a pair",
    "mother_identity": "truth: PDG number of the mother: a parton of the hard scattering, a quark, or a hadron",
}

SAMPLE = Sample(
    name="photons",
    description="prompt, fragmentation and fake photons as calorimeter clusters with isolation",
    tree="photons",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the photons.
    configuration={"revision": 1, **asdict(CARD), "medium": asdict(STACKS[CARD.barrel.stack].medium)},
    card={
        "physics": (
            "Proton collisions at 13 TeV from Pythia 8. Prompt photons come from the hard scattering (qg -> q gamma, "
            "qq -> g gamma), fragmentation photons are radiated by quarks in the final-state shower of QCD scattering, "
            "fake ones are the hardest photons of hadron decays in jets. Scatterings of high pT are made more often, with "
            "a weight. The underlying event is overlaid from a pool of soft collisions. All particles around a candidate "
            "shower in a lead and liquid argon calorimeter (parametrised after hep-ex/0001020) with strips, a middle and a "
            "back layer of the granularity of the barrel of ATLAS, with noise; charged ones are bent by 2 T. Candidates "
            "have a calibrated pT of 20 to 150 GeV in |eta| < 1.3 and little energy behind. Variables of the shower are "
            "those of arXiv:1810.05087; isolation sums tracks and calorimeter energy in cones."
        ),
        "leaves_out": (
            "Photons do not convert before the calorimeter, no pile-up; particles hit the front face at a right angle, "
            "there are no gaps and no cross talk; the shower of the photon does not leak into the isolation. Shower "
            "photons are radiated 50 times as often, which raises their number and hardly their form; photons "
            "radiated by incoming quarks are in no class. Candidates are placed by their true centre, so that a "
            "cluster is never split. The classes have equal numbers."
        ),
        "cite": [
            "arXiv:2203.11601 (Pythia 8.3)",
            "arXiv:1810.05087 (variables of showers)",
            "hep-ex/0001020 (parametrisation of showers)",
        ],
        "branches": BRANCHES,
    },
    packages=("pythia8mc", "awkward", "numpy", "numba", "scipy"),
    entry="photons",
    shard_entries=400,
)
