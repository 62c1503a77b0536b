"""The last real entry of a padded sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.layers.masked_sequence import MaskedSequence

__all__ = ["MaskedLast"]


@keras.saving.register_keras_serializable(package="keras_hep")
class MaskedLast(MaskedSequence):
    """Returns the last real entry of a padded sequence, and zeros where there is none.

    Call arguments:
        inputs: the pair (values, mask).

    Input shape:
        values (batch, length, features); mask (batch, length), 1 for the first, real entries and 0 for the padded rest.

    Output shape:
        (batch, features).

    Example:
        >>> values, mask = ops.reshape(ops.arange(3.0), (1, 3, 1)), ops.convert_to_tensor([[1.0, 1.0, 0.0]])
        >>> float(MaskedLast()([values, mask])[0, 0])
        1.0
    """

    def call(self, inputs: Any) -> Any:
        """Return the last real entry."""
        values, mask = inputs
        real = mask > 0.5
        follows = ops.concatenate([real[:, 1:], ops.zeros_like(real[:, :1])], axis=1)
        last = ops.expand_dims(ops.logical_and(real, ops.logical_not(follows)), -1)
        return ops.sum(ops.where(last, values, ops.zeros_like(values)), axis=1)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return (batch, features)."""
        return (input_shape[0][0], input_shape[0][2])
