"""Generated code: the bits of the interpreter, for every type of node, however it is compiled."""

import json
import re
import shutil
import subprocess

import keras
import numpy as np
import pytest

from keras_hep.cpp import include_dir
from keras_hep.errors import ExportError, UnsupportedLayerError
from keras_hep.export import Network, codegen, export
from keras_hep.export.codegen.literals import Names, literal, text
from keras_hep.export.codegen.memory import Memory
from tests.cpp.generated import build, evaluate, same_bits, sequences, written
from tests.cpp.networks import plain_spec, randomised, rich_spec, tagger
from tests.cpp.programs import HERE, STRICT, build_program
from tests.export import test_attention, test_inputs, test_layers, test_masks, test_recurrent
from tests.export.documents import every_function, masked_entries, negative_zeros, not_finite, several_masks
from tests.export.gathered import networks_of
from tests.export.layer_makers import random_graph

pytestmark = [
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
    pytest.mark.filterwarnings("ignore:[^Y]*You are using a softmax over axis"),
]

FIXTURE = HERE.parent / "fixtures" / "net_v1.json"
GRAPHS = 24
# Contraction is what would change the bits where the instructions for it are there. The last number: of how many networks one is taken.
BUILDS = {
    "g++ -O1": (["-O1", *STRICT], 1),
    "g++ -O3": (["-O3", "-march=native", "-ffp-contract=fast"], 1),
    "clang++ -O3": (["-O3", "-march=native", "-ffp-contract=fast", *STRICT], 9),
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Name -> (file, raw inputs): what the tests of layers export, random graphs, taggers, and documents made by hand."""
    folder = tmp_path_factory.mktemp("networks")
    found = {}
    for module in (test_layers, test_recurrent, test_attention, test_masks, test_inputs):
        found |= networks_of(module, folder)
    for seed in range(1000, 1000 + GRAPHS):
        model = randomised(random_graph(np.random.default_rng(seed)), seed)
        found[f"graph_{seed}"] = export(model, folder / f"graph_{seed}.json", vectors=0), {}
    for name, model in {
        "dense": tagger("dense_tagger", rich_spec(), units=(17, 16)),
        "sets": tagger("deep_sets", rich_spec(5), phi=(6, 30), f=(40,)),
    }.items():
        found[name] = export(model, folder / f"{name}.json", vectors=0), {}
    for make in (every_function, masked_entries, negative_zeros, not_finite, several_masks):
        path = folder / f"{make.__name__}.json"
        path.write_text(json.dumps(make()))
        found[make.__name__] = path, {}
    return found


@pytest.fixture(scope="module")
def mutant(networks, tmp_path_factory):
    """The tagger with another last bit in one weight."""
    document = json.loads(networks["dense"][0].read_text())
    (first, *_) = (node for node in document["nodes"] if node["type"] == "dense")
    first["weights"][3] = float(str(np.nextafter(np.float32(first["weights"][3]), np.float32(9))))
    path = tmp_path_factory.mktemp("mutant") / "mutant.json"
    path.write_text(json.dumps(document))
    return path


def hard(inputs, path):
    """Return raw inputs, drawn where there are none, and beside them the same with large values, NaN, infinity and -0."""
    random = np.random.default_rng(3)
    events = len(next(iter(inputs.values()), range(8)))
    result = {}
    for name, shape in Network(path).inputs.items():
        values = np.asarray(inputs.get(name, random.normal(0, 2, (events, *shape))), np.float32)
        worse = values.copy()
        for fraction, change in ((0.1, values * 1e4), (0.03, np.nan), (0.02, np.inf), (0.02, -np.inf), (0.05, -0.0)):
            worse = np.where(random.random(values.shape) < fraction, np.float32(change), worse)
        result[name] = np.concatenate([values, worse])
        if name in sequences(path):
            mask = inputs.get(f"{name}_mask", np.arange(shape[0]) < random.integers(0, shape[0] + 1, (events, 1)))
            result[f"{name}_mask"] = np.concatenate([mask, mask])
    return result


def differing(library, networks):
    """Return the names of the networks of which the code gives other bits than the interpreter."""
    found = []
    for name, (path, inputs) in networks.items():
        raw = hard(inputs, path)
        expected = Network(path, reproducible=True).predict(raw)
        code = evaluate(library, name, path, raw)
        if not all(same_bits(code[key], expected[key]) for key in expected):
            found.append(name)
    return found


@pytest.mark.parametrize("name", BUILDS)
def test_the_bits_are_those_of_the_interpreter(name, networks, mutant, tmp_path):
    compiler, (flags, step) = name.split()[0], BUILDS[name]
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    chosen = {key: networks[key] for key in ["dense", *list(networks)[::step]]}
    sources = written({key: path for key, (path, _) in chosen.items()} | {"mutant": mutant}, tmp_path)
    library = build(sources, tmp_path / "build", *flags, compiler=compiler)
    assert differing(library, chosen) == []
    library.run_dense = library.run_mutant
    assert differing(library, {"dense": networks["dense"]}) == ["dense"], "one bit of one weight"


def test_there_is_code_for_every_type_of_node(networks):
    registry = (include_dir() / "keras_hep" / "layers" / "registry.hpp").read_text()
    known = set(re.findall(r'\{"(\w+)", ', registry))
    used = set()
    for path, _ in networks.values():
        for node in json.loads(path.read_text())["nodes"]:
            used |= {node["type"], node.get("layer", node)["type"]}
    assert len(known) > 40 and used - {"input"} == known


def test_code_is_the_same_each_time_and_says_where_it_comes_from():
    code = codegen.generate(FIXTURE, "tagger")
    assert code == codegen.generate(FIXTURE, "tagger")
    head = " ".join(line.removeprefix("//").strip() for line in code.split("#pragma once")[0].splitlines())
    assert "tagger::evaluate(jet, parts, parts_rows, probabilities);" in head
    assert (
        re.search(r"SHA-256 of the file: [0-9a-f]{64} ", head)
        and "part_plain (GeV)" in head
        and "probabilities: a, b, c" in head
    )
    assert max(map(len, code.splitlines())) <= 160


def test_layers_that_share_weights_share_constants(tmp_path):
    dense = keras.layers.Dense(40)
    x = keras.Input((40,), name="x")
    path = export(randomised(keras.Model(x, dense(dense(x)))), tmp_path / "net.json", vectors=0)
    assert len(re.findall(r"float \w+_weights\[1600\]", codegen.generate(path))) == 1


def test_large_networks_take_memory_of_the_caller(tmp_path):
    x = keras.Input((200, 200, 1), name="x")
    path = export(
        keras.Model(x, keras.layers.AveragePooling2D(2)(keras.layers.Conv2D(2, 3)(x))), tmp_path / "net.json", vectors=0
    )
    assert codegen.generate(path).count("inline void evaluate(") == 1
    assert codegen.generate(FIXTURE).count("inline void evaluate(") == 2


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_fast_math_is_refused(compiler, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    (tmp_path / "net.cpp").write_text(codegen.generate(FIXTURE))
    command = [compiler, "-std=c++17", "-fsyntax-only", *STRICT, tmp_path / "net.cpp"]
    command = [part for part in command if part != "-Werror"]  # the pragma once in the main file
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    done = subprocess.run([*command, "-ffast-math"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "without -ffast-math" in done.stderr


WRONG = {
    "type": (5, {"type": "wished"}, r"\$\.nodes\[5\]\.type: no code .* 'wished'.*Known: activation, add"),
    "key": (4, {"wish": 1}, r"\$\.nodes\[4\]: unknown key 'wish'"),
    "weights": (4, {"weights": [1.0]}, r"\$\.nodes\[4\]\.weights: expected 30 numbers, found 1"),
    "units": (4, {"units": 2.5}, r"\$\.nodes\[4\]\.units: expected a whole number from 1 .*found 2\.5"),
    "range": (4, {"bias": [1e39, 0, 0, 0, 0]}, r"\$\.nodes\[4\]\.bias: a number is out of the range of float32"),
    "shape": (4, {"shape": [5, 4]}, r"\$\.nodes\[4\]\.shape: expected \[5, 5\], found \[5, 4\]"),
    "inputs": (5, {"inputs": ["later"]}, r"\$\.nodes\[5\]\.inputs: there is no node 'later'"),
    "name": (5, {"name": "jet"}, r"\$\.nodes\[5\]\.name: the node 'jet' stands twice"),
    "function": (5, {"function": "wish"}, r"\$\.nodes\[5\]\.function: unknown activation 'wish'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_file_is_said_with_its_place(case, tmp_path):
    number, change, message = WRONG[case]
    document = json.loads(FIXTURE.read_text())
    document["nodes"][number] |= change
    (tmp_path / "net.json").write_text(json.dumps(document))
    with pytest.raises((ExportError, UnsupportedLayerError), match=message):
        codegen.generate(tmp_path / "net.json")


@pytest.mark.parametrize("name", ["int", "std", "2fast", "a b", "keras_hep", "a__b", "a::", ""])
def test_names_that_cannot_be_namespaces_are_refused(name):
    with pytest.raises(ExportError, match="cannot be the namespace"):
        codegen.generate(FIXTURE, name)


def test_numbers_and_names_are_those_of_cpp():
    values = [0.1, -0.0, 1e-45, 3.4028235e38, 16777217.0, 2.0**-126, np.inf, -np.inf, np.nan]
    assert [literal(value) for value in values[:2]] == ["0.1F", "-0.0F"]
    for value in values[:-3]:
        assert np.float32(literal(value).removesuffix("F")) == np.float32(value)
    assert [literal(value) for value in values[-3:]] == ["__builtin_inff()", "-__builtin_inff()", '__builtin_nanf("")']
    names = Names({"taken"})
    made = [names.new(wish) for wish in ("taken", "class", "a/b:2", "2", "µ", "a_b_2", "__x__")]
    assert made == ["taken_2", "class_2", "a_b_2", "n_2", "value", "a_b_2_2", "x"]
    assert text('a"\\µ?\n7') == r'"a\"\\\302\265\?\0127"'


def test_memory_is_used_again_and_never_twice_at_once():
    random = np.random.default_rng(1)
    memory, taken = Memory(), {}
    for _ in range(300):
        if len(taken) == 10:
            begin = list(taken)[random.integers(len(taken))]
            memory.free(begin)
            del taken[begin]
        size = int(random.integers(1, 100))
        begin = memory.take(size)
        assert begin % 16 == 0
        assert all(begin + size <= other or other + length <= begin for other, length in taken.items())
        taken[begin] = size
    assert memory.size < 2 * 10 * 100


EXAMPLE_MAIN = """
#include "fixture.hpp"
#include <keras_hep/network.hpp>

int main(int, char** argv) {
    keras_hep::Options options;
    options.reproducible = true;
    const auto net = keras_hep::Network::load(argv[1], options);
    for (int i = 0; i < 100; ++i) {
        const float jet[] = {static_cast<float>(i), 0.03F * static_cast<float>(i - 40)};
        if (score(jet[0], jet[1]) != net.evaluate_arrays({{jet, 1}})[1]) return 1;
    }
    return fixture::outputs[0].values == 3 && std::string(tagger::inputs[0].feature_names[1]) == "eta" ? 0 : 2;
}
"""


def test_the_example_of_the_documentation_beside_another_network_and_the_runtime(tmp_path):
    documentation = (HERE.parents[1] / "docs" / "cpp.md").read_text()
    (example,) = re.findall(r"```cpp\n(#include \"tagger\.hpp\".*?)```", documentation, re.DOTALL)
    path = export(tagger("dense_tagger", plain_spec("jet"), units=(8,)), tmp_path / "net.json", vectors=0)
    (tmp_path / "tagger.hpp").write_text(codegen.generate(path, "tagger"))
    (tmp_path / "fixture.hpp").write_text(codegen.generate(FIXTURE, "fixture"))
    source = tmp_path / "main.cpp"
    source.write_text(example + EXAMPLE_MAIN)
    program = build_program(source, tmp_path / "main", "-O0", *STRICT)
    subprocess.run([program, path], check=True)
