"""The bars that were set before anything was measured, each beside what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Bar", "bars", "best_row", "time_of"]

_AT_MOST = {
    ("avx512", "1"): {"a": 0.16, "b": 0.8, "c": 2.2, "d": 14.0, "e": 32.0},
    ("avx2", "1"): {"a": 0.2, "b": 1.2, "d": 25.0},
    ("avx512", "1000"): {"a": 0.09, "b": 0.33, "d": 14.0},
}
_AGAINST_ONNX = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.4, "e": 1.8}
_AGAINST_EIGEN = {"a": 1.5, "d": 1.3}
_SET = {"avx512": "AVX-512", "avx2": "AVX2", "baseline": "SSE2"}


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        what: what is measured.
        found: the figure, or None where it was not measured.
        bar: the bar.
        unit: of both.
        at_least: whether the figure must be larger, else smaller.
    """

    what: str
    found: float | None
    bar: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where nothing was measured."""
        if self.found is None:
            return None
        return self.found >= self.bar if self.at_least else self.found <= self.bar

    @property
    def verdict(self) -> str:
        """Say so, or by how much not."""
        if self.found is None or self.met is None:
            return "not measured"
        if self.met:
            return "yes"
        if self.unit == "%":
            return f"no, {self.found - self.bar:.1f} points beyond"
        part = self.bar / self.found - 1 if self.at_least else self.found / self.bar - 1
        return f"no, {part:.0%} {'short' if self.at_least else 'beyond'}"


def time_of(results: dict[str, Any], key: str, row: str, batch: str) -> float | None:
    """Return the least time of a row in microseconds an event; that of a Python call without what an empty call takes."""
    rows = results["networks"].get(key, {})
    found = rows.get(row, {}).get(batch)
    if found is None:
        return None
    if row == "onnx":
        return float(found["min"] - rows["onnx_empty"][batch]["min"])
    return float(found["min"])


def best_row(results: dict[str, Any]) -> str:
    """Return the row of the best instructions that the machine has."""
    rows = [row for row in _SET if any("1" in found.get(row, {}) for found in results["networks"].values())]
    return rows[0] if rows else next(iter(_SET))


def bars(results: dict[str, Any]) -> list[Bar]:
    """Return all of them."""
    return [*_times(results), *_ratios(results), *_others(results)]


def _times(results: dict[str, Any]) -> Iterator[Bar]:
    for (row, batch), limits in _AT_MOST.items():
        for key, limit in limits.items():
            yield Bar(f"{key}, batch {batch}, {_SET[row]}", time_of(results, key, row, batch), limit, "us")


def _ratios(results: dict[str, Any]) -> Iterator[Bar]:
    best = best_row(results)
    for key in _AGAINST_ONNX:
        ratio = _ratio(results, key, best, "native", "1")
        found = None if ratio is None else (ratio - 1) * 100
        yield Bar(f"{key}, batch 1: -O2 slower than -O3 -march=native", found, 10.0, "%")
    for batch in ("1", "1000"):
        for key, least in _AGAINST_ONNX.items():
            limit = least if batch == "1" else 1.0
            found = _ratio(results, key, "onnx", best, batch)
            yield Bar(f"{key}, batch {batch}: ONNX Runtime / keras_hep", found, limit, "times", at_least=True)
    for key, least in _AGAINST_EIGEN.items():
        found = _ratio(results, key, "eigen", best, "1")
        yield Bar(f"{key}, batch 1: Eigen / keras_hep", found, least, "times", at_least=True)


def _ratio(results: dict[str, Any], key: str, above: str, below: str, batch: str) -> float | None:
    first, second = (time_of(results, key, row, batch) for row in (above, below))
    return None if first is None or second is None else first / second


def _others(results: dict[str, Any]) -> Iterator[Bar]:
    calls, blocks, cost = results["named_calls"], results["residual_blocks"], results["compile"]
    yield Bar("16 inputs: named call - array call", calls["named"] - calls["array"], 0.5, "us")
    yield Bar("20 residual blocks of width 32", blocks["20"], 10.0, "us")
    yield Bar("time of 20 residual blocks / time of 10", blocks["20"] / blocks["10"], 2.2, "times")
    for kind, name in (("separate", "unit with KERAS_HEP_SEPARATE"), ("whole", "unit with the whole header")):
        found = cost.get(kind, {})
        yield Bar(f"{name}: time of the compiler", found.get("seconds"), 3.0, "s")
        yield Bar(f"{name}: memory of the compiler", found.get("memory_MB"), 400.0, "MB")
