"""The sample `two-view`: neutrino interactions in two projections, like those of arXiv:1604.01444."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from keras_hep.data.samples.neutrino_vertex import MASSES, Scattering, Vertices, scatter, two_body
from keras_hep.data.samples.options import number_option
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest
from keras_hep.data.samples.scintillator import Block, Images, deposit_showers, deposit_tracks

__all__ = ["SAMPLE", "TwoView", "make_shard"]

CLASSES = ("track", "shower", "nc")
LEPTONS = ("muon", "electron", "neutrino")
OPTIONS: dict[str, Option] = {"noise": 2e-4}
BATCH = 100

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TwoView:
    """The card of the sample.

    Attributes:
        block: the detector.
        scattering: the interactions.
        energy: mean and standard deviation of the energy of the neutrinos (GeV).
        energy_range: its least and largest value (GeV).
        vertex_planes: first and last plane, of both views together, in which interactions happen.
        vertex_half: largest x and y of interactions (mm).
        photoelectrons: for each GeV.
        threshold: least energy of a cell that is kept (GeV).
        noise_energy: mean energy of noise above the threshold (GeV).
    """

    block: Block = field(default_factory=Block)
    scattering: Scattering = field(default_factory=Scattering)
    energy: tuple[float, float] = (2.0, 0.5)
    energy_range: tuple[float, float] = (0.8, 4.0)
    vertex_planes: tuple[int, int] = (8, 40)
    vertex_half: float = 1_000.0
    photoelectrons: float = 3_000.0
    threshold: float = 0.001
    noise_energy: float = 0.002


CARD = TwoView()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the interactions of one shard.

    Args:
        request: class, number of interactions, seed and options.
        checkpoint: called before each batch of interactions.

    Returns:
        Records with the branches of the sample, shape (interactions,).

    Raises:
        DataError: an option is out of range.
    """
    noise = number_option(request, "noise", 0.0, 0.1)
    rng = np.random.default_rng(request.seeds())
    batches: list[ak.Array] = []
    for first in range(0, request.entries, BATCH):
        checkpoint()
        batches.append(_interactions(min(BATCH, request.entries - first), LEPTONS[request.label], noise, rng))
    made = ak.concatenate(batches)
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{name: made[name] for name in made.fields}}, depth_limit=1)


def _interactions(count: int, lepton: str, noise: float, rng: np.random.Generator) -> ak.Array:
    """Simulate interactions of one kind."""
    mean, spread = CARD.energy
    least, largest = (ndtr((limit - mean) / spread) for limit in CARD.energy_range)
    energy = mean + spread * ndtri(rng.uniform(least, largest, count))
    vertices = scatter(energy, lepton, CARD.scattering, rng)
    block = CARD.block
    vertex = rng.uniform(-CARD.vertex_half, CARD.vertex_half, (count, 3))
    vertex[:, 2] = block.depth * rng.uniform(*CARD.vertex_planes, count)
    images = np.zeros((count, 2, block.planes, block.cells), dtype=np.float32)
    length = _tracks(images, vertices, lepton, vertex, rng)
    _showers(images, vertices, lepton, vertex, rng)
    deposited = images.sum(axis=(1, 2, 3), dtype=np.float64)
    _read_out(images, noise, rng)
    neutral = np.where(vertices.neutral, vertices.pion[:, :, 0], 0.0).sum(axis=1)
    columns = {
        "energy": energy,
        **{f"lepton_{name}": vertices.lepton[:, i] for i, name in enumerate(("energy", "px", "py", "pz"))},
        "hadron_energy": vertices.transfer,
        "pi0_energy": neutral,
        "em_energy": neutral + (vertices.lepton[:, 0] if lepton == "electron" else 0.0),
        **{f"vertex_{name}": vertex[:, i] for i, name in enumerate("xyz")},
        "muon_length": length,
        "deposited": deposited,
    }
    whole = {"pions": (vertices.pion[:, :, 0] > 0).sum(axis=1), "pi0s": vertices.neutral.sum(axis=1)}
    return ak.zip(
        {
            **{name: values.astype(np.float32) for name, values in columns.items()},
            **{name: values.astype(np.int32) for name, values in whole.items()},
            **{f"view_{name}": ak.from_numpy(images[:, i].copy(), regulararray=True) for i, name in enumerate("xy")},
        },
        depth_limit=1,
    )


def _tracks(images: Images, vertices: Vertices, lepton: str, vertex: Array, rng: np.random.Generator) -> Array:
    """Add protons, charged pions and muons to the images; return the length of the muon, or zero (mm)."""
    count = len(vertex)
    owner, place = np.nonzero((vertices.pion[:, :, 0] > 0) & ~vertices.neutral)
    owners, momenta = [np.arange(count), owner], [vertices.proton, vertices.pion[owner, place]]
    masses = [np.full(count, MASSES["proton"]), np.full(len(owner), MASSES["pion"])]
    if lepton == "muon":
        owners, momenta = [np.arange(count), *owners], [vertices.lepton, *momenta]
        masses = [np.full(count, MASSES["muon"]), *masses]
    event, mass, momentum = np.concatenate(owners), np.concatenate(masses), np.concatenate(momenta)
    hadron = mass > MASSES["muon"]
    kinetic = np.maximum(momentum[:, 0] - mass, 0.0)
    length = deposit_tracks(images, event, mass, hadron, kinetic, vertex[event], _unit(momentum), CARD.block, rng)
    return length[:count] if lepton == "muon" else np.zeros(count)


