"""The sample `five-jets`."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from keras_hep.data.samples import card, generate
from keras_hep.physics import OBSERVABLES, jet_observables
from tests.data.samples.toy import content


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


def test_one_worker_and_two_give_the_same_jets(generated: Path, tmp_path: Path, cache: Path) -> None:
    alone = generate("five-jets", 103, tmp_path / "jets.root", seed=7, workers=1, progress=False)
    assert content(alone, "jets") == content(generated, "jets")
    assert card(alone) == card(generated)


def test_the_file_is_a_tree_with_the_documented_branches(generated: Path) -> None:
    with uproot.open(generated) as file:
        assert file.classname_of("jets") == "TTree"
        assert file.file.compression == uproot.LZ4(4)
        types = file["jets"].typenames()
    documented = card(generated)["branches"]
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
    shares = [(name, about["label"], about["entries"]) for name, about in described["classes"].items()]
    assert shares == [("g", 0, 21), ("q", 1, 21), ("w", 2, 21), ("z", 3, 20), ("t", 4, 20)]
    assert (described["sample"], described["entries"], described["seed"]) == ("five-jets", 103, 7)
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


def test_cross_sections_are_of_the_right_size(generated: Path) -> None:
    """QCD at 1 TeV in picobarns, top pairs a few hundred times rarer; quarks scatter more often than gluons there."""
    sigma = {name: about["cross_section_pb"] for name, about in card(generated)["classes"].items()}
    assert 0.3 < sigma["g"] < 3
    assert 0.3 < sigma["q"] < 5
    assert 1e-3 < sigma["t"] < 1e-2
    assert all(about["collisions"] > 10 for about in card(generated)["classes"].values())
