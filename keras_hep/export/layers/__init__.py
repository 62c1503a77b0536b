"""What each Keras layer becomes in the exported file, one file a group; importing this package registers them all."""

from keras_hep.export.layers import (
    activations,
    convolution,
    dense,
    identity,
    masked_sum,
    merging,
    normalization,
    preprocessing,
    reshaping,
)
from keras_hep.export.layers.registry import Node, to_nodes

__all__ = [
    "Node",
    "activations",
    "convolution",
    "dense",
    "identity",
    "masked_sum",
    "merging",
    "normalization",
    "preprocessing",
    "reshaping",
    "to_nodes",
]
