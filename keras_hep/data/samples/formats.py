"""The file formats that a sample is written in, and how a file name tells them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import awkward as ak

from keras_hep.data.samples.hdf5_file import Hdf5File
from keras_hep.data.samples.root_file import NTupleFile, TreeFile
from keras_hep.errors import DataError, nearest

__all__ = ["FORMATS", "Format", "SampleFile", "format_of", "named_format"]


class SampleFile(Protocol):
    """A file that is being written, block by block."""

    def extend(self, block: ak.Array) -> None:
        """Add entries: packed records whose fields are the branches."""
        ...


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: how a user calls it.
        suffixes: endings of a file's name; the first one is what we choose.
        open: opens a file for writing, given path, name of the sample, name of the tree and number of entries.
    """

    name: str
    suffixes: tuple[str, ...]
    open: Callable[[Path, str, str, int], AbstractContextManager[SampleFile]]


FORMATS = {
    format.name: format
    for format in (
        Format("ttree", (".root",), TreeFile),
        Format("rntuple", (".root",), NTupleFile),
        Format("hdf5", (".h5", ".hdf5"), Hdf5File),
    )
}
"""TTree, RNTuple and HDF5."""


def named_format(name: str) -> Format:
    """Return a format by its name; ``root`` is another word for ``ttree``.

    Raises:
        DataError: there is no such format.
    """
    found = FORMATS.get("ttree" if name == "root" else name)
    if found is None:
        raise DataError(f"there is no file format {name!r}; {nearest(name, FORMATS)}")
    return found


def format_of(output: Path, name: str | None) -> Format:
    """Return the format to write `output` in: the named one, or the first that fits the file's name.

    Raises:
        DataError: the name ends in no known way, or not as files of that format do.
    """
    if name is not None:
        chosen = named_format(name)
        if output.suffix not in chosen.suffixes:
            endings = " or ".join(chosen.suffixes)
            raise DataError(f"the name of a file in the format {chosen.name} must end in {endings}; received {output}")
        return chosen
    for format in FORMATS.values():
        if output.suffix in format.suffixes:
            return format
    endings = " or ".join(sorted({suffix for format in FORMATS.values() for suffix in format.suffixes}, reverse=True))
    raise DataError(f"the name of a sample file must end in {endings}; received {output}")
