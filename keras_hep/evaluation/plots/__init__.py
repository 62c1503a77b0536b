"""Plots: every function takes arrays and returns a matplotlib Figure that belongs to no pyplot window."""

from keras_hep.evaluation.plots.budget import budget_bars
from keras_hep.evaluation.plots.inputs import input_distributions
from keras_hep.evaluation.plots.performance import confusion_matrix, roc_curves
from keras_hep.evaluation.plots.training import accuracy_vs_bits, training_history

__all__ = [
    "accuracy_vs_bits",
    "budget_bars",
    "confusion_matrix",
    "input_distributions",
    "roc_curves",
    "training_history",
]
