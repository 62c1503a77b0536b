"""TTree, RNTuple and HDF5 hold the same values, block by block; nothing is left of a file that could not be written."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from types import ModuleType
from typing import Any

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot

from keras_hep.data.samples import card
from keras_hep.data.samples import hdf5_file as hdf5
from keras_hep.data.samples.shards import load_shard
from keras_hep.errors import OutputError
from tests.data.samples import toy as toys
from tests.data.samples.toy import finished_shards

FLAT = ("event", "label", "value")


def made(toy: ModuleType) -> ak.Array:
    """The entries as the shards hold them, by their identity."""
    entries = ak.concatenate([load_shard(path) for path in finished_shards()])
    return entries[np.argsort(ak.to_numpy(entries.event))]


def assert_same(read: ak.Array, entries: ak.Array) -> None:
    """Compare what a ROOT file gives with what was made: values and types."""
    expected = {name: entries[name] for name in (*FLAT, "image", "hits")}
    expected |= {f"part_{name}": entries.part[name] for name in ("pt", "charge")}
    expected |= {f"n{name}": ak.values_astype(ak.num(entries[name]), np.int32) for name in ("part", "hits")}
    assert set(read.fields) == set(expected)
    read = read[np.argsort(ak.to_numpy(read.event))]
    for name, values in expected.items():
        assert read[name].type == values.type, name
        assert read[name].tolist() == values.tolist(), name


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_root_files_hold_what_was_made(toy: ModuleType, tmp_path: Path, format: str) -> None:
    path = toys.run(toy, tmp_path / "toys.root", 33, format=format)
    with uproot.open(path) as file:
        assert file.classname_of("toys") == {"ttree": "TTree", "rntuple": "ROOT::RNTuple"}[format]
        assert file.file.compression == uproot.LZ4(4)
        assert_same(file["toys"].arrays(), made(toy))
    assert card(path)["format"] == format


def test_hdf5_files_hold_what_was_made_in_the_documented_layout(toy: ModuleType, tmp_path: Path) -> None:
    path = toys.run(toy, tmp_path / "toys.h5", 33)
    entries = made(toy)
    with h5py.File(path) as file:
        assert dict(file.attrs) == {"keras_hep_sample": "toy", "entries": 33}
        assert list(file) == ["toys"]
        toys_group = file["toys"]
        assert set(toys_group) == {*FLAT, "image", "hits", "part"}
        assert set(toys_group["part"]) == {"offsets", "pt", "charge"}
        assert set(toys_group["hits"]) == {"offsets", "values"}
        order = np.argsort(toys_group["event"][:])
        for name in (*FLAT, "image"):
            expected = ak.to_numpy(entries[name])
            assert toys_group[name].dtype == expected.dtype
            np.testing.assert_array_equal(toys_group[name][:][order], expected)
        for name, fields in (("part", {"pt": "pt", "charge": "charge"}), ("hits", {"values": None})):
            offsets = toys_group[name]["offsets"][:]
            assert offsets.dtype == np.int64
            assert offsets.shape == (34,)
            assert offsets[0] == 0
            for dataset, field in fields.items():
                stored = toys_group[name][dataset]
                assert len(stored) == offsets[-1]
                assert stored.chunks is not None
                jagged = ak.unflatten(stored[:], np.diff(offsets))[order]
                expected = entries[name] if field is None else entries[name][field]
                assert jagged.type == expected.type
                assert jagged.tolist() == expected.tolist()
    assert card(path)["format"] == "hdf5"


def test_the_content_hash_is_that_of_the_values_whatever_the_format(toy: ModuleType, tmp_path: Path) -> None:
    paths = [
        toys.run(toy, tmp_path / name, format=format)
        for name, format in (("a.root", None), ("b.root", "rntuple"), ("c.h5", None), ("d.hdf5", "hdf5"))
    ]
    cards = [card(path) for path in paths]
    assert [card["format"] for card in cards] == ["ttree", "rntuple", "hdf5", "hdf5"]
    assert len({card["content_hash"] for card in cards}) == 1


def block(entries: int, size: int) -> ak.Array:
    rng = np.random.default_rng(1)
    lists = ak.unflatten(ak.zip({"x": rng.integers(0, 4, 2 * entries).astype(np.float32)}), np.full(entries, 2))
    image = ak.from_numpy(rng.random((entries, size)).astype(np.float32), regulararray=True)
    return ak.zip({"number": np.arange(entries), "lists": lists, "image": image}, depth_limit=1)


def test_large_hdf5_datasets_are_compressed_and_small_ones_are_not(tmp_path: Path) -> None:
    entries = block(2000, 200)
    with hdf5.Hdf5File(tmp_path / "a.h5", "s", "t", 2 * len(entries)) as file:
        file.extend(entries)
        file.extend(entries)
    with h5py.File(tmp_path / "a.h5") as file:
        image, numbers, values = file["t/image"], file["t/number"], file["t/lists/x"]
        assert (image.compression, image.compression_opts, image.shuffle) == ("gzip", 1, True)
        assert numbers.compression is values.compression is None
        assert image.shape == (4000, 200)
        assert image.chunks[0] * 800 <= hdf5.CHUNK
        np.testing.assert_array_equal(image[2000:], image[:2000])
        np.testing.assert_array_equal(file["t/lists/offsets"][:], 2 * np.arange(4001))
        np.testing.assert_array_equal(numbers[:], np.tile(np.arange(2000), 2))


def test_a_first_block_without_elements_does_not_spoil_the_rest(tmp_path: Path) -> None:
    entries = block(100, 1)
    empty = ak.with_field(entries, entries.lists[:, :0], "lists")
    with hdf5.Hdf5File(tmp_path / "a.h5", "s", "t", 200) as file:
        file.extend(empty)
        file.extend(entries)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["t/lists/x"].chunks == (hdf5.LEAST_ROWS,)
        assert file["t/lists/offsets"][100:103].tolist() == [0, 2, 4]
        np.testing.assert_array_equal(file["t/lists/x"][:], ak.to_numpy(ak.flatten(entries.lists.x)))


class Disk(io.FileIO):
    """A file on a disk with little room."""

    room = 0

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> type[Disk]:
    """HDF5 files are written to this one."""

    class Stream(hdf5._Stream, Disk):
        pass

    monkeypatch.setattr(hdf5, "_Stream", Stream)
    return Stream


@pytest.mark.parametrize("room", [0, 5_000, 20_000])
def test_a_disk_that_fills_up_under_hdf5_is_an_output_error(
    toy: ModuleType, tmp_path: Path, disk: type[Disk], room: int
) -> None:
    disk.room = room
    with pytest.raises(OutputError, match=r"no space left on the disk while writing .*toys\.h5"):
        toys.run(toy, tmp_path / "out" / "toys.h5")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_after_some_blocks_ends_the_writing_at_once(tmp_path: Path, disk: type[Disk]) -> None:
    entries = block(2000, 200)
    disk.room = 3 * 2000 * 200 * 4
    written = 0
    with (
        pytest.raises(OSError, match="No space left on device"),
        hdf5.Hdf5File(tmp_path / "a.h5", "s", "t", 100 * len(entries)) as file,
    ):
        for _ in range(100):
            file.extend(entries)
            written += 1
    assert 1 <= written < 10
