"""Samples in the cache directory: made once, there at once the next time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from keras_hep._io import cache_dir, content_hash
from keras_hep.data.samples.cards import card_path
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.order import Order

__all__ = ["cached_sample"]

log = logging.getLogger(__name__)


def cached_sample(order: Order, *, workers: int | None, progress: bool) -> Path:
    """Return the file of a sample in the cache directory, made if need be; see `keras_hep.data.samples.load`."""
    key = content_hash([order.configuration_hash(), order.labels, order.format.name])
    name = f"{order.sample.name}-{order.entries}-{key[:16]}{order.format.suffixes[0]}"
    path = cache_dir() / "samples" / "files" / name
    if not _complete(path):
        with _alone(path.with_suffix(".lock")):
            if not _complete(path):  # another process may have made it while this one waited
                generate_sample(order, path, workers=workers, progress=progress)
    return path


def _complete(path: Path) -> bool:
    """Tell whether a sample and its card are there; both appear as a whole or not at all."""
    return path.is_file() and card_path(path).is_file()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time into the block; a process that dies leaves the lock.

    Where files cannot be locked (Windows, some network file systems) two processes may make the same sample, which costs
    time and breaks nothing: each writes files of its own and moves them into place.
    """
    with ExitStack() as stack:
        with suppress(ImportError, OSError):
            import fcntl

            lock.parent.mkdir(parents=True, exist_ok=True)
            stream = stack.enter_context(lock.open("w"))
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("another process makes this sample; waiting for it (%s)", lock)
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield
