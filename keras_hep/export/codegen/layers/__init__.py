"""The code of each type of node; importing this package registers it."""

from keras_hep.export.codegen.layers import (
    activations,
    arranging,
    attention,
    dense,
    masking,
    merging,
    normalization,
    preprocessing,
    recurrent,
    time_distributed,
    windows,
)

__all__ = [
    "activations",
    "arranging",
    "attention",
    "dense",
    "masking",
    "merging",
    "normalization",
    "preprocessing",
    "recurrent",
    "time_distributed",
    "windows",
]
