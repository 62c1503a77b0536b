"""Files that are elsewhere: which URLs can be read, and what is missing where one cannot."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from keras_hep._optional import require
from keras_hep.errors import DataError, FileReadError, MissingToolError

__all__ = ["is_url", "kind_of_url", "local_path", "open_url", "refuse_pattern", "require_protocol"]

_HDF5 = (".h5", ".hdf5", ".hdf")
_LOCAL = (".npz", ".npy", ".csv", ".tsv", ".txt", ".dat", ".hepmc", ".hepmc2", ".hepmc3", ".json", ".gz", ".zst")
_PACKED = (".gz", ".zst", ".bz2", ".xz", ".zip", ".tar")


def is_url(file: str) -> bool:
    """Tell whether a file is named by a URL."""
    return "://" in file


def local_path(file: str) -> str:
    """Return the path that a ``file://`` URL names; anything else as it is."""
    return url2pathname(urlsplit(file).path) if file.lower().startswith("file://") else file


def kind_of_url(file: str) -> str:
    """Return ``root`` or ``hdf5``, by the name in a URL.

    Raises:
        DataError: the name is that of a kind of file that is read from a local disk only.
    """
    suffix = PurePosixPath(file.split("?")[0]).suffix.lower()
    if suffix in _HDF5:
        return "hdf5"
    if suffix in _LOCAL or suffix in _PACKED:
        raise DataError(
            f"'{file}': only ROOT and HDF5 files are read from URLs, not '{suffix}'; download the file and give its path"
        )
    return "root"


def refuse_pattern(url: str) -> None:
    """Raise DataError if a URL holds a pattern: not every server lists its files, so that none is asked to."""
    parts = urlsplit(url)
    if "*" in parts.netloc + parts.path or "[" in parts.path:
        raise DataError(f"'{url}': patterns are expanded for local files only; give each URL by itself")


def require_protocol(file: str) -> None:
    """See that the packages for the protocol of a URL are there.

    Raises:
        MissingToolError: one is not installed; the message names it.
        DataError: there is no such protocol.
    """
    try:
        require("fsspec.core").url_to_fs(file)
    except ImportError as error:
        raise MissingToolError(
            f"'{file}' cannot be opened, because a package for {urlsplit(file).scheme}:// is not installed: {error}"
        ) from error
    except ValueError as error:
        raise DataError(f"'{file}' cannot be opened: {error}") from error


def open_url(file: str) -> Any:
    """Open a URL as a stream of bytes in which one can go back and forth.

    Raises:
        MissingToolError: a package for its protocol is not installed.
        FileReadError: it cannot be opened.
    """
    require_protocol(file)
    try:
        system, path = require("fsspec.core").url_to_fs(file)
        return system.open(path, "rb")
    except Exception as error:  # every protocol fails in its own way
        raise FileReadError(f"'{file}' cannot be opened ({type(error).__name__}: {error})") from error
