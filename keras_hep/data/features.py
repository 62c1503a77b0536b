"""FeatureSpec: the one place where the inputs of a network are described.

A specification is a YAML file (or the same in Python). It is fitted once, on training events, and then travels unchanged
inside the ``.keras`` file, the JSON for C++ and the firmware project, so that no preprocessing lives beside the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from keras_hep._io import write_text
from keras_hep.data.expressions import branches_of
from keras_hep.data.validation import load_validated, validated
from keras_hep.errors import FeatureError, nearest

__all__ = ["TRANSFORMS", "Feature", "FeatureSpec", "HardwareFormat", "ImageSpec", "InputSpec"]

Transform = Literal["none", "log", "log1p", "asinh", "sqrt"]
TRANSFORMS: tuple[str, ...] = ("none", "log", "log1p", "asinh", "sqrt")
# What a float32, in which every realisation of the network computes, can hold.
_SMALLEST, _LARGEST = 1.1754944e-38, 3.4028234e38
_DOMAIN_START = {"log": 0.0, "log1p": -1.0, "sqrt": 0.0}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class HardwareFormat(_Strict):
    """The integer in which a trigger receives an input: ``value = integer * 2**exponent``.

    Attributes:
        bits: width of the integer.
        signed: two's complement or unsigned.
        exponent: the power of two that one step is worth, in the feature's unit (-3: one step is 0.125).
    """

    bits: int = Field(ge=1, le=24)
    signed: bool = True
    exponent: int = Field(ge=-40, le=40)

    @property
    def minimum(self) -> int:
        """Smallest integer."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest integer."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


