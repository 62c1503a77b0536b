"""Variation of the reconstruction efficiency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_hep.errors import DataError, ModelError
from keras_hep.layers.constituent_augmentation import ConstituentAugmentation
from keras_hep.physics.systematics import BinnedProbability

__all__ = ["ConstituentDropout"]


@keras.saving.register_keras_serializable(package="keras_hep")
class ConstituentDropout(ConstituentAugmentation):
    """Takes constituents out of the mask, with one draw for each constituent; values stay where they are.

    Unlike `keras.layers.Dropout` nothing is scaled up in return: the lost momentum is missing, as in a detector. A jet can lose
    all constituents. The sequence has gaps afterwards, so that what follows must look at the mask, not only at the
    number of constituents. The function `keras_hep.physics.systematics.drop_constituents` says what this is for. With
    probability 0 nothing changes.

    Args:
        probability: of a loss, in [0, 1]; one number, or one for each bin of pT.
        pt_edges: inner edges of the bins in GeV, ascending; an edge belongs to the bin above it.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.
    """

    def __init__(self, probability: float | Sequence[float], pt_edges: Sequence[float] = (), **kwargs: Any):
        super().__init__(**kwargs)
        try:
            binned = BinnedProbability(pt_edges, np.atleast_1d(probability))
        except DataError as error:
            raise ModelError(str(error)) from error
        self.probability, self.pt_edges = binned.probabilities.tolist(), binned.pt_edges.tolist()

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return the same values; fewer entries are real."""
        pt = values[..., self.pt]
        probability = ops.full_like(pt, self.probability[0])
        for edge, above in zip(self.pt_edges, self.probability[1:], strict=True):
            probability = ops.where(pt >= edge, above, probability)
        draws = keras.random.uniform(ops.shape(pt), dtype=values.dtype, seed=self.seed_generator)
        return values, ops.logical_and(real, draws >= probability)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "probability": self.probability, "pt_edges": self.pt_edges}
