"""Columns of a table in text, such as CSV, of which some lines at a time are in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import awkward as ak
import numpy as np

from keras_hep.data.files.columns import ColumnFile
from keras_hep.data.files.packing import open_packed, tell_of_size
from keras_hep.errors import DataError

__all__ = ["HIGGS_NAMES", "TableColumns", "is_table"]

HIGGS_NAMES = (
    "label",
    *("lepton_pt", "lepton_eta", "lepton_phi", "missing_energy_magnitude", "missing_energy_phi"),
    *(f"jet_{jet}_{name}" for jet in range(1, 5) for name in ("pt", "eta", "phi", "b_tag")),
    *("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"),
)
"""The columns of the UCI HIGGS data, which come without names (arXiv:1402.4735)."""

_SEPARATORS = ("\t", ",", ";")
_LINES = 4096
_BYTES = 1 << 20


def is_table(first: str, second: str) -> bool:
    """Tell whether two lines begin a table: equally many fields, and a number in the second."""
    separator = _separator(first)
    if separator is None or any(not (c.isprintable() or c in "\t\r\n") for c in first + second):
        return False
    fields = second.split(separator)
    return not second.strip() or (
        len(fields) == len(first.split(separator)) and any(_is_number(field) for field in fields)
    )


class TableColumns(ColumnFile):
    """A text of lines with fields between tabs, commas or semicolons, plain or packed.

    The names come from the first line. Without one, 29 columns are the label and the 28 features of the UCI HIGGS data.

    Args:
        file: path.

    Raises:
        DataError: there is no line of names, or a name comes twice.
    """

    def __init__(self, file: str):
        self.where = file
        self._stream: IO[bytes] = open_packed(file)
        try:
            first = self._stream.readline().decode("utf-8-sig")
            self._separator = _separator(first) or ","
            names = tuple(field.strip().strip("\"'") for field in first.split(self._separator))
            headed = not all(_is_number(name) for name in names)
            if not headed and len(names) != len(HIGGS_NAMES):
                raise DataError(
                    f"'{file}' has no line of names above its {len(names)} columns; only the {len(HIGGS_NAMES)} columns of the "
                    f"HIGGS data are known without"
                )
            self.names = names if headed else HIGGS_NAMES
            if twice := [name for name in self.names if self.names.count(name) > 1]:
                raise DataError(f"'{file}' has more than one column '{twice[0]}'")
            self._first_line = 2 if headed else 1
            tell_of_size(file, "once, to find its lines")
            self._starts, self.entries = _index(self._stream, len(first.encode()) if headed else 0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _read(self, names: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        if stop <= start:
            return {name: ak.from_numpy(np.empty(0)) for name in names}
        self._stream.seek(self._starts[start // _LINES])
        last = -(-stop // _LINES)
        end = self._starts[last] if last < len(self._starts) else None
        text = self._stream.read(-1 if end is None else end - self._stream.tell())
        lines = text.decode().split("\n")[start % _LINES :][: stop - start]
        for number, line in enumerate(lines):
            if line.count(self._separator) != len(self.names) - 1:
                raise ValueError(
                    f"line {self._first_line + start + number} has {line.count(self._separator) + 1} fields in place of "
                    f"{len(self.names)}"
                )
        columns = [self.names.index(name) for name in names]
        try:
            values = np.loadtxt(lines, delimiter=self._separator, usecols=columns, comments=None, ndmin=2)
        except ValueError:
            raise self._not_a_number(lines, start, columns) from None
        return {name: ak.from_numpy(values[:, i].copy()) for i, name in enumerate(names)}

    def _not_a_number(self, lines: list[str], start: int, columns: list[int]) -> DataError:
        for number, line in enumerate(lines):
            fields = line.split(self._separator)
            for column in columns:
                if not _is_number(fields[column]):
                    return DataError(
                        f"{self.where}: the column '{self.names[column]}' holds {fields[column].strip()[:80]!r} in line "
                        f"{self._first_line + start + number}; only columns of numbers can be read"
                    )
        return DataError(f"{self.where}: the lines from {self._first_line + start} do not hold numbers only")


def _separator(line: str) -> str | None:
    return next((separator for separator in _SEPARATORS if separator in line), None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _index(stream: IO[bytes], start: int) -> tuple[list[int], int]:
    """Return where each block of lines begins, and the number of lines; empty lines at the end do not count."""
    stream.seek(start)
    starts, lines, position, filled = [start], 0, start, 0
    while data := stream.read(_BYTES):
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
        # Every 4096th line begins a block, wherever the pieces that are read begin.
        starts += [position + int(end) for end in ends[_LINES - 1 - lines % _LINES :: _LINES]]
        body = data.rstrip()
        if body:
            filled = lines + int(np.count_nonzero(ends <= len(body))) + 1
        lines += len(ends)
        position += len(data)
    return starts, filled