class Feature(_Strict):
    """One input variable; the network receives ``(transform(clip(value)) + offset) * scale``.

    Attributes:
        name: name of the input, unique in the specification; also its name in JSON and C++.
        branch: branch to read (default: the name).
        expression: expression over branches instead of a branch, see `keras_hep.data.expressions`.
        unit: unit of the value before the transform, e.g. ``GeV``.
        default: replaces a missing value, NaN or infinity; without it such a value is an error.
        clip: smallest and largest value, applied before the transform.
        transform: ``none``, ``log``, ``log1p``, ``asinh`` or ``sqrt``.
        offset: added after the transform; fitted to minus the mean when left out.
        scale: multiplied last; fitted to one over the standard deviation when left out.
        hardware: integer format of this input in a trigger; chosen from the data when left out.
    """

    name: str = Field(min_length=1)
    branch: str | None = None
    expression: str | None = None
    unit: str = ""
    default: float | None = None
    clip: tuple[float, float] | None = None
    transform: Transform = "none"
    offset: float | None = None
    scale: float | None = None
    hardware: HardwareFormat | None = None

    @field_validator("expression")
    @classmethod
    def _expression_is_readable(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                branches_of(value)
            except FeatureError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.branch is not None and self.expression is not None:
            raise ValueError(f"feature '{self.name}' has both a branch and an expression; give one of them")
        if self.clip is not None and not self.clip[0] < self.clip[1]:
            raise ValueError(f"feature '{self.name}': clip [{self.clip[0]}, {self.clip[1]}] must be [smaller, larger]")
        start = _DOMAIN_START.get(self.transform)
        if start is not None and (self.clip is None or self.clip[0] < start or (self.clip[0] == start != 0.0)):
            raise ValueError(
                f"feature '{self.name}': transform {self.transform} needs a clip that starts above {start:g}"
            )
        if self.transform == "log" and self.clip is not None and self.clip[0] < _SMALLEST:
            raise ValueError(f"feature '{self.name}': transform log needs a clip that starts above 0")
        if self.scale is not None and abs(self.scale) < _SMALLEST:
            raise ValueError(f"feature '{self.name}': scale {self.scale:g} would remove the feature")
        for key, number in (("default", self.default), ("offset", self.offset), ("scale", self.scale)):
            if number is not None and abs(number) > _LARGEST:
                raise ValueError(
                    f"feature '{self.name}': {key} {number:g} is larger than a float32 holds, {_LARGEST:g}"
                )
        if self.clip is not None and max(map(abs, self.clip)) > _LARGEST:
            raise ValueError(
                f"feature '{self.name}': clip {list(self.clip)} is larger than a float32 holds, {_LARGEST:g}"
            )
        return self

    @property
    def branches(self) -> list[str]:
        """Branches that this feature reads."""
        return branches_of(self.expression) if self.expression is not None else [self.branch or self.name]

    @property
    def is_fitted(self) -> bool:
        """Whether offset and scale are known."""
        return self.offset is not None and self.scale is not None


class ImageSpec(_Strict):
    """How the objects of an event become an image, see `keras_hep.physics.jet_images`; each feature is a channel.

    Attributes:
        pixels: pixels along each side.
        half_width: half of the side, in the units of x and y.
        x: expression of the position of each object along the first axis, e.g. ``part_eta``.
        y: the same along the second axis, e.g. ``part_phi``.
        y_is_angle: differences in y are wrapped into [-pi, pi).
        centre: move the centre, weighted with the first channel, to the middle.
        rotate: turn the principal axis upwards.
        flip: mirror, so that the upper right quadrant has most of the first channel.
        normalise: divide by the ``sum`` or the root of the summed squares (``l2``) of the pixels of a channel, or ``none``.
    """

    pixels: int = Field(ge=1, le=4096)
    half_width: float = Field(gt=0)
    x: str
    y: str
    y_is_angle: bool = True
    centre: bool = True
    rotate: bool = False
    flip: bool = False
    normalise: Literal["none", "sum", "l2"] = "none"


class InputSpec(_Strict):
    """One input tensor of a network: a vector, a sequence of objects, an image made of objects, or stored arrays.

    Attributes:
        name: name of the input tensor, e.g. ``jet`` or ``constituents``.
        features: the variables, in order.
        length: padded length of a sequence, whose shape is (length, features); it has a mask.
        order: expression by which the objects of a sequence are sorted before it is cut to `length`; a leading ``-``
            sorts downwards.
        keep: expression; only the objects for which it is true belong to the sequence or image, e.g. ``Jet_pt > 20``.
        image: draw the objects into an image of shape (pixels, pixels, features).
        grid: shape of stored arrays, one a feature, such as calorimeter cells; the input has shape (*grid, features).
    """

    name: str = Field(min_length=1)
    features: tuple[Feature, ...] = Field(min_length=1)
    length: int | None = Field(default=None, ge=1, le=100_000)
    order: str | None = None
    keep: str | None = None
    image: ImageSpec | None = None
    grid: tuple[Annotated[int, Field(ge=1)], ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [key for key in ("length", "image", "grid") if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"input '{self.name}' has {' and '.join(given)}; give at most one of them")
        if self.order is not None and self.length is None:
            raise ValueError(f"input '{self.name}' has an order but no length; only sequences are ordered")
        if self.keep is not None and self.length is None and self.image is None:
            raise ValueError(f"input '{self.name}' has 'keep', which chooses the objects of a sequence or an image")
        if self.grid is not None and not 1 <= len(self.grid) <= 4:
            raise ValueError(f"input '{self.name}': a grid has one to four axes. Received: {list(self.grid)}")
        return self

    @property
    def is_sequence(self) -> bool:
        """Whether this input is a padded sequence with a mask."""
        return self.length is not None

    @property
    def kind(self) -> Literal["features", "constituents", "image", "grid"]:
        """What this input is: a vector of features, a sequence of constituents, an image or a grid of cells."""
        if self.image is not None:
            return "image"
        if self.grid is not None:
            return "grid"
        return "features" if self.length is None else "constituents"

    @property
    def expressions(self) -> list[str]:
        """The expressions of this input, without those of its features."""
        drawn = [self.image.x, self.image.y] if self.image is not None else []
        return [text for text in (self.order, self.keep, *drawn) if text is not None]

    @property
    def mask_name(self) -> str:
        """Name of the tensor that is 1 for real and 0 for padded entries of a sequence."""
        return f"{self.name}_mask"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one event: (features,), (length, features), (pixels, pixels, features) or (*grid, features)."""
        if self.image is not None:
            outer: tuple[int, ...] = (self.image.pixels, self.image.pixels)
        else:
            outer = self.grid or (() if self.length is None else (self.length,))
        return (*outer, len(self.features))


class FeatureSpec(_Strict):
    """Everything that turns the entries of a file into the tensors of a network.

    Attributes:
        version: version of this format.
        tree: TTree or RNTuple to read; the only one of the file when left out.
        each: a jagged branch whose entries are the examples (e.g. ``Jet_pt`` to train on jets of an event file).
        identity: expression of a whole number that names the event an example comes from; examples of one event stay on
            one side of a split. Default: the number of the entry.
        selection: expression; only examples for which it is true are used.
        inputs: the input tensors.
        classes: class name -> expression that is true for its examples, in the order of the network's outputs.
        weight: expression of the example weight (default: 1).
        targets: name -> expression of the numbers that a regression learns.
    """

    version: Literal[1] = 1
    tree: str | None = None
    each: str | None = None
    identity: str | None = None
    selection: str | None = None
    inputs: tuple[InputSpec, ...] = Field(min_length=1)
    classes: dict[str, str] = Field(default_factory=dict)
    weight: str | None = None
    targets: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        tensors = [i.name for i in self.inputs] + [i.mask_name for i in self.inputs if i.is_sequence]
        features = [f.name for i in self.inputs for f in i.features]
        for what, names in (("input", tensors), ("feature", features)):
            if twice := sorted({n for n in names if names.count(n) > 1}):
                raise ValueError(f"the {what} name '{twice[0]}' is used twice")
        if len(self.classes) == 1:
            raise ValueError("classes holds one class; a classifier needs at least two")
        for text in self._expressions():
            try:
                branches_of(text)
            except FeatureError as error:
                raise ValueError(str(error)) from error
        return self

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a specification from a YAML file.

        Raises:
            FeatureError: the file cannot be read, or a key or value is wrong; the message names both.
        """
        return load_validated(cls, path, "feature specification")

    @classmethod
    def from_dict(cls, values: Any, where: str = "the feature specification") -> Self:
        """Build a specification from plain values, as they stand in YAML or JSON."""
        return validated(cls, values, where)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that `from_dict` reads."""
        values = self.model_dump(mode="json", exclude_none=True)
        if not self.targets:
            del values["targets"]  # which older files do not have
        return values

    def save(self, path: str | Path) -> Path:
        """Write the specification as YAML."""
        return write_text(path, yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True))

    def input(self, name: str) -> InputSpec:
        """Return the input called `name`, or raise FeatureError with the nearest names."""
        for candidate in self.inputs:
            if candidate.name == name:
                return candidate
        raise FeatureError(f"the specification has no input '{name}': {nearest(name, (i.name for i in self.inputs))}")

    def select(self, names: Iterable[str]) -> Self:
        """Return the specification with only the inputs called `names`, in that order."""
        return self.model_copy(update={"inputs": tuple(self.input(name) for name in names)})

    def with_input(self, replacement: InputSpec) -> Self:
        """Return the specification with the input of the same name replaced, or raise FeatureError if there is none."""
        self.input(replacement.name)
        return self.model_copy(
            update={"inputs": tuple(replacement if i.name == replacement.name else i for i in self.inputs)}
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Class names in the order of the network's outputs."""
        return tuple(self.classes)

    @property
    def is_fitted(self) -> bool:
        """Whether every offset and scale is known."""
        return all(f.is_fitted for i in self.inputs for f in i.features)

    def branches(self, labels: bool = True, inputs: bool = True) -> list[str]:
        """Return the branches to read, each once.

        Args:
            labels: also those of classes, targets and weight.
            inputs: also those of the inputs.
        """
        names = [b for i in self.inputs for f in i.features for b in f.branches] if inputs else []
        names += [b for text in self._expressions(labels, inputs) for b in branches_of(text)]
        return list(dict.fromkeys([self.each, *names] if self.each else names))

    def _expressions(self, labels: bool = True, inputs: bool = True) -> list[str]:
        texts = [self.identity, self.selection]
        texts += [text for i in self.inputs for text in i.expressions] if inputs else []
        texts += [*self.classes.values(), self.weight, *self.targets.values()] if labels else []
        return [text for text in texts if text is not None]
