"""keras-hep predict: scores of a model written beside the events they belong to, entry by entry."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np

from keras_hep._io import atomic_path, content_hash, write_json
from keras_hep._processes import SpawnedPool
from keras_hep.data.cutting import Cut, cut_columns
from keras_hep.data.features import FeatureSpec
from keras_hep.data.files import Files, expand_files, open_columns
from keras_hep.data.samples.formats import FORMATS
from keras_hep.errors import DataError, FileReadError
from keras_hep.workflow.scorers import KerasScorer, Scorer, scorer_of

__all__ = ["FileFormat", "Prediction", "predict", "predict_arrays"]

FileFormat = Literal["rntuple", "ttree", "hdf5"]

_ENDINGS = {"rntuple": ".root", "ttree": ".root", "hdf5": ".h5"}
_CHUNK = 50_000


@dataclass(frozen=True)
class Prediction:
    """The scores of one file.

    Attributes:
        source: the file that was read.
        output: the file that was written; None if the source was left out.
        counts: what happened to its examples.
        resumed: the output was there from before.
        reason: why the source was left out.
    """

    source: str
    output: Path | None
    counts: dict[str, int]
    resumed: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class _Job:
    model: str
    spec: FeatureSpec | None
    tree: str | None
    copy: tuple[str, ...]
    format: FileFormat
    skip: bool


def predict(
    model: str | Path,
    files: Files,
    output: str | Path,
    *,
    spec: FeatureSpec | None = None,
    tree: str | None = None,
    copy: Sequence[str] = (),
    format: FileFormat = "rntuple",
    workers: int = 1,
    on_error: Literal["stop", "skip"] = "stop",
    on_file: Callable[[Prediction], None] | None = None,
) -> list[Prediction]:
    """Score all entries of files and write, for each file, one of the same length and order to a folder.

    The file ``jets.root`` gives ``jets.scores.root`` with the tree ``scores``, a friend of the original. An entry that the
    selection cuts has the score NaN. Where the specification takes every object of a branch as an example (``each``),
    the scores are lists with one number an object. Finished files are not scored again.

    Args:
        model: a ``.keras`` file, or an exported ``.json``, which C++ then evaluates.
        files: files, patterns or URLs.
        output: folder to write to.
        spec: what to read; only needed with a ``.json``.
        tree: tree to read; default as in the specification.
        copy: branches to copy along.
        format: ``rntuple``, ``ttree`` or ``hdf5``.
        workers: processes that score files at the same time.
        on_error: what to do about a file that cannot be read: ``stop`` or ``skip``.
        on_file: called after each file.

    Returns:
        One entry for each file, in order.

    Raises:
        DataError: a file cannot be read, lacks a branch, or two files would write the same output.
        ModelError: the model cannot be loaded.
    """
    sources = expand_files(files)
    targets = _targets(sources, Path(output), format)
    job = _Job(str(model), spec, tree, tuple(copy), format, on_error == "skip")
    done: dict[str, Prediction] = {}
    if workers <= 1 or len(sources) == 1:
        scorer = scorer_of(model, spec)
        for source in sources:
            done[source] = _one(source, targets[source], job, scorer)
            if on_file is not None:
                on_file(done[source])
    else:
        with SpawnedPool(workers) as pool:
            futures = {pool.submit(_alone, source, targets[source], job): source for source in sources}
            try:
                for future in as_completed(futures):
                    done[futures[future]] = result = future.result()
                    if on_file is not None:
                        on_file(result)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return [done[source] for source in sources]


def predict_arrays(model: Any, arrays: ak.Array | Mapping[str, Any], spec: FeatureSpec | None = None) -> ak.Array:
    """Score events that are in memory.

    Args:
        model: a Keras model, the path of one, or of an exported ``.json``.
        arrays: records of branches, or a mapping from branch to array.
        spec: what to read; default: the specification in the model.

    Returns:
        Records with a field for each score, one an entry; lists of numbers with ``each``; NaN where the selection cuts.
    """
    scorer = scorer_of(model, spec) if isinstance(model, (str, Path)) else KerasScorer(model, spec)
    columns = {name: arrays[name] for name in (arrays.fields if isinstance(arrays, ak.Array) else arrays)}
    table = {name: columns[name] for name in scorer.spec.branches(labels=False) if name in columns}
    if missing := [name for name in scorer.spec.branches(labels=False) if name not in columns]:
        raise DataError(f"the arrays have no branch '{missing[0]}'; the model needs {missing}")
    return ak.zip(_scores(table, scorer, "the arrays", {}), depth_limit=1)


_scorer: tuple[str, Scorer] | None = None


def _alone(source: str, target: Path, job: _Job) -> Prediction:
    """Score one file in a process of its own, which loads the model once."""
    global _scorer
    if _scorer is None or _scorer[0] != job.model:
        _scorer = (job.model, scorer_of(job.model, job.spec))
    return _one(source, target, job, _scorer[1])


def _one(source: str, target: Path, job: _Job, scorer: Scorer) -> Prediction:
    note = target.with_suffix(".json")
    stat = Path(source).stat() if Path(source).is_file() else None
    state = [source, stat and (stat.st_size, stat.st_mtime_ns), scorer.identity, scorer.spec.to_dict(), job.tree]
    key = content_hash([*state, job.copy, job.format])
    if target.is_file() and note.is_file() and (record := _record(note)).get("key") == key:
        return Prediction(source, target, dict(record["counts"]), resumed=True)
    counts: dict[str, int] = {}
    try:
        with open_columns(source, job.tree or scorer.spec.tree) as columns:
            branches = scorer.spec.branches(labels=False)
            columns.require([*branches, *job.copy])
            with atomic_path(target) as temporary:
                with FORMATS[job.format].open(temporary, "scores", "scores", columns.entries) as file:
                    for start, stop in _steps(columns.edges(branches, _CHUNK)):
                        table = columns.read([*branches, *job.copy], start, stop)
                        part = _scores({name: table[name] for name in branches}, scorer, columns.where, counts)
                        block = {name: table[name] for name in job.copy} | part
                        file.extend(ak.to_packed(ak.zip(block, depth_limit=1)))
                write_json(
                    note,
                    {"key": key, "source": source, "model": job.model, "entries": columns.entries, "counts": counts},
                )
    except FileReadError as error:
        if not job.skip:
            raise
        return Prediction(source, None, {}, reason=str(error))
    return Prediction(source, target, counts)


def _record(note: Path) -> dict[str, Any]:
    try:
        record = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and isinstance(record.get("counts"), dict) else {}


def _steps(edges: list[int]) -> Iterator[tuple[int, int]]:
    """Return the chunks; an empty file has one empty chunk, so that its output has the branches too."""
    yield from itertools.pairwise(edges) if len(edges) > 1 else [(0, 0)]


def _scores(table: Mapping[str, Any], scorer: Scorer, where: str, counts: dict[str, int]) -> dict[str, ak.Array]:
    """Return the scores of a chunk, aligned with its entries."""
    entries = len(next(iter(table.values())))
    spec = scorer.spec
    # Identities only matter for splits, and may not be there.
    cut: Cut = cut_columns(table, spec.model_copy(update={"identity": None}), where, 0, labels=False)
    for what, number in cut.counts.items():
        counts[what] = counts.get(what, 0) + number
    scores = np.full((cut.counts["read"], len(scorer.columns)), np.nan, dtype=np.float32)
    if len(cut):
        scores[cut.rows] = scorer.scores(cut.events().inputs)
    if spec.each is None:
        return {name: ak.Array(scores[:, number].copy()) for number, name in enumerate(scorer.columns)}
    sizes = ak.num(ak.Array(table[spec.each]), axis=1) if entries else np.zeros(0, np.int64)
    return {name: ak.unflatten(scores[:, number].copy(), sizes) for number, name in enumerate(scorer.columns)}


def _targets(sources: Sequence[str], folder: Path, format: FileFormat) -> dict[str, Path]:
    targets: dict[str, Path] = {}
    for source in sources:
        name = source.rsplit("/", 1)[-1].split("?")[0]
        target = folder / f"{name.rsplit('.', 1)[0]}.scores{_ENDINGS[format]}"
        if target in targets.values():
            raise DataError(f"two files would write '{target}': give files of the same name different output folders")
        targets[source] = target
    return targets
