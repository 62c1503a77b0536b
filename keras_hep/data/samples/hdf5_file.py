"""A sample as an HDF5 file, a block at a time.

The layout: a group named after the tree, and in it

- for a flat branch a dataset of shape (n,);
- for a branch of fixed shape a dataset (n, ...);
- for a jagged collection of records a subgroup with ``offsets`` (int64, n + 1) and a dataset for each field: entry ``i``
  has the elements from ``offsets[i]`` to ``offsets[i + 1]``;
- for a jagged branch of numbers a subgroup with ``offsets`` and ``values``.

The file's attributes are ``keras_hep_sample`` (name of the sample) and ``entries``. Datasets are chunked; one that will
be larger than 1 MB is compressed with gzip, level 1, after a byte shuffle.
"""

from __future__ import annotations

import io
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awkward as ak
import h5py
import numpy as np
import numpy.typing as npt

__all__ = ["Hdf5File"]

COMPRESSED = 1_000_000
CHUNK = 1 << 18
LEAST_ROWS = 1024


class Hdf5File:
    """An HDF5 file that is being written.

    Args:
        path: the file.
        sample: name of the sample.
        tree: name of the group.
        entries: how many entries there will be.
    """

    def __init__(self, path: Path, sample: str, tree: str, entries: int):
        self._entries = entries
        self._written = 0
        self._stream = _Stream(path, "w+")
        self._file = h5py.File(self._stream, "w")
        self._file.attrs["keras_hep_sample"] = sample
        self._file.attrs["entries"] = entries
        self._group = self._file.create_group(tree)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except (OSError, RuntimeError):
            # HDF5 may stumble over what the stream has swallowed; the failure below says why.
            if self._stream.failure is None:
                raise
        finally:
            self._stream.close()
        if error is None or isinstance(error, (OSError, RuntimeError)):
            self._stream.raise_failure()

    def extend(self, block: ak.Array) -> None:
        """Add entries."""
        for name in block.fields:
            column = block[name]
            if column.layout.is_list and not column.layout.is_regular:
                self._add_jagged(name, column)
            else:
                self._add(name, ak.to_numpy(column), len(block))
        self._written += len(block)
        self._stream.raise_failure()

    def _add_jagged(self, name: str, column: ak.Array) -> None:
        """Add the lists of one collection."""
        ends = np.cumsum(ak.to_numpy(ak.num(column, axis=1)), dtype=np.int64)
        offsets = f"{name}/offsets"
        if offsets not in self._group:
            self._add(offsets, np.zeros(1, dtype=np.int64), 1)
        self._add(offsets, self._group[offsets][-1] + ends, len(column))
        content = ak.flatten(column, axis=1)
        for field in content.fields:
            self._add(f"{name}/{field}", ak.to_numpy(content[field]), len(column))
        if not content.fields:
            self._add(f"{name}/values", ak.to_numpy(content), len(column))

    def _add(self, name: str, values: npt.NDArray[Any], entries: int) -> None:
        """Append to a dataset, which is made when the first values come; `entries` of the sample have these values."""
        if name not in self._group:
            row = values.dtype.itemsize * int(np.prod(values.shape[1:], dtype=np.int64))
            # The first block stands for all when the size is foreseen.
            expected = -(-len(values) * self._entries // entries)
            rows = max(1, min(max(expected, LEAST_ROWS), CHUNK // max(1, row)))
            packing: dict[str, Any] = {}
            if expected * row > COMPRESSED:
                packing = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            self._group.create_dataset(
                name,
                shape=(0, *values.shape[1:]),
                maxshape=(None, *values.shape[1:]),
                chunks=(rows, *values.shape[1:]),
                dtype=values.dtype,
                **packing,
            )
        dataset = self._group[name]
        start = dataset.shape[0]
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


class _Stream(io.FileIO):
    """The file that HDF5 writes into. After a failure it swallows what comes, and says so when asked.

    HDF5 that cannot write its last bytes while closing leaves the library in a state that ends the process with a
    segmentation fault, so it must never see a full disk.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`, or pretend to after a failure."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while self.failure is None and done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self.failure = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file, or pretend to after a failure."""
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0

    def raise_failure(self) -> None:
        """Raise what went wrong, if something did."""
        if self.failure is not None:
            raise self.failure
