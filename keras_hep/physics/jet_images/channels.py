"""What the pixels of a jet image hold: one row of weights for each channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError

__all__ = ["calorimeter_channels", "colour_channels", "grayscale_channel", "to_towers"]

Floats = npt.NDArray[np.floating]


def grayscale_channel(pt: Floats) -> npt.NDArray[np.float64]:
    """Return the one channel of a grayscale image, the pT.

    Args:
        pt: transverse momentum of the constituents in GeV, shape (n,).

    Returns:
        Shape (1, n).
    """
    return np.asarray(pt, dtype=np.float64)[None]


def colour_channels(pt: Floats, charge: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the three channels of arXiv:1612.01551: pT of charged, pT of neutral, number of charged constituents.

    Args:
        pt: transverse momentum of the constituents in GeV, shape (n,); one of no pT is padding and is not counted.
        charge: electric charge in units of e, or whether there is one; shape (n,).

    Returns:
        Shape (3, n).

    Raises:
        DataError: the shapes differ.
    """
    pt = np.asarray(pt, dtype=np.float64)
    if np.shape(charge) != pt.shape:
        raise DataError(f"charge must have the shape of pt, {pt.shape}; received {np.shape(charge)}")
    charged = np.asarray(charge) != 0
    return np.stack([np.where(charged, pt, 0.0), np.where(charged, 0.0, pt), charged & (pt > 0.0)])


def calorimeter_channels(pt: Floats, electromagnetic: Floats) -> npt.NDArray[np.float64]:
    """Return the pT in the electromagnetic and in the hadronic calorimeter.

    Args:
        pt: transverse momentum of the towers or constituents in GeV, shape (n,).
        electromagnetic: the fraction of it in the electromagnetic calorimeter, from 0 to 1; shape (n,).

    Returns:
        Shape (2, n).

    Raises:
        DataError: the shapes differ, or a fraction is not between 0 and 1.
    """
    pt, fraction = np.asarray(pt, dtype=np.float64), np.asarray(electromagnetic, dtype=np.float64)
    if fraction.shape != pt.shape:
        raise DataError(f"electromagnetic must have the shape of pt, {pt.shape}; received {fraction.shape}")
    wrong = ~((fraction >= 0.0) & (fraction <= 1.0))
    if wrong.any():
        raise DataError(f"an electromagnetic fraction must be between 0 and 1; received {fraction[wrong][0]}")
    return np.stack([pt * fraction, pt * (1.0 - fraction)])


def to_towers(
    eta: Floats, phi: Floats, eta_width: float = 0.1, phi_towers: int = 72
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Move constituents to the centre of the calorimeter tower that they hit.

    Tower edges are the multiples of `eta_width` in eta, and in phi those of 2 pi / `phi_towers`, by default 0.1 and 5
    degrees (arXiv:1701.08784). A constituent on an edge belongs to the tower above it. The pixels then sum the towers.

    Args:
        eta: pseudorapidity, shape (n,).
        phi: azimuth in radians, shape (n,).
        eta_width: size of a tower in eta.
        phi_towers: number of towers around the beam.

    Returns:
        The new eta, and phi in [-pi, pi).

    Raises:
        DataError: the towers have no size.
    """
    if not eta_width > 0.0 or phi_towers < 1:
        raise DataError(f"towers need a positive size and number; received eta_width {eta_width}, {phi_towers} in phi")
    phi_width = 2.0 * np.pi / phi_towers
    # The remainder of a tiny negative angle is 2 pi itself, the first tower again.
    tower = np.floor(np.asarray(phi, dtype=np.float64) % (2.0 * np.pi) / phi_width) % phi_towers
    centre = (tower + 0.5) * phi_width
    return (
        (np.floor(np.asarray(eta, dtype=np.float64) / eta_width) + 0.5) * eta_width,
        np.where(centre >= np.pi, centre - 2.0 * np.pi, centre),
    )
