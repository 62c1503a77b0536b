"""Recurrent layers."""

from __future__ import annotations

import numpy as np

from keras_hep.export.codegen.layers.activations import function_of
from keras_hep.export.codegen.literals import Floats
from keras_hep.export.codegen.registry import Site, emits, padded

__all__ = ["gru", "lstm", "simple_rnn"]

_ATTRIBUTES = (
    "units", "weights", "recurrent_weights", "bias", "activation", "go_backwards", "return_sequences", "zero_output_for_mask",
    "reverse_output",
)  # fmt: skip
_LSTM = [0, 1, 3, 2]  # of the gates of the file: those with one function together


@emits("simple_rnn", "recurrent.hpp")
def simple_rnn(site: Site) -> str:
    """One gate."""
    units = site.node.count("units", 1)
    recurrent = _recurrent(site, [0])
    function = function_of(site.node.part("activation"))
    cell = (
        f"pieces::SimpleRnn<{units}, {function.template}>{{{site.matrix('recurrent', recurrent, units)}, {function}}}"
    )
    return _run(site, cell, 1, padded(units))


@emits("lstm", "recurrent.hpp")
def lstm(site: Site) -> str:
    """The gates i, f and o, and the candidate."""
    units = site.node.count("units", 1)
    recurrent = _recurrent(site, _LSTM, "recurrent_activation")
    function, gate = (function_of(site.node.part(key)) for key in ("activation", "recurrent_activation"))
    weights = site.matrix("recurrent", recurrent, 4 * units)
    cell = f"pieces::Lstm<{units}, {function.template}, {gate.template}>{{{weights}, {function}, {gate}}}"
    return _run(site, cell, 4, 2 * units + 2 * padded(4 * units))


@emits("gru", "recurrent.hpp")
def gru(site: Site) -> str:
    """The gates z and r, and the candidate."""
    node, units = site.node, site.node.count("units", 1)
    reset_after = node.boolean("reset_after")
    if not reset_after and node.at("recurrent_bias") is not None:
        raise node.error("expected null where reset_after is false", "recurrent_bias")
    more = node.numbers_or("recurrent_bias", 3 * units, 0)
    recurrent = _recurrent(site, [0, 1, 2], "recurrent_activation", "recurrent_bias", "reset_after")
    function, gate = (function_of(node.part(key)) for key in ("activation", "recurrent_activation"))
    switches = site.matrix("recurrent", recurrent[:, : 2 * units], 2 * units)
    candidate = site.matrix("candidate", recurrent[:, 2 * units :], units)
    bias = site.matrix("candidate_bias", more[2 * units :], units) if reset_after else "nullptr"
    sizes = f"{units}, {function.template}, {gate.template}, {'true' if reset_after else 'false'}"
    cell = f"pieces::Gru<{sizes}>{{{switches}, {candidate}, {bias}, {function}, {gate}}}"
    return _run(site, cell, 3, 2 * padded(2 * units) + 2 * padded(units) + units)


def _recurrent(site: Site, order: list[int], *more: str) -> Floats:
    """Check the node, and return the recurrent weights with the gates in this order, (units, gates * units)."""
    node = site.node
    node.attributes(*_ATTRIBUTES, *more)
    node.takes(len(node.inputs) if len(node.inputs) == 2 else 1, axes=2)
    steps = node.inputs[0][0]
    if len(node.inputs) == 2 and node.inputs[1] != (steps,):
        raise node.error(f"expected a mask [{steps}], found {list(node.inputs[1])}", "inputs")
    units, gates = node.count("units", 1), len(order)
    node.gives(*([steps] if node.boolean("return_sequences") else []), units)
    weights = node.numbers("recurrent_weights", units * gates * units).reshape(units, gates, units)
    return np.ascontiguousarray(weights[:, order]).reshape(units, gates * units)


def _run(site: Site, cell: str, gates: int, own: int) -> str:
    """Return the call for a cell that needs memory for `own` numbers."""
    node, units = site.node, site.node.count("units", 1)
    steps, inputs = node.inputs[0]
    order = _LSTM if gates == 4 else list(range(gates))
    weights = node.numbers("weights", inputs * gates * units).reshape(inputs, gates, units)[:, order]
    bias = node.numbers_or("bias", gates * units, 0)
    if gates == 3:
        bias[: 2 * units] += node.numbers_or("recurrent_bias", 3 * units, 0)[: 2 * units]
    bias = np.ascontiguousarray(bias.reshape(gates, units)[order])
    keys = ("return_sequences", "go_backwards", "reverse_output", "zero_output_for_mask")
    row = padded(gates * units)
    memory = site.scratch(steps * row + 8 + units + own)
    mask = site.x[1] if len(site.x) == 2 else "nullptr"
    return site.call(
        "Recurrence",
        (steps, inputs, units, gates, *(node.boolean(key) for key in keys)),
        cell,
        site.matrix("weights", np.ascontiguousarray(weights), gates * units),
        site.matrix("bias", bias, gates * units),
        site.x[0],
        mask,
        site.y,
        memory,
    ).replace(">(", ">::run(", 1)
