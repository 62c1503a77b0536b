"""The sections on firmware and exports: parity, resources and latency, integer inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keras_hep.evaluation import plots
from keras_hep.evaluation.report.blocks import Block, Cell, Pictures, Section, Table, code, picture, verdict
from keras_hep.evaluation.report.contents import PARITIES, BudgetRow, ReportContents
from keras_hep.evaluation.report.numbers import count, number

__all__ = ["hardware_sections"]


def hardware_sections(contents: ReportContents) -> Iterator[Section]:
    """Yield the sections on firmware and exports for which there is data."""
    parities = [contents.parity[key] for key in PARITIES if key in contents.parity]
    if parities:
        yield _parity(parities)
    if contents.budget:
        yield _budget(contents)
    if contents.hardware_inputs:
        yield _hardware_inputs(contents)


def _parity(parities: list[dict[str, Any]]) -> Section:
    overview = Table(
        ("candidate", "reference", "agreement", "events", "equal events", "largest difference", "verdict"),
        tuple(
            (
                p["candidate"],
                p["reference"],
                "bit for bit" if p["tolerance"] == 0 else f"within {p['tolerance']:g}",
                *_comparison(p),
            )
            for p in parities
        ),
        text_columns=3,
    )
    layers = (
        Table(
            ("layer", "events", "equal events", "largest difference", "first different event", "verdict"),
            tuple(
                (code(layer["name"]), *cells[:3], number(layer["first_event"]), cells[3])
                for layer in p["layers"]
                for cells in [_comparison({**layer, "agrees": layer["first_event"] is None})]
            ),
            summary=f"{p['candidate']} against {p['reference']}, layer by layer",
            open=not p["agrees"],
        )
        for p in parities
    )
    return Section(
        "parity",
        "Parity",
        "The same events through different realisations of the network. Agreement bit for bit in every layer "
        "means that what was studied in Python is what runs in the trigger or in the C++ analysis.",
        (overview, *layers),
    )


def _comparison(values: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    return (
        count(values["events"]),
        # Rounding must not turn 99.99999 % into 100 %.
        "100 %" if values["equal_fraction"] == 1 else f"{min(100 * values['equal_fraction'], 99.9999):.4f} %",
        number(values["max_abs_diff"]),
        verdict(values["agrees"], "equal", "different"),
    )


def _budget(contents: ReportContents) -> Section:
    blocks: list[Block] = []
    drawn = [row for row in contents.budget if row.value is not None and row.budget]
    if drawn:
        figure = plots.budget_bars(
            [f"{_name(row)}, {row.source}" for row in drawn],
            [row.value or 0.0 for row in drawn],
            [row.budget or 0.0 for row in drawn],
            [row.estimate for row in drawn],
        )
        blocks.append(Pictures((picture(figure, "used share of each budget"),)))
    rows = tuple(
        (
            _name(row),
            row.source,
            Cell(number(row.value), estimate=row.estimate) if row.value is not None else "not measured",
            number(row.budget),
            f"{100 * row.value / row.budget:.1f} %" if row.value is not None and row.budget else "–",
            verdict(row.met),
        )
        for row in contents.budget
    )
    header = ("figure", "source", "value", "budget", "used", "within budget")
    return Section(
        "resources",
        "Resources and latency",
        "What the firmware needs on the device, against what the trigger gives it. Numbers marked "
        "“estimate” are not what the vendor's implementation would report: LUT, FF and DSP counted by other tools, or a latency "
        "in ns that takes the clock for granted. The others were measured in a cycle-accurate simulation.",
        (*blocks, Table(header, rows, text_columns=2)),
    )


def _name(row: BudgetRow) -> str:
    return f"{row.figure} [{row.unit}]" if row.unit else row.figure


def _hardware_inputs(contents: ReportContents) -> Section:
    rows = tuple(
        (
            code(str(row["name"])),
            str(row.get("unit") or "–"),
            number(row.get("bits")),
            "–" if row.get("signed") is None else "yes" if row["signed"] else "no",
            number(row.get("step")),
            number(row.get("offset")),
            number(row.get("shift")),
        )
        for row in contents.hardware_inputs
    )
    return Section(
        "hardware-inputs",
        "Integer inputs of the firmware",
        "The integers that the trigger sends to the network: one count is worth one step in the unit of the variable; "
        "offset and shift stand for the preprocessing in hardware.",
        (Table(("input", "unit", "bits", "signed", "step", "offset", "shift"), rows, text_columns=2),),
    )
