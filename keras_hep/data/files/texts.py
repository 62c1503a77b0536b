"""Text files, told apart by their first lines."""

from __future__ import annotations

from keras_hep.data.files.columns import ColumnFile, reason_of
from keras_hep.data.files.hepmc import HepMCColumns, is_hepmc
from keras_hep.data.files.packing import open_packed
from keras_hep.data.files.records import is_records, open_records
from keras_hep.data.files.table import TableColumns, is_table
from keras_hep.errors import DataError, FileReadError

__all__ = ["open_text"]

_LINE = 1 << 20


def open_text(file: str) -> ColumnFile | None:
    """Open a text with columns: HepMC3, a JSON list of records, or a table, plain or packed.

    Returns:
        The columns, or None for anything else.

    Raises:
        FileReadError: what is packed is cut short or damaged.
        DataError: see `HepMCColumns`, `open_records` and `TableColumns`.
    """
    try:
        with open_packed(file) as stream:
            lines = [stream.readline(_LINE) for _ in range(2)]
            while lines[0] and not lines[0].strip():
                lines = [lines[1], stream.readline(_LINE)]
        try:
            first, second = (line.decode("utf-8-sig") for line in lines)
        except UnicodeDecodeError:
            return None
        if is_hepmc(first):
            return HepMCColumns(file)
        if is_records(first):
            return open_records(file)
        return TableColumns(file) if is_table(first, second) else None
    except DataError:
        raise
    except Exception as error:  # what is packed fails in as many ways as there are packers
        raise FileReadError(f"'{file}' cannot be read ({reason_of(error)}); it may be cut short, or damaged") from error
