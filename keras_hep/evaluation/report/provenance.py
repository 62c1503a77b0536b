"""The section that says where a report comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keras_hep.evaluation.report.blocks import Cell, Section, Table, code
from keras_hep.evaluation.report.contents import ReportContents

__all__ = ["provenance_sections"]


def provenance_sections(contents: ReportContents) -> Iterator[Section]:
    """Yield one table of the single values of the run, and one for each group such as the versions."""
    if not contents.run:
        return
    single = {key: value for key, value in contents.run.items() if not isinstance(value, dict)}
    groups = {key: value for key, value in contents.run.items() if isinstance(value, dict) and value}
    tables = [_table("run", single)] if single else []
    tables += [_table(name, values) for name, values in groups.items()]
    yield Section(
        "provenance",
        "Provenance",
        "What is needed to make these numbers again: seeds, versions of the software, hashes of the data.",
        tuple(tables),
    )


def _table(name: str, values: dict[str, Any]) -> Table:
    rows: tuple[tuple[str | Cell, ...], ...] = tuple((key, code(text)) for key, text in _flat(values))
    return Table((name, ""), rows, text_columns=2)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as dotted keys."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{key}", "–" if value is None else str(value)
