"""Text files as they come: plain, gzip, or Zstandard, told apart by their first bytes."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

from keras_hep._optional import require

__all__ = ["open_packed"]


def open_packed(file: str) -> BinaryIO:
    """Open a local file for reading, unpacked.

    What Zstandard packs is unpacked into memory as a whole; gzip is unpacked while it is read.
    """
    path = Path(file)
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if magic == b"\x28\xb5\x2f\xfd":
        return io.BytesIO(bytes(require("cramjam").zstd.decompress(path.read_bytes())))
    return path.open("rb")
