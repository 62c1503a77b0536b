"""Files of events: ROOT (TTree, RNTuple), HDF5, and the layouts in which public data sets come."""

from __future__ import annotations

from pathlib import Path

from keras_hep.data.files.columns import ColumnFile, Files, expand_files
from keras_hep.data.files.hdf5 import Hdf5Columns, is_hdf5
from keras_hep.data.files.npz import is_npz, open_npz
from keras_hep.data.files.public_hdf5 import open_public_hdf5
from keras_hep.data.files.root import RootColumns, is_root, open_root_file, tree_names
from keras_hep.data.files.texts import open_text
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

    These are ROOT; HDF5, with the layouts of public data sets that `open_public_hdf5` knows; NumPy archives, see `open_npz`;
    and texts, plain or packed with gzip or Zstandard: tables such as CSV, HepMC3, and JSON lists of records.

    Args:
        file: path, or URL that fsspec understands to a ROOT or HDF5 file.
        tree: TTree, RNTuple or HDF5 group, or sample of a NumPy archive; the only one when left out. An HDF5 group is read
            as it is, whatever the layout of its file.

    Raises:
        FileReadError: the file is missing, empty, cut short, damaged, or of an unknown format.
        DataError: there is no such tree or group.
        FeatureError: there are several trees and none is chosen.
    """
    try:
        if is_root(file):
            return RootColumns(file, tree)
        if is_hdf5(file):
            known = open_public_hdf5(file) if tree is None and "://" not in file else None
            return known or Hdf5Columns(file, tree)
        if "://" not in file:
            if is_npz(file):
                return open_npz(file, tree)
            if (text := open_text(file)) is not None:
                return text
    except DataError:
        raise
    except OSError as error:
        raise FileReadError(f"'{file}' cannot be read: {error.strerror or error}") from error
    if "://" not in file and Path(file).stat().st_size == 0:
        raise FileReadError(f"'{file}' is empty")
    raise FileReadError(
        f"'{file}' is neither a ROOT nor an HDF5 file (by its first bytes), nor a NumPy archive, a table, HepMC3 or a JSON list of "
        f"records; it may be cut short"
    )
