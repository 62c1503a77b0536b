"""Worker processes that start afresh and need nothing of the script that asks for them."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from types import ModuleType
from typing import Any

__all__ = ["SpawnedPool"]


class SpawnedPool(ProcessPoolExecutor):
    """A pool of fresh processes (spawned, because a fork copies the locks of running threads).

    A spawned process runs the main script again, for what that defines; without an ``if __name__ == "__main__"`` around
    what it does, it would start processes of its own. Ours call functions of this package alone, so the script is hidden
    from them, and notebooks, plain scripts and standard input serve alike.

    Args:
        workers: number of processes.
        **options: of `concurrent.futures.ProcessPoolExecutor`.
    """

    def __init__(self, workers: int, **options: Any):
        super().__init__(workers, mp_context=multiprocessing.get_context("spawn"), **options)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule a call, which starts the processes."""
        script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            return super().submit(function, *args, **kwargs)
        finally:
            sys.modules["__main__"] = script
