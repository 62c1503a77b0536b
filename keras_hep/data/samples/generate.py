"""Generate a sample: missing shards, then one file and its card."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from keras_hep._cores import usable_cores
from keras_hep._io import atomic_path, write_json
from keras_hep._optional import require
from keras_hep.data.samples.cards import card_path, make_card
from keras_hep.data.samples.compose import compose
from keras_hep.data.samples.order import Order
from keras_hep.data.samples.sample import ShardRequest
from keras_hep.data.samples.shards import shard_folder, shard_path
from keras_hep.data.samples.workers import make_shards
from keras_hep.errors import DataError, OutputError

__all__ = ["generate_sample"]

EXTRA = ("fastjet", "pythia8mc")
"""The packages of the extra ``samples``; every other one comes with keras_hep."""

log = logging.getLogger(__name__)


def generate_sample(order: Order, output: str | Path, *, workers: int | None, progress: bool) -> Path:
    """Generate a sample; see `keras_hep.data.samples.generate`, which finds the sample by its name.

    Args:
        order: what is made.
        output: the file, whose name ends as its format wants.
        workers: number of processes; all cores by default.
        progress: show a progress bar on standard error.
    """
    output = Path(output)
    sample = order.sample
    if workers is not None and workers < 1:
        raise DataError(f"the number of workers must be at least 1; received {workers}")
    if output.is_dir():
        raise OutputError(f"cannot write {output}: it is a folder")
    for package in sample.packages:
        if package in EXTRA:
            require(package, extra="samples")
    folder = shard_folder(sample, order.seed, order.options)
    blocks = order.blocks()
    missing = [
        (request, path)
        for block in blocks
        for request in block
        if not (path := shard_path(folder, sample, request)).exists()
    ]
    waiting = sum(request.entries for request, _ in missing)
    if there := order.entries - waiting:
        log.info(
            "%s: %d of %d %s are there from before, in %s", sample.name, there, order.entries, sample.entry, folder
        )
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(sample.entry)
    times = TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, *times, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task(sample.name, total=order.entries, completed=there)

        def finished(request: ShardRequest) -> None:
            bar.advance(task, request.entries)

        make_shards(sample, missing, min(workers or usable_cores(), max(1, len(missing))), finished)
    with atomic_path(output) as temporary:
        paths = [[shard_path(folder, sample, request) for request in block] for block in blocks]
        composed = compose(order, paths, temporary)
        write_json(card_path(output), make_card(order, composed))
    return output
