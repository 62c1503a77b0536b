"""Electromagnetic showers as gamma distributions in depth and two components in radius, after hep-ex/0001020.

Grindhammer and Peters parametrise showers of electrons of about 0.4 to 400 GeV. The depth t is in radiation lengths,
the radius r in Molière radii, energies in units of the critical energy; a sampling calorimeter is a medium with the
mean properties of its layers, and corrections that depend on how often it samples and on its e/mip ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "MATERIALS",
    "Longitudinal",
    "Material",
    "Medium",
    "Radial",
    "homogeneous",
    "longitudinal",
    "mean_profile",
    "radial",
    "sandwich",
    "spot_number",
]

Array = npt.NDArray[np.float64]

SCALE_ENERGY_MEV = 21.0
"""Molière radius times critical energy over radiation length (MeV), as in the fits."""


@dataclass(frozen=True)
class Material:
    """A material (values of the Particle Data Group; Z and A are means by mass).

    Attributes:
        z: atomic number.
        a: atomic mass (g/mol).
        density: g/cm3.
        radiation: radiation length (g/cm2).
        interaction: nuclear interaction length (g/cm2).
        pion_interaction: interaction length of pions (g/cm2).
        loss: energy loss of a minimum ionising particle (MeV cm2/g).
    """

    z: float
    a: float
    density: float
    radiation: float
    interaction: float
    pion_interaction: float
    loss: float

    @property
    def critical_mev(self) -> float:
        """Critical energy (MeV), by the formula used in the fits."""
        return float(2.66 * (self.radiation * self.z / self.a) ** 1.1)


MATERIALS = {
    "tungsten": Material(74.0, 183.84, 19.30, 6.76, 191.9, 218.7, 1.145),
    "lead": Material(82.0, 207.2, 11.35, 6.37, 199.6, 226.2, 1.122),
    "steel": Material(26.0, 55.845, 7.874, 13.84, 132.1, 160.8, 1.451),
    "silicon": Material(14.0, 28.086, 2.329, 21.82, 108.4, 137.7, 1.664),
    "argon": Material(18.0, 39.948, 1.396, 19.55, 119.7, 149.0, 1.508),
    "scintillator": Material(5.61, 11.16, 1.060, 43.79, 81.7, 113.7, 1.936),
    "lead tungstate": Material(68.36, 170.9, 8.30, 7.39, 168.3, 199.5, 1.229),
}


@dataclass(frozen=True)
class Medium:
    """What a shower sees of a calorimeter.

    Attributes:
        z: effective atomic number.
        radiation_mm: effective radiation length (mm).
        moliere_mm: effective Molière radius (mm).
        critical: effective critical energy (GeV).
        interaction_mm: nuclear interaction length (mm).
        pion_interaction_mm: interaction length of pions (mm).
        loss: energy loss of a minimum ionising particle (GeV/mm).
        mip_fraction: part of that loss in the active layers.
        e_mip: sampling fraction of electrons over `mip_fraction`; 1 in a homogeneous medium.
        step: sampling layers' thickness in radiation lengths, 1/F_S of the paper; 0 in a homogeneous medium.
    """

    z: float
    radiation_mm: float
    moliere_mm: float
    critical: float
    interaction_mm: float
    pion_interaction_mm: float
    loss: float
    mip_fraction: float
    e_mip: float
    step: float

    @property
    def electron_fraction(self) -> float:
        """Part of the energy of an electron's shower that is visible in the active layers."""
        return self.mip_fraction * self.e_mip


def homogeneous(material: Material) -> Medium:
    """Return a block of one material."""
    cm = 10.0 / material.density
    return Medium(
        z=material.z,
        radiation_mm=material.radiation * cm,
        moliere_mm=material.radiation * cm * SCALE_ENERGY_MEV / material.critical_mev,
        critical=material.critical_mev / 1000,
        interaction_mm=material.interaction * cm,
        pion_interaction_mm=material.pion_interaction * cm,
        loss=material.loss / cm / 1000,
        mip_fraction=1.0,
        e_mip=1.0,
        step=0.0,
    )


def sandwich(passive: Material, active: Material, passive_mm: float, active_mm: float, pitch_mm: float) -> Medium:
    """Return a stack of absorber and active layers, with empty space as much as the pitch leaves.

    Args:
        passive: the absorber.
        active: the active material.
        passive_mm: thickness of an absorber layer (mm).
        active_mm: thickness of an active layer (mm).
        pitch_mm: thickness of the two with gaps (mm).
    """
    masses = passive_mm * passive.density / 10, active_mm * active.density / 10
    total = sum(masses)
    layers = (masses[0] / total, passive), (masses[1] / total, active)
    # g/cm2 to mm: the total mass of a layer fills the pitch.
    mm = pitch_mm / total
    radiation = 1 / sum(w / m.radiation for w, m in layers)
    # Ec / X0 is additive: it is the energy lost by ionisation.
    critical = radiation * sum(w * m.critical_mev / m.radiation for w, m in layers)
    loss = sum(w * m.loss for w, m in layers)
    return Medium(
        z=sum(w * m.z for w, m in layers),
        radiation_mm=radiation * mm,
        moliere_mm=radiation * mm * SCALE_ENERGY_MEV / critical,
        critical=critical / 1000,
        interaction_mm=mm / sum(w / m.interaction for w, m in layers),
        pion_interaction_mm=mm / sum(w / m.pion_interaction for w, m in layers),
        loss=loss / mm / 1000,
        mip_fraction=layers[1][0] * active.loss / loss,
        e_mip=1 / (1 + 0.007 * (passive.z - active.z)),
        step=total / radiation,
    )


