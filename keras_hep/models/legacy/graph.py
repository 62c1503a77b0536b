"""The graph of a model in a legacy file as a functional model of Keras 3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras

from keras_hep.errors import ModelError
from keras_hep.models.legacy.layers import make

__all__ = ["Built", "build"]

_MODELS = ("Functional", "Model", "Sequential")


@dataclass
class Built:
    """A model and its layers by their names in the file.

    Attributes:
        model: the model.
        layers: name in the file -> layer, which may be a model.
    """

    model: keras.Model
    layers: dict[str, Any] = field(default_factory=dict)


def build(kind: str, config: Any) -> Built:
    """Return a model without its weights.

    Args:
        kind: class of the model in the file.
        config: its configuration in the file.

    Raises:
        ModelError: the configuration is not understood.
    """
    if kind == "Sequential":
        return _sequential(config)
    if kind in _MODELS:
        return _functional(config)
    raise ModelError(
        f"the file holds a model of the class '{kind}'; only {', '.join(_MODELS)} can be built without its code"
    )


def _sequential(config: Any) -> Built:
    entries = config["layers"] if isinstance(config, dict) else config
    name = config.get("name", "sequential") if isinstance(config, dict) else "sequential"
    if not entries:
        raise ModelError(f"the model '{name}' has no layers")
    layers: dict[str, Any] = {}
    first = entries[0]["config"]
    x = given = _input(first if isinstance(first, dict) else {}, name, entries[0]["class_name"])
    for entry in entries:
        if entry["class_name"] != "InputLayer":
            layer = _layer(entry)
            layers[_name(entry)] = layer
            x = layer(x)
    return Built(keras.Model(given, x, name=name.replace("/", "_")), layers)


def _functional(config: dict[str, Any]) -> Built:
    layers: dict[str, Any] = {}
    tensors: dict[tuple[str, int], Any] = {}
    waiting: list[tuple[str, int, list[tuple[str, int]]]] = []
    read = {source for entry in config["layers"] for node in entry["inbound_nodes"] for source in _references(node)}
    read.update(_references(config["output_layers"]))
    for entry in config["layers"]:
        name = _name(entry)
        if entry["class_name"] == "InputLayer":
            tensors[name, 0] = _input(entry["config"], name, "InputLayer")
            continue
        layers[name] = _layer(entry)
        for number, node in enumerate(entry["inbound_nodes"]):
            waiting.append((name, number, _sources(node, name)))
        # A model inside the model has been called once before, when it was made; its calls are counted from there.
        if entry["class_name"] in _MODELS and (name, len(entry["inbound_nodes"])) in read:
            calls = len(entry["inbound_nodes"])
            waiting[-calls:] = [(name, number + 1, sources) for name, number, sources in waiting[-calls:]]
    while waiting:
        left = []
        for name, number, sources in waiting:
            if all(source in tensors for source in sources):
                given = [tensors[source] for source in sources]
                tensors[name, number] = layers[name](given if len(given) > 1 else given[0])
            else:
                left.append((name, number, sources))
        if len(left) == len(waiting):
            raise ModelError(f"the layer '{left[0][0]}' reads {left[0][2]}, which the file does not make")
        waiting = left
    ends = [[tensors[reference] for reference in _references(config[key])] for key in ("input_layers", "output_layers")]
    inputs, outputs = (end if len(end) > 1 else end[0] for end in ends)
    return Built(keras.Model(inputs, outputs, name=str(config.get("name", "model")).replace("/", "_")), layers)


def _layer(entry: dict[str, Any]) -> Any:
    if entry["class_name"] in _MODELS:
        return build(entry["class_name"], entry["config"]).model
    return make(entry["class_name"], entry["config"])


def _name(entry: dict[str, Any]) -> str:
    config = entry["config"]
    return str(entry.get("name") or (config.get("name") if isinstance(config, dict) else None) or entry["class_name"])


def _input(config: dict[str, Any], name: str, kind: str) -> Any:
    """Return the input that an InputLayer is, or that the first layer of a Sequential model declares."""
    embeds = kind == "Embedding"
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    if shape is None and "input_shape" in config:
        shape = [None, *config["input_shape"]]
    if shape is None and config.get("input_dim") is not None and not embeds:
        shape = [None, *([config["input_length"]] if config.get("input_length") else []), config["input_dim"]]
    if shape is None and embeds and config.get("input_length"):
        shape = [None, config["input_length"]]
    if shape is None:
        raise ModelError(f"the model '{name}' does not say the shape of its input")
    called = str(config.get("name", name)).replace("/", "_")
    return keras.Input(tuple(shape[1:]), name=called if kind == "InputLayer" else f"{called}_input")


def _sources(node: Any, name: str) -> list[tuple[str, int]]:
    for entry in node:
        if len(entry) > 3 and any(value is not None for key, value in entry[3].items() if key != "training"):
            raise ModelError(
                f"the layer '{name}' is called with the arguments {sorted(entry[3])}, which is not supported"
            )
    return _references(node)


def _references(given: Any) -> list[tuple[str, int]]:
    entries = [given] if given and isinstance(given[0], str) else given
    for entry in entries:
        if entry[2] != 0:
            raise ModelError(f"the layer '{entry[0]}' returns several tensors, which is not supported")
    return [(str(entry[0]), int(entry[1])) for entry in entries]
