"""Transverse energy in the regions of a calorimeter trigger, and how those of many collisions add up."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, KAON, MUON, PHOTON, PION, PROTON, Particles

__all__ = ["RegionGrid", "add_grids", "deposits", "read_out"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_HALF = (0.0, 0.348, 0.695, 1.044, 1.392, 1.740, 2.172, 3.000)


@dataclass(frozen=True)
class RegionGrid:
    """The card of the regions.

    Attributes:
        eta_edges: edges in pseudorapidity: four trigger towers each of a CMS-like calorimeter, wider at the ends.
        azimuths: number of regions around the azimuth; the first one begins at -pi.
        charged_pt: charged particles below this pT in GeV curl up before the calorimeter.
        stochastic: relative resolution at 1 GeV of electromagnetic and hadronic energy, falling as 1/sqrt(E).
        constant: constant relative resolution of the same.
        quantum: transverse energies are whole multiples of this, in GeV.
        largest: largest multiple; larger transverse energies are cut off there.
    """

    eta_edges: tuple[float, ...] = (*(-edge for edge in reversed(_HALF[1:])), *_HALF)
    azimuths: int = 18
    charged_pt: float = 0.7
    stochastic: tuple[float, float] = (0.10, 0.52)
    constant: tuple[float, float] = (0.002, 0.03)
    quantum: float = 0.5
    largest: int = 1023


def deposits(particles: Particles, grid: RegionGrid, events: int) -> Floats:
    """Return the true transverse energy in each region.

    Args:
        particles: visible stable particles.
        grid: the card.
        events: number of events.

    Returns:
        GeV, shape (events, azimuths, pseudorapidities, 2): of electrons and photons, and of hadrons. Muons leave nothing.
    """
    kind = np.abs(particles.identity)
    curls = np.isin(kind, (ELECTRON, PION, KAON, PROTON)) & (particles.pt < grid.charged_pt)
    row = np.floor((particles.phi + np.pi) / (2.0 * np.pi) * grid.azimuths).astype(np.int64) % grid.azimuths
    column = np.searchsorted(grid.eta_edges, particles.eta, side="right") - 1
    columns = len(grid.eta_edges) - 1
    seen = (kind != MUON) & ~curls & (column >= 0) & (column < columns)
    hadronic = (kind != ELECTRON) & (kind != PHOTON)
    place = (((particles.event * grid.azimuths + row) * columns + column) * 2 + hadronic)[seen]
    size = events * grid.azimuths * columns * 2
    # Without entries the sums would be whole numbers.
    sums = np.bincount(place, weights=particles.pt[seen], minlength=size).astype(np.float64)
    return sums.reshape(events, grid.azimuths, columns, 2)


@numba.njit(cache=True, nogil=True)
def add_grids(
    sums: Floats, pool: Floats, counts: Integers, drawn: Integers, turns: Integers, mirrored: npt.NDArray[np.bool_]
) -> None:
    """Add grids of a pool to those of events, in place.

    Args:
        sums: (events, azimuths, pseudorapidities, 2).
        pool: (collisions, azimuths, pseudorapidities, 2).
        counts: how many grids to add to each event, (events,).
        drawn: positions in the pool, those of one event side by side, (sum of counts,).
        turns: by how many regions to turn each around the beam.
        mirrored: whether to mirror each along the beam.
    """
    azimuths, columns = sums.shape[1], sums.shape[2]
    at = 0
    for event in range(len(counts)):
        for _ in range(counts[event]):
            for row in range(azimuths):
                source = (row + turns[at]) % azimuths
                for column in range(columns):
                    other = columns - 1 - column if mirrored[at] else column
                    for part in range(2):
                        sums[event, row, column, part] += pool[drawn[at], source, other, part]
            at += 1


def read_out(true: Floats, grid: RegionGrid, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return what the trigger gets: both kinds of energy smeared, added, rounded down and cut off.

    Args:
        true: from `deposits`.
        grid: the card.
        rng: source of all randomness.

    Returns:
        GeV, shape (events, azimuths, pseudorapidities).
    """
    edges = np.array(grid.eta_edges)
    stretch = np.cosh(0.5 * (edges[1:] + edges[:-1]))[:, None]
    energy = true * stretch
    spread = np.hypot(np.array(grid.stochastic) * np.sqrt(energy), np.array(grid.constant) * energy)
    measured = ((energy + spread * rng.standard_normal(energy.shape)) / stretch).sum(axis=3)
    counts = np.clip(np.floor(measured / grid.quantum), 0, grid.largest)
    return np.asarray(grid.quantum * counts, dtype=np.float32)
