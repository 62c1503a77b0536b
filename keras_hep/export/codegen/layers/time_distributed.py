"""A node for each entry of the first axis."""

from __future__ import annotations

import textwrap

from keras_hep.export.codegen.node import Node, shape_of
from keras_hep.export.codegen.registry import Site, emits, statement

__all__ = ["time_distributed"]


@emits("time_distributed")
def time_distributed(site: Site) -> str:
    """A loop around the code of the node inside."""
    node = site.node
    node.attributes("layer")
    part = node.part("layer")
    entries = node.shape[0]
    for shape in node.inputs:
        if len(shape) < 2 or shape[0] != entries:
            raise node.error(f"expected inputs of {entries} entries, found {list(shape)}", "inputs")
    inner = Node(part.path, part.values, tuple(shape[1:] for shape in node.inputs), shape_of(part))
    node.gives(entries, *inner.shape)
    variable = f"entry_{site.depth}"
    code = statement(site.entry(inner, variable))
    loop = f"for (std::size_t {variable} = 0; {variable} < {entries}; ++{variable}) {{\n"
    return loop + textwrap.indent(code, "    ") + "\n}"
