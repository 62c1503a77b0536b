"""Evaluation: metrics with errors, plots, HTML report."""

from keras_hep.evaluation.metrics import (
    AccuracyDifference,
    ClassificationMetrics,
    classification,
    paired_accuracy_difference,
)
from keras_hep.evaluation.plots import (
    accuracy_vs_bits,
    budget_bars,
    confusion_matrix,
    input_distributions,
    roc_curves,
    training_history,
)
from keras_hep.evaluation.report import BudgetRow, ReportContents, write_report
from keras_hep.evaluation.roc import RocCurve, roc

__all__ = [
    "AccuracyDifference",
    "BudgetRow",
    "ClassificationMetrics",
    "ReportContents",
    "RocCurve",
    "accuracy_vs_bits",
    "budget_bars",
    "classification",
    "confusion_matrix",
    "input_distributions",
    "paired_accuracy_difference",
    "roc",
    "roc_curves",
    "training_history",
    "write_report",
]
