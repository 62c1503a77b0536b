"""Files of events: ROOT (TTree, RNTuple), HDF5, and the layouts in which public data sets come."""

from __future__ import annotations

from pathlib import Path

from keras_hep.data.files.columns import ColumnFile, Files, expand_files
from keras_hep.data.files.hdf5 import Hdf5Columns, is_hdf5
from keras_hep.data.files.root import RootColumns, is_root, open_root_file, tree_names
from keras_hep.errors import DataError, FileReadError

__all__ = ["ColumnFile", "Files", "expand_files", "open_columns", "trees_of"]


def trees_of(file: str) -> list[str | None]:
    """Return the names of the trees of a ROOT file; another format holds one table, whose name is None.

    Raises:
        FileReadError: the file cannot be read.
    """
    if not Path(file).is_file() or is_root(file):
        with open_root_file(file) as handle:
            names: list[str | None] = list(tree_names(handle))
        if not names:
            raise DataError(f"'{file}' holds no TTree or RNTuple")
        return names
    return [None]


def open_columns(file: str, tree: str | None = None) -> ColumnFile:
    """Open a file of any known format by its content.

    Args:
        file: path, or URL that fsspec understands.
        tree: TTree, RNTuple or HDF5 group; the only one when left out.

    Raises:
        FileReadError: the file is missing, empty, cut short, damaged, or of an unknown format.
        DataError: there is no such tree or group.
        FeatureError: there are several trees and none is chosen.
    """
    try:
        if is_root(file):
            return RootColumns(file, tree)
        if is_hdf5(file):
            return Hdf5Columns(file, tree)
    except DataError:
        raise
    except OSError as error:
        raise FileReadError(f"'{file}' cannot be read: {error.strerror or error}") from error
    if "://" not in file and Path(file).stat().st_size == 0:
        raise FileReadError(f"'{file}' is empty")
    raise FileReadError(f"'{file}' is neither a ROOT nor an HDF5 file (by its first bytes); it may be cut short")
