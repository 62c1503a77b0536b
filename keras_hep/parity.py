"""Parity: do two realisations of one network agree, layer by layer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_hep.errors import ParityError

__all__ = ["LayerParity", "Parity"]


@dataclass(frozen=True)
class LayerParity:
    """The comparison of one layer.

    Attributes:
        name: name of the layer.
        events: number of events compared.
        equal_fraction: share of the events in which every value agrees.
        max_abs_diff: largest absolute difference of a value; infinite where one side alone is NaN or infinite.
        first_event: the first event that does not agree, or None.
    """

    name: str
    events: int
    equal_fraction: float
    max_abs_diff: float
    first_event: int | None

    @property
    def agrees(self) -> bool:
        """Whether every event agrees."""
        return self.first_event is None

    @classmethod
    def compare(cls, name: str, reference: ArrayLike, candidate: ArrayLike, tolerance: float) -> Self:
        """Compare the values of one layer, event by event along the first axis."""
        a, b = _rows(reference), _rows(candidate)
        if a.shape != b.shape:
            raise ParityError(f"layer '{name}': shapes differ, {np.shape(reference)} against {np.shape(candidate)}")
        if a.size == 0:
            raise ParityError(f"layer '{name}': no values to compare, shape {np.shape(reference)}")
        with np.errstate(invalid="ignore"):
            difference = np.abs(a - b)
        difference[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
        difference[np.isnan(difference)] = np.inf
        worst = difference.max(axis=1, initial=0.0)
        equal = worst <= tolerance
        first = None if equal.all() else int(np.argmin(equal))
        return cls(name, len(a), float(equal.mean()), float(worst.max()), first)


def _rows(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array.reshape(len(array), int(np.prod(array.shape[1:])))


@dataclass(frozen=True)
class Parity:
    """Whether a candidate realisation of a network equals the reference.

    Attributes:
        reference: what is compared to, e.g. ``"Keras"``.
        candidate: what is compared, e.g. ``"hls4ml C simulation"``.
        tolerance: largest difference that counts as equal; 0 asks for equality bit for bit.
        layers: one comparison a layer, in the order of the network; the last one is the output.

    Example:
        >>> parity = Parity.compare("Keras", "C++", {"dense": [[1.0]]}, {"dense": [[1.0]]})
        >>> parity.agrees
        True
    """

    reference: str
    candidate: str
    tolerance: float
    layers: tuple[LayerParity, ...]

    @classmethod
    def compare(
        cls,
        reference: str,
        candidate: str,
        reference_values: Mapping[str, ArrayLike],
        candidate_values: Mapping[str, ArrayLike],
        tolerance: float = 0.0,
    ) -> Self:
        """Compare the outputs of each layer.

        Args:
            reference: name of the reference.
            candidate: name of the candidate.
            reference_values: layer name -> values (events, ...), in the order of the network.
            candidate_values: the same of the candidate; layers that it lacks are left out, the last one must be there.
            tolerance: largest difference that counts as equal.

        Raises:
            ParityError: shapes differ, no events, or the candidate lacks the output.
        """
        if not reference_values:
            raise ParityError("there is no layer to compare")
        output = list(reference_values)[-1]
        if output not in candidate_values:
            raise ParityError(f"{candidate} gives no values for the output layer '{output}'")
        layers = tuple(
            LayerParity.compare(name, values, candidate_values[name], tolerance)
            for name, values in reference_values.items()
            if name in candidate_values
        )
        return cls(reference, candidate, tolerance, layers)

    @property
    def agrees(self) -> bool:
        """Whether every layer agrees in every event."""
        return all(layer.agrees for layer in self.layers)

    @property
    def first_difference(self) -> LayerParity | None:
        """The first layer that does not agree, or None."""
        return next((layer for layer in self.layers if not layer.agrees), None)

    @property
    def output(self) -> LayerParity:
        """The comparison of the network's output."""
        return self.layers[-1]

    @property
    def max_abs_diff(self) -> float:
        """Largest difference of any value in any layer."""
        return max(layer.max_abs_diff for layer in self.layers)

    def require(self) -> Self:
        """Return itself, or raise ParityError naming the first layer that differs."""
        if (layer := self.first_difference) is not None:
            raise ParityError(
                f"{self.candidate} differs from {self.reference} first in layer '{layer.name}': "
                f"{layer.equal_fraction:.4%} of {layer.events} events agree within {self.tolerance:g}, "
                f"largest difference {layer.max_abs_diff:.6g}, first in event {layer.first_event}"
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "reference": self.reference,
            "candidate": self.candidate,
            "tolerance": self.tolerance,
            "events": self.output.events,
            "equal_fraction": self.output.equal_fraction,
            "max_abs_diff": min(self.output.max_abs_diff, float(np.finfo(np.float64).max)),
            "agrees": self.agrees,
            "layers": [
                {**asdict(layer), "max_abs_diff": min(layer.max_abs_diff, float(np.finfo(np.float64).max))}
                for layer in self.layers
            ],
        }

    def __str__(self) -> str:
        how = "bit for bit" if self.tolerance == 0 else f"within {self.tolerance:g}"
        head = f"{self.candidate} against {self.reference}, {how}: {'equal' if self.agrees else 'DIFFERENT'}"
        rows = [
            f"  {layer.name:<28} {layer.equal_fraction:>10.4%} of {layer.events} events, largest difference {layer.max_abs_diff:.3g}"
            for layer in self.layers
        ]
        return "\n".join([head, *rows])
