"""Attention, with weights of its own and without."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from keras_hep.export.layers.registry import Node, Site, handles

_KIND_OF_MASK = {"query_mask": "queries", "value_mask": "keys", "key_mask": "keys", "attention_mask": "pairs"}


@handles(
    keras.layers.GroupQueryAttention,
    keras.layers.MultiHeadAttention,
    masks="input",
    arguments=("query", "value", "key", "use_causal_mask"),
)
def _with_weights(site: Site) -> list[Node]:
    layer = site.layer
    if len(site.shape) != 2 or any(len(shape) != 2 for shape in site.input_shapes):
        raise site.unsupported(
            "has inputs or an output of other shapes than (length, features)", "use one axis of objects"
        )
    for switch in ("use_gate", "sliding_window"):
        if getattr(layer, f"_{switch}", None) or getattr(layer, switch, None):
            raise site.unsupported(f"has {switch}", "build it without")
    given = _inputs(site)
    lengths = dict(zip(site.inputs, (shape[0] for shape in site.input_shapes), strict=True))
    nodes = []
    for part in ("query", "key", "value"):
        dense = getattr(layer, f"_{part}_dense")
        kernel = np.asarray(dense.kernel)
        nodes.append(_dense(site, part, given[part], lengths[given[part]], kernel.reshape(kernel.shape[0], -1), dense))
    heads, depth = np.shape(layer._query_dense.kernel)[1:]
    key_heads, width = np.shape(layer._value_dense.kernel)[1:]
    masks, joined = _masks(site, lengths[given["value"]])
    # With dropout, Keras applies its Softmax layer, which zeroes what is masked, after the training too.
    zero = float(layer.dropout) > 0
    kinds = [kind for kind, _ in masks]
    inner = _attention(site, int(heads), int(key_heads), 1 / np.sqrt(float(depth)), None, kinds, zero)
    inner["name"] = f"{site.name}/attention"
    inner["inputs"] = [*(node["name"] for node in nodes), *(name for _, name in masks)]
    inner["shape"] = [lengths[given["query"]], int(heads * width)]
    kernel = np.asarray(layer._output_dense.kernel)
    last = _dense(
        site, "output", inner["name"], site.shape[0], kernel.reshape(-1, kernel.shape[-1]), layer._output_dense
    )
    return [*nodes, *joined, inner, {**last, "name": site.name}]


@handles(keras.layers.AdditiveAttention, keras.layers.Attention, masks="input", arguments=("use_causal_mask",))
def _without_weights(site: Site) -> list[Node]:
    layer = site.layer
    if any(len(shape) != 2 for shape in site.input_shapes):
        raise site.unsupported("has inputs of other shapes than (length, features)", "use one axis of objects")
    scale, weights = 1.0, None
    size = site.input_shapes[0][1]
    if isinstance(layer, keras.layers.AdditiveAttention):
        weights = np.asarray(layer.scale) if layer.use_scale else np.ones(size)
    else:
        scale = float(np.asarray(layer.scale)) if layer.use_scale else 1.0
        if layer.score_mode == "concat":
            weights = np.full(size, float(np.asarray(layer.concat_score_weight)))
    query, value, *key = site.inputs
    masks = site.masks.get("mask") or []
    masks = [(kind, name) for kind, name in zip(("outputs", "keys"), masks, strict=False) if name is not None]
    node = _attention(site, 1, 1, scale, weights, [kind for kind, _ in masks])
    node["inputs"] = [query, *(key or [value]), value, *(name for _, name in masks)]
    return [node]


def _inputs(site: Site) -> dict[str, str]:
    """Names of the nodes that are query, key and value; inputs with a name stand behind those without."""
    names = {key: site.keywords[key] for key in ("query", "value", "key") if key in site.keywords}
    plain = site.inputs[: len(site.inputs) - len(names)]
    given = dict(zip(("query", "value", "key"), plain, strict=False)) | names
    return {"key": given["value"], **given}


def _masks(site: Site, keys: int) -> tuple[list[tuple[str, str]], list[Node]]:
    """Return each kind of mask with its node, and the node that joins the masks of values and of keys where there are both."""
    of_kind: dict[str, list[str]] = {}
    for argument, name in site.masks.items():
        names = of_kind.setdefault(_KIND_OF_MASK[argument], [])
        names += [] if name in names else [name]
    joined: list[Node] = []
    if len(names := of_kind.get("keys", [])) > 1:
        joined = [{"name": f"{site.name}/keys", "type": "multiply", "inputs": names, "shape": [keys]}]
        of_kind["keys"] = [joined[0]["name"]]
    return [(kind, names[0]) for kind, names in of_kind.items()], joined


def _dense(site: Site, part: str, source: str, length: int, weights: Any, dense: Any) -> Node:
    return {
        "name": f"{site.name}/{part}",
        "type": "dense",
        "inputs": [source],
        "shape": [length, weights.shape[1]],
        "units": weights.shape[1],
        "weights": site.numbers(f"weights of the {part}", weights),
        "bias": None if dense.bias is None else site.numbers(f"bias of the {part}", dense.bias),
    }


def _attention(
    site: Site, heads: int, key_heads: int, scale: float, weights: Any, masks: list[str], zero: bool = False
) -> Node:
    return {
        **site.node("attention"),
        "heads": heads,
        "key_heads": key_heads,
        "scale": site.number("scale", scale),
        "tanh_weights": None if weights is None else site.numbers("scale", weights),
        "causal": bool(site.keywords.get("use_causal_mask", False)),
        "zero_if_masked": zero,
        "masks": masks,
    }
