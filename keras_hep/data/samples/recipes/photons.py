"""The sample `photons`: prompt, fragmentation and fake photons as calorimeter clusters with isolation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.calorimeters import STACKS
from keras_hep.data.samples.detector import Detector
from keras_hep.data.samples.jets import collect
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.photon_calorimeter import Barrel, Incident, Layers, cell_centres, fire
from keras_hep.data.samples.photon_isolation import ISOLATION, isolation
from keras_hep.data.samples.photon_seeds import DECAY, HARD, SHOWER, PhotonSeeds, find_photons, start_radiating
from keras_hep.data.samples.photon_shapes import SHAPES, cluster_energy, shapes
from keras_hep.data.samples.photon_surroundings import Clusters, clusters
from keras_hep.data.samples.pileup import Overlay, SoftCollisions
from keras_hep.data.samples.pythia import Record, events_of, generate_record, start_pythia
from keras_hep.data.samples.sample import Checkpoint, Sample, ShardRequest
from keras_hep.data.samples.truth import hard_pt

__all__ = ["SAMPLE", "Photons", "make_shard"]

Floats = npt.NDArray[np.float64]

CLASSES = ("prompt", "fragmentation", "fake")
ORIGINS = (HARD, SHOWER, DECAY)

BIAS_PT = 25
LARGEST_ISOLATION = 10.0

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
        bias: hard scatterings of pT are made (pT / 25 GeV)^bias times too often, so that there are photons of all pT;
            less so for prompt ones, which have all of that pT.
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
        hadrons: candidates with more pT of hadrons in the hadronic window over that of photons are not looked at.
        cone: particles this near to a candidate are looked at.
    """

    common: tuple[str, ...] = (
        "Beams:eCM=13000",
        "PartonLevel:MPI=off",
        "PartonLevel:ISR=off",
        "PhaseSpace:pTHatMax=400",
    )
    processes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "prompt": ("PromptPhoton:qg2qgamma=on", "PromptPhoton:qqbar2ggamma=on", "PhaseSpace:pTHatMin=18"),
            "fragmentation": (*_SCATTERING, "Enhancements:doEnhance=on", "EnhancedSplittings:List={fsr:Q2QA=50}"),
            "fake": _SCATTERING,
        }
    )
    bias: dict[str, float] = field(default_factory=lambda: {"prompt": 2.0, "fragmentation": 3.0, "fake": 3.0})
    yields: dict[str, float] = field(default_factory=lambda: {"prompt": 0.4, "fragmentation": 0.55, "fake": 0.05})
    soft: SoftCollisions = field(default_factory=lambda: SoftCollisions(pool=250, hard_share=0.0))
    detector: Detector = field(default_factory=Detector)
    barrel: Barrel = field(default_factory=Barrel)
    magnetic_field: float = 2.0
    seed_pt: float = 12.0
    eta: float = 1.37
    calibration: float = 1.046
    pt: tuple[float, float] = (20.0, 150.0)
    r_had: float = 0.30
    hadrons: float = 1.0
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
        DataError: the option is out of range.
        MissingToolError: fastjet or pythia8mc is not installed.
    """
    name = CLASSES[request.label]
    isolated = number_option(request, "isolation", 0.0, LARGEST_ISOLATION)
    rng = np.random.default_rng(request.seeds())
    overlay = Overlay(CARD.soft, request, checkpoint)
    bias = f"PhaseSpace:bias2SelectionPow={CARD.bias[name]}", f"PhaseSpace:bias2SelectionRef={BIAS_PT}"
    settings = (*CARD.common, *CARD.processes[name], "PhaseSpace:bias2Selection=on", *bias)
    hook = None
    if ORIGINS[request.label] == SHOWER:
        pythia, hook = start_radiating(settings, request.pythia_seed(), CARD.seed_pt)
    else:
        pythia = start_pythia(settings, request.pythia_seed())

    def batch(count: int, before: int) -> ak.Array:
        record = generate_record(pythia, count)
        seeds = find_photons(record, ORIGINS[request.label], CARD.seed_pt, CARD.eta)
        return _photons(record, seeds, overlay, isolated, rng, request.first_event() + before, request.label)

    photons, _ = collect(request.entries, CARD.yields[name], checkpoint, batch)
    del hook
    return photons


def _photons(
    record: Record,
    seeds: PhotonSeeds,
    overlay: Overlay,
    isolated: float,
    rng: np.random.Generator,
    first: int,
    label: int,
) -> ak.Array:
    """Return the candidates of a batch that pass the selection, with their branches."""
    number = np.full(len(record.counts), -1)
    number[seeds.event] = np.arange(len(seeds.event))
    particles = events_of(record).particles
    particles = particles.select(number[particles.event] >= 0)
    particles = particles._replace(event=number[particles.event])
    particles = overlay.add(particles, overlay.underlying(len(seeds.event), rng), rng)
    found = clusters(particles, seeds, CARD.magnetic_field, CARD.barrel, CARD.cone)
    cones = isolation(found.around, len(seeds.event), CARD.detector, rng)
    # What is far from the selection is left out before its showers are made.
    promising = (found.light_pt > 0.75 * CARD.pt[0]) & (found.light_pt < 1.2 * CARD.pt[1])
    promising &= found.hadron_pt < CARD.hadrons * found.light_pt
    if isolated:
        promising &= cones["ptcone20"] < 1.3 * isolated * found.light_pt
    found = found.select(promising)
    seeds = seeds.select(promising)
    cones = {name: values[promising] for name, values in cones.items()}
    layers = _layers(found, rng)
    variables = shapes(layers, CARD.barrel)
    pt = CARD.calibration * cluster_energy(layers, CARD.barrel) / np.cosh(found.eta)
    columns: dict[str, Floats] = {
        "weight": ((hard_pt(record) / BIAS_PT) ** -CARD.bias[CLASSES[label]])[seeds.event],
        "photon_pt": pt,
        "photon_eta": found.eta,
        "photon_phi": found.phi,
        **variables,
        **cones,
        "strips": layers.strips,
        "middle": layers.middle,
        "true_pt": seeds.pt,
        "mother_pt": seeds.mother_pt,
        "opening_angle": seeds.opening,
    }
    kept = (pt > CARD.pt[0]) & (pt < CARD.pt[1]) & (variables["r_had"] < CARD.r_had)
    if isolated:
        kept &= cones["ptcone20"] < isolated * pt
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


def _layers(found: Clusters, rng: np.random.Generator) -> Layers:
    """Let all particles near to the candidates shower."""
    middle_eta, middle_phi = cell_centres(found.eta, found.phi, CARD.barrel)
    around = found.around
    deta = around.deta + (found.eta - middle_eta)[around.candidate]
    dphi = around.dphi + (found.phi - middle_phi)[around.candidate]
    near = (np.abs(deta) < CARD.barrel.reach) & (np.abs(dphi) < CARD.barrel.reach)
    incident = Incident(around.candidate[near], around.identity[near], around.energy[near], deta[near], dphi[near])
    return fire(incident, len(found.eta), CARD.barrel, rng)


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
            "back layer of the granularity of the barrel of ATLAS, with noise and cross talk; charged ones are bent by 2 T. "
            "Candidates have a calibrated pT of 20 to 150 GeV in |eta| < 1.37 and less than 0.3 of it behind; the option "
            "isolation asks for a ptcone20 below this fraction of their pT (0 for no such cut), which makes fakes rare and "
            "harder to tell. Variables of the shower are those of arXiv:1810.05087; isolation sums tracks and calorimeter energy in cones."
        ),
        "leaves_out": (
            "Photons do not convert before the calorimeter, there is no pile-up and no radiation from incoming partons. "
            "Particles hit the front face at a right angle, all material before the strips is directly in front of them, "
            "and there are no gaps: showers are a little narrower than in a real detector and the classes easier to tell "
            "apart. The shower of the photon does not leak into the isolation. Shower photons are radiated 50 times as "
            "often, which raises their number and hardly their form. Only the hardest photon of an origin in a collision "
            "is looked at, and its cluster is placed by true directions, so it is never split. The classes have equal "
            "numbers."
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
    options={"isolation": 0.0},
)
