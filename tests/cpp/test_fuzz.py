"""What a fuzzer found worth keeping, and documents that are made to take much memory: refused or run, never a crash."""

import json
import shutil
import subprocess
import zipfile

import pytest

from tests.cpp.programs import ADDRESS, HERE, STRICT, build_program, build_with_sanitiser
from tests.cpp.repeated_weights import documents_of_lwtnn, documents_of_shared_weights

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")

FIXTURES = HERE.parent / "fixtures"
NUMBER = 60_000  # elements of the documents that are made to take much memory


def run(program, folder, documents):
    for number, document in enumerate(documents):
        (folder / f"{number}").write_bytes(document)
    files = [folder / f"{number}" for number in range(len(documents))]
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_documents_of_the_fuzzer(tmp_path):
    program = build_with_sanitiser(HERE / "fuzz_load.cpp", tmp_path / "fuzz", ADDRESS, *STRICT)
    with zipfile.ZipFile(FIXTURES / "fuzz_corpus.zip") as corpus:
        run(program, tmp_path, [corpus.read(name) for name in corpus.namelist()])


def network(nodes, size=1, outputs=("x",), **more):
    """Return a document with the plain input x and these nodes."""
    given = {
        "name": "x",
        "length": None,
        "features": [{"name": f"{i}", "unit": "", "default": None} for i in range(size)],
    }
    first = {"name": "x", "type": "input", "inputs": [], "shape": [size], "input": "x", "part": "values"}
    return {
        "format": "keras_hep", "version": 1, "provenance": {}, "inputs": [given], "nodes": [first, *nodes],
        "outputs": [{"name": name, "node": name, "labels": ["0"]} for name in outputs], "test_vectors": [], **more,
    }  # fmt: skip


def dense(name, source, units, weights, inputs):
    node = {
        "name": name,
        "type": "dense",
        "inputs": [source],
        "shape": [units],
        "units": units,
        "weights": weights,
        "bias": None,
    }
    assert weights is None or isinstance(weights, dict) or len(weights) == units * inputs
    return node


def hungry():
    """Yield documents that are small for what they describe."""
    for element in (
        b"[]",
        b"{}",
        b'""',
        b"0",
        b"null",
        b"[0]",
        b"[[]]",
        b"[[[0]]]",
        b'{"":0}',
        b'{"":{"":[]}}',
        b"[null,0]",
    ):
        array = b"[" + b",".join([element] * NUMBER) + b"]"
        yield array
        yield b'{"format":"keras_hep","version":1,"inputs":' + array + b"}"
        text = json.dumps(network([])).encode()
        yield text.replace(b'"nodes": [', b'"nodes": [' + array[1:-1] + b",")
        yield text.replace(b'"test_vectors": []', b'"test_vectors": ' + array)
        yield text.replace(b'"provenance": {}', b'"provenance": {"a": [null,' + array[1:-1] + b"]}")
    yield b"[null," + b",".join([b"0"] * NUMBER) + b"]"
    yield b"{" + b",".join([b'"":0'] * NUMBER) + b"}"
    # One unit is padded to a whole register.
    wide = [
        {
            "name": "w",
            "type": "dense",
            "inputs": ["x"],
            "shape": [NUMBER],
            "units": NUMBER,
            "weights": [0] * NUMBER,
            "bias": None,
        }
    ]
    yield json.dumps(
        network([*wide, dense("y", "w", 1, [0] * NUMBER, NUMBER)], outputs=["y"]), separators=(",", ":")
    ).encode()
    # Shapes that are declared and hold nothing.
    for shape in ([1 << 26], [1 << 25], [1 << 13, 1 << 13], [1, 1 << 26]):
        for kind in (
            "activation",
            "softmax",
            "batch_normalization",
            "reshape",
            "flatten",
            "dense",
            "convolution",
            "embedding",
        ):
            for nothing in (None, []):
                node = {
                    "name": "y", "type": kind, "inputs": ["x"], "shape": shape, "units": shape[-1], "weights": nothing, "bias": nothing,
                    "axis": 0, "epsilon": 0, "gamma": nothing, "beta": nothing, "mean": nothing, "variance": nothing, "function": "tanh",
                }  # fmt: skip
                yield json.dumps(network([node], outputs=["y"])).encode()


def test_a_document_takes_at_most_64_times_its_size_in_memory(tmp_path):
    program = build_program(HERE / "fuzz_load.cpp", tmp_path / "fuzz", "-O1", *STRICT)
    run(program, tmp_path, [*hungry(), *documents_of_shared_weights(network), *documents_of_lwtnn()])
