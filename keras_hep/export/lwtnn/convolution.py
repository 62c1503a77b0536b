"""Nodes of convolutions as layers of lwtnn, which has those along a sequence, with stride 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from keras_hep.export.layers import Node
from keras_hep.export.lwtnn.expressions import refuse

__all__ = ["conv1d"]


def conv1d(node: Node, is_zero_behind: bool) -> dict[str, Any]:
    """Return a convolution along a sequence, still linear; lwtnn holds its weights as [output][input][window].

    Args:
        node: the node.
        is_zero_behind: whether its values are zeros behind the last real object, as they are in lwtnn.
    """
    for key, plain, why in (
        ("strides", [1], "a stride"),
        ("spread", [1], "a spread, as transposed"),
        ("groups", 1, "groups"),
    ):
        if node[key] != plain:
            raise refuse(node, f"is a convolution with {why}, which lwtnn does not have")
    (window,), (dilation,) = node["window"], node["dilation"]
    padding = _padding(node, (window - 1) * dilation, is_zero_behind)
    filters = node["filters"]
    kernel = np.asarray(node["weights"]).reshape(window, -1, filters)
    return {
        "architecture": "conv1d",
        "weights": kernel.transpose(2, 1, 0).ravel().tolist(),
        "bias": node["bias"] if node["bias"] is not None else [0.0] * filters,
        "activation": "linear",
        "padding": padding,
        "dilation_rate": dilation,
    }


def _padding(node: Node, reach: int, is_zero_behind: bool) -> str:
    before, after = node["padding"]
    if (before, after) == (reach, 0):
        return "causal"
    if (before, after) == ((reach + 1) // 2, reach // 2):
        if is_zero_behind:
            return "same"
        raise refuse(node, "sees padded entries, where lwtnn has zeros; put MaskedValues with the mask before it")
    if reach and before + after == reach:
        raise refuse(
            node,
            "pads an odd number of zeros, more of them behind than before, and lwtnn more before; take a window of odd size",
        )
    raise refuse(
        node, "shortens its sequence, for which the mask would have to follow; take padding='causal' or 'same'"
    )
