"""How good is a classifier: accuracy, AUC, background rejection, confusion matrix, each with its statistical error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from keras_hep.errors import DataError
from keras_hep.evaluation.roc import Doubles, roc

__all__ = [
    "WORKING_POINTS",
    "AccuracyDifference",
    "ClassificationMetrics",
    "Rejections",
    "classification",
    "paired_accuracy_difference",
]

WORKING_POINTS: tuple[float, ...] = (0.3, 0.5, 0.8)
"""Signal efficiencies at which the background rejection is quoted."""

Rejections = dict[str, dict[float, float | None]]

# -ln(0.05): the upper limit at 95 % confidence on the mean of a Poisson count when nothing was seen.
_EVENTS_AT_95_PERCENT = 2.9957


@dataclass(frozen=True)
class ClassificationMetrics:
    """The quality of a classifier on one sample.

    The discriminant of a class against the rest is the probability of the class. All shares are shares of the sum of
    weights; the errors are statistical and hold one standard deviation.

    Attributes:
        class_names: the classes, in the order of the network's outputs.
        events: number of examples.
        accuracy: share of the examples whose most probable class is the true one.
        accuracy_error: its error.
        auc: mean over the classes of the area under the ROC curve of the class against the rest.
        auc_per_class: class -> area under its ROC curve.
        rejection: class -> {signal efficiency: background rejection 1/eB}; None where no background passes.
        rejection_error: the same -> error of the rejection; None where no background passes.
        rejection_limit: the same -> lower limit at 95 % confidence where no background passes; None elsewhere.
        confusion: row: true class, column: most probable class; every row adds up to one.
    """

    class_names: tuple[str, ...]
    events: int
    accuracy: float
    accuracy_error: float
    auc: float
    auc_per_class: dict[str, float]
    rejection: Rejections
    rejection_error: Rejections
    rejection_limit: Rejections
    confusion: Doubles

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the signal efficiencies become text such as ``"0.3"``."""
        tables = {
            name: {kind: {f"{point:g}": value for point, value in row.items()} for kind, row in table.items()}
            for name, table in (
                ("rejection", self.rejection),
                ("rejection_error", self.rejection_error),
                ("rejection_limit", self.rejection_limit),
            )
        }
        return {
            "class_names": list(self.class_names),
            "events": self.events,
            "accuracy": self.accuracy,
            "accuracy_error": self.accuracy_error,
            "auc": self.auc,
            "auc_per_class": dict(self.auc_per_class),
            **tables,
            "confusion": self.confusion.tolist(),
        }


class AccuracyDifference(NamedTuple):
    """The accuracy of one classifier minus that of another on the same examples, with its error."""

    value: float
    error: float


def classification(
    label: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str], weight: ArrayLike | None = None
) -> ClassificationMetrics:
    """Measure a classifier.

    Args:
        label: index of the true class of each example, (events,).
        probabilities: class probabilities, (events, classes); not logits.
        class_names: the classes, in the order of the columns.
        weight: example weights, (events,); all one when left out.

    Returns:
        Accuracy, AUC, background rejection at 30, 50 and 80 % signal efficiency, confusion matrix.

    Raises:
        DataError: shapes do not match, a label is not a class, a class has no examples, a probability is not one.

    Example:
        >>> classification([0, 1], [[0.9, 0.1], [0.2, 0.8]], ["q", "t"]).accuracy
        1.0
    """
    names = tuple(class_names)
    if len(names) < 2 or len(set(names)) < len(names):
        raise DataError(f"a classifier needs at least two different class names. Received: {list(names)}")
    truth = _checked_label(label, len(names))
    values = _checked_probabilities(probabilities, "the probabilities", (len(truth), len(names)))
    weights = _checked_weight(weight, truth, names)
    answer = values.argmax(axis=1)
    accuracy, error = _mean_and_error((answer == truth).astype(np.float64), weights)
    confusion = np.zeros((len(names), len(names)))
    np.add.at(confusion, (truth, answer), weights)
    auc_per_class: dict[str, float] = {}
    tables: tuple[Rejections, Rejections, Rejections] = ({}, {}, {})
    for column, name in enumerate(names):
        signal = truth == column
        curve = roc(signal, values[:, column], weights)
        auc_per_class[name] = curve.auc
        thresholds = curve.threshold[curve.working_point(WORKING_POINTS)]
        rows = [_rejection(values[~signal, column] >= cut, weights[~signal]) for cut in thresholds]
        for table, numbers in zip(tables, zip(*rows, strict=True), strict=True):
            table[name] = dict(zip(WORKING_POINTS, numbers, strict=True))
    return ClassificationMetrics(
        names,
        len(truth),
        accuracy,
        error,
        float(np.mean(list(auc_per_class.values()))),
        auc_per_class,
        *tables,
        confusion / confusion.sum(axis=1, keepdims=True),
    )


