"""The results as a table, and as a picture."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from benchmarks.cpp_inference.bars import bars, time_of
from benchmarks.cpp_inference.cpp_rows import CPP_ROWS
from benchmarks.cpp_inference.networks import EVENTS, TITLES
from benchmarks.cpp_inference.python_rows import PYTHON_ROWS
from keras_hep.evaluation.plots.style import colours, new_figure, styled, tidy

__all__ = ["picture", "table"]

_TITLES = {name: row.title for name, row in {**CPP_ROWS, **PYTHON_ROWS}.items()}
_KINDS = {"whole": "", "separate": " and `KERAS_HEP_SEPARATE`"}
_DRAWN = {
    "avx512": "keras_hep, AVX-512",
    "avx2": "keras_hep, AVX2",
    "baseline": "keras_hep, SSE2",
    "eigen": "Eigen",
    "onnx": "ONNX Runtime, without the empty call",
    "litert": "LiteRT",
    "tf": "TensorFlow, tf.function",
}


def table(machines: list[dict[str, Any]]) -> str:
    """Return the results of all machines as Markdown."""
    lines = [
        "# Inference in C++",
        "",
        "Microseconds an event on one pinned thread: the least of many rounds in turns, in brackets their median, which tells how busy "
        "the machine was. Outputs of all rows were compared with Keras before. Made by `python -m benchmarks.cpp_inference`, which "
        "replaces the figures of the machine that it runs on.",
        "",
        *(f"- {key}: {title}" for key, title in TITLES.items()),
    ]
    return "\n".join(lines) + "\n" + "".join(_machine(results) for results in machines)


def _machine(results: dict[str, Any]) -> str:
    networks = results["networks"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    lines = [
        "",
        f"## {results['processor']}",
        "",
        f"{results['date']}, {results['rounds']} rounds. {results['compiler']}, {versions}.",
        *(["", results["note"]] if results.get("note") else []),
    ]
    for batch in ("1", str(EVENTS)):
        lines += ["", f"### Batch {batch}", "", f"| | {' | '.join(networks)} |", "|---|" + "---:|" * len(networks)]
        for name, title in _TITLES.items():
            if any(name in rows for rows in networks.values()):
                lines.append(f"| {title} | {' | '.join(_cell(rows.get(name), batch) for rows in networks.values())} |")
            if name == "onnx_empty":
                cells = (time_of(results, key, "onnx", batch) for key in networks)
                shown = " | ".join("-" if value is None else _number(value) for value in cells)
                lines.append(f"| ONNX Runtime, the difference | {shown} |")
    lines += ["", *_reasons(networks)]
    calls, cost = results["named_calls"], results["compile"]
    blocks = ", ".join(f"{number}: {_number(found)} us" for number, found in results["residual_blocks"].items())
    lines += [
        "",
        "### Others",
        "",
        f"- A call with 16 named inputs takes {_number(calls['named'])} us, with the map made anew {_number(calls['map_made_anew'])} us, "
        f"`evaluate_arrays` {_number(calls['array'])} us.",
        f"- Residual blocks of width 32, two layers each: {blocks}.",
        *(
            f"- Compiling a small program with `network.hpp`{_KINDS[kind]} at -O2 takes {found['cpu_seconds']} s of the processor and "
            f"{found['memory_MB']:.0f} MB."
            for kind, found in cost.items()
        ),
        "- The whole header compiles every kind of layer, in single and double precision, and the kernels of each instruction set, in every "
        "file that includes it; with `KERAS_HEP_SEPARATE` they are compiled once.",
        "",
        "### Against the bars",
        "",
        "ONNX Runtime without what the empty call takes.",
        "",
        "| | found | bar | met |",
        "|---|---:|---:|---|",
    ]
    for bar in bars(results):
        found = "-" if bar.found is None else f"{_number(bar.found)} {bar.unit}"
        lines.append(f"| {bar.what} | {found} | {'>=' if bar.at_least else '<='} {bar.bar:g} | {bar.verdict} |")
    return "\n".join(lines) + "\n"


def _cell(figures: dict[str, Any] | None, batch: str) -> str:
    if figures is None or batch not in figures:
        return "-"
    return f"{_number(figures[batch]['min'])} ({_number(figures[batch]['median'])})"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _reasons(networks: dict[str, dict[str, Any]]) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for key, rows in networks.items():
        for name, figures in rows.items():
            if "not_run" in figures:
                reasons.setdefault((name, figures["not_run"]), []).append(key)
    return [f"- not run: {_TITLES[name]}, {', '.join(keys)}: {why}" for (name, why), keys in reasons.items()]


@styled
def picture(results: dict[str, Any]) -> Figure:
    """Draw the times, a panel for each size of the batch."""
    figure = new_figure(10, 4.6)
    networks = list(results["networks"])
    for axes, batch in zip(figure.subplots(1, 2), ("1", str(EVENTS)), strict=True):
        for place, (name, colour) in enumerate(zip(_DRAWN, colours(len(_DRAWN)), strict=True)):
            times = [time_of(results, key, name, batch) for key in networks]
            width = 0.8 / len(_DRAWN)
            shown = [(number, time) for number, time in enumerate(times) if time is not None and time > 0]
            if shown:
                x = [number - 0.4 + (place + 0.5) * width for number, _ in shown]
                axes.bar(x, [time for _, time in shown], width, color=colour, label=_DRAWN[name])
        axes.set_yscale("log")
        axes.set_xticks(range(len(networks)), [TITLES[key].split(",")[0].replace("MLP ", "MLP\n") for key in networks])
        axes.tick_params(axis="x", labelsize=8)
        axes.set_ylabel("time of an event (µs)")
        axes.set_title(f"batch {batch}", loc="left")
        tidy(axes)
        axes.grid(False, axis="x")
        axes.tick_params(axis="x", which="both", length=0)
    figure.suptitle(results["processor"], fontsize=10)
    figure.axes[0].legend(fontsize=8, loc="upper left")
    low, high = figure.axes[0].get_ylim()
    figure.axes[0].set_ylim(low, high * 30)
    return figure
