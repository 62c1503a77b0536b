"""Variation of the energy scale of a jet or of its leading constituent."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.errors import ModelError
from keras_hep.layers.constituent_augmentation import ConstituentAugmentation, not_negative

__all__ = ["FourVectorRescaling"]

TARGETS = ("all", "leading")


@keras.saving.register_keras_serializable(package="keras_hep")
class FourVectorRescaling(ConstituentAugmentation):
    """Multiplies the four-vectors of a jet by ``scale * exp(width * z)``, with one draw of a standard normal z for each jet.

    The functions `keras_hep.physics.systematics.rescale` and `rescale_leading` say what this is for. With scale 1 and width 0
    nothing changes, bit for bit.

    Args:
        scale: the fixed factor; positive.
        width: relative width of the random factor; not negative.
        target: ``"all"`` constituents, or only the ``"leading"`` one, the first of the largest pT.
        kwargs: which features are pt, eta, phi, energy; `always`, `seed`: see `ConstituentAugmentation`.

    Raises:
        ModelError: an argument is not as said.

    Example:
        >>> values, mask = ops.convert_to_tensor([[[50.0, 0.1, 0.2]]]), ops.ones((1, 1))
        >>> varied, _ = FourVectorRescaling(scale=1.5)([values, mask], training=True)
        >>> float(varied[0, 0, 0])
        75.0
    """

    def __init__(self, scale: float = 1.0, width: float = 0.0, target: str = "all", **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.width = not_negative(scale=scale, width=width)
        if self.scale == 0.0:
            raise ModelError("scale must be positive. Received: scale=0")
        if target not in TARGETS:
            raise ModelError(f"target must be one of {', '.join(map(repr, TARGETS))}. Received: target={target!r}")
        self.target = target

    def vary(self, values: Any, real: Any) -> tuple[Any, Any]:
        """Return rescaled values; the same entries are real."""
        draws = keras.random.normal((ops.shape(values)[0], 1), dtype=values.dtype, seed=self.seed_generator)
        factor = self.scale * ops.exp(self.width * draws)
        if self.target == "leading":
            leading = ops.argmax(values[..., self.pt], axis=-1)  # padded entries have none
            factor = ops.where(ops.one_hot(leading, values.shape[1], dtype="bool"), factor, 1.0)
        return self.scaled(values, factor), real

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "scale": self.scale, "width": self.width, "target": self.target}
