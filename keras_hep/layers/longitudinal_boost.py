"""Random boosts along the beam."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative, replaced

__all__ = ["LongitudinalBoost"]


@keras.saving.register_keras_serializable(package="keras_hep")
class LongitudinalBoost(ConstituentAugmentation):
    """Boosts each event along the beam by one rapidity, drawn uniformly from [-max_rapidity, max_rapidity].

    Without a feature for the energy constituents are massless, and the boost is a shift of eta. The function
    `keras_hep.physics.systematics.boost_constituents_longitudinally` says what this is for. With max_rapidity 0 nothing
    changes, bit for bit.

    Args:
        max_rapidity: not negative.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.
    """

    def __init__(self, max_rapidity: float, **kwargs: Any):
        super().__init__(**kwargs)
        (self.max_rapidity,) = not_negative(max_rapidity=max_rapidity)

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return boosted values; the same entries are real."""
        shape = (ops.shape(values)[0], 1)
        draws = keras.random.uniform(shape, -1.0, 1.0, dtype=values.dtype, seed=self.seed_generator)
        shift = draws * self.max_rapidity
        if self.energy is None:
            boosted = replaced(values, {self.eta: values[..., self.eta] + shift})
        else:
            pt, energy = values[..., self.pt], values[..., self.energy]
            pz = pt * ops.sinh(values[..., self.eta])
            cosh, sinh = ops.cosh(shift), ops.sinh(shift)
            directed = pt > 0.0
            eta = ops.arcsinh((cosh * pz + sinh * energy) / ops.where(directed, pt, 1.0))
            columns = {
                self.eta: ops.where(directed, eta, values[..., self.eta]),
                self.energy: cosh * energy + sinh * pz,
            }
            boosted = replaced(values, columns)
        # Neither the rounding of sinh and arcsinh nor 0.0 for -0.0 when there is no boost.
        return ops.where(ops.expand_dims(shift, -1) == 0.0, values, boosted), real

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "max_rapidity": self.max_rapidity}
