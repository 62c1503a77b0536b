"""Chunks read by background threads, delivered in the order in which they were asked for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from keras_hep.data.arena import Arena
from keras_hep.data.files import ColumnFile, open_columns

__all__ = ["Handles", "in_order"]

T = TypeVar("T")
R = TypeVar("R")

_OPEN_FILES = 8


class Handles:
    """Open files, each used by one thread at a time; the latest ones stay open."""

    def __init__(self, tree: str | None, memory: Arena):
        self._tree = tree
        self._memory = memory
        self._idle: list[tuple[str, ColumnFile]] = []
        self._lock = threading.Lock()

    @contextmanager
    def use(self, file: str) -> Iterator[ColumnFile]:
        """Give a file, opened if need be."""
        with self._lock:
            found = next((number for number, (name, _) in enumerate(self._idle) if name == file), None)
            columns = self._idle.pop(found)[1] if found is not None else None
        if columns is None:
            columns = open_columns(file, self._tree, self._memory)
        try:
            yield columns
        finally:
            with self._lock:
                self._idle.append((file, columns))
                old = self._idle.pop(0)[1] if len(self._idle) > _OPEN_FILES else None
            if old is not None:
                old.close()

    def close(self) -> None:
        """Close all files; none is in use any more."""
        while self._idle:
            self._idle.pop()[1].close()


def in_order(tasks: Iterable[T], work: Callable[[T], R], workers: int) -> Generator[R, None, None]:
    """Yield ``work(task)`` for each task in turn, worked on ahead of time by `workers` threads (0: by this one).

    At most one result more than there are threads is kept waiting, so that memory does not depend on the number of tasks.
    """
    if workers == 0:
        yield from map(work, tasks)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="keras_hep-reader")
    waiting: deque[Future[R]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
