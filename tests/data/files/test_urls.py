import functools
import gc
import http.server
import re
import sys
import threading

import fsspec
import h5py
import numpy as np
import pytest

from keras_hep.data import read_events
from keras_hep.data.files import expand_files, open_columns, trees_of
from keras_hep.errors import DataError, FileReadError, MissingToolError
from tests.conftest import write_tree


class Ranges(http.server.SimpleHTTPRequestHandler):
    """Serves files, and parts of files, as the servers of experiments do."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        try:
            with open(path, "rb") as stream:  # noqa: PTH123
                content = stream.read()
        except OSError:
            self.send_error(404)
            return
        first, last = (int(match[1]), min(int(match[2]), len(content) - 1)) if match else (0, len(content) - 1)
        self.send_response(206 if match else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if match:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[first : last + 1])


@pytest.fixture
def serve(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Ranges, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


def test_a_tree_is_read_over_http(jets, spec, events, tmp_path, serve):
    write_tree(tmp_path / "jets.root", jets)
    found = read_events(f"{serve}/jets.root", spec)
    np.testing.assert_array_equal(found.inputs["constituents"], events.inputs["constituents"])
    np.testing.assert_array_equal(found.label, events.label)
    assert trees_of(f"{serve}/jets.root") == ["jets"]


# uproot leaves the connection on which it was refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_a_server_does_not_have_is_named(serve):
    with pytest.raises(
        FileReadError, match=r"'http://127.*/absent\.root' cannot be opened as a ROOT file .*the server"
    ):
        open_columns(f"{serve}/absent.root")
    gc.collect()


def test_a_tree_is_read_through_fsspec(jets, spec, events, tmp_path, memory):
    memory.pipe("/jets.root", write_tree(tmp_path / "jets.root", jets).read_bytes())
    found = read_events("memory://jets.root", spec)
    np.testing.assert_array_equal(found.inputs["jet"], events.inputs["jet"])


def test_hdf5_is_read_through_fsspec_and_told_by_its_name(tmp_path, memory):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(5.0)
        file["y"] = np.arange(3.0)
        file["z"] = np.arange(5.0)
    memory.pipe("/a.H5", (tmp_path / "a.h5").read_bytes())
    with open_columns("memory://a.H5") as columns:
        assert columns.read(["x"], 1, 3)["x"].to_list() == [1, 2]
    assert trees_of("memory://a.H5") == [None, "y"]
    with pytest.raises(FileReadError, match=r"'memory://b\.h5' cannot be opened"):
        open_columns("memory://b.h5")


def test_a_url_of_a_local_file_is_a_path(tmp_path):
    (tmp_path / "a b.csv").write_text("x,y\n1,2\n")
    url = (tmp_path / "a b.csv").as_uri()
    assert url.startswith("file:///")
    assert expand_files(url) == [str(tmp_path / "a b.csv")]


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "a.hepmc", "a.json", "a.csv.gz", "a.hepmc3.zst", "a.NPZ?key=.root"])
def test_other_kinds_of_files_are_refused(name):
    with pytest.raises(DataError, match=r"only ROOT and HDF5 files are read from URLs.*download"):
        open_columns(f"https://example.org/{name}")


@pytest.mark.parametrize("url", ["root://eos.example.org//data/*.root", "s3://data/part[12].root"])
def test_patterns_in_urls_are_refused(url):
    with pytest.raises(DataError, match="patterns are expanded for local files only; give each URL by itself"):
        expand_files(url)
    assert expand_files("https://example.org/a.root?key=*&x=[1]") == ["https://example.org/a.root?key=*&x=[1]"]


@pytest.mark.parametrize(
    ("url", "protocol", "package"),
    [
        ("root://eos.example.org//data/a.root", "root", "fsspec_xrootd"),
        ("s3://data/a.root", "s3", "s3fs"),
        ("s3://data/a.h5", "s3", "s3fs"),
    ],
)
def test_a_missing_package_for_a_protocol_is_named(url, protocol, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingToolError, match=rf"{protocol}:// is not installed: .*{package.replace('_', '-')}"):
        open_columns(url)


def test_an_unknown_protocol_is_named():
    with pytest.raises(DataError, match="Protocol not known: carrier"):
        open_columns("carrier://pigeon/a.root")
