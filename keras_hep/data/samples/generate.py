"""Generate a sample: missing shards, then one ROOT file and its card."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from keras_hep._io import atomic_path, write_json
from keras_hep._optional import require
from keras_hep.data.samples.compose import compose
from keras_hep.data.samples.sample import Sample, ShardRequest
from keras_hep.data.samples.shards import shard_folder, shard_path
from keras_hep.data.samples.workers import make_shards
from keras_hep.errors import DataError

__all__ = ["card_path", "generate_sample"]

log = logging.getLogger(__name__)


def card_path(output: str | Path) -> Path:
    """Return where the card of a sample file lies: ``jets.card.json`` for ``jets.root``."""
    return Path(output).with_suffix(".card.json")


def generate_sample(
    sample: Sample, jets: int, output: str | Path, *, seed: int, workers: int | None, progress: bool
) -> Path:
    """Generate a sample; see `keras_hep.data.samples.generate`, which finds the sample by its name."""
    output = Path(output)
    _check(sample, jets, output, seed, workers)
    for package in sample.packages:
        require(package, extra="samples")
    folder = shard_folder(sample, seed)
    blocks = sample.requests(jets, seed)
    missing = [
        (request, path)
        for block in blocks
        for request in block
        if not (path := shard_path(folder, sample, request)).exists()
    ]
    waiting = sum(request.entries for request, _ in missing)
    if waiting < jets:
        log.info("%s: %d of %d jets are there from before, in %s", sample.name, jets - waiting, jets, folder)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jets")
    times = TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, *times, console=Console(stderr=True), disable=not progress) as bar:
        task = bar.add_task(sample.name, total=jets, completed=jets - waiting)

        def finished(request: ShardRequest) -> None:
            bar.advance(task, request.entries)

        make_shards(sample, missing, min(workers or _cores(), max(1, len(missing))), finished)
    with atomic_path(output) as temporary:
        paths = [[shard_path(folder, sample, request) for request in block] for block in blocks]
        content = compose(sample, paths, seed, temporary)
        write_json(card_path(output), _card(sample, jets, seed, content))
    return output


def _check(sample: Sample, jets: int, output: Path, seed: int, workers: int | None) -> None:
    """Refuse what cannot be generated before any time is spent on it."""
    if jets < len(sample.classes):
        raise DataError(
            f"{sample.name} needs at least {len(sample.classes)} jets, one for each of its classes "
            f"({', '.join(sample.classes)}); received {jets}"
        )
    if seed < 0:
        raise DataError(f"the seed must not be negative; received {seed}")
    if workers is not None and workers < 1:
        raise DataError(f"the number of workers must be at least 1; received {workers}")
    if output.suffix != ".root":
        raise DataError(f"a sample is written as a ROOT file, so its name must end in .root; received {output}")


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _card(sample: Sample, jets: int, seed: int, content: str) -> dict[str, Any]:
    """Return what there is to know about the file."""
    shares = zip(sample.classes, sample.jets_per_class(jets), strict=True)
    return {
        "sample": sample.name,
        "description": sample.description,
        "tree": sample.tree,
        "jets": jets,
        "seed": seed,
        "classes": {name: {"label": label, "jets": share} for label, (name, share) in enumerate(shares)},
        **sample.card,
        "configuration": sample.configuration,
        "versions": sample.versions(),
        "configuration_hash": sample.configuration_hash(seed),
        "content_hash": content,
    }
