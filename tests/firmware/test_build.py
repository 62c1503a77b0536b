import importlib
import json
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from keras_hep.errors import FirmwareError, MissingToolError, ParityError
from keras_hep.firmware import Design, budget_table, build, golden_vectors, load_vectors, read_result, save_vectors
from keras_hep.firmware.hls import layer_outputs
from keras_hep.firmware.rtl import Simulation
from keras_hep.firmware.synthesis import Resources, VendorReport
from tests.firmware.quick import quick_compiler
from tests.quantization.networks import float_model, toy_problem, toy_twin

# The package has a function of the same name as the module.
MODULE = importlib.import_module("keras_hep.firmware.build")


@pytest.fixture
def stubs(monkeypatch, twin):
    """Replace all slow tools by answers that equal the network's own."""
    counted = Resources(300, 100, 0, "a stub")

    def write_project(core, design, backend, folder, vectors):
        (folder / "firmware").mkdir(parents=True)
        (folder / "hls4ml_config.yml").write_text(f"OutputDir: {folder}\n")
        return SimpleNamespace(folder=folder, backend=backend, simulate=lambda values: layer_outputs(core, values))

    def simulate(rtl, vectors):
        return Simulation(np.asarray(twin.core(vectors.astype(np.float32)), np.float64), 3, 1)

    class Yosys:
        def __init__(self, rtl, design):
            pass

        def __enter__(self):
            return lambda: counted

        def __exit__(self, *error):
            return None

    for name, stub in (("write_project", write_project), ("simulate", simulate), ("yosys", Yosys)):
        monkeypatch.setattr(MODULE, name, stub)
    monkeypatch.setattr(MODULE, "vendor_synthesis", lambda folder, backend: None)


def changed(design, **values):
    return design.model_copy(update=values)


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_realisation_equals_the_network(built, twin):
    parity = built.result.parity
    assert list(parity) == ["hls", "hls_vivado", "rtl"]
    vectors = built.result.vectors
    assert vectors["sample"] == len(twin.sample)
    assert vectors["edges"] > 2000
    for found in parity.values():
        assert found.agrees
        assert found.tolerance == 0
        assert {layer.events for layer in found.layers} == {sum(vectors.values())}
    for name in ("hls", "hls_vivado"):
        assert [layer.name for layer in parity[name].layers] == ["input_quantizer", "activation_1", "logits"]
    assert [layer.name for layer in parity["rtl"].layers] == ["logits"]
    assert (parity["hls"].candidate, parity["rtl"].candidate) == ("hls4ml Vitis C simulation", "RTL simulation")


def test_the_folder_is_complete(built):
    for backend in ("vitis", "vivado"):
        project = built.folder / f"hls_{backend}"
        expected = [
            "build_prj.tcl",
            "project.tcl",
            "build_lib.sh",
            "toy_top_test.cpp",
            "firmware/toy_top.cpp",
            "firmware/parameters.h",
        ]
        expected += ["firmware/defines.h", "tb_data/tb_input_features.dat", "tb_data/tb_output_predictions.dat"]
        for name in expected:
            assert (project / name).stat().st_size > 0, name
        weights = sorted((project / "firmware" / "weights").glob("*.txt"))
        assert {path.name[0] for path in weights} >= {"w", "b"}
        assert not list(project.glob("**/*.so")), "what was compiled here is of no use elsewhere"
        assert f'set backend "{backend}"' in (project / "project.tcl").read_text()
        assert "xcvu13p-flga2577-2-e" in (project / "project.tcl").read_text()
    sources = {path.name for path in (built.folder / "rtl" / "src").glob("**/*.v")}
    assert {"toy_top_wrapper.v", "toy_top.v"} <= sources
    assert not (built.folder / "rtl" / "sim").exists()
    assert entries(built.folder) == ["build.json", "golden_vectors.npz", "hls_vitis", "hls_vivado", "rtl"]
    assert entries(built.folder.parent) == ["toy"]


