"""Measure how fast samples are generated here, and what they look like.

Run with ``python -m benchmarks.samples [NAME ...] [--entries N] [--again]``. Each sample writes
``benchmarks/results/samples/NAME.png`` and ``NAME.json`` as it finishes and is left out the next time, unless its recipe
or a package that it is made with has changed since; the table ``benchmarks/results/samples.md`` is made from all JSON
files that are there.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
from pathlib import Path

import matplotlib

from benchmarks.samples.measure import look_order, measure
from benchmarks.samples.summary import summarise
from keras_hep._io import parse_json
from keras_hep.data.samples import SAMPLES

RESULTS = Path(__file__).parents[1] / "results"

log = logging.getLogger("samples")


def has_look(name: str) -> bool:
    """Tell whether there is a module that says what to look at."""
    return importlib.util.find_spec(f"benchmarks.samples.{name.replace('-', '_')}") is not None


def is_current(name: str, path: Path) -> bool:
    """Tell whether a result is there and was made by the recipe as it is now."""
    return path.is_file() and parse_json(path).get("configuration_hash") == look_order(name).configuration_hash()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.samples", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="samples; all by default")
    parser.add_argument("--entries", type=int, help="entries of each sample, instead of its own number")
    parser.add_argument("--again", action="store_true", help="measure those again whose JSON is up to date")
    arguments = parser.parse_args()
    known = [name for name in SAMPLES if has_look(name)]
    if unknown := set(arguments.names) - set(known):
        parser.error(f"there is nothing to look at for {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    matplotlib.use("Agg")
    folder = RESULTS / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or known:
        if is_current(name, folder / f"{name}.json") and not arguments.again:
            log.info("%s: is up to date", name)
            continue
        result = measure(name, arguments.entries, folder)
        log.info("%s: %g %s a second", name, result["entries_per_cpu_second"], result["entry"])
        summarise(folder, RESULTS / "samples.md")
    summarise(folder, RESULTS / "samples.md")


if __name__ == "__main__":
    main()
