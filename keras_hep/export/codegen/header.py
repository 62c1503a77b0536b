"""The generated header: comment, constants, pieces, function."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import keras_hep
from keras_hep._io import file_hash
from keras_hep.errors import ExportError
from keras_hep.export import schema
from keras_hep.export.codegen.interface import Input, Output, description, read_inputs, read_outputs
from keras_hep.export.codegen.literals import Names, comment, is_identifier
from keras_hep.export.codegen.node import Node
from keras_hep.export.codegen.pieces import pasted
from keras_hep.export.codegen.plan import Plan
from keras_hep.export.shared_weights import restored

__all__ = ["generate"]

_ON_THE_STACK = 1 << 14  # numbers
_RESERVED = (
    "workspace", "scratch", "pieces", "constants", "detail", "inputs", "outputs", "evaluate", "std", "Input", "Output", "Workspace",
    "keras_hep",
)  # fmt: skip


def generate(path: str | Path, name: str | None = None) -> str:
    """Return a self-contained C++17 header that evaluates an exported network, with the weights as constants.

    It gives, for one event, the bits of ``keras_hep::Network`` with ``Options::reproducible``, however it is compiled (without
    ``-ffast-math``). It allocates no memory and throws nothing.

    Args:
        path: file that `keras_hep.export.export` wrote, of any version.
        name: namespace of the code; the name of the file if it is missing.

    Raises:
        ExportError: the file is not a network, with the place in it; or the name is none in C++.
        UnsupportedLayerError: no code can be written for a type of node.
        DataError: the file cannot be read.
    """
    path = Path(path)
    name = _namespace(path, name)
    document = schema.read(path)
    document["nodes"] = restored(_nodes(document))
    arguments = Names((*_RESERVED, *name.split("::")))
    inputs = read_inputs(document, arguments)
    plan = Plan(inputs, arguments)
    nodes = [Node(f"$.nodes[{i}]", values) for i, values in enumerate(document["nodes"])]
    names = {values["name"]: Node("$", values) for values in document["nodes"] if isinstance(values.get("name"), str)}
    outputs = read_outputs(document, {key: _shape(node) for key, node in names.items()}, arguments)
    plan.add(nodes, outputs)
    headers, pieces = pasted({"registers.hpp", *plan.constants.pieces})
    lines = [
        _head(path, name, document, inputs, outputs),
        "#pragma once",
        "\n".join(f"#include <{header}>" for header in sorted({"cstddef", "cstring", *headers})),
        '#ifdef __FAST_MATH__\n#error "compile this without -ffast-math: it allows the compiler to change the values"\n#endif',
        f"namespace {name} {{",
        f"namespace detail {{\n\n{pieces}\n\n}}  // namespace detail",
        "namespace pieces = detail::keras_hep::codegen;",
        "namespace constants {\n\n" + "\n\n".join(plan.constants.definitions) + "\n\n}  // namespace constants",
        description(inputs, outputs),
        _function(plan, inputs, outputs),
        f"}}  // namespace {name}",
    ]
    return "\n\n".join(lines) + "\n"


def _namespace(path: Path, name: str | None) -> str:
    if name is None:
        found = re.sub(r"\W+", "_", path.stem, flags=re.ASCII)
        name = Names(("std", "keras_hep")).new(found)
    parts = name.split("::")
    if not all(is_identifier(part) and part != "std" for part in parts) or parts[0] == "keras_hep":
        raise ExportError(
            f"'{name}' cannot be the namespace of the generated code; give a name of letters, digits and underscores that "
            "C++ does not use itself, such as --name tagger"
        )
    return name


def _nodes(document: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = document.get("nodes")
    if not isinstance(nodes, list) or any(not isinstance(node, dict) for node in nodes):
        raise ExportError("$.nodes: expected an array of objects")
    for number, node in enumerate(nodes):
        if not isinstance(node.get("name"), str):
            raise ExportError(f"$.nodes[{number}].name: expected a string, found {str(node.get('name'))[:80]}")
    return nodes


def _shape(node: Node) -> tuple[int, ...]:
    shape = node.at("shape")
    return tuple(axis for axis in shape if isinstance(axis, int)) if isinstance(shape, list) else ()


def _head(path: Path, name: str, document: dict[str, Any], inputs: list[Input], outputs: list[Output]) -> str:
    provenance = document.get("provenance")
    known = provenance if isinstance(provenance, dict) else {}
    lines = [
        f"The network '{path.name}', with its weights as constants; needs nothing else. Do not edit: written by",
        f"`keras-hep cpp codegen` of keras_hep {keras_hep.__version__}.",
        "",
        f"    {name}::evaluate({', '.join(_arguments(inputs, outputs))});",
        "",
        f"SHA-256 of the file: {file_hash(path)}",
        *(f"{key}: {value}" for key, value in known.items() if isinstance(value, str | int | float)),
        "",
        *(line for entry in inputs for line in _explained(entry)),
        *(
            f"{output.argument}: {', '.join(output.labels[:50])}{', ...' * (len(output.labels) > 50)}"
            for output in outputs
        ),
        "",
        "The bits are those of keras_hep::Network with Options::reproducible, whatever the instructions and the optimisation.",
        "",
        "Copyright of the code, not of the weights: the authors of keras_hep. SPDX-License-Identifier: Apache-2.0",
        "(http://www.apache.org/licenses/LICENSE-2.0)",
    ]
    return "\n".join(part for line in lines for part in _comment(comment(line)))


def _comment(line: str) -> list[str]:
    """Return a line of a comment, or several where it is long."""
    if not line:
        return ["//"]
    return textwrap.wrap(
        line,
        118,
        initial_indent="// ",
        subsequent_indent="//     ",
        replace_whitespace=False,
        break_on_hyphens=False,
    )


def _explained(entry: Input) -> list[str]:
    values = [f"{name} ({unit})" if unit else name for name, unit in zip(entry.features, entry.units, strict=True)]
    what = ", ".join(values) if values else f"a tensor {list(entry.shape)}"
    if entry.rows:
        return [f"{entry.argument}: of each of {entry.rows} objects, at most {entry.shape[0]}: {what}"]
    return [
        f"{entry.argument}: {what}"
        if len(entry.shape) == 1 or not values
        else f"{entry.argument} {list(entry.shape)}: {what}"
    ]


def _arguments(inputs: list[Input], outputs: list[Output]) -> list[str]:
    names = [part for entry in inputs for part in (entry.argument, entry.rows) if part]
    return names + [output.argument for output in outputs]


def _function(plan: Plan, inputs: list[Input], outputs: list[Output]) -> str:
    body = "\n\n".join([*plan.statements, "\n".join(plan.copy(output) for output in outputs)])
    if plan.constants.scratch:
        body = f"float* const scratch = workspace.values + {plan.scratch};\n\n{body}"
    text = f"""/// Memory for the values of the nodes of one event: one for each thread. It need not be set to anything.
