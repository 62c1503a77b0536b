"""Columns of a JSON list of records, such as the jets of some events."""

from __future__ import annotations

import json
from contextlib import ExitStack

import awkward as ak

from keras_hep.data.files.columns import reason_of
from keras_hep.data.files.layouts import Field, LayoutColumns, whole
from keras_hep.data.files.packing import open_packed, tell_of_size
from keras_hep.errors import DataError, FileReadError

__all__ = ["is_records", "open_records"]


def is_records(first: str) -> bool:
    """Tell whether the first line that is not empty begins a JSON list."""
    return first.lstrip().startswith("[")


def open_records(file: str) -> LayoutColumns:
    """Open a JSON list of records, plain or packed; it is held in memory.

    A field of numbers, or of lists of numbers, is a column of its name; the fields of a list of records are the columns
    ``field_inner``.

    Raises:
        FileReadError: the text is cut short or is not JSON.
        DataError: it is no list of records with numbers.
    """
    tell_of_size(file, "into memory, which takes several times as much; ROOT or HDF5 are read in pieces")
    try:
        with open_packed(file) as stream:
            content = json.load(stream)
    except (ValueError, RecursionError) as error:
        raise FileReadError(f"'{file}' cannot be read as JSON ({reason_of(error)}); it may be cut short") from error
    if not content or not all(isinstance(record, dict) for record in content):
        raise DataError(f"'{file}' is not a JSON list of records, one for each entry")
    array = ak.from_iter(content)
    columns: dict[str, ak.Array] = {}
    left_out: dict[str, str] = {}
    for name in array.fields:
        inner = {f"{name}_{field}": array[name, field] for field in array[name].fields} or {name: array[name]}
        columns |= {label: values for label, values in inner.items() if _is_numeric(values)}
        left_out |= {label: "no numbers, or not in all records" for label in inner if label not in columns}
    if not columns:
        raise DataError(f"'{file}' holds no field of numbers that all records have")
    opened = LayoutColumns(file, columns, {name: Field(name, whole) for name in columns}, ExitStack())
    opened.left_out = left_out
    return opened


def _is_numeric(values: ak.Array) -> bool:
    kind = str(ak.type(values)).split(" * ")[-1]
    return kind in ("int64", "float64", "bool") and not values.fields
