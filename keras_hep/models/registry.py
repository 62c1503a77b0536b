"""The registry of the zoo: a model that is not in it does not exist."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import keras

from keras_hep.data.features import FeatureSpec, InputSpec
from keras_hep.errors import ModelError, nearest

__all__ = ["ModelEntry", "build", "entry", "names", "register"]

InputKind = Literal["features", "constituents", "image", "grid"]
_SHAPES: dict[InputKind, str] = {
    "features": "a vector (without a length)",
    "constituents": "a sequence (with a length)",
    "image": "an image",
    "grid": "a grid of cells",
}
Builder = Callable[..., keras.Model]
B = TypeVar("B", bound=Builder)


@dataclass(frozen=True)
class ModelEntry:
    """What the registry knows of a model family.

    Attributes:
        name: registry name, e.g. ``deep_sets``.
        task: what it is for, e.g. ``classification``.
        inputs: the kinds of input that it takes, in order: ``features`` (a vector), ``constituents`` (a sequence),
            ``image`` or ``grid``.
        paper: arXiv number.
        builder: function of (spec, **arguments) that returns a ``keras.Model``.
    """

    name: str
    task: str
    inputs: tuple[InputKind, ...]
    paper: str
    builder: Builder

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that the builder takes beside the specification, with their defaults."""
        parameters = list(inspect.signature(self.builder).parameters.values())[1:]
        return {p.name: p.default for p in parameters}

    def select(self, spec: FeatureSpec) -> FeatureSpec:
        """Return the specification with only the inputs that this family takes.

        Raises:
            ModelError: the specification has no input of a kind that is needed.
        """
        chosen: list[str] = []
        for kind in self.inputs:
            fitting = [i for i in spec.inputs if i.kind == kind and i.name not in chosen]
            if not fitting:
                shape = _SHAPES[kind]
                have = ", ".join(f"{i.name} {i.shape}" for i in spec.inputs)
                raise ModelError(f"'{self.name}' needs an input that is {shape}; the specification has: {have}")
            chosen.append(fitting[0].name)
        return spec.select(chosen)


_ENTRIES: dict[str, ModelEntry] = {}


def register(name: str, *, task: str, inputs: tuple[InputKind, ...], paper: str) -> Callable[[B], B]:
    """Enter a builder function under `name` (decorator)."""

    def enter(builder: B) -> B:
        if name in _ENTRIES:
            raise ModelError(f"the model name '{name}' is taken by {_ENTRIES[name].builder.__module__}")
        _ENTRIES[name] = ModelEntry(name, task, inputs, paper, builder)
        return builder

    return enter


def names() -> list[str]:
    """Return the registered names."""
    return sorted(_ENTRIES)


def entry(name: str) -> ModelEntry:
    """Return the entry called `name`, or raise ModelError with the nearest names."""
    if name not in _ENTRIES:
        raise ModelError(f"there is no model '{name}': {nearest(name, _ENTRIES)}")
    return _ENTRIES[name]


def build(name: str, spec: FeatureSpec, **arguments: Any) -> keras.Model:
    """Build a model of the zoo for the inputs and classes of a fitted FeatureSpec.

    Args:
        name: registry name.
        spec: fitted specification; inputs that the model does not take are left out.
        **arguments: sizes and options of the family, see ``entry(name).arguments``.

    Raises:
        ModelError: unknown name or argument, or the specification lacks an input or the classes.
        FeatureError: the specification is not fitted.
    """
    chosen = entry(name)
    for argument in arguments:
        if argument not in chosen.arguments:
            raise ModelError(f"'{name}' has no argument '{argument}': {nearest(argument, chosen.arguments)}")
    if not spec.classes:
        raise ModelError(f"'{name}' is a classifier: the specification needs 'classes'")
    try:
        return chosen.builder(chosen.select(spec), **arguments)
    except (TypeError, ValueError) as error:
        raise ModelError(f"'{name}' cannot be built with {arguments}: {error}") from error


def positive_sizes(name: str, sizes: Sequence[int]) -> tuple[int, ...]:
    """Return layer sizes as a tuple, or raise ModelError if one of them is not a positive whole number."""
    if not isinstance(sizes, (list, tuple)):
        raise ModelError(f"{name} must be a list of positive whole numbers. Received: {sizes!r}")
    for size in sizes:
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ModelError(f"{name} must be positive whole numbers. Received: {list(sizes)}")
    return tuple(sizes)


def keras_input(entry: InputSpec) -> tuple[Any, Any]:
    """Return the Keras input of an input specification, and that of its mask (None for a vector)."""
    values = keras.Input(entry.shape, name=entry.name)
    return values, keras.Input(entry.shape[:1], name=entry.mask_name) if entry.is_sequence else None
