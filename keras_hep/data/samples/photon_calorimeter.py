"""A barrel calorimeter around a photon: strips, middle and back layer, and what is behind, from showers of all particles.

The layers are those of the barrel of ATLAS in form, arXiv:1810.05087: strips of 0.003125 in eta and 0.098 in phi, a
middle layer of cells of 0.025 in both, a back layer. Showers are those of `keras_hep.data.samples.hadron_showers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.calorimeters import STACKS
from keras_hep.data.samples.detector import ELECTRON, MUON, PHOTON
from keras_hep.data.samples.hadron_showers import Shower, electron_showers, photon_showers, pion_showers
from keras_hep.data.samples.spots import Components, Section, axes, deposit

__all__ = ["Barrel", "Incident", "Layers", "cell_centres", "fire"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Barrel:
    """The card of the calorimeter. Depths are in radiation lengths, cells in pseudorapidity and azimuth.

    Attributes:
        stack: name of the `keras_hep.data.samples.calorimeters.Stack`.
        radius: distance of the front face from the beam in mm.
        upstream: material before the strips, where energy is lost.
        depths: where strips, middle layer and back layer end.
        behind: depth of the hadronic layer in interaction lengths, of the same material.
        cell: size of a cell of the middle layer in eta.
        around: number of cells of the middle layer around the azimuth.
        strips: number of strips in eta and in phi; so many of them make up a cell in eta.
        strips_per_cell: see there.
        cells: number of cells of middle and back layer in eta and in phi.
        hadronic: size of the hadronic window in eta and phi.
        cross_talk: part of the energy of a strip that is read by each of its neighbours in eta.
        noise: standard deviation of the noise of a strip, of a cell of the middle and of the back layer, and of the
            hadronic window, in GeV.
        threshold: cells below so many standard deviations of their noise are read as zero; the hadronic window is not.
        least_energy: particles of less energy in GeV are left out.
    """

    stack: str = "lead-argon"
    radius: float = 1500.0
    upstream: float = 2.0
    depths: tuple[float, float, float] = (6.3, 22.0, 24.0)
    behind: float = 1.5
    cell: float = 0.025
    around: int = 256
    strips: tuple[int, int] = (56, 2)
    strips_per_cell: int = 8
    cells: tuple[int, int] = (11, 11)
    hadronic: float = 0.2
    cross_talk: float = 0.05
    noise: tuple[float, float, float, float] = (0.010, 0.030, 0.030, 0.100)
    threshold: float = 2.0
    least_energy: float = 0.3

    @property
    def cell_phi(self) -> float:
        """Size of a cell of the middle layer in azimuth."""
        return 2.0 * np.pi / self.around

    @property
    def reach(self) -> float:
        """Particles this near to the middle, in eta and in phi, can leave energy in the layers."""
        return self.cell * (max(self.cells) / 2 + 2)


class Incident(NamedTuple):
    """Particles that reach the calorimeter, each near to a candidate.

    Attributes:
        candidate: number of the candidate.
        identity: PDG number.
        energy: in GeV.
        deta: pseudorapidity less that of the middle of the candidate's layers.
        dphi: azimuth at the front face less that of the middle.
    """

    candidate: Integers
    identity: Integers
    energy: Floats
    deta: Floats
    dphi: Floats


class Layers(NamedTuple):
    """Energies in GeV, on the scale of electrons.

    Attributes:
        strips: (candidates, strips in eta, strips in phi).
        middle: (candidates, cells in eta, cells in phi).
        back: like `middle`.
        hadronic: (candidates,).
    """

    strips: Floats
    middle: Floats
    back: Floats
    hadronic: Floats


def cell_centres(eta: Floats, phi: Floats, barrel: Barrel) -> tuple[Floats, Floats]:
    """Return eta and phi of the middle of the cells of the middle layer that directions point to."""
    width = barrel.cell_phi
    return (np.floor(eta / barrel.cell) + 0.5) * barrel.cell, (np.floor(phi / width) + 0.5) * width


def fire(particles: Incident, candidates: int, barrel: Barrel, rng: np.random.Generator) -> Layers:
    """Let particles shower and add up what they leave around each candidate, with noise.

    Photons convert and shower, electrons shower, hadrons of either charge ionise and interact; muons leave nothing.

    Args:
        particles: the particles, perpendicular to the front face.
        candidates: number of candidates.
        barrel: the card.
        rng: source of all randomness.
    """
    stack = STACKS[barrel.stack]
    medium = stack.medium
    sections = _sections(barrel)
    edges = np.concatenate(
        [
            np.arange(0.0, barrel.depths[-1], 1.0) * medium.radiation_mm,
            np.linspace(sections[-1].near, sections[-1].far, 7),
        ]
    )
    kind = np.abs(particles.identity)
    enough = particles.energy > barrel.least_energy
    lightest = (kind == PHOTON) | (kind == ELECTRON)
    parts = []
    for row, make in (
        (np.flatnonzero(enough & (kind == PHOTON)), photon_showers),
        (np.flatnonzero(enough & (kind == ELECTRON)), electron_showers),
    ):
        shower = make(particles.energy[row], medium, stack.resolution, edges, rng)
        parts.append(_placed(shower, row, particles, barrel))
    row = np.flatnonzero(enough & ~lightest & (kind != MUON))
    shower = pion_showers(particles.energy[row], medium, stack.resolution, stack.hadronic, edges, rng)
    parts.append(_placed(shower, row, particles, barrel))
    components = Components(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    zero = np.zeros(candidates)
    cells = deposit(components, axes(np.zeros((candidates, 2)), zero, zero), edges, sections, rng)
    energy = cells.astype(np.float64) / medium.electron_fraction
    layers: list[Floats] = []
    first = 0
    for section, noise in zip(sections, barrel.noise, strict=True):
        part = energy[:, first : first + section.count].reshape(candidates, *section.cells[:2])
        measured = _cross_talk(part, barrel) if not layers else part
        measured = measured + noise * rng.standard_normal(part.shape)
        suppressed = (measured < barrel.threshold * noise) & (section.count > 1)
        layers.append(np.where(suppressed, 0.0, measured))
        first += section.count
    strips, middle, back, hadronic = layers
    return Layers(strips, middle, back, hadronic[:, 0, 0])


def _cross_talk(strips: Floats, barrel: Barrel) -> Floats:
    """Return strips with what they read of their neighbours; that of the outermost ones is lost."""
    shared = (1.0 - 2.0 * barrel.cross_talk) * strips
    shared[:, 1:] += barrel.cross_talk * strips[:, :-1]
    shared[:, :-1] += barrel.cross_talk * strips[:, 1:]
    return shared


def _sections(barrel: Barrel) -> tuple[Section, ...]:
    """Return strips, middle layer, back layer and hadronic window."""
    medium = STACKS[barrel.stack].medium
    front, *ends = (depth * medium.radiation_mm for depth in (barrel.upstream, *barrel.depths))
    cell = barrel.cell * barrel.radius, barrel.cell_phi * barrel.radius
    # A strip is as wide in phi as four cells.
    strip = cell[0] / barrel.strips_per_cell, 4.0 * cell[1]
    window = barrel.hadronic * barrel.radius
    return (
        Section(front, ends[0], (*barrel.strips, 1), strip),
        Section(ends[0], ends[1], (*barrel.cells, 1), cell),
        Section(ends[1], ends[2], (*barrel.cells, 1), cell),
        Section(ends[2], ends[2] + barrel.behind * medium.interaction_mm, (1, 1, 1), (window, window)),
    )


def _placed(shower: Shower, row: Integers, particles: Incident, barrel: Barrel) -> Components:
    """Move the components of showers to where their particles enter, in the layers of their candidates."""
    components = shower.components
    of = row[components.owner]
    place = np.stack([particles.deta[of], particles.dphi[of]], axis=1) * barrel.radius
    return components._replace(owner=particles.candidate[of], offset=components.offset + place)
