"""Memory is given again only when nobody holds it, and given back when nobody wants it."""

import sys

import numpy as np

from keras_hep.data.arena import Arena
from keras_hep.data.expressions import evaluate

SIZE = 100_000


def place(array):
    return array.__array_interface__["data"][0]


def test_arrays_have_shape_type_and_alignment():
    arena = Arena()
    for shape, dtype in (((7, 3), np.float32), ((SIZE,), np.int64), ((0, 4), np.float32)):
        array = arena.array(shape, dtype)
        assert array.shape == shape and array.dtype == dtype
        assert place(array) % 64 == 0 or array.size == 0


def test_what_is_held_is_never_given_again():
    arena = Arena()
    held = [arena.array((SIZE,), np.float32) for _ in range(5)]
    for number, array in enumerate(held):
        array[:] = number
    part = held.pop(2)[10:20]  # a view holds the whole
    for _ in range(20):
        arena.array((SIZE,), np.float32)[:] = -1
    assert [int(array[0]) for array in held] == [0, 1, 3, 4]
    assert all((array == array[0]).all() for array in held)
    assert (part == 2).all()


def test_what_is_free_is_given_again():
    arena = Arena()
    first = arena.array((SIZE,), np.float32)
    where = place(first)
    del first
    # Other sizes in between do not make it forgotten.
    for size in (4 * SIZE, 16 * SIZE):
        arena.array((size,), np.float32)
    assert place(arena.array((SIZE,), np.float32)) == where


def test_what_nobody_asks_for_any_more_is_given_back():
    arena = Arena()
    arena.array((SIZE,), np.float64)
    for number in range(300):
        arena.array((10 * SIZE if number < 299 else 100 * SIZE,), np.float64)
    assert sorted(block.nbytes // (8 * SIZE) for block in arena._blocks) == [11, 112]


def test_an_expression_does_not_hold_its_columns():
    x = np.arange(3.0)
    before = sys.getrefcount(x)
    evaluate("x > 1 and log(abs(x) + 2) < 5", {"x": x})
    assert sys.getrefcount(x) == before
