"""Stages: long work in steps that are done once, and skipped when a run is started again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from keras_hep._io import content_hash, parse_json, write_json
from keras_hep.errors import DataError, OutputError
from keras_hep.provenance import versions

__all__ = ["Stages"]

log = logging.getLogger(__name__)


class Stages:
    """The stages of one output folder; what is done stands in its ``stages.json``.

    A stage is skipped if it ended before with the same key and its outputs are still there. The key of each stage includes
    that of the stages before it, and a stage that runs makes everything after it run again.

    Args:
        folder: output folder, made if need be.
        announce: called with the name of each stage, and whether it is skipped.

    Raises:
        DataError: the record cannot be read.
        OutputError: the folder cannot be made.
    """

    def __init__(self, folder: Path, announce: Callable[[str, bool], None] | None = None):
        self.folder = folder
        self.announce = announce or (lambda name, skipped: log.info("%s%s", name, " (done before)" if skipped else ""))
        self._path = folder / "stages.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
        self._done = _record(self._path) if self._path.is_file() else {}
        # After an upgrade, what the older versions gave does not count as done.
        self._chain = content_hash(versions())
        self.seconds: dict[str, float] = {}

    def run(self, name: str, key: Any, outputs: Sequence[str], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run a stage, or take its result from before.

        Args:
            name: name of the stage.
            key: plain values on which the outcome depends.
            outputs: files or folders, relative to the output folder, that the stage writes.
            work: does the work and returns plain values.
        """
        self._chain = content_hash([self._chain, name, key])
        before = self._done.get(name)
        skipped = (
            before is not None
            and before["key"] == self._chain
            and all((self.folder / output).exists() for output in outputs)
        )
        self.announce(name, skipped)
        if before is None or not skipped:
            # Forgotten before the work begins, in case it is interrupted.
            standing = {earlier: self._done[earlier] for earlier in self.seconds}
            if standing != self._done:
                self._done = standing
                write_json(self._path, self._done)
            start = time.perf_counter()
            result = work()
            before = {"key": self._chain, "seconds": round(time.perf_counter() - start, 2), "result": result}
            self._done[name] = before
            write_json(self._path, self._done)
        self.seconds[name] = before["seconds"]
        return dict(before["result"])

    @property
    def chain(self) -> str:
        """Hash of all keys so far, for naming what belongs to this very run."""
        return self._chain[:16]


def _record(path: Path) -> dict[str, Any]:
    """Read a record of stages, or raise DataError if it is not one."""
    record = parse_json(path, "record of stages")
    if not isinstance(record, dict) or not all(
        isinstance(stage, dict) and {"key", "seconds", "result"} <= stage.keys() for stage in record.values()
    ):
        raise DataError(f"{path} is not a record of stages; delete it to run all of them again")
    return record