def paired_accuracy_difference(
    label: ArrayLike, a: ArrayLike, b: ArrayLike, weight: ArrayLike | None = None
) -> AccuracyDifference:
    """Return the accuracy of `a` minus the accuracy of `b` on the same examples.

    Only examples on which the two disagree count, so that the error is much smaller than that of two separate samples.

    Args:
        label: index of the true class of each example, (events,).
        a: class probabilities of one classifier, (events, classes).
        b: class probabilities of the other, (events, classes).
        weight: example weights, (events,); all one when left out.

    Raises:
        DataError: shapes do not match, a label is not a class, or a probability is not one.

    Example:
        >>> paired_accuracy_difference([0, 1], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
        AccuracyDifference(value=0.0, error=0.0)
    """
    shape = np.shape(a)
    classes = shape[1] if len(shape) == 2 else 0
    truth = _checked_label(label, classes)
    one = _checked_probabilities(a, "the first probabilities", (len(truth), classes))
    other = _checked_probabilities(b, "the second probabilities", (len(truth), classes))
    weights = _checked_weight(weight, truth, ())
    change = (one.argmax(axis=1) == truth).astype(np.float64) - (other.argmax(axis=1) == truth)
    return AccuracyDifference(*_mean_and_error(change, weights))


def _mean_and_error(values: Doubles, weight: Doubles) -> tuple[float, float]:
    """Weighted mean; without weights the error of a share is the binomial one, sqrt(p (1 - p) / n)."""
    mean = float(np.average(values, weights=weight))
    return mean, float(np.sqrt(((weight * (values - mean)) ** 2).sum()) / weight.sum())


def _rejection(passes: NDArray[np.bool_], weight: Doubles) -> tuple[float | None, float | None, float | None]:
    """Rejection, its error, and the lower limit that replaces both when nothing passes."""
    efficiency, error = _mean_and_error(passes.astype(np.float64), weight)
    if efficiency <= 0:
        effective_events = float(weight.sum() ** 2 / (weight**2).sum())
        return None, None, max(1.0, effective_events / _EVENTS_AT_95_PERCENT)
    return 1 / efficiency, error / efficiency**2, None


def _checked_label(label: ArrayLike, classes: int) -> NDArray[np.int64]:
    truth = np.asarray(label)
    if truth.ndim != 1 or len(truth) == 0:
        raise DataError(f"the labels must have the shape (events,) with at least one event. Received: {truth.shape}")
    if truth.dtype.kind not in "iub":
        raise DataError(f"the labels must be integers, the index of each class. Received: {truth.dtype}")
    wrong = (truth < 0) | (truth >= classes)
    if wrong.any():
        raise DataError(
            f"the labels must lie between 0 and {classes - 1}. "
            f"Received: {truth[wrong][0]} in example {int(np.argmax(wrong))}, and {int(wrong.sum())} such labels in all"
        )
    return truth.astype(np.int64)


def _checked_probabilities(probabilities: ArrayLike, what: str, shape: tuple[int, int]) -> Doubles:
    values = np.asarray(probabilities, dtype=np.float64)
    if values.shape != shape:
        raise DataError(f"{what} must have the shape (events, classes) = {shape}. Received: {values.shape}")
    if bad := int((~np.isfinite(values)).any(axis=1).sum()):
        first = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise DataError(f"{what} are NaN or infinite in {bad} of {len(values)} examples, first in example {first}")
    # A quantised softmax may step a little outside; logits step far outside.
    if values.min() < -0.01 or values.max() > 1.01:
        raise DataError(
            f"{what} must lie between 0 and 1, apply a softmax to logits first. "
            f"Received: values from {values.min():g} to {values.max():g}"
        )
    return values


def _checked_weight(weight: ArrayLike | None, truth: NDArray[np.int64], names: tuple[str, ...]) -> Doubles:
    weights = np.ones(len(truth)) if weight is None else np.asarray(weight, dtype=np.float64)
    if weights.shape != truth.shape:
        raise DataError(f"the weights must have the shape {truth.shape} of the labels. Received: {weights.shape}")
    if not np.isfinite(weights).all():
        raise DataError(f"the weights are NaN or infinite in {int((~np.isfinite(weights)).sum())} examples")
    if not weights.sum() > 0:
        raise DataError(f"the sum of the weights must be positive. Received: {weights.sum():g}")
    for column, name in enumerate(names):
        member = truth == column
        if not member.any():
            raise DataError(f"the class '{name}' has no examples; every class needs some to be measured")
        if not weights[member].sum() > 0:
            raise DataError(
                f"the sum of weights of the class '{name}' must be positive. Received: {weights[member].sum():g}"
            )
    return weights
