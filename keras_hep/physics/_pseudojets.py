"""Four-vectors in compiled loops: one row of a table a vector, with what clustering asks for again and again."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "AZIMUTH",
    "COLUMNS",
    "ENERGY",
    "PT2",
    "PX",
    "PY",
    "PZ",
    "RAPIDITY",
    "angle2",
    "copy_row",
    "fill_row",
    "signed_mass",
]

Floats = npt.NDArray[np.float64]

PX, PY, PZ, ENERGY, RAPIDITY, AZIMUTH, PT2 = range(7)
COLUMNS = 7

# The rapidity of a vector along the beam: beyond all others, and different for different momenta, as in FastJet.
BEAM_RAPIDITY = 1e5


@numba.njit(cache=True, nogil=True, error_model="numpy")
def fill_row(rows: Floats, row: int, px: float, py: float, pz: float, energy: float) -> None:
    """Write a four-vector in GeV into ``rows[row]`` with its rapidity, its azimuth in [0, 2 pi) and its squared pT.

    The expressions are rounded as FastJet (arXiv:1111.6097) rounds them, so that trees are equal to the last bit.
    """
    pt2 = px * px + py * py
    azimuth = 0.0 if pt2 == 0.0 else math.atan2(py, px)
    if azimuth < 0.0:
        azimuth += 2.0 * math.pi
    if azimuth >= 2.0 * math.pi:
        azimuth -= 2.0 * math.pi
    transverse_mass2 = pt2 + max(0.0, (energy + pz) * (energy - pz) - pt2)
    longest = energy + abs(pz)
    if transverse_mass2 > 0.0 and longest > 0.0:
        rapidity = 0.5 * math.log(transverse_mass2 / (longest * longest))
        if pz > 0.0:
            rapidity = -rapidity
    else:
        rapidity = math.copysign(BEAM_RAPIDITY + abs(pz), pz)
    rows[row, PX] = px
    rows[row, PY] = py
    rows[row, PZ] = pz
    rows[row, ENERGY] = energy
    rows[row, RAPIDITY] = rapidity
    rows[row, AZIMUTH] = azimuth
    rows[row, PT2] = pt2


@numba.njit(cache=True, nogil=True, error_model="numpy")
def copy_row(rows: Floats, source: int, target: int) -> None:
    """Copy one row onto another."""
    for column in range(COLUMNS):
        rows[target, column] = rows[source, column]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def angle2(rows: Floats, one: int, other: int) -> float:
    """Return the squared distance of two rows in rapidity and azimuth."""
    turn = abs(rows[one, AZIMUTH] - rows[other, AZIMUTH])
    turn = min(turn, 2.0 * math.pi - turn)
    climb = rows[one, RAPIDITY] - rows[other, RAPIDITY]
    return float(turn * turn + climb * climb)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def signed_mass(px: float, py: float, pz: float, energy: float) -> float:
    """Return the mass in GeV, negative for a space-like vector: -sqrt(-m^2)."""
    mass2 = (energy + pz) * (energy - pz) - (px * px + py * py)
    return math.sqrt(mass2) if mass2 >= 0.0 else -math.sqrt(-mass2)
