"""Text files as they come: plain, gzip, or Zstandard, told apart by their first bytes."""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from keras_hep._optional import require

__all__ = ["open_packed", "tell_of_size"]

log = logging.getLogger(__name__)

_LARGE = 1_000_000_000


def open_packed(file: str) -> BinaryIO:
    """Open a local file for reading, unpacked.

    What Zstandard packs is unpacked into a temporary file as a whole; gzip is unpacked while it is read.
    """
    path = Path(file)
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if magic == b"\x28\xb5\x2f\xfd":
        return _unpacked(path)
    return path.open("rb")


def _unpacked(path: Path) -> BinaryIO:
    cramjam = require("cramjam")
    handle, name = tempfile.mkstemp(prefix="keras_hep-")
    stream = os.fdopen(handle, "rb")
    try:
        cramjam.zstd.decompress_into(cramjam.File(str(path)), cramjam.File(name))
        # Where a file that is open can be removed, nothing is left behind even by a process that is killed.
        return stream
    except BaseException:
        stream.close()
        raise
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def tell_of_size(file: str, what: str) -> None:
    """Say that a large file takes a while: reading all of it is what the user may not expect."""
    if (size := Path(file).stat().st_size) > _LARGE:
        log.warning("'%s': all of its %.1f GB are read %s", file, size / 1e9, what)
