"""The particles around photons: where their clusters are, and what reaches the calorimeter beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.detector import ELECTRON, MUON, PHOTON, Particles
from keras_hep.data.samples.particle_flow import charge_of
from keras_hep.data.samples.photon_calorimeter import Barrel
from keras_hep.data.samples.photon_seeds import PhotonSeeds
from keras_hep.data.samples.tracking import CURVATURE
from keras_hep.physics import wrap_phi

__all__ = ["Clusters", "Surroundings", "clusters", "front_phi"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class Surroundings(NamedTuple):
    """Particles near to candidates, in flat columns.

    Attributes:
        candidate: number of the candidate, ascending.
        identity: PDG number.
        charge: -1, 0 or 1.
        pt: in GeV.
        energy: in GeV.
        deta: pseudorapidity less that of the cluster.
        dphi: azimuth at the calorimeter less that of the cluster; not a number where a particle does not reach it.
        track_dphi: azimuth at the collision less that of the cluster.
    """

    candidate: Integers
    identity: Integers
    charge: Integers
    pt: Floats
    energy: Floats
    deta: Floats
    dphi: Floats
    track_dphi: Floats

    def light(self) -> Booleans:
        """Tell which are photons or electrons."""
        light: Booleans = (np.abs(self.identity) == ELECTRON) | (self.identity == PHOTON)
        return light

    def hadrons(self) -> Booleans:
        """Tell which are hadrons."""
        hadrons: Booleans = ~self.light() & (np.abs(self.identity) != MUON)
        return hadrons


class Clusters(NamedTuple):
    """Candidates and their surroundings.

    Attributes:
        eta: pseudorapidity of the clusters, (candidates,).
        phi: azimuth of the clusters.
        light_pt: pT of the photons and electrons in 3 x 7 cells, in GeV.
        hadron_pt: pT of the hadrons in the hadronic window, in GeV.
        around: the particles around.
    """

    eta: Floats
    phi: Floats
    light_pt: Floats
    hadron_pt: Floats
    around: Surroundings

    def select(self, chosen: Booleans) -> Clusters:
        """Return the chosen candidates."""
        number = np.cumsum(chosen) - 1
        kept = chosen[self.around.candidate]
        columns: list[Any] = [column[kept] for column in self.around]
        around = Surroundings(*columns)
        around = around._replace(candidate=number[around.candidate])
        return Clusters(self.eta[chosen], self.phi[chosen], self.light_pt[chosen], self.hadron_pt[chosen], around)


def front_phi(phi: Floats, pt: Floats, charge: Integers, field: float, radius: float) -> Floats:
    """Return the azimuth at which particles reach a cylinder; not a number where the field turns them back.

    Args:
        phi: azimuth at the collision.
        pt: in GeV.
        charge: -1, 0 or 1.
        field: in T.
        radius: of the cylinder in mm.
    """
    with np.errstate(invalid="ignore"):
        return phi - np.arcsin(0.5 * CURVATURE * field * radius * charge / pt)


def clusters(particles: Particles, seeds: PhotonSeeds, field: float, barrel: Barrel, cone: float) -> Clusters:
    """Find the clusters of photons: the mean of photons and electrons in 3 x 7 cells around each.

    Args:
        particles: of the events of the candidates; their event is the number of the candidate.
        seeds: the photons.
        field: magnetic field in T.
        barrel: the card of the calorimeter.
        cone: particles this near in pseudorapidity are returned.
    """
    candidates, candidate = len(seeds.event), particles.event
    charge = charge_of(particles.identity)
    phi = front_phi(particles.phi, particles.pt, charge, field, barrel.radius)
    deta, dphi = particles.eta - seeds.eta[candidate], wrap_phi(phi - seeds.phi[candidate])
    light = (particles.identity == PHOTON) | (np.abs(particles.identity) == ELECTRON)
    inside = light & (np.abs(deta) < 1.5 * barrel.cell) & (np.abs(dphi) < 3.5 * barrel.cell_phi)

    def total(chosen: Booleans, values: Floats) -> Floats:
        return np.bincount(candidate[chosen], weights=values[chosen], minlength=candidates).astype(np.float64)

    energy = total(inside, particles.energy)
    shift_eta = total(inside, particles.energy * deta) / energy
    shift_phi = total(inside, particles.energy * np.where(inside, dphi, 0.0)) / energy
    near = np.abs(deta) < cone + 1.5 * barrel.cell
    around = Surroundings(
        candidate[near],
        particles.identity[near],
        charge[near],
        particles.pt[near],
        particles.energy[near],
        (deta - shift_eta[candidate])[near],
        wrap_phi(dphi - shift_phi[candidate])[near],
        wrap_phi(particles.phi - (seeds.phi + shift_phi)[candidate])[near],
    )
    window = 0.5 * barrel.hadronic
    behind = around.hadrons() & (np.abs(around.deta) < window) & (np.abs(around.dphi) < window)
    hadron_pt = np.bincount(around.candidate[behind], weights=around.pt[behind], minlength=candidates)
    return Clusters(
        seeds.eta + shift_eta,
        wrap_phi(seeds.phi + shift_phi),
        total(inside, particles.pt),
        hadron_pt.astype(np.float64),
        around,
    )
