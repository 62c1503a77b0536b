"""A file of lwtnn as a graph, whichever of its two dialects it is written in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_hep._io import parse_json
from keras_hep.export.lwtnn.located import Located

__all__ = ["NODE_KINDS", "RECURRENT", "Document", "InputEntry", "NodeEntry", "OutputEntry", "Variable", "load"]

NODE_KINDS = ("input", "input_sequence", "feed_forward", "time_distributed", "sequence", "concatenate", "add", "sum")
RECURRENT = ("lstm", "gru", "simplernn", "conv1d", "embedding")

# Names of the input and the output of a sequential file, which has none.
_INPUT, _OUTPUT = "inputs", "outputs"
_MOST = 1 << 24


@dataclass(frozen=True)
class Variable:
    """One variable: the network receives ``(x + offset) * scale``."""

    name: str
    offset: float
    scale: float
    default: float | None


@dataclass(frozen=True)
class InputEntry:
    """The variables of an input, or of the objects of a sequence."""

    place: Located
    name: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True)
class NodeEntry:
    """One node.

    Attributes:
        place: where it stands in the file.
        kind: one of `NODE_KINDS`.
        sources: indices of the nodes that it reads; of an input, its index among the inputs of its kind.
        layer: index of its layer, None where it has none.
        size: number of variables that an input declares, None for other nodes.
    """

    place: Located
    kind: str
    sources: tuple[int, ...]
    layer: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class OutputEntry:
    """The labels of the values of a node."""

    place: Located
    name: str
    node: int
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A file of lwtnn.

    Attributes:
        raw: the parsed file.
        is_graph: whether it is written in the graph dialect.
        inputs: vectors.
        sequences: sequences of objects.
        layers: the layers.
        nodes: the nodes; those of a sequential file stand for its layers, one after another.
        outputs: the outputs.
    """

    raw: dict[str, Any]
    is_graph: bool
    inputs: tuple[InputEntry, ...]
    sequences: tuple[InputEntry, ...]
    layers: tuple[Located, ...]
    nodes: tuple[NodeEntry, ...]
    outputs: tuple[OutputEntry, ...]


def load(path: str | Path) -> Document:
    """Read a file.

    Raises:
        DataError: it cannot be read, or is not JSON.
        ModelError: it is not a network of lwtnn; the message names the place.
    """
    root = Located(parse_json(path, "lwtnn network"), f"'{path}' $")
    # Sequential files with a stray `nodes` exist, so that the kind of `outputs` decides.
    return _graph(root) if isinstance(root.at("outputs").value, dict) else _sequential(root)


def _graph(root: Located) -> Document:
    layers = tuple(root.at("layers").items())
    places = tuple(root.at("nodes").items())
    outputs = []
    for name in root.at("outputs").value:
        place = root.at("outputs").at(name)
        labels = tuple(label.text() for label in place.at("labels").items())
        outputs.append(OutputEntry(place, name, place.at("node_index").count(len(places) - 1), labels))
    if not outputs:
        raise root.at("outputs").error("expected at least one output, found none")
    return Document(
        raw=root.value,
        is_graph=True,
        inputs=tuple(_entry(place) for place in root.at("inputs").items()),
        sequences=tuple(_entry(place) for place in root.at("input_sequences").items()),
        layers=layers,
        nodes=tuple(_node(place, len(places), len(layers)) for place in places),
        outputs=tuple(outputs),
    )


def _sequential(root: Located) -> Document:
    layers = tuple(root.at("layers").items())
    if not layers:
        raise root.at("layers").error("expected at least one layer, found none")
    kinds = [layer.at("architecture").text() for layer in layers]
    is_sequence = kinds[0] in RECURRENT
    entry = InputEntry(root.at("inputs"), _INPUT, _variables(root.at("inputs"), root))
    nodes = [
        NodeEntry(root.at("inputs"), "input_sequence" if is_sequence else "input", (0,), size=len(entry.variables))
    ]
    for index, (layer, kind) in enumerate(zip(layers, kinds, strict=True)):
        if kind in RECURRENT and index and kinds[index - 1] not in RECURRENT:
            raise layer.error(f"a '{kind}' stands behind a '{kinds[index - 1]}', which has reduced the sequence")
        nodes.append(NodeEntry(layer, "sequence" if kind in RECURRENT else "feed_forward", (index,), layer=index))
    labels = tuple(label.text() for label in root.at("outputs").items())
    return Document(
        raw=root.value,
        is_graph=False,
        inputs=() if is_sequence else (entry,),
        sequences=(entry,) if is_sequence else (),
        layers=layers,
        nodes=tuple(nodes),
        outputs=(OutputEntry(root.at("outputs"), _OUTPUT, len(layers), labels),),
    )


def _entry(place: Located) -> InputEntry:
    return InputEntry(place, place.at("name").text(), _variables(place.at("variables"), place))


def _variables(places: Located, owner: Located) -> tuple[Variable, ...]:
    # Where `defaults` exists, those that stand with the variables do not count.
    defaults = owner.at("defaults") if owner.has("defaults") else None
    result = []
    for place in places.items():
        name = place.at("name").text()
        source = place if defaults is None else defaults
        key = "default" if defaults is None else name
        default = source.at(key).number() if source.has(key) else None
        result.append(Variable(name, place.at("offset").number(), place.at("scale").number(), default))
        if any(other.name == name for other in result[:-1]):
            raise place.error(f"the variable '{name}' stands twice")
    if not result:
        raise places.error("expected at least one variable, found none")
    return tuple(result)


def _node(place: Located, nodes: int, layers: int) -> NodeEntry:
    kind = place.at("type").text()
    if kind not in NODE_KINDS:
        raise place.at("type").error(f"unknown type '{kind}'; known: {', '.join(NODE_KINDS)}")
    is_input = kind.startswith("input")
    sources = tuple(source.count(_MOST if is_input else nodes - 1) for source in place.at("sources").items())
    several = kind in ("concatenate", "add")
    if not sources or (len(sources) > 1 and not several):
        raise place.at("sources").error(f"expected {'sources' if several else 'one source'}, found {len(sources)}")
    return NodeEntry(
        place=place,
        kind=kind,
        sources=sources,
        layer=place.at("layer_index").count(layers - 1)
        if kind in ("feed_forward", "time_distributed", "sequence")
        else None,
        size=place.at("size").count(_MOST) if is_input else None,
    )
