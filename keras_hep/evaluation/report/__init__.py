"""The HTML report of a classifier, from its performance to its firmware."""

from keras_hep.evaluation.report.contents import BudgetRow, ReportContents
from keras_hep.evaluation.report.writing import write_report

__all__ = ["BudgetRow", "ReportContents", "write_report"]
