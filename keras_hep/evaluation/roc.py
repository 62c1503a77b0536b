"""The ROC curve of one class against the rest, and the working points on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_curve

from keras_hep.errors import DataError

__all__ = ["RocCurve", "roc"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class RocCurve:
    """Signal and background efficiency of the cut ``score >= threshold``, for every threshold that makes a difference.

    Attributes:
        threshold: thresholds from tight to loose; the first one is infinite and nothing passes it.
        signal_efficiency: share of the signal weight that passes.
        background_efficiency: share of the background weight that passes.
    """

    threshold: Doubles
    signal_efficiency: Doubles
    background_efficiency: Doubles

    @property
    def auc(self) -> float:
        """Area under the curve: the chance that a signal example scores higher than a background example."""
        return float(np.trapezoid(self.signal_efficiency, self.background_efficiency))

    def working_point(self, efficiency: ArrayLike) -> NDArray[np.int64]:
        """Return the positions of the tightest thresholds that keep at least these signal efficiencies."""
        # The running maximum: examples with negative weights can make the efficiency fall for a moment.
        reached = np.maximum.accumulate(self.signal_efficiency)
        # Sums of weights carry rounding errors: 0.3 of the signal must count as 0.3.
        position = np.searchsorted(reached, np.asarray(efficiency, dtype=np.float64) * (1 - 1e-12))
        return np.minimum(position, len(reached) - 1)

    def rejection(self, efficiency: ArrayLike) -> Doubles:
        """Return one over the background efficiency at these signal efficiencies; infinite where no background passes.

        Args:
            efficiency: signal efficiencies between 0 and 1, any shape.
        """
        background = self.background_efficiency[self.working_point(efficiency)]
        with np.errstate(divide="ignore"):
            return np.where(background > 0, 1 / background, np.inf)


def roc(signal: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> RocCurve:
    """Compute the ROC curve of a score.

    Args:
        signal: true for signal, false for background, (events,).
        score: larger means more like signal, (events,).
        weight: example weights, (events,); negative ones are allowed as long as each side has a positive sum.

    Raises:
        DataError: signal or background have no weight, or the score is not finite.

    Example:
        >>> curve = roc([True, True, False, False], [0.9, 0.6, 0.7, 0.1])
        >>> curve.auc, float(curve.rejection(1.0))
        (0.75, 2.0)
    """
    truth = np.asarray(signal, dtype=bool)
    values = np.asarray(score, dtype=np.float64)
    weights = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError(
            f"the score is NaN or infinite for {int((~np.isfinite(values)).sum())} of {len(values)} examples"
        )
    for name, side in (("signal", truth), ("background", ~truth)):
        if not weights[side].sum() > 0:
            raise DataError(
                f"the sum of weights of the {name} is {weights[side].sum():g} in {int(side.sum())} examples; "
                "a ROC curve needs a positive sum"
            )
    background, passed, threshold = roc_curve(truth, values, sample_weight=weights, drop_intermediate=False)
    return RocCurve(
        np.asarray(threshold, dtype=np.float64),
        np.asarray(passed, dtype=np.float64),
        np.asarray(background, dtype=np.float64),
    )
