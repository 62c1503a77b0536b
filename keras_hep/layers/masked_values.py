"""A padded sequence with zeros in its padded entries."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from keras_hep.layers.masked_sequence import MaskedSequence

__all__ = ["MaskedValues"]


@keras.saving.register_keras_serializable(package="keras_hep")
class MaskedValues(MaskedSequence):
    """Sets the padded entries of a sequence to zero, whatever stands there, even NaN.

    A convolution with ``padding="same"`` behind it sees zeros beyond the last real entry, as at any other edge.

    Call arguments:
        inputs: the pair (values, mask).

    Input shape:
        values (batch, length, features); mask (batch, length), 1 for real and 0 for padded entries.

    Output shape:
        That of the values.

    Example:
        >>> values, mask = ops.ones((1, 2, 1)), ops.convert_to_tensor([[1.0, 0.0]])
        >>> ops.convert_to_numpy(MaskedValues()([values, mask]))[0, :, 0].tolist()
        [1.0, 0.0]
    """

    def call(self, inputs: Any) -> Any:
        """Return the values with zeros in padded entries."""
        values, mask = inputs
        return ops.where(ops.expand_dims(mask > 0.5, -1), values, ops.zeros_like(values))

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return the shape of the values."""
        return tuple(input_shape[0])
