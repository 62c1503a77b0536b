"""What each Keras layer becomes in the exported file, one file a group; importing this package registers them all."""

from keras_hep.export.layers import (
    activations,
    borders,
    convolution,
    dense,
    einsum_dense,
    embedding,
    identity,
    masked_sum,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    refused,
    reshaping,
)
from keras_hep.export.layers.registry import Node, to_nodes

__all__ = [
    "Node",
    "activations",
    "borders",
    "convolution",
    "dense",
    "einsum_dense",
    "embedding",
    "identity",
    "masked_sum",
    "merging",
    "normalization",
    "pooling",
    "preprocessing",
    "recurrent",
    "refused",
    "reshaping",
    "to_nodes",
]
