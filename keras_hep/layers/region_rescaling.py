"""Variation of the energy scales of regions of the calorimeter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_hep.errors import DataError, ModelError
from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative
from keras_hep.physics.systematics import RegionGrid

__all__ = ["RegionRescaling"]


@keras.saving.register_keras_serializable(package="keras_hep")
class RegionRescaling(ConstituentAugmentation):
    """Multiplies each four-vector by the scale of the cell in eta and phi to which it points.

    The scale of a cell is its fixed one times ``exp(width * z)``, with one draw of a standard normal z for each cell and jet.
    A miscalibrated detector, which is the same for all jets, is given by fixed scales and width 0. The function
    `keras_hep.physics.systematics.rescale_regions` says what this is for. With scales 1 and width 0 nothing changes, bit for
    bit.

    Args:
        eta_cells: number of cells in [-eta_max, eta_max).
        phi_cells: number of cells around the azimuth, the first one from -pi.
        eta_max: what lies at larger absolute pseudorapidity is not varied.
        width: relative width of the random factors; not negative.
        scales: the fixed scales, eta_cells rows of phi_cells positive numbers; None for 1.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.
    """

    def __init__(
        self,
        eta_cells: int,
        phi_cells: int,
        eta_max: float,
        width: float = 0.0,
        scales: Sequence[Sequence[float]] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        try:
            self.grid = RegionGrid(int(eta_cells), int(phi_cells), float(eta_max))
        except DataError as error:
            raise ModelError(str(error)) from error
        (self.width,) = not_negative(width=width)
        fixed = np.ones(self.grid.shape) if scales is None else np.asarray(scales, np.float64)
        if fixed.shape != self.grid.shape or not ((fixed > 0.0) & np.isfinite(fixed)).all():
            raise ModelError(f"scales must be positive numbers of the shape {self.grid.shape}. Received: {scales}")
        self.scales = fixed.tolist()
        self._flat_scales = fixed.reshape(-1)

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return rescaled values; the same entries are real."""
        cells = self.grid.eta_cells * self.grid.phi_cells
        draws = keras.random.normal((ops.shape(values)[0], cells), dtype=values.dtype, seed=self.seed_generator)
        scales = ops.cast(self._flat_scales, values.dtype) * ops.exp(self.width * draws)
        cell = self._cell(values[..., self.eta], values[..., self.phi])
        factor = ops.take_along_axis(scales, ops.maximum(cell, 0), axis=1)
        return self.scaled(values, ops.where(cell >= 0, factor, 1.0)), real

    def _cell(self, eta: Any, phi: Any) -> Any:
        """Return the number of the cell, as `RegionGrid.cell` does."""
        grid = self.grid
        # Clipped, because a far direction must not overflow the integer.
        eta_index = ops.floor((eta / grid.eta_max + 1.0) * (0.5 * grid.eta_cells))
        eta_index = ops.cast(ops.clip(eta_index, -1.0, float(grid.eta_cells)), "int32")
        phi_index = ops.cast(ops.floor((phi / math.pi + 1.0) * (0.5 * grid.phi_cells)), "int32") % grid.phi_cells
        inside = ops.logical_and(eta_index >= 0, eta_index < grid.eta_cells)
        return ops.where(inside, eta_index * grid.phi_cells + phi_index, -1)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        own = {"eta_cells": self.grid.eta_cells, "phi_cells": self.grid.phi_cells, "eta_max": self.grid.eta_max}
        return {**super().get_config(), **own, "width": self.width, "scales": self.scales}
