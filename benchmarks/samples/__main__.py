"""Measure how fast samples are generated here, and what they look like.

Run with ``python -m benchmarks.samples [NAME ...] [--entries N] [--again]``. Each sample writes
``benchmarks/results/samples/NAME.png`` and ``NAME.json`` as it finishes and is left out the next time; the table
``benchmarks/results/samples.md`` is made from all JSON files that are there.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
from pathlib import Path

import matplotlib

from benchmarks.samples.measure import measure
from benchmarks.samples.summary import summarise
from keras_hep.data.samples import SAMPLES

RESULTS = Path(__file__).parents[1] / "results"

log = logging.getLogger("samples")


def has_look(name: str) -> bool:
    """Tell whether there is a module that says what to look at."""
    return importlib.util.find_spec(f"benchmarks.samples.{name.replace('-', '_')}") is not None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.samples", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="samples; all by default")
    parser.add_argument("--entries", type=int, help="entries of each sample, instead of its own number")
    parser.add_argument("--again", action="store_true", help="measure those again whose JSON is there")
    arguments = parser.parse_args()
    known = [name for name in SAMPLES if has_look(name)]
    if unknown := set(arguments.names) - set(known):
        parser.error(f"there is nothing to look at for {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    matplotlib.use("Agg")
    folder = RESULTS / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or known:
        if (folder / f"{name}.json").is_file() and not arguments.again:
            log.info("%s: measured before", name)
            continue
        result = measure(name, arguments.entries, folder)
        log.info("%s: %g %s a second", name, result["entries_per_cpu_second"], result["entry"])
        summarise(folder, RESULTS / "samples.md")
    summarise(folder, RESULTS / "samples.md")


if __name__ == "__main__":
    main()