def _showers(images: Images, vertices: Vertices, lepton: str, vertex: Array, rng: np.random.Generator) -> None:
    """Add electrons, and the photons of neutral pions, to the images."""
    owner, place = np.nonzero(vertices.neutral)
    massless, mass = np.zeros(len(owner)), np.full(len(owner), MASSES["pi0"])
    photon = np.concatenate(two_body(vertices.pion[owner, place], mass, massless, massless, rng))
    # A photon flies freely for 9/7 of a radiation length on average, then its energy is shared by two electrons.
    free = rng.exponential(9 / 7 * CARD.block.radiation, len(photon))
    start = vertex[np.tile(owner, 2)] + free[:, None] * _unit(photon)
    share = rng.random(len(photon))[:, None]
    event, starts = np.tile(owner, 4), np.tile(start, (2, 1))
    electron = np.concatenate([share * photon, (1 - share) * photon])
    if lepton == "electron":
        event, starts = np.concatenate([np.arange(len(vertex)), event]), np.concatenate([vertex, starts])
        electron = np.concatenate([vertices.lepton, electron])
    deposit_showers(images, event, electron[:, 0], starts, _unit(electron), CARD.block, rng)


def _unit(momentum: Array) -> Array:
    """Return the directions of four-momenta."""
    length = np.linalg.norm(momentum[:, 1:], axis=1, keepdims=True)
    return np.asarray(momentum[:, 1:] / np.maximum(length, 1e-12))


def _read_out(images: Images, noise: float, rng: np.random.Generator) -> None:
    """Replace energies by what the electronics see of them."""
    flat = images.reshape(-1)
    hit = np.flatnonzero(flat)
    seen = rng.poisson(flat[hit] * CARD.photoelectrons) / CARD.photoelectrons
    flat[hit] = np.where(seen >= CARD.threshold, seen, 0.0)
    noisy = rng.integers(0, len(flat), rng.poisson(noise * len(flat)))
    flat[noisy] += CARD.threshold + rng.exponential(CARD.noise_energy, len(noisy)).astype(np.float32)


BRANCHES = {
    "event": "identity of the interaction, unique in the sample; every one is drawn independently",
    "label": "class: 0 track (muon), 1 shower (electron), 2 nc (neutral current)",
    "energy": "true energy of the neutrino, which flies along z (GeV)",
    "lepton_energy": "true energy of the muon, electron or outgoing neutrino (GeV)",
    "lepton_px": "x component of its momentum (GeV)",
    "lepton_py": "its y component (GeV)",
    "lepton_pz": "its z component (GeV)",
    "hadron_energy": "true energy that the neutrino gave to the hadrons (GeV)",
    "pi0_energy": "true energy of neutral pions (GeV)",
    "em_energy": "true energy of electrons and neutral pions (GeV)",
    "vertex_x": "x of the interaction (mm)",
    "vertex_y": "its y (mm)",
    "vertex_z": "its z, from the front of the detector (mm)",
    "muon_length": "true length of the muon in the detector, zero for the other classes (mm)",
    "deposited": "energy deposited in all cells, before photoelectrons, threshold and noise (GeV)",
    "pions": "true number of pions",
    "pi0s": "true number of neutral pions",
    "view_x": "energy of the cells of even planes (GeV), shape (80, 100): plane along z, cell along x",
    "view_y": "energy of the cells of odd planes (GeV), shape (80, 100): plane along z, cell along y",
}

SAMPLE = Sample(
    name="two-view",
    description="neutrino interactions (track, shower, neutral current) in two projections",
    tree="interactions",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the interactions.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Neutrinos of 0.8 to 4 GeV, 2 GeV on average, interact with nucleons at rest: charged currents of muon "
            "neutrinos (track) and electron neutrinos (shower), and neutral currents (nc), whose leading pion is "
            "neutral in three cases of five. Hadrons of mass W, with Q^2 from a dipole, decay isotropically to a "
            "proton and up to three pions; four-momenta balance. The detector is 160 planes of liquid scintillator "
            "cells, 39 mm wide and 66 mm deep, which measure x and y in turn. Muons, protons and charged pions lose "
            "energy by the Bethe formula with knock-on electrons (the tail of Landau), scatter (Highland), and hadrons "
            "may end in a nuclear interaction that shows a third of their energy. Electrons make showers with a gamma "
            "distribution in depth and nine tenths of the energy within a Moliere radius; photons of neutral pions "
            "convert after 9/7 of a radiation length on average. Cells see three photoelectrons for each MeV, above a "
            "threshold of 1 MeV; the option noise (0 to 0.1) is the chance of a cell to fire by itself."
        ),
        "leaves_out": (
            "No nucleus around the nucleon (no Fermi motion, no rescattering), no flux, no cross sections; neutrons "
            "and decays of muons and pions are not seen, light is neither quenched nor attenuated in cells, cosmic "
            "rays and the rock are absent. Showers do not begin with a single minimum ionising electron."
        ),
        "cite": ["arXiv:1604.01444 (networks on such images)"],
        "branches": BRANCHES,
        "option_meanings": {
            "noise": "chance of a cell to fire by itself, from 0 to 0.1",
        },
    },
    packages=("numpy", "numba", "scipy", "awkward"),
    shard_entries=800,
    entry="interactions",
    options=OPTIONS,
    default_entries=6_000,
)
