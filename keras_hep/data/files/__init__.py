"""Files of events: ROOT (TTree, RNTuple), HDF5, NumPy archives, tables, HepMC3, JSON, and layouts of public data sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_hep.data.arena import Arena
from keras_hep.data.files.columns import ColumnFile, Files, expand_files
from keras_hep.data.files.hdf5 import Hdf5Columns, is_hdf5
from keras_hep.data.files.npz import is_npz, open_npz
from keras_hep.data.files.public_hdf5 import open_public_hdf5
from keras_hep.data.files.root import RootColumns, is_root, open_root_file, tree_names
from keras_hep.data.files.texts import open_text
from keras_hep.data.files.urls import is_url
from keras_hep.errors import DataError, FileReadError

__all__ = ["ColumnFile", "Files", "expand_files", "open_columns", "trees_of"]


def trees_of(file: str) -> list[str | None]:
    """Return what `open_columns` reads as `tree` from a file, one after the other.

    These are the names of the trees of a ROOT file. Another format holds one table, whose name is None, and perhaps datasets or
    samples with other entries.

    Raises:
        FileReadError: the file cannot be read.
        DataError: there is nothing in it that can be read.
    """
    with _errors_of(file):
        root = is_root(file)
    if root:
        with open_root_file(file) as handle:
            names: list[str | None] = list(tree_names(handle))
        if not names:
            raise DataError(f"'{file}' holds no TTree or RNTuple")
        return names
    with open_columns(file) as columns:
        return [None, *columns.others]


def open_columns(file: str, tree: str | None = None, memory: Arena | None = None) -> ColumnFile:
    """Open a file of any known format by its content.

    These are ROOT; HDF5, with the layouts of public data sets that `open_public_hdf5` knows; NumPy archives, see `open_npz`;
    and texts, plain or packed with gzip or Zstandard: tables such as CSV, HepMC3, and JSON lists of records.

    Only ROOT and HDF5 are read from URLs, and told apart by the name: ``.h5`` and ``.hdf5`` are HDF5. ROOT is read over http(s) as it
    is; other protocols, and HDF5 over http(s), need the package that fsspec has for them, such as fsspec-xrootd for ``root://``
    and s3fs for ``s3://``.

    Args:
        file: path or URL.
        tree: TTree, RNTuple, HDF5 group or dataset (see `Hdf5Columns`), or sample of a NumPy archive; the only one when left out.
            An HDF5 group is read as it is, whatever the layout of its file; a text holds one table, whose name does not count.
        memory: where the arrays of a ROOT file are taken from, for files that are read one after the other.

    Raises:
        FileReadError: the file is missing, empty, cut short, damaged, or of an unknown format.
        DataError: there is no such tree, group or dataset; a URL is not that of a ROOT or HDF5 file.
        FeatureError: there are several trees and none is chosen.
        MissingToolError: a package for the protocol of the URL is not installed.
    """
    with _errors_of(file):
        if is_root(file):
            return RootColumns(file, tree, memory)
        if is_hdf5(file):
            known = open_public_hdf5(file) if tree is None and not is_url(file) else None
            return known or Hdf5Columns(file, tree)
        if Path(file).stat().st_size == 0:
            raise FileReadError(f"'{file}' is empty")
        if is_npz(file):
            return open_npz(file, tree)
        if (text := open_text(file)) is not None:
            return text
    raise FileReadError(
        f"'{file}' is neither a ROOT nor an HDF5 file (by its first bytes), nor a NumPy archive, a table, HepMC3 or a JSON list of "
        f"records; it may be cut short"
    )


@contextmanager
def _errors_of(file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileReadError(f"'{file}' cannot be read: {error.strerror or error}") from error
