"""A small evaluator of lwtnn's formats, written from their description, to hold files and readers against."""

import numpy as np

__all__ = ["evaluate", "evaluate_sequential"]

FUNCTIONS = {
    "abs": lambda x, alpha: np.abs(x),
    "hard_sigmoid": lambda x, alpha: np.clip(0.2 * x + 0.5, 0, 1),
    "linear": lambda x, alpha: x,
    "rectified": lambda x, alpha: np.maximum(x, 0),
    "sigmoid": lambda x, alpha: np.where(np.abs(x) > 30, x > 0, 1 / (1 + np.exp(-np.clip(x, -30, 30)))),
    "tanh": lambda x, alpha: np.tanh(x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "leakyrelu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "swish": lambda x, alpha: x / (1 + np.exp(-alpha * x)),
}
RECURRENT = ("lstm", "gru", "simplernn", "conv1d", "embedding")


def activate(activation, x):
    """Apply an activation to the vector `x`; it is a name, or an object with a parameter."""
    if activation == "softmax":
        powers = np.exp(x - x.max())
        return powers / powers.sum()
    name, alpha = (activation["function"], activation["alpha"]) if isinstance(activation, dict) else (activation, 1.0)
    return FUNCTIONS[name.removesuffix("_legacy")](x, float(alpha))


def array(values):
    """Return numbers, which may be strings."""
    return np.array([float(value) for value in values])


def linear(part, x, key="weights"):
    """Return the product of a matrix of the file with `x`."""
    return array(part[key]).reshape(-1, len(x)) @ x


def affine(part, x):
    """Return the same with the bias."""
    return linear(part, x) + (array(part["bias"]) if part["bias"] else 0)


def apply(layer, x):
    """Apply a layer to the vector `x`."""
    kind = layer["architecture"]
    if kind == "normalization":
        return (x + array(layer["bias"])) * array(layer["weights"])
    if kind == "maxout":
        return np.max([affine(part, x) for part in layer["sublayers"]], axis=0)
    if kind == "highway":
        carry = activate("sigmoid", affine(layer["components"]["carry"], x))
        return carry * activate(layer["activation"], affine(layer["components"]["t"], x)) + (1 - carry) * x
    assert kind == "dense"
    return activate(layer["activation"], affine(layer, x) if layer["weights"] else x)


def scan(layer, rows):
    """Run a layer over a sequence and return all of its outputs."""
    if layer["architecture"] == "conv1d":
        return convolve(layer, rows)
    if layer["architecture"] == "embedding":
        return embed(layer, rows)
    parts = layer["components"]
    units = len(parts["h" if "h" in parts else "c"]["bias"])
    h = state = np.zeros(units)
    inner, outer = layer.get("inner_activation"), layer["activation"]
    result = []
    for x in rows:

        def gate(name, x=x, h=h):
            return affine(parts[name], x) + linear(parts[name], h, "U")

        if layer["architecture"] == "lstm":
            kept = activate(inner, gate("f")) * state
            state = kept + activate(inner, gate("i")) * activate(outer, gate("c"))
            h = activate(inner, gate("o")) * activate(outer, state)
        elif layer["architecture"] == "gru":
            z, r = activate(inner, gate("z")), activate(inner, gate("r"))
            h = z * h + (1 - z) * activate(outer, gate("h", h=r * h))
        else:
            h = activate(outer, gate("h"))
        result.append(h)
    return np.array(result).reshape(len(rows), units)


def embed(layer, rows):
    """Put, for each part in turn, a column of the weights in the place of one value, the number of the column."""
    for part in layer["sublayers"]:
        index, matrix = int(part["index"]), array(part["weights"]).reshape(int(part["n_out"]), -1)
        vectors = [matrix[:, int(row[index])] for row in rows]
        rows = np.array([[*row[:index], *vector, *row[index + 1 :]] for row, vector in zip(rows, vectors, strict=True)])
    return rows


def convolve(layer, rows):
    """Convolve a sequence; where "same" pads an odd number of zeros, more of them stand before the sequence."""
    bias, dilation = array(layer["bias"]), int(layer["dilation_rate"])
    kernel = array(layer["weights"]).reshape(len(bias), rows.shape[1], -1)
    reach = (kernel.shape[2] - 1) * dilation
    before = {"valid": 0, "causal": reach, "same": (reach + 1) // 2}[layer["padding"]]
    after = reach - before if layer["padding"] == "same" else 0
    padded = np.pad(rows, ((before, after), (0, 0)))
    steps = [
        bias + sum(kernel[:, :, k] @ padded[t + k * dilation] for k in range(kernel.shape[2]))
        for t in range(len(padded) - reach)
    ]
    return np.array([activate(layer["activation"], step) for step in steps]).reshape(-1, len(bias))


def evaluate(document, nodes, sequences):
    """Return the outputs of one event: output name -> label -> value, of a sequence those of its objects.

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

    def vector(index):
        result = value(index)
        if result.ndim == 1:
            return result
        return result[-1] if len(result) else np.zeros(result.shape[1])  # of an empty sequence

    def compute(node):
        kind, sources = node["type"], [int(source) for source in node["sources"]]
        if kind in ("input", "input_sequence"):
            result = (vectors if kind == "input" else rows)[sources[0]]
            assert len(result) == int(node["size"])
            return result.T if kind == "input_sequence" else result
        if kind == "sequence":
            return scan(document["layers"][int(node["layer_index"])], value(sources[0]))
        if kind == "feed_forward":
            return apply(document["layers"][int(node["layer_index"])], vector(sources[0]))
        if kind == "time_distributed":
            layer, given = document["layers"][int(node["layer_index"])], value(sources[0])
            width = len(apply(layer, np.zeros(given.shape[1])))
            return np.array([apply(layer, row) for row in given]).reshape(len(given), width)
        if kind == "sum":
            return value(sources[0]).sum(axis=0)
        assert kind in ("concatenate", "add")
        parts = [vector(source) for source in sources]
        return np.concatenate(parts) if kind == "concatenate" else np.sum(parts, axis=0)

    def output(index):
        """A vector, or of a node that gives none the values of all objects."""
        if document["nodes"][index]["type"] in ("time_distributed", "input_sequence"):
            return value(index).T
        return vector(index)

    return {
        name: dict(zip(entry["labels"], output(int(entry["node_index"])), strict=True))
        for name, entry in document["outputs"].items()
    }


def evaluate_sequential(document, variables):
    """Return the outputs of one event of a sequential file: label -> value."""
    rows = np.array(
        [(np.asarray(variables[v["name"]], float) + float(v["offset"])) * float(v["scale"]) for v in document["inputs"]]
    )
    x = rows.T
    for layer in document["layers"]:
        if layer["architecture"] in RECURRENT:
            x = scan(layer, x)
        else:
            x = apply(layer, x if x.ndim == 1 else x[-1])
    return dict(zip(document["outputs"], x if x.ndim == 1 else x[-1], strict=True))


def scaled(entry, given):
    """Return the scaled variables of an input, one row each."""
    return np.array(
        [(np.asarray(given[v["name"]], float) + float(v["offset"])) * float(v["scale"]) for v in entry["variables"]]
    )
