"""Numbers as they lie in a file give the same as arrays do."""

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep.data import Dataset, FeatureSpec
from keras_hep.data.arena import Arena
from keras_hep.data.cutting import cut_columns
from keras_hep.data.files import open_columns
from keras_hep.data.files.raw import RawColumn, Table, interleave_raw

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i")


def raw(values, cuts=(), dtype=">f4", offsets=None):
    pieces = tuple(piece.astype(dtype).view(np.uint8) for piece in np.split(np.asarray(values), cuts))
    return RawColumn(pieces, np.dtype(dtype), offsets, Arena())


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", ">i4", ">u8", "i1", "u1", "<f4"])
def test_an_array_has_the_numbers_of_the_pieces(dtype):
    values = np.arange(40_000).astype(dtype)  # large enough for memory that is used again
    column = raw(values, [1, 1, 13_000], dtype)
    assert len(column) == 40_000
    array = ak.to_numpy(column.array())
    assert array.dtype == values.dtype.newbyteorder("=")
    assert np.array_equal(array, values)


def test_lists_have_their_offsets():
    offsets = np.array([0, 2, 2, 5])
    column = raw([1.5, -2.0, 3.0, 4.0, 1e-40], offsets=offsets)
    assert len(column) == 3
    assert column.array().to_list() == [[1.5, -2.0], [], [3.0, 4.0, pytest.approx(1e-40)]]


@pytest.mark.parametrize("width", [1, 2, 4, 5, 8, 9])
@pytest.mark.parametrize("together", [True, False])
def test_columns_lie_side_by_side(width, together):
    values = np.random.default_rng(1).normal(size=(100, width)).astype(np.float32)
    columns = [raw(values[:, k], [30] if together else [10 * k + 1]) for k in range(width)]
    out = np.full((100, width), np.nan, np.float32)
    assert interleave_raw(columns, out)
    assert np.array_equal(out, values)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 3, 4])
def test_what_is_not_finite_is_seen_in_any_column(strange, column):
    values = np.full((50, 5), np.finfo(np.float32).max, np.float32)
    values[:, 1] *= -1
    out = np.empty_like(values)
    assert interleave_raw([raw(values[:, k]) for k in range(5)], out)
    values[49, column] = strange
    assert not interleave_raw([raw(values[:, k]) for k in range(5)], out)


def test_a_table_makes_arrays_once():
    table = Table({"x": raw([1.0, 2.0]), "y": ak.Array([3, 4])})
    assert table.raw("x") is not None and table.raw("y") is None
    assert table["x"].to_list() == [1.0, 2.0]
    assert table["x"] is table["x"] and table.raw("x") is None
    assert list(table) == ["x", "y"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A tree whose branches have baskets of their own sizes, lists of any length and some unsorted ones."""
    rng = np.random.default_rng(2)
    sizes = rng.poisson(4, 500)
    columns = {name: ak.unflatten(rng.normal(size=sizes.sum()).astype(np.float32), sizes) for name in NAMES}
    path = tmp_path_factory.mktemp("raw") / "lists.root"
    with uproot.recreate(path) as root:
        tree = root.mktree("t", {**dict.fromkeys(NAMES, "var * float32"), "label": "int32"})
        for first in range(0, 500, 120):
            some = slice(first, first + 120)
            number = len(sizes[some])
            tree.extend({**{n: c[some] for n, c in columns.items()}, "label": np.arange(number, dtype=np.int32) % 2})
    return path


def spec_of(names, **options):
    """Return a specification of plain branches, and one with an expression, which is never taken as it lies."""
    both = []
    for expression in (None, "+"):
        features = [{"name": n, **({"branch": n} if expression is None else {"expression": f"+{n}"})} for n in names]
        entry = {"name": "x", "length": 6, "features": features, **options}
        both.append(
            FeatureSpec.from_dict({"tree": "t", "inputs": [entry], "classes": {"q": "label == 0", "t": "label == 1"}})
        )
    return both


@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:4], NAMES])
@pytest.mark.parametrize("options", [{}, {"order": "-b"}, {"order": "-abs(a)"}, {"keep": "a > 0"}])
def test_sequences_are_the_same_either_way(file, names, options):
    plain, other = spec_of(names, **options)
    with open_columns(str(file), "t") as columns:
        branches = plain.branches(True)
        for start, stop in ((0, 500), (37, 260), (130, 131)):
            one, two = (
                cut_columns(
                    columns.read(list(dict.fromkeys([*branches, "a", "b"])), start, stop), spec, "x", start
                ).events()
                for spec in (plain, other)
            )
            assert one.inputs["x"].any()
            assert np.array_equal(one.inputs["x"], two.inputs["x"])
            assert np.array_equal(one.inputs["x_mask"], two.inputs["x_mask"])
            assert one.counts == two.counts


def test_a_stream_in_any_chunks_is_the_same(file):
    plain, other = spec_of(NAMES[:4])
    streams = [
        np.concatenate([batch.inputs["x"] for batch in Dataset(str(file), spec, buffer=0, batch_size=64, chunk=chunk)])
        for spec in (plain, other)
        for chunk in (50, 120, 10_000)
    ]
    assert len(streams[0]) == 500
    for stream in streams[1:]:
        assert np.array_equal(stream, streams[0])
