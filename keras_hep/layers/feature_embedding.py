"""One feature is a category, and becomes a vector."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

__all__ = ["FeatureEmbedding"]


@keras.saving.register_keras_serializable(package="keras_hep")
class FeatureEmbedding(keras.layers.Layer):
    """Puts a learned vector in the place of one feature, the number of a category (entity embeddings, arXiv:1604.06737).

    The part of the number behind the point does not count. What is not a category, such as -1 or NaN, becomes NaN.

    Args:
        index: which feature of the last axis it is, from 0.
        categories: how many categories there are.
        units: length of the vectors.
        embeddings_initializer: initial vectors.

    Input shape:
        (batch, ..., features).

    Output shape:
        (batch, ..., features - 1 + units): the features before it, the vector, the features behind it.

    Example:
        >>> FeatureEmbedding(1, categories=3, units=4)(ops.ones((2, 5, 2))).shape
        TensorShape([2, 5, 5])
    """

    def __init__(self, index: int, categories: int, units: int, embeddings_initializer: Any = "uniform", **kwargs: Any):
        super().__init__(**kwargs)
        for name, value, least in (("index", index, 0), ("categories", categories, 1), ("units", units, 1)):
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number of {least} or more. Received: {name}={value}")
        self.index, self.categories, self.units = index, categories, units
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the vectors."""
        if input_shape[-1] is None or self.index >= input_shape[-1]:
            raise ValueError(f"FeatureEmbedding takes feature {self.index}. Received: shape {tuple(input_shape)}")
        self.embeddings = self.add_weight(
            shape=(self.categories, self.units), initializer=self.embeddings_initializer, name="embeddings"
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Return the features with the vector among them."""
        number = inputs[..., self.index]
        is_category = ops.logical_and(number > -1, number < self.categories)
        category = ops.cast(ops.where(is_category, number, ops.zeros_like(number)), "int32")
        vectors = ops.take(self.embeddings, category, axis=0)
        vectors = ops.where(ops.expand_dims(is_category, -1), vectors, ops.full_like(vectors, math.nan))
        return ops.concatenate([inputs[..., : self.index], vectors, inputs[..., self.index + 1 :]], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, ..., features - 1 + units)."""
        features = input_shape[-1]
        return (*input_shape[:-1], None if features is None else features - 1 + self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration."""
        return {
            **super().get_config(),
            "index": self.index,
            "categories": self.categories,
            "units": self.units,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
        }