def test_no_file_names_the_temporary_folder(built):
    for path in built.folder.rglob("*"):
        if path.suffix in (".yml", ".json", ".tcl", ".sh", ".v", ".h", ".xdc"):
            assert ".toy." not in path.read_text(), path
    assert f"OutputDir: {built.folder}/hls_vitis" in (built.folder / "hls_vitis" / "hls4ml_config.yml").read_text()


def test_the_weights_of_the_project_are_those_of_the_network(built, twin):
    dense = twin.core.get_layer("dense_1")
    kernel = np.asarray(dense.kernel_quantizer_internal(dense.kernel), np.float64)
    (found,) = (
        values
        for path in (built.folder / "hls_vitis" / "firmware" / "weights").glob("w*.txt")
        if (values := np.fromstring(path.read_text(), sep=",")).size == kernel.size
    )
    np.testing.assert_array_equal(np.sort(found), np.sort(kernel.ravel()))


def test_golden_vectors_come_back(built, twin, tmp_path):
    integers, logits = load_vectors(built.folder / "golden_vectors.npz")
    np.testing.assert_array_equal(integers, twin.sample)
    np.testing.assert_array_equal(logits, np.asarray(twin.core(twin.sample.astype(np.float32))))
    assert (integers.dtype, logits.dtype) == (np.int64, np.float64)
    (tmp_path / "design.yaml").write_text("name: toy\ndevice: xcvu13p\nclock_mhz: 200\n")
    shutil.copy(built.folder / "golden_vectors.npz", tmp_path)
    np.testing.assert_array_equal(golden_vectors(Design.load(tmp_path / "design.yaml"))[1], logits)


def test_the_result_stands_beside_the_design(built):
    found = read_result(built.folder)
    assert found == json.loads(json.dumps(built.result.to_dict()))
    assert found["rtl"] == {"cycles": built.result.cycles, "initiation_interval": 1}
    assert found["within_budget"] is True
    assert found["parity"]["rtl"]["agrees"] is True
    assert [row["name"] for row in found["inputs"]] == ["mass", "shape", "charge", "count"]
    figures = {(row["figure"], row["unit"]): row for row in found["budget"]}
    assert figures["latency", "ns"]["value"] == 5.0 * built.result.cycles
    assert figures["latency", "ns"]["estimate"] is True
    assert figures["latency", "cycles"]["estimate"] is False
    assert figures["FF", ""]["value"] == found["resources"]["ff"]


def test_every_step_is_told(built):
    told = " ".join(built.steps)
    assert all(word in told for word in ("Keras", "Verilog", "Vitis", "Vivado", "Verilator", "yosys"))


def test_over_budget_is_marked(stubs, twin, design, tmp_path):
    tight = changed(design, budget=design.budget.model_copy(update={"lut": 299, "latency_ns": 14.9}))
    result = build(twin.model, tight, tmp_path / "toy", twin.sample)
    assert not result.within_budget
    over = {(row.figure, row.unit, row.source) for row in result.budget if row.met is False}
    assert {(figure, unit) for figure, unit, _ in over} == {("latency", "ns"), ("LUT", "")}
    assert read_result(tmp_path / "toy")["within_budget"] is False
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(budget_table(result.budget))
    console.file.close()
    lines = console.export_text().splitlines()
    assert sum(" NO " in line for line in lines) == len(over)
    assert any("300 " in line and "(estimate)" in line and "NO" in line for line in lines)
    just = changed(design, budget=design.budget.model_copy(update={"lut": 300, "latency_ns": 15.0, "ff": None}))
    result = build(twin.model, just, tmp_path / "toy", twin.sample)
    assert result.within_budget
    assert [row.met for row in result.budget if row.figure == "FF"] == [None]


