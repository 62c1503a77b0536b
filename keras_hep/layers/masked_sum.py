"""The permutation-invariant sum of a deep set."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.layers.masked_sequence import MaskedSequence

__all__ = ["MaskedSum"]


@keras.saving.register_keras_serializable(package="keras_hep")
class MaskedSum(MaskedSequence):
    """Sums the real entries of a padded sequence (Deep Sets, arXiv:1703.06114; Energy Flow Networks, arXiv:1810.05165).

    What stands in padded entries does not count, not even when it is NaN. A fully padded sequence gives zero.

    Args:
        scale: factor on the sum; a constant such as 1/length keeps the sum of order one.

    Call arguments:
        inputs: the pair (values, mask).

    Input shape:
        values (batch, length, features); mask (batch, length), 1 for real and 0 for padded entries.

    Output shape:
        (batch, features).

    Example:
        >>> values, mask = ops.ones((1, 3, 2)), ops.convert_to_tensor([[1.0, 1.0, 0.0]])
        >>> MaskedSum()([values, mask]).shape
        TensorShape([1, 2])
    """

    def __init__(self, scale: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = float(scale)
        if not self.scale > 0:
            raise ValueError(f"scale must be positive. Received: scale={scale}")

    def call(self, inputs: Any) -> Any:
        """Return the sum over real entries."""
        values, mask = inputs
        real = ops.expand_dims(mask > 0.5, -1)
        total = ops.sum(ops.where(real, values, ops.zeros_like(values)), axis=1)
        return total * self.scale if self.scale != 1.0 else total

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return (batch, features)."""
        return (input_shape[0][0], input_shape[0][2])

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {**super().get_config(), "scale": self.scale}
