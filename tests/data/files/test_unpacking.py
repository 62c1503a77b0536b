"""Baskets read straight from the file are those of uproot, and damage is noticed."""

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep.data.arena import Arena
from keras_hep.data.files import open_columns
from keras_hep.data.files.unpacking import LocalBaskets
from keras_hep.errors import FileReadError, KerasHepError

COMPRESSIONS = {
    "lz4": uproot.LZ4(4),
    "zstd": uproot.ZSTD(3),
    "zlib": uproot.ZLIB(1),
    "lzma": uproot.LZMA(1),
    "none": None,
}


def columns():
    rng = np.random.default_rng(1)
    sizes = rng.poisson(3, 3000)
    lists = ak.unflatten(rng.normal(size=sizes.sum()).astype(np.float32).round(1), sizes)
    return {"x": lists, "empty": lists[:, :0], "n": sizes.astype(np.int16), "e": rng.exponential(size=3000)}


def write(path, compression):
    with uproot.recreate(path, compression=compression) as file:
        some = columns()
        tree = file.mktree("t", {"x": "var * float32", "empty": "var * float32", "n": "int16", "e": "float64"})
        for first in range(0, 3000, 1100):
            tree.extend({name: values[first : first + 1100] for name, values in some.items()})
    return path


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_every_compression_gives_the_numbers(name, tmp_path):
    path = write(tmp_path / "some.root", COMPRESSIONS[name])
    with open_columns(str(path)) as file:
        for start, stop in ((0, 3000), (1050, 1150), (1100, 1100), (2999, 3000)):
            found = file.read(list(columns()), start, stop)
            for branch, values in columns().items():
                assert found[branch].to_list() == values[start:stop].tolist(), (branch, start)


@pytest.mark.parametrize(("name", "direct"), [("lz4", True), ("zstd", True), ("none", True), ("zlib", False)])
def test_baskets_equal_those_of_uproot(name, direct, tmp_path):
    path = write(tmp_path / "some.root", COMPRESSIONS[name])
    local = LocalBaskets(str(path))
    with uproot.open(path) as file:
        for branch in file["t"].branches:
            for number in range(branch.num_baskets):
                found, basket = local.read(branch, number, Arena()), branch.basket(number)
                if not direct and basket.compressed_bytes != basket.uncompressed_bytes:
                    assert found is None
                    continue
                assert np.array_equal(found[0], basket.data)
                assert (found[1] is None) == (basket.byte_offsets is None)
                assert found[1] is None or np.array_equal(found[1], basket.byte_offsets)
    local.close()


@pytest.mark.parametrize("name", ["lz4", "zstd", "none"])
def test_no_damage_is_taken_for_events_or_ends_in_another_error(name, tmp_path):
    path = write(tmp_path / "some.root", COMPRESSIONS[name])
    whole = path.read_bytes()
    with uproot.open(path) as file:
        branch = file["t"]["x"]
        first, size = int(branch.member("fBasketSeek")[1]), int(branch.member("fBasketBytes")[1])
    rng = np.random.default_rng(2)
    expected = columns()["x"].to_list()
    for place in [*range(first, first + 100), *rng.integers(first, first + size, 100)]:
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            with open_columns(str(path)) as file:
                found = file.read(["x"], 0, 3000)["x"].to_list()
        except KerasHepError:
            continue
        # LZ4 blocks alone have a checksum; names and dates in the header do not matter.
        assert name != "lz4" or found == expected, place


def test_a_file_that_ends_inside_of_a_basket(tmp_path):
    path = write(tmp_path / "some.root", COMPRESSIONS["lz4"])
    with open_columns(str(path)) as file:
        file.require(["x"])
        path.write_bytes(path.read_bytes()[:500])
        with pytest.raises(
            FileReadError, match=r"some\.root:t: entries 0 to 3000 cannot be read.*ends inside of basket"
        ):
            file.read(["x"], 0, 3000)