class Longitudinal(NamedTuple):
    """Gamma distributions of the energy and of the spots in depth, each of shape (showers,).

    Attributes:
        alpha: shape of the energy profile.
        beta: its rate per radiation length.
        spot_alpha: shape of the profile of spots.
        spot_beta: its rate per radiation length.
        mean_depth: depth in which tau is one (radiation lengths).
    """

    alpha: Array
    beta: Array
    spot_alpha: Array
    spot_beta: Array
    mean_depth: Array


def longitudinal(energy: Array, medium: Medium, rng: np.random.Generator) -> Longitudinal:
    """Draw the longitudinal profiles of showers: ln T and ln alpha are correlated Gaussians.

    Args:
        energy: energy of the electrons (GeV), shape (showers,). Below some tens of critical energies the parameters
            are kept where the fits make sense.
        medium: the calorimeter.
        rng: randomness.
    """
    log_y = np.log(energy / medium.critical)
    maximum = np.maximum(log_y - 0.812, 0.1)
    alpha = 0.81 + (0.458 + 2.26 / medium.z) * log_y
    if medium.step:
        maximum = maximum - 0.55 * medium.step - 0.69 * (1 - medium.e_mip)
        alpha = alpha - 0.476 * medium.step
        widths, correlation = (-2.5 + 1.25 * log_y, -0.82 + 0.79 * log_y), 0.784 - 0.023 * log_y
        spot = (0.813 + 0.0019 * medium.z, 0.844 + 0.0026 * medium.z)
    else:
        widths, correlation = (-1.4 + 1.26 * log_y, -0.58 + 0.86 * log_y), 0.705 - 0.023 * log_y
        spot = (0.698 + 0.00212 * medium.z, 0.639 + 0.00334 * medium.z)
    maximum, alpha = np.maximum(maximum, 0.5), np.maximum(alpha, 1.2)
    sigma_t, sigma_alpha = (1 / np.maximum(width, 2.0) for width in widths)
    together, apart = np.sqrt((1 + correlation) / 2), np.sqrt((1 - correlation) / 2)
    first, second = rng.normal(size=(2, *energy.shape))
    drawn_maximum = maximum * np.exp(sigma_t * (together * first + apart * second))
    drawn_alpha = np.maximum(alpha * np.exp(sigma_alpha * (together * first - apart * second)), 1.1)
    spot_alpha = np.maximum(drawn_alpha * spot[1], 1.05)
    return Longitudinal(
        alpha=drawn_alpha,
        beta=(drawn_alpha - 1) / drawn_maximum,
        spot_alpha=spot_alpha,
        spot_beta=(spot_alpha - 1) / (drawn_maximum * spot[0]),
        mean_depth=drawn_maximum * drawn_alpha / (drawn_alpha - 1) * (alpha - 1) / alpha,
    )


class MeanProfile(NamedTuple):
    """Parameters of the mean profile of many showers.

    Attributes:
        maximum: depth of the maximum (radiation lengths).
        alpha: shape of the gamma distribution.
    """

    maximum: Array
    alpha: Array


def mean_profile(energy: Array, medium: Medium) -> MeanProfile:
    """Return the parameters that were fitted to the mean of showers, independently of those of single showers."""
    log_y = np.log(energy / medium.critical)
    maximum = log_y - 0.858
    alpha = 0.21 + (0.492 + 2.38 / medium.z) * log_y
    if medium.step:
        maximum = maximum - 0.59 * medium.step - 0.53 * (1 - medium.e_mip)
        alpha = alpha - 0.444 * medium.step
    return MeanProfile(maximum, alpha)


class Radial(NamedTuple):
    """Two components of the radial profile, f(r) = sum of w 2 r R^2 / (r^2 + R^2)^2.

    Attributes:
        core: R of the core (Molière radii).
        tail: R of the tail (Molière radii).
        weight: weight w of the core; the tail has the rest.
    """

    core: Array
    tail: Array
    weight: Array


def radial(tau: Array, energy: Array, medium: Medium) -> Radial:
    """Return the radial profile, which widens with depth.

    Args:
        tau: depth over the shower's mean depth, see `Longitudinal`.
        energy: energy of the electron (GeV), of a shape that fits to tau.
        medium: the calorimeter.
    """
    # Hardly any energy is left behind six mean depths, where the tail's exponential would grow without limit.
    tau = np.minimum(tau, 6.0)
    log_e = np.log(energy)
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * medium.z) * tau
    shifted = tau - 0.645
    tail = (0.659 - 0.00309 * medium.z) * (np.exp(-2.59 * shifted) + np.exp((0.3585 + 0.0421 * log_e) * shifted))
    x = (0.401 + 0.00187 * medium.z - tau) / (1.313 - 0.0686 * log_e)
    weight = (2.632 - 0.00094 * medium.z) * np.exp(x - np.exp(x))
    if medium.step:
        missing = 1 - medium.e_mip
        fading = medium.step * np.exp(-tau)
        core = core - 0.0203 * missing + 0.0397 * fading
        tail = tail - 0.14 * missing - 0.495 * fading
        weight = weight + missing * (0.348 - 0.642 * medium.step * np.exp(-((tau - 1) ** 2)))
    core = np.maximum(core, 0.01)
    return Radial(core, np.maximum(tail, core), np.clip(weight, 0.0, 1.0))


def spot_number(energy: Array, medium: Medium, resolution: float) -> Array:
    """Return the mean number of spots of a shower, which sets the fluctuations of the radial profile.

    Args:
        energy: energy of the electron (GeV).
        medium: the calorimeter.
        resolution: sampling term of the energy resolution (sqrt(GeV)), used in a sampling calorimeter.
    """
    if medium.step:
        return np.asarray(10.3 / resolution * energy**0.959)
    return np.asarray(93 * np.log(medium.z) * energy**0.876)
