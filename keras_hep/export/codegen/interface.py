"""Inputs and outputs of a network as arguments of a function, and as constants that describe them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from keras_hep.export.codegen.literals import Names, text, texts
from keras_hep.export.codegen.node import Node, Shape, shape_of

__all__ = ["Input", "Output", "description", "read_inputs", "read_outputs"]


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes:
        name: its name in the file.
        argument: the pointer to its values.
        shape: of one event.
        rows: of a sequence: the argument that says how many objects there are; else empty.
        features: names of the values of the last axis; empty for a plain tensor.
        units: of the features.
    """

    name: str
    argument: str
    shape: Shape
    rows: str
    features: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """One output: its name, the argument, the node, and the labels of the values."""

    name: str
    argument: str
    node: str
    labels: tuple[str, ...]


def read_inputs(document: dict[str, Any], names: Names) -> list[Input]:
    """Read the inputs; `names` are those that arguments may have."""
    inputs = []
    for item in _objects(document, "inputs"):
        item.attributes("name", "shape", "length", "features")
        name, argument = item.text("name"), names.new(item.text("name"))
        if isinstance(item.values.get("shape"), list) and None in item.values["shape"]:
            raise item.error(
                "code has fixed sizes: export the model with an input whose axes have one size each", "shape"
            )
        features = item.at("features")
        if features is None:
            inputs.append(Input(name, argument, shape_of(item), "", (), ()))
            continue
        if not isinstance(features, list) or not features or any(not isinstance(part, dict) for part in features):
            raise item.error("expected at least one feature, or null", "features")
        parts = [Node(f"{item.path}.features[{i}]", part) for i, part in enumerate(features)]
        length = None if item.at("length") is None else item.count("length", 1)
        known: Shape = (len(parts),) if length is None else (length, len(parts))
        shape = shape_of(item) if "shape" in item.values else known
        if shape[-1:] != known[-1:] or (length is not None and shape != known):
            raise item.error(f"expected {list(known)}, found {list(shape)}", "shape")
        rows = "" if length is None else names.new(f"{name}_rows")
        labels = tuple(part.text("name") for part in parts)
        inputs.append(Input(name, argument, shape, rows, labels, tuple(part.text("unit") for part in parts)))
    return inputs


def read_outputs(document: dict[str, Any], shapes: dict[str, Shape], names: Names) -> list[Output]:
    """Read the outputs; `shapes` are those of the nodes."""
    outputs = []
    for item in _objects(document, "outputs"):
        item.attributes("name", "node", "labels")
        node, labels = item.text("node"), item.at("labels")
        if node not in shapes:
            raise item.error(f"there is no node '{node[:80]}'", "node")
        size = math.prod(shapes[node])
        if not isinstance(labels, list) or len(labels) != size or any(not isinstance(label, str) for label in labels):
            raise item.error(f"expected {size} labels", "labels")
        outputs.append(Output(item.text("name"), names.new(item.text("name")), node, tuple(labels)))
    return outputs


def description(inputs: list[Input], outputs: list[Output]) -> str:
    """Return constants that say what the arguments are."""
    lines, rows_in, rows_out = [], [], []
    for entry in inputs:
        what = "nullptr, nullptr"
        if entry.features:
            what = f"{entry.argument}_features, {entry.argument}_units"
            lines += [
                texts(f"{entry.argument}_features", entry.features),
                texts(f"{entry.argument}_units", entry.units),
            ]
        length = entry.shape[0] if entry.rows else 0
        rows_in.append(
            f"    {{{text(entry.name)}, {math.prod(entry.shape)}, {length}, {len(entry.features)}, {what}}},"
        )
    for output in outputs:
        lines.append(texts(f"{output.argument}_labels", output.labels))
        rows_out.append(f"    {{{text(output.name)}, {len(output.labels)}, {output.argument}_labels}},")
    lines += ["inline constexpr Input inputs[] = {", *rows_in, "};"]
    lines += ["inline constexpr Output outputs[] = {", *rows_out, "};"]
    return _TYPES + "\n" + "\n".join(lines)


_TYPES = """/// An argument of `evaluate` that is read.
struct Input {
    const char* name;
    std::size_t values;                ///< of an event
    std::size_t length;                ///< objects of a sequence at most: more are cut, the rest is padded; 0: not a sequence
    std::size_t features;              ///< values of an object, or of the last axis; 0: a plain tensor
    const char* const* feature_names;  ///< so many
    const char* const* units;          ///< so many
};

/// An argument of `evaluate` that is written.
struct Output {
    const char* name;
    std::size_t values;
    const char* const* labels;  ///< so many
};
"""


def _objects(document: dict[str, Any], key: str) -> list[Node]:
    items = Node("$", document).at(key)
    if not isinstance(items, list) or not items or any(not isinstance(item, dict) for item in items):
        raise Node("$", document).error("expected at least one object", key)
    return [Node(f"$.{key}[{i}]", item) for i, item in enumerate(items)]
