"""The sample `five-jets`, and the machinery that generates any sample: seeds, resuming, interrupts, errors."""

from __future__ import annotations

import dataclasses
import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep._io import cache_dir
from keras_hep.data.samples import card_path, generate
from keras_hep.data.samples.detector import Detector, Particles, detect
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.pythia import generate_events, start_pythia
from keras_hep.errors import DataError, KerasHepError, MissingToolError, OutputError
from keras_hep.physics import OBSERVABLES, jet_observables

# A sample that needs no generator. It logs each shard that it makes, and misbehaves on request.
TOY = """
import os, signal, time
import awkward as ak, numpy as np
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.sample import Sample

def make_shard(request, checkpoint):
    checkpoint()
    for _ in range(int(os.environ.get("TOY_STEPS", "0"))):
        time.sleep(0.05)
        checkpoint()
    made = len(os.listdir(os.environ["TOY_LOG"]))
    if made >= int(os.environ.get("TOY_INTERRUPT", "1000")):
        raise KeyboardInterrupt
    if os.environ.get("TOY_KILL") == f"{request.label}_{request.index}":
        os.kill(os.getpid(), signal.SIGKILL)
    open(os.path.join(os.environ["TOY_LOG"], f"{request.label}_{request.index}_{time.time_ns()}"), "w").close()
    rng = np.random.default_rng(request.seeds())
    part = ak.unflatten(ak.zip({"pt": rng.random(3 * request.entries)}), np.full(request.entries, 3))
    number = request.number * 1000 + np.arange(request.entries)
    return ak.zip(
        {"event": number, "label": np.full(request.entries, request.label, np.int32),
         "value": rng.random(request.entries).astype(np.float32), "part": part}, depth_limit=1)

SAMPLE = Sample("toy", "a toy", "jets", ("a", "b"), make_shard, {}, {}, ("numpy",), shard_entries=5)

if __name__ == "__main__":
    import sys
    generate_sample(SAMPLE, 40, sys.argv[1], seed=1, workers=int(sys.argv[2]), progress=False)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "toy_sample.py").write_text(TOY)
    (tmp_path / "log").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    yield importlib.import_module("toy_sample")
    del sys.modules["toy_sample"]


def run_toy(toy: ModuleType, output: Path, jets: int = 40, seed: int = 1, workers: int = 1) -> Path:
    return generate_sample(toy.SAMPLE, jets, output, seed=seed, workers=workers, progress=False)


def start_toy(tmp_path: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start the toy in a process group of its own, slow enough to be stopped in the middle."""
    command = [sys.executable, tmp_path / "modules" / "toy_sample.py", tmp_path / "out" / "jets.root", str(workers)]
    return subprocess.Popen(
        command, env={**os.environ, "TOY_STEPS": "6"}, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for_shards(count: int) -> None:
    deadline = time.monotonic() + 40
    while len(finished_shards()) < count:
        assert time.monotonic() < deadline, "no shards appear"
        time.sleep(0.02)


def finished_shards() -> list[Path]:
    return sorted(path for path in cache_dir().glob("samples/*/*.npz") if not path.name.startswith("."))


def shards_made(tmp_path: Path) -> int:
    return len(list((tmp_path / "log").iterdir()))


def content(path: Path) -> dict[str, list[float]]:
    with uproot.open(path) as file:
        arrays = file["jets"].arrays()
    return {name: arrays[name].tolist() for name in arrays.fields}


def card(path: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(card_path(path).read_text("utf-8"))
    return loaded


# The machinery, with the toy


def test_the_same_seed_gives_the_same_content_and_another_seed_another(toy: ModuleType, tmp_path: Path) -> None:
    first = run_toy(toy, tmp_path / "first.root", seed=1)
    for shard in finished_shards():
        shard.unlink()
    again, other = run_toy(toy, tmp_path / "again.root", seed=1), run_toy(toy, tmp_path / "other.root", seed=2)
    assert content(first) == content(again)
    assert card(first) == card(again)
    assert set(content(first)["value"]).isdisjoint(content(other)["value"])
    assert card(first)["content_hash"] != card(other)["content_hash"]


def test_finished_shards_are_used_again(toy: ModuleType, tmp_path: Path) -> None:
    whole = run_toy(toy, tmp_path / "whole.root")
    assert shards_made(tmp_path) == len(finished_shards()) == 8
    for shard in finished_shards()[2:5]:
        shard.unlink()
    resumed = run_toy(toy, tmp_path / "resumed.root")
    assert shards_made(tmp_path) == 8 + 3
    assert content(resumed) == content(whole)
    assert card(resumed) == card(whole)


def test_a_larger_sample_begins_with_the_shards_of_a_smaller_one(toy: ModuleType, tmp_path: Path) -> None:
    small = content(run_toy(toy, tmp_path / "small.root", jets=20))
    large = content(run_toy(toy, tmp_path / "large.root", jets=40))
    assert shards_made(tmp_path) == 8
    assert {name: values[:20] for name, values in large.items()} == small


def test_another_configuration_does_not_use_the_shards(toy: ModuleType, tmp_path: Path) -> None:
    run_toy(toy, tmp_path / "one.root")
    changed = dataclasses.replace(toy.SAMPLE, configuration={"cut": 2})
    generate_sample(changed, 40, tmp_path / "two.root", seed=1, workers=1, progress=False)
    assert shards_made(tmp_path) == 16


def test_an_interrupt_keeps_finished_shards_and_leaves_no_output(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "jets.root"
    monkeypatch.setenv("TOY_INTERRUPT", "3")
    with pytest.raises(KeyboardInterrupt):
        run_toy(toy, output)
    assert not output.parent.exists()
    assert len(finished_shards()) == 3
    monkeypatch.delenv("TOY_INTERRUPT")
    run_toy(toy, output)
    assert shards_made(tmp_path) == 8
    assert sorted(path.name for path in output.parent.iterdir()) == ["jets.card.json", "jets.root"]


def test_a_killed_worker_is_an_error_that_says_how_to_go_on(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_KILL", "1_3")
    with pytest.raises(KerasHepError, match="start again to go on"):
        run_toy(toy, tmp_path / "jets.root", workers=2)
    assert not (tmp_path / "jets.root").exists()
    monkeypatch.delenv("TOY_KILL")
    resumed = content(run_toy(toy, tmp_path / "jets.root", workers=2))
    assert shards_made(tmp_path) >= 8
    for shard in finished_shards():
        shard.unlink()
    assert content(run_toy(toy, tmp_path / "whole.root")) == resumed


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_process_stopped_in_the_middle_leaves_nothing_broken(toy: ModuleType, tmp_path: Path, sent: int) -> None:
    process = start_toy(tmp_path, workers=2)
    wait_for_shards(2)
    # Ctrl-C reaches the whole group; a kill reaches the parent alone, and the workers must follow it.
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.kill()
    assert process.wait(timeout=30) != 0
    deadline = time.monotonic() + 10
    while group_alive(process.pid):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.05)
    assert not (tmp_path / "out").exists()
    kept = len(finished_shards())
    assert 2 <= kept < 8
    before = shards_made(tmp_path)
    resumed = content(run_toy(toy, tmp_path / "out" / "jets.root"))
    assert shards_made(tmp_path) - before == 8 - kept
    for shard in finished_shards():
        shard.unlink()
    assert content(run_toy(toy, tmp_path / "whole.root")) == resumed


def group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_full_disk_is_an_output_error(toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys.modules["keras_hep.data.samples.generate"], "compose", full)
    with pytest.raises(OutputError, match="no space left"):
        run_toy(toy, tmp_path / "out" / "jets.root")
    assert list((tmp_path / "out").iterdir()) == []
    assert len(finished_shards()) == 8


@pytest.mark.parametrize("keep", [0, 100])
def test_a_damaged_shard_is_named(toy: ModuleType, tmp_path: Path, keep: int) -> None:
    run_toy(toy, tmp_path / "jets.root")
    damaged = finished_shards()[3]
    damaged.write_bytes(damaged.read_bytes()[:keep])
    with pytest.raises(DataError, match=f"{damaged.name} is damaged; delete it"):
        run_toy(toy, tmp_path / "again.root")
    assert not (tmp_path / "again.root").exists()


def test_blocks_hold_every_class_and_seeds_differ(toy: ModuleType) -> None:
    blocks = toy.SAMPLE.requests(33, seed=1)
    assert [[request.entries for request in block] for block in blocks] == [[5, 5], [5, 5], [5, 5], [2, 1]]
    requests = [request for block in blocks for request in block]
    assert len({request.number for request in requests}) == len(requests)
    assert len({int(request.seeds().generate_state(1)[0]) for request in requests}) == len(requests)


# Errors


def test_wrong_arguments_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    output = tmp_path / "jets.root"
    with pytest.raises(DataError, match="there is no sample 'five_jet'; did you mean 'five-jets'"):
        generate("five_jet", 100, output)
    with pytest.raises(DataError, match=r"at least 5 jets, one for each of its classes .*; received 4"):
        generate("five-jets", 4, output)
    with pytest.raises(DataError, match="received 0"):
        generate("five-jets", 0, output)
    with pytest.raises(DataError, match="seed must not be negative; received -1"):
        generate("five-jets", 10, output, seed=-1)
    with pytest.raises(DataError, match="workers must be at least 1; received 0"):
        generate("five-jets", 10, output, workers=0)
    with pytest.raises(DataError, match=r"must end in \.root; received .*jets\.h5"):
        generate("five-jets", 10, tmp_path / "jets.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["pythia8mc", "fastjet"])
def test_a_missing_generator_names_the_extra(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingToolError, match=rf"'{package}' is not installed.*keras_hep\[samples\]"):
        generate("five-jets", 10, tmp_path / "jets.root", progress=False)


def test_an_unknown_pythia_setting_is_named() -> None:
    with pytest.raises(DataError, match="does not accept the setting 'HardQCD:nonsense=on'"):
        start_pythia(["HardQCD:nonsense=on"], seed=1)


# The detector


def particles(identity: int, energy: float, eta: float, count: int) -> Particles:
    """Many alike particles, each in an event of its own and at an azimuth of its own."""
    phi = np.linspace(-3, 3, count)
    same = np.ones(count)
    return Particles(
        np.arange(count), np.full(count, identity), same * energy / np.cosh(eta), same * eta, phi, same * energy
    )


def test_tracks_are_seen_with_their_efficiency_and_resolution() -> None:
    seen = detect(particles(13, 100.0, 0.3, 20_000), Detector(), 20_000, np.random.default_rng(1))
    found = ak.to_numpy(ak.num(seen))
    assert found.max() == 1
    assert found.mean() == pytest.approx(0.95, abs=0.006)
    energy = ak.to_numpy(ak.flatten(seen.E))
    assert np.median(energy) == pytest.approx(100.0, rel=1e-3)
    assert np.std(np.log(energy)) == pytest.approx(np.hypot(0.01, 1.5e-4 * 100 / np.cosh(0.3)), rel=0.03)


@pytest.mark.parametrize(("identity", "stochastic", "constant"), [(22, 0.10, 0.002), (130, 0.52, 0.03)])
def test_towers_measure_energy_with_their_resolution(identity: int, stochastic: float, constant: float) -> None:
    seen = detect(particles(identity, 100.0, 0.3, 10_000), Detector(), 10_000, np.random.default_rng(2))
    energy = ak.to_numpy(ak.flatten(seen.E))
    assert len(energy) == 10_000
    assert energy.mean() == pytest.approx(100.0, rel=2e-3)
    assert energy.std() == pytest.approx(np.hypot(stochastic * 10, constant * 100), rel=0.04)


def test_towers_sum_what_hits_them_and_stay_near_it() -> None:
    two = particles(130, 50.0, -1.21, 2)
    together = two._replace(event=np.zeros(2, dtype=np.int64), phi=np.array([3.08, 3.09]))
    seen = detect(together, Detector(hadronic_stochastic=0.0, hadronic_constant=0.0), 1, np.random.default_rng(3))
    assert seen.E.tolist() == [[pytest.approx(100.0)]]
    width = 2 * np.pi / 72
    assert abs(np.arctan2(seen.py, seen.px)[0, 0] - 3.085) < width
    assert abs(np.arcsinh(seen.pz / np.hypot(seen.px, seen.py))[0, 0] + 1.21) < width


def test_what_is_out_of_reach_is_not_seen() -> None:
    for missed in (particles(13, 1e4, 3.0, 10), particles(22, 1e4, 5.5, 10), particles(22, 0.01, 0.0, 10)):
        assert ak.sum(ak.num(detect(missed, Detector(), 10, np.random.default_rng(4)))) == 0


# The sample itself


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("five_jets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HEP_CACHE", str(folder / "cache"))
        return generate("five-jets", 103, folder / "jets.root", seed=7, workers=2, progress=False)


@pytest.fixture(scope="module")
def jets(generated: Path) -> ak.Array:
    with uproot.open(generated) as file:
        return file["jets"].arrays()


def test_one_worker_and_two_give_the_same_jets(generated: Path, tmp_path: Path) -> None:
    alone = generate("five-jets", 103, tmp_path / "jets.root", seed=7, workers=1, progress=False)
    assert content(alone) == content(generated)
    assert card(alone) == card(generated)


def test_the_file_is_a_tree_with_the_documented_branches(generated: Path) -> None:
    with uproot.open(generated) as file:
        assert file.classname_of("jets") == "TTree"
        assert file.file.compression == uproot.LZ4(4)
        types = file["jets"].typenames()
    documented = card(generated)["branches"]
    assert isinstance(documented, dict)
    assert set(types) - {"npart"} == set(documented)
    assert types.pop("event") == "int64_t"
    assert types.pop("label") == types.pop("npart") == "int32_t"
    assert {name: kind for name, kind in types.items() if kind != ("float[]" if "part_" in name else "float")} == {}


def test_classes_are_equal_in_number_and_mixed(jets: ak.Array, generated: Path) -> None:
    assert np.bincount(jets.label).tolist() == [21, 21, 21, 20, 20]
    assert len(np.unique(ak.to_numpy(jets.event))) == 103
    assert set(jets.label[:25].tolist()) == set(range(5))
    assert np.count_nonzero(np.diff(ak.to_numpy(jets.label))) > 50
    described = card(generated)
    assert described["classes"] == {
        name: {"label": label, "jets": 21 if label < 3 else 20} for label, name in enumerate("gqwzt")
    }
    assert (described["sample"], described["jets"], described["seed"]) == ("five-jets", 103, 7)
    assert described["physics"] and described["leaves_out"]


def test_jets_pass_the_selection(jets: ak.Array) -> None:
    assert ak.all((jets.jet_pt > 800) & (jets.jet_pt < 1600))
    assert ak.all(abs(jets.jet_eta) < 2.0)
    assert ak.all((jets.npart > 0) & (jets.npart <= 100))


def test_constituents_are_sorted_and_sum_to_the_jet(jets: ak.Array) -> None:
    assert ak.all(jets.part_pt[:, :-1] >= jets.part_pt[:, 1:])
    whole = jets[jets.j_multiplicity == jets.npart]
    assert len(whole) > 80
    pt, eta, phi = (ak.values_astype(whole[f"part_{name}"], np.float64) for name in ("pt", "eta", "phi"))
    px, py, pz = (ak.sum(pt * f, axis=1) for f in (np.cos(phi), np.sin(phi), np.sinh(eta)))
    assert ak.all(np.isclose(np.hypot(px, py), whole.jet_pt, rtol=1e-5))
    assert ak.all(np.isclose(np.arctan2(py, px), whole.jet_phi, atol=1e-5))
    assert ak.all(np.isclose(np.arcsinh(pz / np.hypot(px, py)), whole.jet_eta, atol=1e-5))
    energy = ak.sum(ak.values_astype(whole.part_energy, np.float64), axis=1)
    assert ak.all(np.isclose(energy, whole.jet_energy, rtol=1e-5))
    mass = np.sqrt(energy**2 - px**2 - py**2 - pz**2)
    assert ak.all(np.isclose(mass, whole.jet_mass, rtol=1e-3))


def test_relative_variables_follow_from_the_others(jets: ak.Array) -> None:
    assert ak.all(np.isclose(jets.part_ptrel, jets.part_pt / jets.jet_pt, rtol=1e-5))
    assert ak.all(np.isclose(jets.part_deta, jets.part_eta - jets.jet_eta, atol=1e-5))
    assert ak.all(np.isclose(np.cos(jets.part_dphi), np.cos(jets.part_phi - jets.jet_phi), atol=1e-5))
    assert ak.all(abs(jets.part_dphi) < 1.5)


def test_observables_are_those_of_the_constituents(jets: ak.Array) -> None:
    whole = jets[jets.j_multiplicity == jets.npart]
    pt, eta, phi = (ak.values_astype(whole[f"part_{name}"], np.float64) for name in ("pt", "eta", "phi"))
    constituents = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
    for name, values in jet_observables(ak.zip(constituents)).items():
        assert np.isfinite(jets[name]).tolist() == [True] * len(jets), name
        assert ak.to_numpy(whole[name]) == pytest.approx(values, rel=2e-3, abs=1e-4), name
    assert set(OBSERVABLES) <= set(jets.fields)


def test_classes_look_like_themselves(jets: ak.Array) -> None:
    def median(name: str, label: int) -> float:
        return float(np.median(jets[name][jets.label == label]))

    assert median("j_multiplicity", 0) > median("j_multiplicity", 1)
    assert 70 < median("j_mass_mmdt", 2) < 90
    assert 75 < median("j_mass_mmdt", 3) < 100
    assert 120 < median("j_mass_mmdt", 4) < 185
    assert median("j_mass_mmdt", 1) < 60


def test_neutrinos_are_invisible_and_the_hard_process_is_known() -> None:
    setting = ["Beams:eCM=13000", "PartonLevel:MPI=off", "WeakSingleBoson:ffbar2W=on", "24:onMode=off", "24:onIfAny=13"]
    events = generate_events(start_pythia(setting, seed=1), 16)
    assert not np.isin(np.abs(events.particles.identity), (12, 14, 16)).any()
    assert np.count_nonzero(np.abs(events.particles.identity) == 13) >= 16
    assert ak.all(ak.any(events.hard.identity == 24, axis=1))
    assert np.all(np.diff(events.particles.event) >= 0)
