"""Documents in which few numbers become many: weights that many nodes share, and few units that are padded to whole registers."""

import json

__all__ = ["documents_of_lwtnn", "documents_of_shared_weights"]

SHORT = {"separators": (",", ":")}
NODES = 1500


def documents_of_shared_weights(network):
    """Yield documents whose nodes name the numbers of the first one; `network` makes one of nodes."""
    for units, inputs in ((1, 20_000), (20_000, 1), (100, 100), (3, 3)):
        dense = {"type": "dense", "inputs": ["x"], "shape": [units], "units": units, "bias": None}
        yield _repeated(network, {**dense, "name": "a", "weights": [0] * (units * inputs)}, inputs)
    for inputs, units in ((5000, 1), (5, 40)):
        for kind, gates in (("lstm", 4), ("gru", 3), ("simple_rnn", 1)):
            yield _repeated(network, _recurrent(kind, gates, inputs, units), inputs, [1, inputs])
            yield json.dumps(
                _behind_reshape(network, [_recurrent(kind, gates, inputs, units)], inputs), **SHORT
            ).encode()
    # Names that are looked up for each node.
    first = [{"name": f"{i}", "type": "flatten", "inputs": ["x"], "shape": [1]} for i in range(NODES)]
    last = {"type": "dense", "inputs": ["x"], "shape": [1], "units": 1, "bias": {"of": "a"}, "weights": {"of": "a"}}
    one = {**last, "name": "a", "bias": [0], "weights": [0]}
    document = network([*first, one, *({**last, "name": f"b{i}"} for i in range(NODES))], outputs=["a"])
    yield json.dumps(document, **SHORT).encode()


def _repeated(network, node, inputs, shape=None):
    of = {key: {"of": "a"} for key in node if key in ("weights", "recurrent_weights")}
    nodes = [node, *({**node, "name": f"b{i}", **of} for i in range(NODES))]
    document = _behind_reshape(network, nodes, inputs) if shape else network(nodes, inputs, outputs=["a"])
    return json.dumps(document, **SHORT).encode()


def _behind_reshape(network, nodes, inputs):
    reshape = {"name": "sequence", "type": "reshape", "inputs": ["x"], "shape": [1, inputs]}
    return network([reshape, *nodes], inputs, outputs=["a"])


def _recurrent(kind, gates, inputs, units):
    node = {
        "name": "a", "type": kind, "inputs": ["sequence"], "shape": [units], "units": units, "bias": None,
        "weights": [0] * (inputs * units * gates), "recurrent_weights": [0] * (units * units * gates),
        "activation": {"function": "tanh"}, "recurrent_activation": {"function": "sigmoid"}, "recurrent_bias": None, "reset_after": True,
        "return_sequences": False, "go_backwards": False, "reverse_output": False, "zero_output_for_mask": False,
    }  # fmt: skip
    unknown = {
        "lstm": ("recurrent_bias", "reset_after"),
        "gru": (),
        "simple_rnn": ("recurrent_bias", "reset_after", "recurrent_activation"),
    }
    return {key: value for key, value in node.items() if key not in unknown[kind]}


def documents_of_lwtnn():
    """Yield documents of lwtnn whose nodes use one layer, and such with a large layer of one unit."""
    for inputs in (1, 3, 300):
        for layer in _layers(inputs, 1 if inputs > 1 else 40):
            for nodes in (1, NODES):
                yield _graph(inputs, layer, nodes)
    for layer in _layers(8000, 1):
        if layer["architecture"] != "highway":
            yield _graph(8000, layer, 1)


def _layers(inputs, units):
    def matrix(inputs, units):
        return {"weights": [0] * (inputs * units), "bias": [0] * units}

    yield {"architecture": "dense", "activation": "tanh", **matrix(inputs, units)}
    if inputs < 1000:
        yield {
            "architecture": "highway",
            "activation": "tanh",
            "components": {"t": matrix(inputs, inputs), "carry": matrix(inputs, inputs)},
        }
    yield {"architecture": "normalization", **matrix(inputs, 1), "bias": [0] * inputs}
    yield {"architecture": "maxout", "activation": "linear", "sublayers": [matrix(inputs, units)] * 2}
    for kind, gates in (("lstm", "ifco"), ("gru", "zrh"), ("simplernn", "h")):
        parts = {gate: {**matrix(inputs, units), "U": [0] * units**2} for gate in gates}
        yield {"architecture": kind, "activation": "tanh", "inner_activation": "sigmoid", "components": parts}
    yield {
        "architecture": "conv1d",
        "activation": "tanh",
        "padding": "valid",
        "dilation_rate": 1,
        **matrix(inputs * 2, units),
    }


def _graph(inputs, layer, nodes):
    is_sequence = layer["architecture"] in ("lstm", "gru", "simplernn", "conv1d")
    given = [{"name": "x", "variables": [{"name": f"{i}", "offset": 0, "scale": 1} for i in range(inputs)]}]
    first = {"type": "input_sequence" if is_sequence else "input", "sources": [0], "size": inputs}
    node = {"type": "sequence" if is_sequence else "feed_forward", "sources": [0], "layer_index": 0}
    outputs = {f"{i}": {"node_index": i, "labels": []} for i in range(1, nodes + 1)}
    for output in outputs.values():  # how many there must be, the smallest document need not get right
        output["labels"] = ["y"] * _units(layer, inputs)
    return json.dumps(
        {
            "inputs": [] if is_sequence else given, "input_sequences": given if is_sequence else [],
            "layers": [layer], "nodes": [first, *[node] * nodes], "outputs": outputs,
        }, **SHORT,
    ).encode()  # fmt: skip


def _units(layer, inputs):
    if layer["architecture"] in ("highway", "normalization"):
        return inputs
    if "components" in layer:
        return len(next(iter(layer["components"].values()))["bias"])
    return len((layer["sublayers"][0] if "sublayers" in layer else layer)["bias"])
