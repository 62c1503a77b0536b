"""The table of the recorded figures."""

from __future__ import annotations

from typing import Any

__all__ = ["table"]


def table(results: dict[str, Any]) -> str:
    """Return the table as Markdown.

    Args:
        results: what `benchmarks.lwtnn` measured.
    """
    lines = [
        "# Networks of lwtnn",
        "",
        f"Largest difference from the answers that lwtnn gave in double precision, on the {results['events']} events that stand beside the",
        f"networks; how long C++ takes to read a file (the least of {results['runs']} times, {results['cpu']}, {results['compiler']}, -O2,",
        f"load average of the machine {results['load_average']}); and sizes:",
        "the file, the same network in our own format, and whether the file written again is equal as parsed JSON. Made by",
        "`python -m benchmarks.lwtnn` from the folder that KERAS_HEP_LWTNN_DATA names.",
        "",
        "| network | Keras, float32 | Keras, float64 | C++, float | C++, double | read | file | ours, text | ours, base64 | written again |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, row in results["networks"].items():
        sizes = " | ".join(f"{row[key] / 1e3:.1f} kB" for key in ("file_bytes", "text_bytes", "base64_bytes"))
        lines.append(
            f"| {name} | {row['keras']:.1e} | {row['keras_double']:.1e} | {row['single']:.1e} | {row['double']:.1e} | {row['milliseconds']:.2f} ms "
            f"| {sizes} | {'equal' if row['equal'] else 'differs'} |"
        )
    return "\n".join(lines) + "\n"
