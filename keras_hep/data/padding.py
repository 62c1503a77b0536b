"""Compiled loops over lists of numbers: gather rows into padded tensors, sort, choose, and count what is odd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from keras_hep.data.prefetch import LINE, prefetch

__all__ = ["all_finite", "copy_lists", "count_odd", "drop_objects", "gather_padded", "interleave", "sort_objects"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]

_AHEAD = 4
_jit = numba.njit(cache=True, nogil=True)


@_jit
def all_finite(bits: NDArray[np.uint32]) -> bool:
    """Tell whether float32 values, seen as integers, are all finite; a loop without branches, at memory speed."""
    largest = np.uint32(0)
    for i in range(len(bits)):
        largest = max(largest, bits[i] & np.uint32(0x7FFFFFFF))
    return bool(largest < np.uint32(0x7F800000))


@_jit
def _place_four(first: Floats, second: Floats, third: Floats, fourth: Floats, column: int, out: Floats) -> None:
    for k in range(out.shape[0]):
        out[k, column] = first[k]
        out[k, column + 1] = second[k]
        out[k, column + 2] = third[k]
        out[k, column + 3] = fourth[k]


def interleave(columns: Sequence[Floats], out: Floats) -> None:
    """Write columns of n numbers side by side into (n, columns), so that what belongs to an object lies together."""
    whole = len(columns) // 4 * 4
    for column in range(0, whole, 4):
        _place_four(*columns[column : column + 4], column, out)
    for column in range(whole, len(columns)):
        out[:, column] = columns[column]


@_jit
def gather_padded(
    rows: Integers, places: Integers, starts: Integers, stops: Integers, content: Floats, out: Floats, mask: Floats
) -> None:
    """Write the lists of some rows, cut or padded with zeros, and the mask of what is real.

    Args:
        rows: the rows, (n,).
        places: where each of them goes in `out`, (n,).
        starts: where the list of each row begins in the content, in objects.
        stops: where it ends.
        content: (objects * features,).
        out: (at least n, length * features).
        mask: (at least n, length).
    """
    length = mask.shape[1]
    features = out.shape[1] // length
    line = LINE // content.itemsize
    for i in range(len(rows)):
        # Rows in random order lie anywhere: their lists are on the way while earlier ones are copied.
        if i + _AHEAD < len(rows) and rows[i + _AHEAD] != rows[i + _AHEAD - 1] + 1:
            next_row = rows[i + _AHEAD]
            begin = starts[next_row] * features
            end = min(stops[next_row] * features, begin + out.shape[1])
            for place in range(begin, end, line):
                prefetch(content, place)
        row = rows[i]
        number = min(stops[row] - starts[row], length)
        first, size = starts[row] * features, number * features
        values, real = out[places[i]], mask[places[i]]
        some = content[first : first + size]
        for k in range(len(some)):
            values[k] = some[k]
        values[size:].fill(np.float32(0.0))
        real[:number].fill(np.float32(1.0))
        real[number:].fill(np.float32(0.0))


@_jit
def copy_lists(rows: Integers, starts: Integers, stops: Integers, content: Floats, out: Floats) -> None:
    """Write the lists of some rows one after the other; `content` and `out` are (objects, features)."""
    place = 0
    for row in rows:
        for k in range(starts[row], stops[row]):
            for feature in range(content.shape[1]):
                out[place, feature] = content[k, feature]
            place += 1


@_jit
def count_odd(
    rows: Integers, starts: Integers, stops: Integers, content: Floats, low: np.float32, high: np.float32
) -> Any:
    """Count the values of some rows that are not finite, and the finite ones below `low` or above `high`."""
    strange, below, above = 0, 0, 0
    for i in range(len(rows)):
        row = rows[i]
        for k in range(starts[row], stops[row]):
            value = content[k]
            finite = np.abs(value) <= np.float32(3.4028235e38)
            strange += not finite
            below += finite and value < low
            above += finite and value > high
    return strange, below, above


@_jit
def sort_objects(starts: Integers, stops: Integers, key: NDArray[np.float64], order: Integers) -> bool:
    """Fill `order` with what sorts each list by its key, upwards and stably; NaN comes last.

    Returns:
        Whether anything has to move.
    """
    moved = False
    for row in range(len(starts)):
        start, stop = starts[row], stops[row]
        sorted_already = True
        for k in range(start, stop):
            order[k] = k
            if k > start and not (key[k - 1] <= key[k] or np.isnan(key[k])):
                sorted_already = False
        if not sorted_already:
            moved = True
            # Insertion: lists are short and mostly in order already; it is stable.
            for k in range(start + 1, stop):
                here = order[k]
                value = key[here]
                j = k - 1
                while j >= start and (value < key[order[j]] or (np.isnan(key[order[j]]) and not np.isnan(value))):
                    order[j + 1] = order[j]
                    j -= 1
                order[j + 1] = here
    return moved


@_jit
def drop_objects(starts: Integers, stops: Integers, keep: NDArray[np.bool_], chosen: Integers) -> Any:
    """Choose the objects to keep.

    Args:
        starts: where the list of each row begins.
        stops: where it ends.
        keep: which objects to keep.
        chosen: filled with their positions; as long as `keep`.

    Returns:
        Where the shorter list of each row begins and ends among the chosen ones, and their number.
    """
    begin, end = np.empty_like(starts), np.empty_like(stops)
    place = 0
    for row in range(len(starts)):
        begin[row] = place
        for k in range(starts[row], stops[row]):
            if keep[k]:
                chosen[place] = k
                place += 1
        end[row] = place
    return begin, end, place
