"""Shards on several processes, stopped promptly and without leaving anything behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from pathlib import Path

from keras_hep._processes import SpawnedPool
from keras_hep.data.samples.sample import Sample, ShardRequest
from keras_hep.data.samples.shards import save_shard
from keras_hep.errors import KerasHepError

__all__ = ["Task", "make_shards"]

Task = tuple[ShardRequest, Path]


class _StopError(Exception):
    """The parent asked a worker to stop."""


def make_shards(sample: Sample, tasks: Sequence[Task], workers: int, finished: Callable[[ShardRequest], None]) -> None:
    """Make and save shards.

    One worker means this very process.

    Args:
        sample: what to make.
        tasks: the shards and their files.
        workers: number of processes.
        finished: called in this process after each shard, in any order.

    Raises:
        KerasHepError: a worker died. The shards finished so far are kept, after this and after any other error.
    """
    if workers == 1:
        for request, path in tasks:
            save_shard(path, sample.make_shard(request, _go_on))
            finished(request)
        return
    stop = multiprocessing.get_context("spawn").Event()
    with SpawnedPool(workers, initializer=_start_worker, initargs=(stop,)) as pool:
        try:
            running = {pool.submit(_make_shard, sample, *task): task for task in tasks}
            _collect(running, finished)
        except BrokenProcessPool as error:
            raise KerasHepError(
                "a worker process died while generating, perhaps for want of memory; finished shards are kept: "
                "start again to go on, with fewer workers if need be"
            ) from error
        finally:
            # After an error or an interrupt; a no-op otherwise. Workers look at `stop` between batches of events.
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _collect(running: dict[Future[None], Task], finished: Callable[[ShardRequest], None]) -> None:
    """Wait for all shards; the first error ends it."""
    pending = set(running)
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
            finished(running[future][0])


def _go_on() -> None:
    """The checkpoint of a shard made in this process, where an interrupt comes by itself."""


_stop: Event | None = None


def _start_worker(stop: Event) -> None:
    """Prepare a worker: the parent alone answers Ctrl-C, and a worker does not outlive its parent."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check_stop() -> None:
    """The checkpoint of a shard made in a worker."""
    if _stop is not None and _stop.is_set():
        raise _StopError


def _make_shard(sample: Sample, request: ShardRequest, path: Path) -> None:
    """Make one shard in a worker."""
    save_shard(path, sample.make_shard(request, _check_stop))
