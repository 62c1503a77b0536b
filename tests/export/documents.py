"""Documents of the format made by hand: what no layer of Keras is exported to, or not in one network."""

__all__ = ["document", "every_function", "masked_entries", "negative_zeros", "not_finite", "several_masks"]

SIZE = 19  # values: not a whole number of registers
FUNCTIONS = [
    {"function": name}
    for name in [
        "absolute",
        "exponential",
        "hard_sigmoid",
        "hard_tanh",
        "linear",
        "log_sigmoid",
        "mish",
        "selu",
        "sigmoid",
        "silu",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "tanh",
        "tanh_shrink",
    ]
] + [
    {"function": "relu", "negative_slope": 0.0, "threshold": 0.0, "max_value": None},
    {"function": "relu", "negative_slope": 0.1, "threshold": 0.3, "max_value": 6.0},
    {"function": "gelu", "approximate": False},
    {"function": "gelu", "approximate": True},
    {"function": "celu", "alpha": 0.7},
    {"function": "elu", "alpha": 0.7},
    {"function": "hard_shrink", "threshold": 0.4},
    {"function": "leaky_relu", "negative_slope": 0.2},
    {"function": "ramp", "slope": 0.2, "offset": 0.5},
    {"function": "soft_shrink", "threshold": 0.4},
    {"function": "squareplus", "b": 3.9},
    {"function": "swish", "alpha": 1.7},
    {"function": "threshold", "threshold": 0.4, "default_value": -1.5},
]


def document(inputs, nodes, outputs):
    """Return a document without test vectors; `outputs` are names of nodes, and each value has its number as label."""
    sizes = {node["name"]: node["shape"] for node in nodes}
    return {
        "format": "keras_hep",
        "version": 1,
        "provenance": {},
        "inputs": inputs,
        "nodes": nodes,
        "outputs": [{"name": name, "node": name, "labels": _labels(sizes[name])} for name in outputs],
        "test_vectors": [],
    }


def node(name, kind, inputs, shape, **attributes):
    """Return a node."""
    return {"name": name, "type": kind, "inputs": inputs, "shape": shape, **attributes}


def every_function():
    """Return a network with an output for each function."""
    given, x = _tensor([SIZE])
    nodes = [node(f"f{i}", "activation", ["x"], [SIZE], **function) for i, function in enumerate(FUNCTIONS)]
    nodes.append(node("log", "log_softmax", ["x"], [SIZE], axis=0))
    return document([given], [x, *nodes], [made["name"] for made in nodes])


def masked_entries():
    """Return a network of a sequence and its mask, with what goes past padded entries, and a choice between two of them."""
    features = [{"name": name, "unit": "", "default": None} for name in "abcde"]
    given = {"name": "x", "shape": [6, 5], "length": 6, "features": features}
    nodes = [
        node("x", "input", [], [6, 5], input="x", part="values"),
        node("mask", "input", [], [6], input="x", part="mask"),
        node("last", "masked_last", ["x", "mask"], [5]),
        node("values", "masked_values", ["x", "mask"], [6, 5]),
        node("sum", "masked_sum", ["x", "mask"], [5], scale=0.37),
        node("mean", "masked_mean", ["x", "mask"], [5]),
        node("blend", "blend", ["last", "sum", "mean"], [5]),
        node("logs", "log_softmax", ["values"], [6, 5], axis=0),
        node("both", "time_distributed", ["x", "values"], [6, 5], layer=node("inner", "multiply", [], [5])),
        node("seen", "any", ["both"], [6]),
    ]
    return document([given], nodes, ["last", "values", "sum", "mean", "blend", "logs", "both", "seen"])


def not_finite():
    """Return a network of which some factors are infinite or NaN, and some names are words of C++ or of the code itself."""
    given, x = _tensor([3])
    numbers = {
        "gamma": [1.0, 1.0, -0.0],
        "beta": [0.0, 1.0, -0.0],
        "mean": [1.0, 0.5, 0.0],
        "variance": [0.0, -1.0, 1.0],
    }
    nodes = [
        node("class", "batch_normalization", ["x"], [3], axis=0, epsilon=0.0, **numbers),
        node(
            "pieces", "dense", ["class"], [2], units=2, weights=[1e-45, -0.0, 3.4e38, 1.0, 0.1, 1e-38], bias=[-0.0, 1.0]
        ),
        node("scratch", "softmax", ["pieces"], [2], axis=0),
    ]
    return document([given], [x, *nodes], ["class", "pieces", "scratch"])


def negative_zeros():
    """Return a network of a transposed convolution whose sums are zeros of either sign."""
    given, x = _tensor([3, 1])
    windows = {
        "filters": 2,
        "window": [3],
        "strides": [1],
        "dilation": [1],
        "spread": [2],
        "padding": [2, 2],
        "groups": 1,
    }
    weights = {"weights": [1e-45, -1e-45, -0.0, 0.0, 1e-45, -1e-45], "bias": [-0.0, -0.0]}
    small = node("small", "activation", ["x"], [3, 1], function="swish", alpha=-1e30)
    return document([given], [x, small, node("y", "convolution", ["small"], [7, 2], **windows, **weights)], ["y"])


def several_masks():
    """Return a network of attention with two masks of the keys, as the arguments `value_mask` and `key_mask` are, and of each kind."""
    given, x = _tensor([5, 4])
    mask = node("first", "any", ["cut"], [5])
    cut = node("cut", "activation", ["x"], [5, 4], function="hard_shrink", threshold=2.0)
    other = node("other", "any", ["more"], [5])
    more = node("more", "activation", ["x"], [5, 4], function="threshold", threshold=-1.0, default_value=0.0)
    pairs = node("pairs", "dot", ["cut", "more"], [5, 5], axes=[1, 1])
    switches = {"heads": 2, "key_heads": 1, "scale": 0.7, "tanh_weights": None, "causal": False, "zero_if_masked": True}
    inputs = ["x", "keys", "keys", "first", "other", "pairs", "other", "other"]
    masks = ["keys", "keys", "pairs", "queries", "outputs"]
    keys = node("keys", "maxout", ["x"], [5, 2], pieces=2)
    attention = node("y", "attention", inputs, [5, 4], masks=masks, **switches)
    return document([given], [x, cut, mask, more, other, pairs, keys, attention], ["y"])


def _labels(shape):
    total = 1
    for size in shape:
        total *= size
    return [str(i) for i in range(total)]


def _tensor(shape):
    given = {"name": "x", "shape": shape, "length": None, "features": None}
    return given, node("x", "input", [], shape, input="x", part="values")