def test_reports_of_vendor_tools_join_the_budget(stubs, twin, design, tmp_path, monkeypatch):
    report = VendorReport(Resources(400_000, 7, 1, "HLS C synthesis 2024.1"), 9, 2, 3.3)
    monkeypatch.setattr(MODULE, "vendor_synthesis", lambda folder, backend: report if backend == "Vitis" else None)
    result = build(twin.model, design, tmp_path / "toy", twin.sample)
    rows = {(r.figure, r.unit): r for r in result.budget if r.source == "Vitis: HLS C synthesis 2024.1"}
    assert {key: row.value for key, row in rows.items()} == {
        ("LUT", ""): 400_000,
        ("FF", ""): 7,
        ("DSP", ""): 1,
        ("latency", "ns"): 45.0,
        ("initiation interval", "cycles"): 2,
    }
    assert [key for key, row in rows.items() if row.met] == [("FF", ""), ("latency", "ns")]
    assert not result.within_budget


def test_one_back_end_is_enough(stubs, twin, design, tmp_path):
    one = changed(design, hls=design.hls.model_copy(update={"backends": ("Vivado",)}))
    result = build(twin.model, one, tmp_path / "toy", twin.sample)
    assert list(result.parity) == ["hls", "rtl"]
    assert entries(tmp_path / "toy") == ["build.json", "golden_vectors.npz", "hls_vivado", "rtl"]


def test_a_failure_leaves_the_older_build(stubs, twin, design, tmp_path, monkeypatch):
    build(twin.model, design, tmp_path / "toy", twin.sample)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def yosys(rtl, design):
        raise FirmwareError("yosys failed")

    def simulate(rtl, vectors):
        raise KeyboardInterrupt

    for name, stub, error in (("simulate", simulate, KeyboardInterrupt), ("yosys", yosys, FirmwareError)):
        monkeypatch.setattr(MODULE, name, stub)
        with pytest.raises(error):
            build(twin.model, design, tmp_path / "toy", twin.sample)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        assert entries(tmp_path) == ["toy"]


def test_a_changed_weight_in_hls_names_its_layer(twin, design, tmp_path, monkeypatch, stubs):
    from keras_hep.firmware import hls, hls_handlers

    handle = hls_handlers._QDense.handle

    def flipped(self, layer, in_tensors, out_tensors):
        found = handle(self, layer, in_tensors, out_tensors)
        if layer.name == "dense_1":
            weights = np.array(found["weight_data"])
            weights[1, np.argmax(np.abs(weights[1]))] *= -1
            found["weight_data"] = weights
        return found

    monkeypatch.setattr(hls_handlers._QDense, "handle", flipped)
    monkeypatch.setattr(MODULE, "write_project", hls.write_project)
    with (
        quick_compiler(),
        pytest.raises(ParityError, match=r"Vitis C simulation differs from Keras first in layer 'act.*_1'"),
    ):
        build(twin.model, design, tmp_path / "toy", twin.sample)
    assert entries(tmp_path) == []


def test_a_changed_weight_in_verilog_names_the_logits(twin, design, tmp_path, monkeypatch, stubs):
    from keras_hep.firmware import rtl
    from keras_hep.quantization import firmware_core

    other = toy_twin()[0]
    kernel, bias = other.get_layer("logits").get_weights()
    kernel[np.unravel_index(np.argmax(np.abs(kernel)), kernel.shape)] *= -1
    other.get_layer("logits").set_weights([kernel, bias])
    core = firmware_core(other)
    monkeypatch.setattr(MODULE, "build_rtl", lambda _, design, folder: rtl.build_rtl(core, design, folder))
    monkeypatch.setattr(MODULE, "simulate", rtl.simulate)
    with pytest.raises(
        ParityError, match=r"RTL simulation differs from Keras first in layer 'logits': .*% of .* events agree"
    ):
        build(twin.model, design, tmp_path / "toy", twin.sample)
    assert entries(tmp_path) == []


@pytest.fixture
def untouched(monkeypatch):
    """Make every step of the work fail the test: what is refused must be refused before."""

    def started(*arguments, **keywords):
        pytest.fail("work began before the arguments were checked")

    for name in ("layer_outputs", "build_rtl", "write_project", "simulate", "yosys", "atomic_path"):
        monkeypatch.setattr(MODULE, name, started)


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        (
            {"bits": 3},
            r"'\w+' has 4 bits, but the design 'toy' allows 3; quantise with --bits 3 or change precision.bits",
        ),
        (
            {"input_bits": 5},
            "'input_quantizer' has 6 bits, .* allows 5; quantise with --input-bits 5 or change precision.inp",
        ),
    ],
)
def test_a_model_of_more_bits_than_the_design_is_refused(untouched, twin, design, tmp_path, precision, message):
    narrow = changed(design, precision=design.precision.model_copy(update=precision))
    with pytest.raises(FirmwareError, match=message):
        build(twin.model, narrow, tmp_path / "toy", twin.sample)


