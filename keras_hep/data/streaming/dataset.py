"""Dataset: events streamed from files of any size, ready for training."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from keras_hep._io import content_hash
from keras_hep.data.arena import Arena
from keras_hep.data.cutting import Cut, cut_columns, empty_events
from keras_hep.data.events import Events, hash_to_unit_interval, split_ranges
from keras_hep.data.expressions import branches_of
from keras_hep.data.features import FeatureSpec
from keras_hep.data.files import Files, expand_files
from keras_hep.data.streaming.config import DataConfig
from keras_hep.data.streaming.plan import Chunk, Plan, Skipped, make_plan
from keras_hep.data.streaming.reading import Handles, in_order
from keras_hep.data.streaming.report import Report
from keras_hep.data.streaming.sampling import Sampler
from keras_hep.data.streaming.shuffle import Shuffle, parts
from keras_hep.data.streaming.tensors import tensors_of
from keras_hep.errors import DataError, FeatureError, FileReadError, nearest

__all__ = ["Dataset"]

log = logging.getLogger(__name__)

# A chunk of which less than this share still waits is copied together, so that the rest of its memory is given back.
_SPARSE = 0.5
_SAMPLED = ("train", "validation")


@dataclass(frozen=True)
class _Loaded:
    """A chunk in memory: its examples, and which of them are used, in order, perhaps several times."""

    cut: Cut
    used: NDArray[np.int64]
    skipped: Skipped | None = None


class Dataset:
    """Events streamed from ROOT and HDF5 files: read in the background, cut, shuffled, resampled, padded, batched.

    Iterating gives one epoch of `Events` in batches; each new iteration is the next epoch. ``model.fit(data.to_tf())``
    trains on it. Order and content of the batches follow from files, specification, seed, epoch, `buffer` and `chunk`
    alone, not from the number of workers.

    Args:
        files: files, patterns such as ``"data/*.root"``, or URLs that fsspec understands; or a `DataConfig`.
        spec: what to read; a specification or the path of one.
        part: name of the split to use, such as ``"train"``; all events by default.
        **options: the other fields of `DataConfig`, such as ``batch_size=1024``.

    Raises:
        DataError: a file is missing or damaged, lacks a branch, or has it with another type than the others.
        FeatureError: an option is wrong, or the specification names no branch.

    Attributes:
        config: the configuration.
        spec: the feature specification.
        epoch: number of the epoch that the next iteration gives.

    Example:
        >>> data = Dataset("jets/*.root", "five_jets", batch_size=1024)  # doctest: +SKIP
        >>> train, validation = data.part("train"), data.part("validation")  # doctest: +SKIP
        >>> model.fit(train.to_tf(), validation_data=validation.to_tf(), shuffle=False)  # doctest: +SKIP
    """

    _steps: int | None

    def __init__(
        self,
        files: Files | DataConfig,
        spec: FeatureSpec | str | Path | None = None,
        *,
        part: str | None = None,
        **options: Any,
    ):
        if isinstance(files, DataConfig):
            config = files
            if options:
                config = DataConfig.from_dict({**config.model_dump(), **options})
        else:
            if spec is None:
                raise FeatureError("a dataset needs a feature specification: spec=...")
            given = spec if isinstance(spec, FeatureSpec) else str(spec)
            config = DataConfig.from_dict({"files": files, "spec": given, **options}, "the options of the dataset")
        self.config = config
        self.spec = config.feature_spec() if spec is None or not isinstance(spec, FeatureSpec) else spec
        if not self.spec.branches(config.labels):
            raise FeatureError("the feature specification names no branch: there is nothing to read")
        self.epoch = 0
        self._variables = tuple(config.sampling.variables) if config.sampling is not None else ()
        self._plan = self._planned()
        self._sampler: Sampler | None = None
        self._part: str | None = None
        self._reset()
        if part is not None:
            self._choose(part)

    @classmethod
    def load(cls, path: str | Path, *, part: str | None = None, **options: Any) -> Self:
        """Open the dataset that a YAML file describes, see `DataConfig`."""
        return cls(DataConfig.load(path), part=part, **options)

    def part(self, name: str) -> Self:
        """Return the same dataset with the events of one split alone; files are not opened again."""
        other = copy.copy(self)
        other.epoch = 0
        other._reset()
        other._choose(name)
        return other

    def with_spec(self, spec: FeatureSpec) -> Self:
        """Return the same dataset with another specification of the same branches, such as the fitted one."""
        if missing := set(spec.branches(self.config.labels)) - set(self.spec.branches(self.config.labels)):
            raise FeatureError(f"the other specification reads more branches: {', '.join(sorted(missing))}")
        other = copy.copy(self)
        other.spec = spec
        other._reset()
        return other

    @property
    def entries(self) -> int:
        """Entries of all files, before any selection or split."""
        return self._plan.entries

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read, in order."""
        return tuple(dict.fromkeys(chunk.file for chunk in self._plan.chunks))

    @property
    def steps(self) -> int | None:
        """Batches of the last whole epoch; None before there was one."""
        return self._steps

    @property
    def report(self) -> dict[str, Any]:
        """What happened in the last epoch: examples read, cut, defaulted, clipped, resampled, and files left out."""
        return self._report.to_dict(self._plan.skipped)

    @property
    def empty_classes(self) -> tuple[str, ...]:
        """The classes of which the last whole epoch had no event."""
        return self._report.empty_classes

    def __iter__(self) -> Iterator[Events]:
        """Yield the batches of the next epoch."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        yield from self.batches(epoch)

    def batches(self, epoch: int, state: dict[str, Any] | None = None, group: int = 1) -> Iterator[Events]:
        """Yield the batches of an epoch.

        Args:
            epoch: number of the epoch.
            state: from `state`; begin behind the batches that it counts.
            group: give so many batches at once, one after the other in the same tensors.

        Raises:
            DataError: the state belongs to other files or another configuration; a file cannot be read.
        """
        self._prepare()
        self._report.clear()
        size = self.config.batch_size
        shuffle = Shuffle(self.config.seed, epoch, self.config.buffer)
        order = self._plan.order(self.config.seed, epoch) if self.config.buffer else list(range(len(self._plan.chunks)))
        known, done = ([], 0) if state is None else self._checked(state, epoch)
        sizes = _replay(shuffle, known, done, size)
        needed = [number for number, waiting in enumerate(shuffle.waiting_chunks()) if waiting]
        slots = dict(zip(needed, self._load(epoch, [order[number] for number in needed]), strict=True))
        self._sizes[epoch] = sizes
        loading = self._load(epoch, order[len(sizes) :])
        finished = False
        try:
            drawn: list[NDArray[np.int64]] = []
            while True:
                while shuffle.wants_more(size) and not finished:
                    loaded = next(loading, None)
                    if loaded is None:
                        finished = True
                    else:
                        # What was drawn so far refers to chunks that may be copied together now.
                        if drawn:
                            yield self._gathered(slots, drawn)
                            drawn = []
                        slots[len(sizes)] = loaded
                        shuffle.add(len(loaded.used))
                        sizes.append(len(loaded.used))
                        _tidy(slots, shuffle, self._memory)
                if len(shuffle) == 0 or (len(shuffle) < size and self.config.drop_last):
                    break
                rows = shuffle.draw(size)
                if len(rows) < size and drawn:
                    yield self._gathered(slots, drawn)
                    drawn = []
                drawn.append(rows)
                done += 1
                if len(drawn) == group or len(rows) < size:
                    yield self._gathered(slots, drawn)
                    drawn = []
            if drawn:
                yield self._gathered(slots, drawn)
        finally:
            loading.close()
        self._steps = done
        if state is None:
            self._report.check(done, self._where())

    def state(self, batch: int, epoch: int | None = None) -> dict[str, Any]:
        """Return what is needed to go on behind the first `batch` batches of an epoch; a few numbers that JSON can hold.

        Args:
            batch: batches of the epoch that are done with.
            epoch: number of the epoch; the one of the last iteration by default.
        """
        epoch = self.epoch - 1 if epoch is None else epoch
        return {"epoch": epoch, "batch": batch, "sizes": list(self._sizes.get(epoch, [])), "key": self._key()}

    def to_tf(
        self, inputs: Iterable[str] | None = None, *, state: dict[str, Any] | None = None, group: int | None = None
    ) -> Any:
        """Return a ``tf.data.Dataset`` of (inputs, label or targets, weight); each iteration of it is one epoch.

        The batches reach TensorFlow without a copy.

        Args:
            inputs: names of the tensors that the model takes; all by default.
            state: from `state`; the first epoch begins behind the batches that it counts.
            group: batches gathered at once; by default up to eight of together 24 MB.
        """
        return tensors_of(self, inputs, state, group)

    def fit_spec(self, limit: int = 500_000) -> FeatureSpec:
        """Return the specification with the missing offsets and scales fitted on the first `limit` events or so."""
        from keras_hep.data.fitting import fit

        parts: list[Events] = []
        for batch in self.batches(0, group=8):
            parts.append(batch)
            if sum(map(len, parts)) >= limit:
                break
        if not parts:
            raise DataError(f"{self._where()}: no event is left to fit the specification on")
        return fit(self.spec, type(parts[0]).concatenate(parts))

    def _reset(self) -> None:
        self._memory = Arena()
        self._report = Report(self.spec, self.config.labels)
        self._sizes: dict[int, list[int]] = {}
        self._steps = None

    def _choose(self, name: str) -> None:
        if name not in self.config.split:
            raise DataError(f"there is no split '{name}': {nearest(name, self.config.split)}")
        self._part = name

    def _where(self) -> str:
        names = ", ".join(self.files[:3]) + (" ..." if len(self.files) > 3 else "")
        return names if self._part is None else f"{names}, split '{self._part}'"

    def _key(self) -> str:
        chunks = [(Path(c.file).name, c.start, c.stop) for c in self._plan.chunks]
        config = self.config.model_dump(mode="json", include={"split", "seed", "batch_size", "buffer", "sampling"})
        return content_hash([chunks, config, self._part, self.spec.selection, self.spec.each])[:16]

    def _checked(self, state: dict[str, Any], epoch: int) -> tuple[list[int], int]:
        if state.get("key") != self._key() or state.get("epoch") != epoch:
            raise DataError(
                "the state belongs to another epoch, other files, or another batch size, buffer, seed, split or sampling"
            )
        return [int(size) for size in state["sizes"]], int(state["batch"])

    def _planned(self) -> Plan:
        files = []
        missing = []
        for pattern in self.config.files:
            try:
                files += expand_files(pattern)
            except DataError as error:
                if self.config.on_error == "stop":
                    raise
                log.warning("left out: %s", error)
                missing.append(Skipped(pattern, None, str(error)))
        if not files:
            raise DataError(f"no input file is left: {missing[0].reason}")
        files = list(dict.fromkeys(files))
        tree = self.config.tree or self.spec.tree
        workers = max(1, self.config.workers)
        plan = make_plan(files, tree, self._branches(), self.config.chunk, self.config.on_error, workers)
        return replace(plan, skipped=(*missing, *plan.skipped))

    def _branches(self, inputs: bool = True) -> list[str]:
        names = self.spec.branches(self.config.labels, inputs)
        return list(dict.fromkeys([*names, *(b for text in self._variables for b in branches_of(text))]))

    def _prepare(self) -> None:
        """Count the training events for the resampling, once."""
        sampling = self.config.sampling
        if sampling is None or self._sampler is not None or (self._part not in (None, *_SAMPLED)):
            return
        sampler = Sampler(sampling, self.spec.class_names if self.config.labels else ())
        reference = self if self._part is None else self.part("train" if "train" in self.config.split else self._part)
        for loaded in reference._load(0, range(len(self._plan.chunks)), inputs=False):
            sampler.fill(loaded.cut)
        for what, number in sampler.finish().items():
            if number:
                log.warning("sampling: %d examples are %s", number, what)
        self._sampler = sampler

    def _load(self, epoch: int, numbers: Iterable[int], inputs: bool = True) -> Generator[_Loaded, None, None]:
        """Return a generator of loaded chunks, in order, whose counts go into the report."""
        handles = Handles(self.config.tree or self.spec.tree, self._memory)
        low, high = split_ranges(self.config.split)[self._part] if self._part is not None else (0.0, 1.0)

        def part(identity: NDArray[np.int64]) -> NDArray[np.bool_]:
            place = hash_to_unit_interval(identity, self.config.seed)
            return np.asarray((place >= low) & (place < high))

        chosen = part if self._part is not None else None

        def work(number: int) -> _Loaded:
            chunk = self._plan.chunks[number]
            return self._loaded(chunk, handles, epoch, number, chosen, inputs)

        def generate() -> Generator[_Loaded, None, None]:
            with closing(handles), closing(in_order(numbers, work, self.config.workers)) as results:
                for loaded in results:
                    if inputs:
                        if loaded.skipped is not None:
                            self._report.skip(loaded.skipped)
                        self._report.add(loaded.cut)
                    yield loaded

        return generate()

    def _loaded(
        self,
        chunk: Chunk,
        handles: Handles,
        epoch: int,
        number: int,
        part: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None,
        inputs: bool,
    ) -> _Loaded:
        try:
            with handles.use(chunk.file) as columns:
                where = columns.where
                if columns.entries < chunk.stop:
                    raise FileReadError(f"'{chunk.file}' has become shorter: it has {columns.entries} entries")
                table = columns.read(self._branches(inputs), chunk.start, chunk.stop)
        except FileReadError as error:
            if self.config.on_error == "stop":
                raise
            skipped = Skipped(chunk.file, chunk.entries, str(error))
            return _Loaded(_nothing(self.spec, len(self._variables)), np.zeros(0, np.int64), skipped)
        cut = cut_columns(
            table,
            self.spec,
            where,
            chunk.first,
            self.config.labels,
            part=part,
            variables=self._variables,
            inputs=inputs,
            memory=self._memory,
        )
        if self._sampler is None or not inputs:
            return _Loaded(cut, np.arange(len(cut)))
        factor = self._sampler.factor(cut)
        cut.counts["outside of the bins of the sampling"] = int((factor == 0).sum())
        if self._sampler.sampling.method == "weight":
            kept = cut.select(factor > 0)
            weighted = (kept.weight * factor[factor > 0]).astype(np.float32)
            return _Loaded(replace(kept, weight=weighted), np.arange(len(kept)))
        rng = np.random.default_rng((self.config.seed, epoch, number, 1))
        times = np.floor(factor + rng.random(len(factor))).astype(np.int64)
        cut.counts["left out by the sampling"] = int(((times == 0) & (factor > 0)).sum())
        cut.counts["repeated by the sampling"] = int(np.maximum(times - 1, 0).sum())
        return _Loaded(cut, np.repeat(np.arange(len(cut)), times))

    def _gathered(self, slots: dict[int, _Loaded], drawn: list[NDArray[np.int64]]) -> Events:
        chunks, examples = parts(np.concatenate(drawn))
        out = empty_events(self.spec, len(chunks), self._memory)
        for number in np.unique(chunks):
            places = np.flatnonzero(chunks == number)
            loaded = slots[int(number)]
            loaded.cut.gather(loaded.used[examples[places]], places, out)
        return out


def _replay(shuffle: Shuffle, known: list[int], batches: int, size: int) -> list[int]:
    """Draw the first batches of an epoch without reading anything: their order follows from the sizes of the chunks alone.

    Returns:
        The sizes of the chunks that were added.
    """
    sizes: list[int] = []
    for _ in range(batches):
        while shuffle.wants_more(size) and len(sizes) < len(known):
            shuffle.add(known[len(sizes)])
            sizes.append(known[len(sizes)])
        shuffle.draw(size)
    return sizes


def _tidy(slots: dict[int, _Loaded], shuffle: Shuffle, memory: Arena) -> None:
    """Let go of chunks that are used up, and copy together what is left of those that nearly are."""
    waiting = shuffle.waiting_chunks()
    for number in list(slots):
        left, loaded = int(waiting[number]), slots[number]
        if left == 0:
            del slots[number]
        elif shuffle.buffer and left < _SPARSE * len(loaded.cut.rows):
            examples = shuffle.waiting_of(number)
            chosen, place = np.unique(loaded.used[examples], return_inverse=True)
            used = np.full(len(loaded.used), -1, dtype=np.int64)
            used[examples] = place
            slots[number] = _Loaded(loaded.cut.compact(chosen, memory), used)


def _nothing(spec: FeatureSpec, variables: int) -> Cut:
    empty = empty_events(spec, 0)
    none = np.zeros(0, np.int64)
    return Cut(spec, none, (), empty.label, empty.target, empty.weight, none, np.zeros((0, variables)), {})
