"""Small files of lwtnn with every kind of layer, node and activation, and random weights that are float32 numbers."""

import numpy as np

__all__ = ["SAMPLES", "events"]


class Random:
    """Layers with random weights."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def numbers(self, size, width=1.0):
        return [float(value) for value in self.random.normal(0, width, size).astype(np.float32)]

    def matrix(self, inputs, units, **more):
        return {"weights": self.numbers(inputs * units, inputs**-0.5), "bias": self.numbers(units, 0.3), **more}

    def dense(self, inputs, units, activation="rectified"):
        return {"architecture": "dense", "activation": activation, **self.matrix(inputs, units)}

    def normalization(self, size):
        return {"architecture": "normalization", "weights": self.numbers(size), "bias": self.numbers(size)}

    def maxout(self, inputs, units, pieces=3):
        return {
            "architecture": "maxout",
            "activation": "linear",
            "sublayers": [{"architecture": "dense", **self.matrix(inputs, units)} for _ in range(pieces)],
        }

    def highway(self, size, activation="tanh"):
        parts = {key: self.matrix(size, size) for key in ("t", "carry")}
        return {"architecture": "highway", "activation": activation, "components": parts}

    def recurrent(self, kind, inputs, units, activation="tanh", inner="hard_sigmoid"):
        gates = {"lstm": "ifco", "gru": "zrh", "simplernn": "h"}[kind]
        parts = {gate: self.matrix(inputs, units, U=self.numbers(units**2, units**-0.5)) for gate in gates}
        layer = {"architecture": kind, "activation": activation, "components": parts}
        return layer if kind == "simplernn" else {**layer, "inner_activation": inner}

    def conv1d(self, inputs, units, window, padding, dilation=1, activation="rectified"):
        return {
            "architecture": "conv1d",
            "activation": activation,
            "weights": self.numbers(inputs * units * window, (inputs * window) ** -0.5),
            "bias": self.numbers(units, 0.3),
            "padding": padding,
            "dilation_rate": dilation,
        }

    def embedding(self, *parts):
        """Parts are index, categories and outputs."""
        return {
            "architecture": "embedding",
            "sublayers": [
                {"index": i, "n_out": n, "weights": self.numbers(categories * n)} for i, categories, n in parts
            ],
        }

    def variables(self, names, default=()):
        """A variable called kind... is the number of a category from 0 to 2, and the network receives the double of it."""
        drawn = [
            {"name": name, "offset": float(self.random.normal()), "scale": float(self.random.uniform(0.3, 2))}
            | ({"default": 0.7} if name in default else {})
            for name in names
        ]
        return [v | ({"offset": 0.0, "scale": 2.0} if v["name"].startswith("kind") else {}) for v in drawn]


def sequential(seed, *layers, names=("a", "b", "c"), **more):
    make = Random(seed)
    stack = [layer(make) for layer in layers]
    return {"inputs": make.variables(names), "layers": stack, "outputs": ["x", "y"], **more}


def graph(seed, layers, nodes, outputs, vectors=(), sequences=()):
    make = Random(seed)
    return {
        "inputs": [{"name": name, "variables": make.variables(names, ["d0"])} for name, names in vectors],
        "input_sequences": [{"name": name, "variables": make.variables(names)} for name, names in sequences],
        "layers": [layer(make) for layer in layers],
        "nodes": [dict(zip(("type", "sources", "layer_index"), node, strict=False)) for node in nodes],
        "outputs": {name: {"labels": labels, "node_index": node} for name, (node, labels) in outputs.items()},
    }


def with_sizes(document):
    """Give the nodes of inputs their sizes, which stand where the index of a layer stands in other nodes."""
    for node in document["nodes"]:
        if node["type"].startswith("input"):
            node["size"] = node.pop("layer_index")
    return document


def as_strings(value, key=""):
    """Return a document in which numbers are strings, as some writers have them."""
    if isinstance(value, dict):
        return {key: as_strings(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [as_strings(item) for item in value]
    return value if isinstance(value, str) else repr(value)


def activations():
    names = ["linear", "sigmoid", "rectified", "tanh", "hard_sigmoid", "elu", "abs", "sigmoid_legacy"]
    names += ["hard_sigmoid_legacy", "tanh_legacy", "rectified_legacy"]
    names += [
        {"function": f, "alpha": a} for f, a in (("elu", 0.5), ("leakyrelu", 0.25), ("swish", 1.5), ("swish", 1.0))
    ]
    layers = [lambda make, name=name: make.dense(3, 3, name) for name in names]
    return sequential(1, *layers, lambda make: make.dense(3, 2, "softmax"))


def branches():
    """A graph in a wild order: shared layers, a sequence that is summed, scanned and read at its end."""
    return with_sizes(graph(
        2,
        [
            lambda make: make.dense(2, 4, "tanh"),
            lambda make: make.recurrent("gru", 4, 3),
            lambda make: make.recurrent("lstm", 3, 3),
            lambda make: make.dense(4, 3, {"function": "leakyrelu", "alpha": 0.1}),
            lambda make: make.normalization(4),
            lambda make: make.dense(10, 2, "softmax"),
            lambda make: {"architecture": "dense", "weights": [], "bias": [], "activation": "sigmoid"},
        ],
        [
            ("concatenate", [10, 8, 6, 9]),
            ("feed_forward", [0], 5),
            ("time_distributed", [3], 0),
            ("input_sequence", [0], 2),
            ("input", [1], 2),
            ("input", [0], 1),
            ("feed_forward", [12], 3),
            ("sequence", [2], 1),
            ("sequence", [7], 2),
            ("sum", [7]),
            ("add", [5]),
            ("feed_forward", [4], 0),
            ("feed_forward", [11], 4),
            ("feed_forward", [6], 6),
        ],
        {"flavour": (1, ["b", "c"]), "gates": (13, ["r", "s", "t"]), "last": (7, ["i", "j", "k"])},
        vectors=[("jet", ["pt"]), ("jet_kin:", ["d0", "eta"])],
        sequences=[("jet", ["z0", "phi"])],
    ))  # fmt: skip


def convolutions():
    return with_sizes(graph(
        3,
        [
            lambda make: make.conv1d(2, 3, 3, "causal", 2, "tanh"),
            lambda make: make.conv1d(3, 3, 4, "same", 1, "sigmoid"),
            lambda make: make.conv1d(3, 2, 2, "valid", 2, "linear"),
            lambda make: make.recurrent("simplernn", 2, 2, "tanh"),
            lambda make: make.highway(2),
        ],
        [
            ("input_sequence", [0], 2),
            ("sequence", [0], 0),
            ("sequence", [1], 1),
            ("sequence", [2], 2),
            ("sum", [3]),
            ("sequence", [3], 3),
            ("add", [4, 5]),
            ("feed_forward", [6], 4),
        ],
        {"one": (7, ["x", "y"]), "two": (3, ["x", "y"])},
        sequences=[("tracks", ["d0", "z0"])],
    ))  # fmt: skip


def embeddings():
    """Two embeddings in one layer, the second in front of the vector of the first; the last object of them is an output."""
    return with_sizes(graph(
        9,
        [
            lambda make: make.embedding((3, 5, 2), (1, 6, 3)),
            lambda make: make.recurrent("gru", 7, 3),
            lambda make: make.dense(7, 2, "tanh"),
        ],
        [
            ("input_sequence", [0], 4),
            ("sequence", [0], 0),
            ("sequence", [1], 1),
            ("time_distributed", [1], 2),
            ("sum", [3]),
        ],
        {"gru": (2, ["x", "y", "z"]), "sum": (4, ["s", "t"]), "last": (1, list("abcdefg"))},
        sequences=[("tracks", ["d0", "kind_a", "z0", "kind_b"])],
    ))  # fmt: skip


def objects():
    """Outputs for each object: of a layer, and of the scaled variables themselves."""
    return with_sizes(graph(
        11,
        [
            lambda make: make.recurrent("lstm", 2, 3),
            lambda make: make.dense(3, 2, "softmax"),
        ],
        [
            ("input_sequence", [0], 2),
            ("sequence", [0], 0),
            ("time_distributed", [1], 1),
        ],
        {"last": (1, ["x", "y", "z"]), "each": (2, ["b", "c"]), "scaled": (0, ["d0", "z0"])},
        sequences=[("tracks", ["d0", "z0"])],
    ))  # fmt: skip


SAMPLES = {
    "activations": activations(),
    "branches": branches(),
    "convolutions": convolutions(),
    "defaults": sequential(4, lambda m: m.dense(3, 2), defaults={"a": 2.5}, miscellaneous={"sort_by": "d0"}, nodes=[]),
    "embedding": sequential(
        10, lambda m: m.embedding((2, 5, 4)), lambda m: m.recurrent("lstm", 6, 3), lambda m: m.dense(3, 2), names=("a", "b", "kind"),
    ),
    "embeddings": embeddings(),
    "no_bias": sequential(5, lambda m: m.dense(3, 2) | {"bias": []}),
    "normalized": sequential(6, lambda m: m.maxout(3, 4), lambda m: m.normalization(4), lambda m: m.highway(4), lambda m: m.dense(4, 2)),
    "objects": objects(),
    "recurrent": sequential(
        7, lambda m: m.recurrent("lstm", 3, 5), lambda m: m.recurrent("gru", 5, 4, "rectified", "sigmoid"),
        lambda m: m.recurrent("simplernn", 4, 3), lambda m: m.maxout(3, 2), lambda m: m.dense(2, 2, "softmax"),
    ),
    "strings": as_strings(sequential(8, lambda m: m.dense(3, 4), lambda m: m.dense(4, 2, "sigmoid"))),
}  # fmt: skip


def events(document, number=6, seed=5, fewest=4):
    """Return events, as lwtnn's own interfaces take them; sequences have `fewest` objects or more."""
    random = np.random.default_rng(seed)

    def variables(entries, length):
        return {
            v["name"]: random.integers(0, 3, length).tolist()
            if v["name"].startswith("kind")
            else np.asarray(random.normal(size=length)).tolist()
            for v in entries
        }

    result = []
    for _ in range(number):
        length = int(random.integers(fewest, 10))
        if isinstance(document["outputs"], list):
            is_sequence = document["layers"][0]["architecture"] in (
                "lstm",
                "gru",
                "simplernn",
                "conv1d",
                "embedding",
            )
            result.append(variables(document["inputs"], length if is_sequence else None))
        else:
            nodes = {entry["name"]: variables(entry["variables"], None) for entry in document["inputs"]}
            seqs = {entry["name"]: variables(entry["variables"], length) for entry in document["input_sequences"]}
            result.append({"nodes": nodes, "seqs": seqs})
    return result
