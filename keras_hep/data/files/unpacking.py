"""Baskets of a local ROOT file, read and decompressed into memory that is used again.

uproot says where a basket lies. Its own way to the bytes takes new memory three times, whose page faults cost as much as the
decompression.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import cramjam
import numpy as np
import xxhash
from numpy.typing import NDArray

from keras_hep.data.arena import Arena

__all__ = ["LocalBaskets"]

Bytes = Any  # an array of uint8; what cramjam calls a buffer knows no numpy

_KEY = struct.Struct(">ihiIhh")
_BASKET = struct.Struct(">Hiiii")
_HEADER = 9
_CHECKSUM = 8


class LocalBaskets:
    """The baskets of the branches of a file.

    Args:
        file: path of the file.
    """

    def __init__(self, file: str):
        self._file = Path(file).open("rb", buffering=0)  # noqa: SIM115 - open as long as this is

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, branch: Any, number: int, memory: Arena) -> tuple[Bytes, NDArray[np.int64] | None] | None:
        """Return the bytes of a basket and, for lists, where each entry begins and the last one ends.

        Returns:
            None for a basket whose compression is left to uproot.

        Raises:
            ValueError: the basket is damaged, or the file ends before it.
        """
        size = int(branch.member("fBasketBytes")[number])
        raw: Bytes = memory.array((size,), np.uint8)
        # Threads share the file: this moves no position.
        if os.preadv(self._file.fileno(), [raw], int(branch.member("fBasketSeek")[number])) < size:
            raise ValueError(f"the file ends inside of basket {number}")
        _, _, whole, _, key, _ = _KEY.unpack_from(raw)
        if not _KEY.size + _BASKET.size < key <= size or whole < 0:
            raise ValueError(f"the header of basket {number} is damaged")
        border = _BASKET.unpack_from(raw, key - _BASKET.size - 1)[-1] - key
        content = raw[key:]
        if len(content) != whole:
            packed, content = content, memory.array((whole,), np.uint8)
            if not _unpack(packed, content):
                return None
        if border == whole:
            return content, None
        if not 0 <= border <= whole - 8 or (whole - border) % 4:
            raise ValueError(f"the header of basket {number} is damaged")
        ends = content[border + 4 :].view(">i4").astype(np.int64) - key
        ends[-1] = border
        if ends[0] < 0 or np.any(np.diff(ends) < 0):
            raise ValueError(f"the offsets of basket {number} are damaged")
        return content[:border], ends


def _unpack(packed: Bytes, out: Bytes) -> bool:
    """Decompress the blocks of a basket; False where one is compressed in another way than LZ4 or Zstandard."""
    at = place = 0
    while at < len(packed):
        header = packed[at : at + _HEADER].tobytes()
        kind, length, size = header[:2], *(int.from_bytes(header[n : n + 3], "little") for n in (3, 6))
        block, target = packed[at + _HEADER : at + _HEADER + length], out[place : place + size]
        if len(block) < length or len(target) < size:
            raise ValueError("a compressed block is larger than its basket")
        if kind == b"L4":
            checksum, block = block[:_CHECKSUM].tobytes(), block[_CHECKSUM:]
            if xxhash.xxh64_digest(block) != checksum:
                raise ValueError("the checksum of a compressed block is not that of its bytes")
            made = cramjam.lz4.decompress_block_into(block, target, output_len=size)
        elif kind == b"ZS":
            made = cramjam.zstd.decompress_into(block, target)
        else:
            return False
        if made != size:
            raise ValueError(f"a compressed block holds {made} bytes, not {size}")
        at, place = at + _HEADER + length, place + size
    if place != len(out):
        raise ValueError(f"the compressed blocks hold {place} bytes, not {len(out)}")
    return True
