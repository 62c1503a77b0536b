"""The tiles on top of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from keras_hep.evaluation.metrics import ClassificationMetrics, paired_accuracy_difference
from keras_hep.evaluation.report.blocks import Tile
from keras_hep.evaluation.report.contents import PARITIES, SCORES, BudgetRow, ReportContents
from keras_hep.evaluation.report.numbers import count, number, percent, with_error

__all__ = ["tiles"]

_KEY_FIGURES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "latency": "Latency"}


def tiles(contents: ReportContents, metrics: Mapping[str, ClassificationMetrics]) -> Iterator[Tile]:
    """Yield the key numbers: performance, then parity, then firmware."""
    for key, measured in metrics.items():
        note = f"{count(measured.events)} test events"
        if key != "float":
            change = paired_accuracy_difference(
                contents.events.label, contents.scores[key], contents.scores["float"], contents.events.weight
            )
            note = f"{with_error(100 * change.value, 100 * change.error)} points to float"
        yield Tile(f"Accuracy, {SCORES[key]}", percent(measured.accuracy, measured.accuracy_error), note)
    for key, measured in metrics.items():
        yield Tile(f"AUC, {SCORES[key]}", f"{measured.auc:.4f}", "mean over the classes")
    for key, name in PARITIES.items():
        if key in contents.parity:
            agrees = bool(contents.parity[key]["agrees"])
            yield Tile(
                f"Parity, {name}",
                "✓ equal" if agrees else "✗ different",
                f"to {contents.parity[key]['reference']}, {count(contents.parity[key]['events'])} events",
                "good" if agrees else "bad",
            )
    for (figure, unit), row in _key_rows(contents).items():
        value = f"{number(row.value)} {unit}".strip()
        note = f"budget {number(row.budget)}" if row.budget is not None else row.source
        yield Tile(figure, value, note, "bad" if row.met is False else "", row.estimate)


def _key_rows(contents: ReportContents) -> dict[tuple[str, str], BudgetRow]:
    """The first row of each key figure and unit; a measurement goes before an estimate."""
    rows: dict[tuple[str, str], BudgetRow] = {}
    for word, figure in _KEY_FIGURES.items():
        for row in sorted(contents.budget, key=lambda row: row.estimate):
            # "LUT", "LUTs" and "LUT (logic)" are all LUTs; "LUTRAM" is not.
            if row.value is not None and re.match(rf"{word}s?\b", row.figure.lower()):
                rows.setdefault((figure, row.unit), row)
    return rows
