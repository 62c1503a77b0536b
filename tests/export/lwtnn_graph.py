"""A small evaluator of lwtnn's graph format, written from its description, to hold exported files against."""

import numpy as np

__all__ = ["evaluate"]

FUNCTIONS = {
    "linear": lambda x, alpha: x,
    "rectified": lambda x, alpha: np.maximum(x, 0),
    "sigmoid": lambda x, alpha: np.where(np.abs(x) > 30, x > 0, 1 / (1 + np.exp(-np.clip(x, -30, 30)))),
    "tanh": lambda x, alpha: np.tanh(x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "leakyrelu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "swish": lambda x, alpha: x / (1 + np.exp(-alpha * x)),
}


def activate(activation, x):
    """Apply an activation to the vector `x`; it is a name, or an object with a parameter."""
    if activation == "softmax":
        powers = np.exp(x - x.max())
        return powers / powers.sum()
    name, alpha = (activation["function"], activation["alpha"]) if isinstance(activation, dict) else (activation, 1.0)
    return FUNCTIONS[name](x, alpha)


def apply(layer, x):
    """Apply a layer to the vector `x`."""
    if layer["architecture"] == "normalization":
        return (x + np.array(layer["bias"], float)) * np.array(layer["weights"], float)
    assert layer["architecture"] == "dense"
    if layer["weights"]:
        x = np.array(layer["weights"], float).reshape(-1, len(x)) @ x + np.array(layer["bias"], float)
    return activate(layer["activation"], x)


def evaluate(document, nodes, sequences):
    """Return the outputs of one event: output name -> label -> value.

    Args:
        document: the parsed file.
        nodes: name of an input -> variable -> value.
        sequences: name of a sequence -> variable -> values of its objects.
    """
    vectors = [scaled(entry, nodes[entry["name"]]) for entry in document["inputs"]]
    rows = [scaled(entry, sequences[entry["name"]]) for entry in document["input_sequences"]]
    known = {}

    def value(index):
        if index not in known:
            known[index] = compute(document["nodes"][index])
        return known[index]

    def compute(node):
        kind, sources = node["type"], node["sources"]
        if kind in ("input", "input_sequence"):
            result = (vectors if kind == "input" else rows)[sources[0]]
            assert len(result) == node["size"]
            return result.T if kind == "input_sequence" else result
        if kind == "feed_forward":
            return apply(document["layers"][node["layer_index"]], value(sources[0]))
        if kind == "time_distributed":
            layer, given = document["layers"][node["layer_index"]], value(sources[0])
            width = len(apply(layer, np.zeros(given.shape[1])))
            return np.array([apply(layer, row) for row in given]).reshape(len(given), width)
        if kind == "sum":
            return value(sources[0]).sum(axis=0)
        assert kind in ("concatenate", "add")
        parts = [value(source) for source in sources]
        return np.concatenate(parts) if kind == "concatenate" else np.sum(parts, axis=0)

    return {
        name: dict(zip(output["labels"], value(output["node_index"]), strict=True))
        for name, output in document["outputs"].items()
    }


def scaled(entry, given):
    """Return the scaled variables of an input, one row each."""
    return np.array([(np.asarray(given[v["name"]], float) + v["offset"]) * v["scale"] for v in entry["variables"]])
