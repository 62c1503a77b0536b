"""Energy scale of regions: cells of the calorimeter in eta and phi, each with a scale of its own."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.errors import DataError
from keras_hep.physics.kinematics import azimuth, pseudorapidity
from keras_hep.physics.systematics._constituents import Floats, Integers, pack, unpack

__all__ = ["RegionGrid", "draw_region_scales", "rescale_regions"]


@dataclass(frozen=True)
class RegionGrid:
    """Equal cells in pseudorapidity and azimuth.

    Attributes:
        eta_cells: number of cells in [-eta_max, eta_max).
        phi_cells: number of cells around the azimuth, the first one from -pi.
        eta_max: what lies at larger absolute pseudorapidity is in no cell.
    """

    eta_cells: int
    phi_cells: int
    eta_max: float

    def __post_init__(self) -> None:
        """Refuse what makes no grid."""
        if self.eta_cells < 1 or self.phi_cells < 1 or not 0.0 < self.eta_max < np.inf:
            raise DataError(f"a grid needs at least one cell in eta and phi and a positive eta_max; received {self}")

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of cells in eta and phi."""
        return self.eta_cells, self.phi_cells

    def cell(self, eta: Floats, phi: Floats) -> Integers:
        """Return the number eta_index * phi_cells + phi_index of the cell of each direction, -1 for those in none."""
        eta_index = np.floor((eta / self.eta_max + 1.0) * (0.5 * self.eta_cells)).astype(np.int64)
        phi_index = np.floor((phi / np.pi + 1.0) * (0.5 * self.phi_cells)).astype(np.int64) % self.phi_cells
        inside = (eta_index >= 0) & (eta_index < self.eta_cells)
        return np.where(inside, eta_index * self.phi_cells + phi_index, -1)


def draw_region_scales(grid: RegionGrid, width: float, rng: np.random.Generator, events: int | None = None) -> Floats:
    """Draw the scales of regions, independent of one another and log-normal with the median 1.

    Args:
        grid: the regions.
        width: standard deviation of the logarithm of a scale, for small ones the relative uncertainty; not negative.
        rng: source of all randomness.
        events: None for one draw for all events, as for a miscalibrated detector; or draw for so many events.

    Returns:
        Scales (eta_cells, phi_cells), or (events, eta_cells, phi_cells); exactly 1 for width 0.

    Raises:
        DataError: the width is negative or not finite.
    """
    if not 0.0 <= width < np.inf:
        raise DataError(f"width must not be negative and must be finite; received {width}")
    shape = grid.shape if events is None else (events, *grid.shape)
    return np.exp(width * rng.standard_normal(shape))


def rescale_regions(constituents: ak.Array, grid: RegionGrid, scales: npt.ArrayLike) -> ak.Array:
    """Multiply each four-vector by the scale of the region it points to.

    Modules of a calorimeter are calibrated one by one, so that part of the energy scale's uncertainty is independent from
    region to region. For jets that cover several regions this changes the shape, which a global scale cannot.

    Args:
        constituents: records with fields px, py, pz, E in GeV, shape (events, jagged).
        grid: the regions, in the pseudorapidity and azimuth of the detector.
        scales: positive factors (eta_cells, phi_cells), or (events, eta_cells, phi_cells). 1 changes no bit.

    Returns:
        Records of the same type, with all further fields. Constituents in no region stay as they are.

    Raises:
        DataError: the constituents are not finite four-vectors, or the scales do not fit the grid or are not positive.
    """
    vectors = unpack(constituents)
    events = len(vectors.counts)
    factors = np.asarray(scales, np.float64)
    if factors.shape not in (grid.shape, (events, *grid.shape)):
        raise DataError(f"scales must have the shape {grid.shape} or {(events, *grid.shape)}; received {factors.shape}")
    wrong = ~(np.isfinite(factors) & (factors > 0.0))
    if wrong.any():
        raise DataError(f"scales must be positive and finite; received {factors[wrong][0]}")
    cell = grid.cell(pseudorapidity(vectors.momenta), azimuth(vectors.momenta))
    table = factors.reshape(-1, grid.eta_cells * grid.phi_cells)
    row = vectors.event if factors.ndim == 3 else np.zeros(len(cell), np.int64)
    factor = np.where(cell >= 0, table[row, np.maximum(cell, 0)] if len(table) else 1.0, 1.0)
    return pack(vectors, (factor * column for column in vectors.momenta))
