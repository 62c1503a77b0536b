"""Latency and resources against the budget of a design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from keras_hep.firmware.design import Design
from keras_hep.firmware.rtl import Rtl, Simulation
from keras_hep.firmware.synthesis import Resources, VendorReport

__all__ = ["BudgetRow", "budget_rows", "budget_table"]


@dataclass(frozen=True)
class BudgetRow:
    """One figure of a design against its budget.

    Attributes:
        figure: what is counted, e.g. ``LUT``.
        value: the figure; None when it is not known.
        unit: its unit.
        budget: the most that is allowed; None for no limit.
        source: what gave the figure.
        estimate: the figure is an estimate, and not what the vendor's implementation would report.
    """

    figure: str
    value: float | None
    unit: str
    budget: float | None
    source: str
    estimate: bool

    @property
    def met(self) -> bool | None:
        """Whether the budget is kept; None without a figure or a limit."""
        return None if self.value is None or self.budget is None else self.value <= self.budget


def budget_rows(
    design: Design,
    rtl: Rtl,
    simulation: Simulation,
    counted: Resources,
    vendor: Sequence[tuple[str, VendorReport]] = (),
) -> list[BudgetRow]:
    """Return the table of a design: what was measured in simulation, counted by yosys, and reported by vendor tools."""
    limit, period = design.budget, design.clock_period_ns
    interval = float(simulation.initiation_interval)
    closure = f"cycles x {period:g} ns, not placed and routed"
    rows = [
        BudgetRow("latency", float(simulation.cycles), "cycles", None, "Verilator simulation", False),
        BudgetRow("latency", simulation.cycles * period, "ns", limit.latency_ns, closure, True),
        BudgetRow("initiation interval", interval, "cycles", limit.initiation_interval, "Verilator simulation", False),
    ]
    for figure, value, most in (
        ("LUT", counted.lut, limit.lut),
        ("FF", counted.ff, limit.ff),
        ("DSP", counted.dsp, limit.dsp),
    ):
        rows.append(BudgetRow(figure, float(value), "", most, counted.source, True))
    rows.append(BudgetRow("LUT", float(round(rtl.estimated_lut)), "", limit.lut, "alkaid's cost model", True))
    for name, report in vendor:
        found, source = report.resources, f"{name}: {report.resources.source}"
        rows += [
            BudgetRow("LUT", found.lut, "", limit.lut, source, True),
            BudgetRow("FF", found.ff, "", limit.ff, source, True),
            BudgetRow("DSP", found.dsp, "", limit.dsp, source, True),
        ]
        if report.cycles is not None:
            rows.append(BudgetRow("latency", report.cycles * period, "ns", limit.latency_ns, source, True))
        if report.initiation_interval is not None:
            most = limit.initiation_interval
            rows.append(BudgetRow("initiation interval", report.initiation_interval, "cycles", most, source, True))
    return rows


def budget_table(rows: Sequence[BudgetRow]) -> Table:
    """Return the rows as a table for the terminal; estimates are marked."""
    table = Table("figure", "value", "budget", "met", "source")
    verdict = {True: "yes", False: "NO", None: "-"}
    for row in rows:
        value = "-" if row.value is None else f"{row.value:,.6g} {row.unit}{' (estimate)' if row.estimate else ''}"
        table.add_row(
            row.figure, value, "-" if row.budget is None else f"{row.budget:,.6g}", verdict[row.met], row.source
        )
    return table
