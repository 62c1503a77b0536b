"""Variation of the energy resolution."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative

__all__ = ["FourVectorSmearing"]


@keras.saving.register_keras_serializable(package="keras_hep")
class FourVectorSmearing(ConstituentAugmentation):
    """Multiplies each four-vector by ``exp(resolution * z)``, with one draw of a standard normal z for each constituent.

    The resolution is that of `keras_hep.physics.systematics.CalorimeterResolution`,
    sqrt(stochastic^2 / E + (noise / E)^2 + constant^2) with E = pT cosh eta in GeV; the function `smear` says what this is for.
    With all three 0 nothing changes, bit for bit.

    Args:
        constant: constant relative resolution.
        stochastic: in sqrt(GeV).
        noise: in GeV. None of them negative.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.
    """

    def __init__(self, constant: float = 0.0, stochastic: float = 0.0, noise: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.constant, self.stochastic, self.noise = not_negative(constant=constant, stochastic=stochastic, noise=noise)

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return smeared values; the same entries are real."""
        energy = values[..., self.pt] * ops.cosh(values[..., self.eta])
        measurable = energy > 0.0
        inverse = ops.where(measurable, 1.0 / ops.where(measurable, energy, 1.0), 0.0)
        variance = self.stochastic**2 * inverse + (self.noise * inverse) ** 2 + self.constant**2
        # The gradient of the square root is infinite at zero, where padded entries may stand.
        finite = variance > 0.0
        width = ops.where(finite, ops.sqrt(ops.where(finite, variance, 1.0)), 0.0)
        draws = keras.random.normal(ops.shape(energy), dtype=values.dtype, seed=self.seed_generator)
        return self.scaled(values, ops.exp(width * draws)), real

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        own = {"constant": self.constant, "stochastic": self.stochastic, "noise": self.noise}
        return {**super().get_config(), **own}