def test_a_float_model_is_refused(untouched, twin, design, tmp_path):
    with pytest.raises(FirmwareError, match="'dense_tagger' is not quantised; make its twin with: keras-hep quantize"):
        build(float_model(toy_problem()[1]), design, tmp_path / "toy", twin.sample)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda sample: sample[:0], r"at least one event of 4 hardware integers. Received: shape \(0, 4\)"),
        (lambda sample: sample[:, :3], r"Received: shape \(400, 3\)"),
        (lambda sample: sample[0], r"Received: shape \(4,\)"),
        (lambda sample: sample + np.array([0, 0, 100, 0]), "integers outside of the model's hardware formats"),
        (lambda sample: sample - 1000, "integers outside of the model's hardware formats"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(untouched, twin, design, tmp_path, choose, message):
    with pytest.raises(FirmwareError, match=message):
        build(twin.model, design, tmp_path / "toy", choose(twin.sample))


def test_a_folder_with_a_blank_is_refused(untouched, twin, design, tmp_path):
    with pytest.raises(FirmwareError, match=r"there is a blank in the path '.*my designs/toy', with which make"):
        build(twin.model, design, tmp_path / "my designs" / "toy", twin.sample)


@pytest.mark.parametrize("variable", ["PATH", "CXX"])
def test_without_a_compiler_no_work_begins(untouched, twin, design, tmp_path, monkeypatch, variable):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "nonexistent"))
    with pytest.raises(MissingToolError, match=r"the C\+\+ compiler .* is not installed; install g\+\+"):
        build(twin.model, design, tmp_path / "toy", twin.sample)
    assert entries(tmp_path) == []


class Evil:
    """Unpickling this makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_golden_vectors_of_another_kind_are_refused_and_run_nothing(tmp_path):
    path = tmp_path / "golden_vectors.npz"
    trap = tmp_path / "ran"
    evil = np.array([Evil(trap)], dtype=object)
    np.savez(path, inputs=evil, logits=evil)
    pickled, plain = path.read_bytes(), pickle.dumps(Evil(trap))
    np.savez(path, other=np.zeros(3))
    other = path.read_bytes()
    np.save(tmp_path / "array.npy", np.zeros(3))
    array = (tmp_path / "array.npy").read_bytes()
    for content in (pickled, plain, other, array, b"", b"text"):
        path.write_bytes(content)
        with pytest.raises(FirmwareError, match=r"the golden vectors .*golden_vectors\.npz cannot be read"):
            load_vectors(path)
    assert not trap.exists()


def test_golden_vectors_cut_short_are_refused(tmp_path):
    path = save_vectors(tmp_path / "golden_vectors.npz", np.arange(40).reshape(10, 4), np.zeros((10, 3)))
    content = path.read_bytes()
    for size in range(0, len(content), 9):
        path.write_bytes(content[:size])
        with pytest.raises(FirmwareError, match="cannot be read"):
            load_vectors(path)


def test_missing_vectors_and_results_are_named(tmp_path, design):
    with pytest.raises(FirmwareError, match=r"the golden vectors .*absent\.npz cannot be read"):
        load_vectors(tmp_path / "absent.npz")
    with pytest.raises(FirmwareError, match="the design 'toy' was not read from a file: it has no golden vectors"):
        golden_vectors(design)
    with pytest.raises(FirmwareError, match="there is no finished build in"):
        read_result(tmp_path)
    (tmp_path / "build.json").write_text('{"parity": ')
    with pytest.raises(FirmwareError, match="there is no finished build in"):
        read_result(Path(tmp_path))
