"""Resampling: the shares of the classes, and the spectra of variables such as the jet pT, as a training needs them."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from keras_hep.data.cutting import Cut
from keras_hep.data.expressions import branches_of
from keras_hep.errors import DataError, FeatureError, nearest

__all__ = ["Sampler", "Sampling"]

Floats = NDArray[np.float64]


class Sampling(BaseModel):
    """What the examples of a training should look like.

    Attributes:
        classes: ``as_is``, ``balanced``, or the share of each class.
        variables: expression -> bin edges; up to three. Examples outside of the bins are left out, and counted.
        target: ``flat``: every class gets the same spectrum, flat in the bins that it fills; the name of a class: the
            others get its spectrum; ``as_is``: each class keeps its own.
        method: ``resample`` repeats and leaves out examples at random, anew in each epoch; ``weight`` multiplies the
            weights instead.
        max_repeat: an example is used at most so many times in an epoch on average, or its weight multiplied by so much.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    classes: Literal["as_is", "balanced"] | dict[str, Annotated[float, Field(ge=0)]] = "as_is"
    variables: dict[str, tuple[float, ...]] = Field(default_factory=dict, max_length=3)
    target: str = "as_is"
    method: Literal["resample", "weight"] = "resample"
    max_repeat: float = Field(default=5.0, ge=1)

    @field_validator("variables")
    @classmethod
    def _edges_rise(cls, value: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for text, edges in value.items():
            if len(edges) < 2 or any(a >= b for a, b in itertools.pairwise(edges)):
                raise ValueError(
                    f"the bin edges of {text!r} must be at least two rising numbers. Received: {list(edges)}"
                )
            try:
                branches_of(text)
            except FeatureError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.target != "as_is" and not self.variables:
            raise ValueError(f"the target {self.target!r} is that of 'variables', of which none is given")
        if isinstance(self.classes, dict) and sum(self.classes.values()) <= 0:
            raise ValueError("the shares of the classes are all zero")
        return self


class Sampler:
    """Counts the training examples of each class in bins of the variables, and says how often to use each of them.

    Args:
        sampling: what is wanted.
        class_names: the classes of the specification.

    Raises:
        DataError: `sampling` names a class that does not exist.
    """

    def __init__(self, sampling: Sampling, class_names: tuple[str, ...]):
        self.sampling = sampling
        self._names = class_names or ("all",)
        asked = list(sampling.classes) if isinstance(sampling.classes, dict) else []
        asked += [] if sampling.target in ("as_is", "flat") else [sampling.target]
        for name in asked:
            if name not in class_names:
                raise DataError(f"the sampling names the class '{name}': {nearest(name, class_names)}")
        bins = tuple(len(edges) - 1 for edges in sampling.variables.values())
        self._shape = (len(self._names), *bins)
        self._sums = np.zeros(self._shape)
        self._numbers = np.zeros(self._shape)
        self.factors: Floats | None = None

    def fill(self, cut: Cut) -> None:
        """Count the examples of a chunk."""
        inside, cells = self._cells(cut)
        size = int(np.prod(self._shape))
        self._sums += np.bincount(cells[inside], cut.weight[inside], size).reshape(self._shape)
        self._numbers += np.bincount(cells[inside], minlength=size).reshape(self._shape)

    def finish(self) -> dict[str, int]:
        """Turn the counts into the factor of each bin.

        Returns:
            How many examples are in bins that are capped, or cannot be used since their weights sum to nothing.

        Raises:
            DataError: no example lies inside of the bins, or all weights are zero.
        """
        numbers, sums = self._numbers, self._sums
        if numbers.sum() == 0:
            raise DataError("no example lies inside of the bins of the sampling")
        usable = (numbers > 0) & (sums > 0)
        if not usable.any():
            raise DataError("the weights of all examples sum to zero or less: nothing can be resampled")
        shares = self._shares(np.where(usable, sums, 0.0))
        ratio = np.divide(shares, sums, out=np.zeros_like(sums), where=usable)
        total = float(numbers[usable].sum())
        cap = self.sampling.max_repeat
        # The scale at which as many examples are used as there are, however many of the bins are capped by then.
        low, high = 0.0, cap / float(ratio[ratio > 0].min())
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if (numbers * np.minimum(middle * ratio, cap)).sum() < total else (low, middle)
        self.factors = np.minimum(high * ratio, cap)
        capped = int(numbers[(high * ratio > cap * (1 + 1e-9))].sum())
        useless = int(numbers[(numbers > 0) & ~usable].sum())
        return {"in bins capped by max_repeat": capped, "in bins of no positive weight": useless}

    def factor(self, cut: Cut) -> Floats:
        """Return the factor of each example; 0 outside of the bins."""
        assert self.factors is not None
        inside, cells = self._cells(cut)
        factor: Floats = np.where(inside, self.factors.reshape(-1)[cells], 0.0)
        return factor

    def _shares(self, sums: Floats) -> Floats:
        """Return the sum of weights that each bin of each class should have, up to a common factor."""
        bins = tuple(range(1, sums.ndim))
        of_class = sums.sum(axis=bins, keepdims=True)
        wanted: Floats
        if isinstance(self.sampling.classes, dict):
            wanted = np.array([self.sampling.classes.get(name, 0.0) for name in self._names]).reshape(of_class.shape)
        else:
            wanted = of_class if self.sampling.classes == "as_is" else (of_class > 0).astype(float)
        if self.sampling.target == "as_is":
            spectrum = sums
        elif self.sampling.target == "flat":
            spectrum = (sums > 0).astype(float)
        else:
            spectrum = np.where(sums > 0, sums[self._names.index(self.sampling.target)], 0.0)
        norm = spectrum.sum(axis=bins, keepdims=True)
        return np.asarray(wanted * np.divide(spectrum, norm, out=np.zeros_like(sums), where=norm > 0))

    def _cells(self, cut: Cut) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        inside = np.ones(len(cut), dtype=np.bool_)
        places = [np.maximum(cut.label, 0)]
        for column, edges in enumerate(self.sampling.variables.values()):
            value = cut.variables[:, column]
            place = np.searchsorted(edges, value, side="right") - 1
            place[value == edges[-1]] = len(edges) - 2
            inside &= (place >= 0) & (place < len(edges) - 1) & np.isfinite(value)
            places.append(np.clip(place, 0, len(edges) - 2))
        return inside, np.ravel_multi_index(tuple(places), self._shape)
