"""The C++ runtime: interface, damaged files, locales, compilers, CMake."""

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import keras_hep
from keras_hep import cpp
from keras_hep.errors import ExportError, MissingToolError
from keras_hep.export import check, cmake_dir, export, include_dir
from keras_hep.export.cpp_build import compiled, compiler
from keras_hep.export.schema import json_schema
from tests.cpp.networks import plain_spec, tagger

HERE = Path(__file__).parent
FIXTURE = HERE.parent / "fixtures" / "net_v1.json"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def build_program(source, target, *flags):
    command = ["g++", "-std=c++17", *flags, "-I", str(include_dir()), "-I", str(HERE), str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return target


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    dense = tagger("dense_tagger", plain_spec("jet"), units=(18, 5), activation="elu")
    sets = tagger("deep_sets", plain_spec("tracks", 4), phi=(6, 5), f=(4,), activation="elu")
    return export(dense, folder / "dense.json"), export(sets, folder / "sets.json", vectors=4)


@pytest.fixture(scope="module")
def loads(tmp_path_factory):
    """Load documents in a program that the sanitisers watch; return what became of each."""
    folder = tmp_path_factory.mktemp("loads")
    flags = ("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = build_program(HERE / "loads.cpp", folder / "loads", *flags)

    def run(documents):
        packed = b"".join(struct.pack("=I", len(d)) + d for d in documents)
        (folder / "documents").write_bytes(packed)
        done = subprocess.run([program, folder / "documents"], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
        lines = done.stdout.decode(errors="replace").removesuffix("\n").split("\n")
        assert len(lines) == len(documents)
        for line in lines:
            assert line.startswith(("ok", "ParseError $", "ShapeError $")), line
        return lines

    return run


def test_interface(nets, tmp_path):
    program = build_program(HERE / "interface.cpp", tmp_path / "interface", "-O0", "-pthread", *STRICT)
    done = subprocess.run([program, *nets], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_of_version_1_stays_readable(loads):
    text = FIXTURE.read_bytes()
    assert loads([text]) == ["ok"]
    document = json.loads(text)
    assert document["test_vectors"]
    jsonschema.validate(document, json_schema())


def test_the_cmake_package_has_the_version_of_keras_hep():
    text = (cmake_dir() / "keras_hepConfigVersion.cmake").read_text()
    assert f'set(PACKAGE_VERSION "{keras_hep.__version__}")' in text


def test_cut_and_mutated_documents_are_refused_or_run(nets, loads):
    random = np.random.default_rng(5)
    documents = []
    for net in nets:
        text = net.read_bytes()
        places = np.unique(np.linspace(0, len(text) - 2, 400).astype(int))
        documents += [text[:place] for place in places]
        for _ in range(500):
            mutated = bytearray(text)
            for place in random.integers(0, len(text), random.integers(1, 4)):
                mutated[place] = random.choice([*b'0123456789-+.eE[]{},:"\\ null', random.integers(0, 256)])
            documents.append(bytes(mutated))
        for _ in range(200):
            first, last = sorted(random.integers(0, len(text), 2))
            documents.append(text[:first] + text[last:])
    lines = loads(documents)
    cut = 400
    assert all(line.startswith("ParseError") for line in lines[:cut])


def changed(text, path, value):
    """Return the document with the value at a path of keys and positions replaced; DELETE removes it."""
    document = json.loads(text)
    target = document
    for key in path[:-1]:
        target = target[key]
    if value is DELETE:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return json.dumps(document).encode()


DELETE = object()
# The dense net has the nodes: 0 jet, 1 preprocessing, 2 dense_1, 3 activation_1, ... -2 logits, -1 probabilities.
WRONG = [
    (("format",), "other", "ParseError $.format: expected 'keras_hep'"),
    (("version",), 2, "ParseError $.version: this keras_hep reads versions 1 to 1, found 2"),
    (("version",), DELETE, "ParseError $: the key 'version' is missing"),
    (("extra",), 1, "ParseError $: unknown key 'extra'"),
    (("nodes",), {}, "ParseError $.nodes: expected an array"),
    (("nodes",), [], "ParseError $.outputs[0].node: there is no node 'probabilities'"),
    (("nodes", 2, "extra"), 1, "ParseError $.nodes[2]: unknown key 'extra'"),
    (("nodes", 2, "type"), "lstn", "ParseError $.nodes[2].type: unknown type of node 'lstn'"),
    (("nodes", 2, "type"), 1, "ParseError $.nodes[2].type: expected a string, found a number"),
    (("nodes", 2, "name"), "jet", "ParseError $.nodes[2].name: the node 'jet' stands twice"),
    (("nodes", 2, "weights"), [1.0], "ShapeError $.nodes[2].weights: expected 36 numbers, found 1"),
    (("nodes", 2, "weights"), "AAAA", "ParseError $.nodes[2].weights: expected an array of numbers, found a string"),
    (("nodes", 2, "weights", 3), None, "ParseError $.nodes[2].weights: expected numbers, found null"),
    (("nodes", 2, "weights", 3), 1e39, "ParseError $.nodes[2].weights: a number is out of the range of float32"),
    (("nodes", 2, "weights"), {"of": "dense_1"}, "ParseError $.nodes[2].weights.of: the numbers of the node 'dense_1'"),
    (("nodes", 2, "weights"), {"of": "nobody"}, "ParseError $.nodes[2].weights.of: there is no node 'nobody'"),
    (("nodes", 2, "weights"), {"of": "logits"}, "ShapeError $.nodes[2].weights: expected 36 numbers, found 15"),
    (("nodes", 2, "weights"), {"of": "jet"}, "ParseError $.nodes[0]: the key 'weights' is missing"),
    (("nodes", 2, "weights"), {"of": 3}, "ParseError $.nodes[2].weights.of: expected a string"),
    (("nodes", 2, "weights"), {}, "ParseError $.nodes[2].weights: the key 'of' is missing"),
    (
        ("test_vectors", 0, "inputs", "jet"),
        {"of": "jet"},
        "ParseError $.test_vectors[0].inputs.jet.of: there is no node",
    ),
    (("nodes", 2, "bias"), [], "ShapeError $.nodes[2].bias: expected 18 numbers, found 0"),
    (("nodes", 2, "units"), 17, "ShapeError $.nodes[2].shape: expected [17], found [18]"),
    (("nodes", 2, "units"), -1, "ParseError $.nodes[2].units: expected a whole number"),
    (("nodes", 2, "units"), 1e300, "ParseError $.nodes[2].units: expected a whole number"),
    (("nodes", 2, "shape"), [1 << 20, 1 << 20], "ShapeError $.nodes[2].shape: a size is zero, or the shape is larger"),
    (("nodes", 2, "shape"), [0], "ShapeError $.nodes[2].shape: a size is zero"),
    (("nodes", 2, "shape"), [1] * 9, "ShapeError $.nodes[2].shape: expected at most 8 axes, found 9"),
    (("nodes", 2, "shape"), [18.5], "ParseError $.nodes[2].shape: expected a whole number"),
    (("nodes", 2, "shape"), [], "ParseError $.nodes[2].shape: expected an array of positive whole numbers"),
    (("nodes", 2, "inputs"), [], "ShapeError $.nodes[2].inputs: expected at least one input"),
    (("nodes", 2, "inputs"), ["jet", "jet"], "ShapeError $.nodes[2].inputs: expected 1 inputs, found 2"),
    (("nodes", 2, "inputs"), ["dense_1"], "ParseError $.nodes[2].inputs[0]: the node 'dense_1' stands later"),
    (("nodes", 2, "inputs"), ["logits"], "ParseError $.nodes[2].inputs[0]: the node 'logits' stands later"),
    (("nodes", 2, "inputs"), ["nobody"], "ParseError $.nodes[2].inputs[0]: there is no node 'nobody'"),
    (("nodes", 3, "function"), "meesh", "ParseError $.nodes[3].function: unknown activation 'meesh'"),
    (("nodes", 3, "alpha"), DELETE, "ParseError $.nodes[3]: the key 'alpha' is missing"),
    (("nodes", -1, "axis"), 1, "ShapeError $.nodes[7].axis: the input has only 1 axes"),
    (("nodes", 0, "part"), "mask", "ParseError $.nodes[0].part: the input 'jet' is not a sequence"),
    (("nodes", 0, "part"), "all", "ParseError $.nodes[0].part: expected 'values' or 'mask'"),
    (("nodes", 0, "input"), "jets", "ParseError $.nodes[0].input: there is no input 'jets'"),
    (("nodes", 0, "shape"), [3], "ShapeError $.nodes[0].shape: expected [2], found [3]"),
    (("nodes", 0, "inputs"), ["logits"], "ShapeError $.nodes[0].inputs: expected no inputs"),
    (
        ("nodes", 1, "features", 0, "transform"),
        "cube",
        "ParseError $.nodes[1].features[0].transform: unknown transform",
    ),
    (("nodes", 1, "features", 0, "clip"), [1.0], "ShapeError $.nodes[1].features[0].clip: expected 2 numbers, found 1"),
    (("nodes", 1, "features"), [], "ShapeError $.nodes[1].features: expected 2 features, found 0"),
    (("inputs",), [], "ShapeError $.inputs: expected at least one input"),
    (("inputs", 0, "length"), 0, "ShapeError $.inputs[0].length: a sequence has at least one entry"),
    (("inputs", 0, "shape"), [3], "ShapeError $.inputs[0].shape: expected 2 as the last size, found [3]"),
    (("inputs", 0, "length"), 4, "ShapeError $.inputs[0].shape: expected [4, 2], found [2]"),
    (("inputs", 0, "shape"), DELETE, "ok"),
    (("inputs", 0, "features"), None, "ok"),
    (("inputs", 0, "features"), [], "ShapeError $.inputs[0].features: expected at least one feature"),
    (
        ("inputs", 0, "features", 1, "name"),
        "pt",
        "ParseError $.inputs[0].features[1].name: the feature 'pt' stands twice",
    ),
    (("inputs", 0, "features", 0, "default"), "0", "ParseError $.inputs[0].features[0].default: expected a number"),
    (("outputs",), [], "ShapeError $.outputs: expected at least one output"),
    (("outputs", 0, "labels"), ["a", "b"], "ShapeError $.outputs[0].labels: expected 3 labels, found 2"),
    (("outputs", 0, "labels"), ["a", "b", "a"], "ParseError $.outputs[0].labels[2]: the label 'a' stands twice"),
    (("outputs", 0, "node"), "nobody", "ParseError $.outputs[0].node: there is no node 'nobody'"),
    (("test_vectors", 0, "inputs"), {}, "ParseError $.test_vectors[0].inputs: the key 'jet' is missing"),
    (("test_vectors", 0, "inputs", "jet"), [1], "ShapeError $.test_vectors[0].inputs.jet: expected 2 values, found 1"),
    (
        ("test_vectors", 0, "outputs", "probabilities"),
        [1],
        "ShapeError $.test_vectors[0].outputs.probabilities: expected 3",
    ),
    (("test_vectors", 0, "outputs", "probabilities", 0), 2.0, "ok, but differs"),
]


def test_wrong_documents_name_the_path(nets, loads):
    text = nets[0].read_bytes()
    lines = loads([changed(text, path, value) for path, value, _ in WRONG])
    for line, (path, _, expected) in zip(lines, WRONG, strict=True):
        assert line.startswith(expected), (path, line)


def test_weights_serve_several_nodes_but_not_more_than_memory_allows(nets, loads):
    document = json.loads(nets[0].read_text())
    first = {
        **document["nodes"][2],
        "name": "wide",
        "shape": [3000],
        "units": 3000,
        "weights": [0.25] * 6000,
        "bias": None,
    }

    def repeated(times):
        more = [{**first, "name": f"{i}", "weights": {"of": "wide"}} for i in range(times)]
        return json.dumps({**document, "nodes": [*document["nodes"], first, *more]}).encode()

    few, many = loads([repeated(20), repeated(200)])
    assert few == "ok"
    assert re.match(r"ShapeError \$\.nodes\[\d+\]: the weights that nodes take from others need too much memory", many)


def test_text_that_is_not_json_names_the_path(nets, loads):
    text = nets[0].read_bytes()
    cases = {
        b"": "ParseError $: expected a value, found the end",
        b"\xff\xfe": "ParseError $: expected a number, found byte 255",
        text + b"x": "ParseError $: expected the end of the document, found 'x'",
        b"[" * 100_000: "ParseError $[0]",
        b'{"a":' * 100_000: "ParseError $.a",
        text.replace(b'"version": 1', b'"version": 1, "version": 1'): "ParseError $: the key 'version' stands twice",
        text.replace(b'"version": 1', b'"version": NaN'): "ParseError $.version: expected a number, found 'N'",
        text.replace(b'"version": 1', b'"version": Infinity'): "ParseError $.version: expected a number, found 'I'",
        text.replace(b'"version": 1', b'"version": 01'): "ParseError $.version: a number must not begin with 0",
        text.replace(b'"version": 1', b'"version": 1e999'): "ParseError $.version: the number is out of the range",
        text.replace(b'"version": 1', b'"version": 1.'): "ParseError $.version: expected a number",
        text.replace(b'"version": 1', b'"version": "\\ud800"'): "ParseError $.version: half of a surrogate pair",
        text.replace(b'"version": 1', b'"version": "\\x"'): "ParseError $.version: an unknown escape",
        text.replace(b'"version": 1', b'"version": "\n"'): "ParseError $.version: a control character",
        text.replace(b'"keras_hep"', b'"keras\\u005fhep"', 1): "ok",
    }
    lines = loads(list(cases))
    for line, (document, expected) in zip(lines, cases.items(), strict=True):
        assert line.startswith(expected), (document[:60], line)
    assert "more than 64 levels of nesting" in lines[3] and "more than 64 levels of nesting" in lines[4]


def test_old_compilers_and_foreign_locales_read_the_same_numbers(nets, tmp_path):
    source = tmp_path / "locale.cpp"
    source.write_text(
        "#include <keras_hep/network.hpp>\n#include <clocale>\n"
        "struct Comma : std::numpunct<char> { char do_decimal_point() const override { return ','; } };\n"
        "int main(int, char** argv) {\n"
        "    std::locale::global(std::locale(std::locale::classic(), new Comma));\n"
        "    return keras_hep::Network::load(argv[1]).self_check() < 1e-5 ? 0 : 1;\n}\n"
    )
    program = build_program(source, tmp_path / "locale", "-O0", "-DKERAS_HEP_NO_FROM_CHARS", *STRICT)
    for net in nets:
        subprocess.run([program, net], check=True)


def test_cmake_finds_the_package(nets, tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("needs cmake")
    example = cpp.include_dir().parent / "examples" / "plain"
    tagger_net = export(tagger("dense_tagger", example_spec()), tmp_path / "net.json")
    configure = ["cmake", "-S", example, "-B", tmp_path / "build", f"-Dkeras_hep_DIR={cmake_dir()}"]
    subprocess.run(configure, check=True, capture_output=True)
    subprocess.run(["cmake", "--build", tmp_path / "build"], check=True, capture_output=True)
    done = subprocess.run([tmp_path / "build" / "tag", tagger_net], check=True, capture_output=True, text=True)
    assert "largest difference from Keras" in done.stdout and "a: 0." in done.stdout


def test_layers_and_kernels_compiled_once_serve_every_file(nets, tmp_path):
    flags = ["-std=c++17", "-O1", *STRICT, "-I", str(include_dir()), "-I", str(HERE)]
    sources = [(HERE / "interface.cpp", ["-DKERAS_HEP_SEPARATE"]), (include_dir().parent / "src" / "keras_hep.cpp", [])]
    objects = []
    for source, more in sources:
        objects.append(tmp_path / f"{source.stem}.o")
        subprocess.run(["g++", *flags, *more, "-c", source, "-o", objects[-1]], check=True)
    assert objects[0].stat().st_size < objects[1].stat().st_size / 3
    program = tmp_path / "interface"
    subprocess.run(["g++", "-pthread", *objects, "-o", program], check=True)
    subprocess.run([program, *nets], check=True)


def example_spec():
    spec = plain_spec("jet").to_dict()
    spec["inputs"][0]["features"].append({"name": "mass", "offset": -80.0, "scale": 0.03})
    return type(plain_spec("jet")).from_dict(spec)


def test_no_compiler(monkeypatch, nets, tmp_path):
    model = tagger("dense_tagger", plain_spec("jet"), units=(18, 5), activation="elu")
    inputs = {"jet": np.zeros((3, 2), np.float32)}
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    with pytest.raises(MissingToolError, match=r"no-such-compiler' is not installed; install g\+\+.*set CXX"):
        check(nets[0], model, inputs)


def test_a_failing_compiler_shows_what_it_says(monkeypatch, tmp_path):
    source = tmp_path / "broken.cpp"
    source.write_text("int main() { return nobody; }\n")
    with pytest.raises(ExportError, match=r"(?s)compiling broken.cpp failed \(exit code 1\).*nobody"):
        compiled(source)


def test_programs_are_compiled_once_for_each_compiler(monkeypatch, tmp_path):
    source = tmp_path / "small.cpp"
    source.write_text("int main() { return 0; }\n")
    monkeypatch.setenv("KERAS_HEP_CACHE", str(tmp_path / "cache"))
    program = compiled(source)
    before = program.stat().st_mtime_ns
    assert compiled(source) == program and program.stat().st_mtime_ns == before and os.access(program, os.X_OK)
    monkeypatch.setenv("CXX", "g++ -DOTHER")
    assert compiler() == ["g++", "-DOTHER"]
    assert compiled(source) != program
    source.write_text("int main() { return 1; }\n")
    assert len({compiled(source), program}) == 2
