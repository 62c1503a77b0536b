"""What every kind of file looks like from outside: named columns over entries, read in chunks."""

from __future__ import annotations

import abc
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import awkward as ak
import numpy as np

from keras_hep.data.files.raw import RawColumn, Table
from keras_hep.data.files.urls import is_url, local_path, refuse_pattern
from keras_hep.errors import DataError, FileReadError, KerasHepError, nearest

__all__ = ["ColumnFile", "Files", "UnreadableTypeError", "expand_files", "reason_of", "type_of"]

Files = str | Path | Sequence[str | Path]


class UnreadableTypeError(DataError):
    """A column holds objects of a type that cannot be read; `kind` says which."""

    def __init__(self, message: str, kind: str):
        super().__init__(message)
        self.kind = kind


class ColumnFile(abc.ABC):
    """An open file with named columns over entries; a context that closes it.

    Attributes:
        where: file and tree, for messages.
        names: the columns.
        entries: number of entries.
        left_out: what else is in the file and is no column: its name, and why not.
        others: further tables of the file, with other entries; each of them is read as `tree`.
    """

    where: str
    names: tuple[str, ...]
    entries: int
    left_out: Mapping[str, str] = MappingProxyType({})
    others: tuple[str, ...] = ()

    @abc.abstractmethod
    def _read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array | RawColumn]:
        """Read columns that exist; any exception means that the file cannot be read."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the file."""

    def read(self, names: Sequence[str], start: int, stop: int) -> Table:
        """Read some columns of the entries from `start` to before `stop`.

        Raises:
            DataError: there is no such column; the nearest ones are named. Or its type cannot be read.
            FileReadError: the file is cut short or damaged.
        """
        self.require(names)
        try:
            return Table(self._read(names, start, stop))
        except KerasHepError:
            raise
        except Exception as error:  # a damaged file fails in as many ways as there are formats
            raise FileReadError(
                f"{self.where}: entries {start} to {stop} cannot be read ({reason_of(error)}); "
                f"the file may be cut short or damaged"
            ) from error

    def require(self, names: Sequence[str]) -> None:
        """Raise DataError unless all columns exist and are of a type that can be read."""
        known = set(self.names)
        if missing := [name for name in names if name not in known]:
            raise DataError(f"{self.where}: there is no branch '{missing[0]}': {nearest(missing[0], known)[:1500]}")

    def types(self, names: Sequence[str]) -> dict[str, str]:
        """Return the type of each column, such as ``float32`` or ``var * float32``."""
        return {name: type_of(values) for name, values in self.read(names, 0, min(1, self.entries)).items()}

    def edges(self, names: Sequence[str], chunk: int) -> list[int]:
        """Return where to cut the entries into chunks of about `chunk`: from 0 to `entries`."""
        return sorted({*range(0, self.entries, chunk), self.entries})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def type_of(values: Any) -> str:
    """Return the type of the entries of a column, without their number."""
    return str(ak.type(ak.Array(values))).split(" * ", 1)[1]


def reason_of(error: Exception) -> str:
    """Return the kind of an exception and the first line of its text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:160]}" if text else type(error).__name__


def expand_files(files: Files) -> list[str]:
    """Return the files that paths, patterns such as ``data/*.root`` and URLs stand for, each once, in order.

    Raises:
        DataError: a file does not exist, a pattern matches nothing or stands in a URL, or nothing is given.
    """
    patterns = [files] if isinstance(files, (str, Path)) else list(files)
    found: dict[str, None] = {}
    for pattern in map(local_path, map(str, patterns)):
        if is_url(pattern):
            refuse_pattern(pattern)
            found[pattern] = None
        elif Path(pattern).is_file():
            found[pattern] = None
        elif any(c in pattern for c in "*?["):
            matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns are welcome
            if not matches:
                raise DataError(f"no file matches '{pattern}'")
            found |= dict.fromkeys(matches)
        else:
            raise DataError(
                f"the file '{pattern}' does not exist" if not Path(pattern).exists() else f"'{pattern}' is not a file"
            )
    if not found:
        raise DataError("no input file was given")
    return list(found)


def join_edges(natural: Sequence[int], chunk: int) -> list[int]:
    """Join natural pieces, such as the baskets of a tree, to chunks of about `chunk` entries.

    A piece much larger than a chunk is cut, at the price of being decompressed more than once.
    """
    edges = [natural[0]]
    for piece in natural[1:]:
        while piece - edges[-1] > 8 * chunk:
            edges.append(edges[-1] + chunk)
        if piece - edges[-1] >= chunk:
            edges.append(piece)
    if edges[-1] != natural[-1]:
        # A last piece of less than half a chunk belongs to the one before it.
        if len(edges) > 1 and natural[-1] - edges[-1] < chunk // 2:
            edges.pop()
        edges.append(natural[-1])
    return [int(edge) for edge in np.asarray(edges)]