struct Workspace {{
    alignas(64) float values[{max(plan.size, 16)}];
}};

/// Evaluate one event, in memory of the caller. Inputs and outputs do not overlap.
{_signature(inputs, outputs, body, "Workspace& workspace")} {{
{textwrap.indent(body, "    ")}
}}"""
    if plan.size > _ON_THE_STACK:
        return text
    call = f"evaluate({', '.join([*_arguments(inputs, outputs), 'workspace'])});"
    return f"""{text}

/// The same, with memory on the stack.
{_signature(inputs, outputs, call)} {{
    Workspace workspace;
    {call}
}}"""


def _signature(inputs: list[Input], outputs: list[Output], body: str, *more: str) -> str:
    """Return the head of a function with this body, each parameter on a line of its own where one line is too long."""
    parameters = []
    for entry in inputs:
        parameters.append(f"const float* {entry.argument}")
        if entry.rows:
            parameters.append(f"std::size_t {entry.rows}")
    parameters += [*(f"float* {output.argument}" for output in outputs), *more]
    marked = [
        part if re.search(rf"\b{part.split()[-1]}\b", body) else f"[[maybe_unused]] {part}" for part in parameters
    ]
    line = f"inline void evaluate({', '.join(marked)}) noexcept"
    return line if len(line) <= 120 else line.replace("(", "(\n    ", 1).replace(", ", ",\n    ")
