import awkward as ak
import h5py
import numpy as np
import pytest
import uproot

from keras_hep.data.files import open_columns
from keras_hep.errors import DataError, FileReadError


def read(file, names=None, start=0, stop=None, tree=None):
    with open_columns(str(file), tree) as columns:
        names = columns.names if names is None else names
        return columns.read(names, start, columns.entries if stop is None else stop)


def kind(values):
    return str(ak.type(values)).split(" * ", 1)[1]


@pytest.fixture
def top_tagging(tmp_path):
    """Three jets of 2, 200 and 0 constituents, in the records that pandas writes."""
    record = np.dtype([("index", "<i8"), ("values_block_0", "<f4", (804,)), ("values_block_1", "<i8", (2,))])
    table = np.zeros(3, record)
    table["values_block_0"][0, :8] = [5, 3, 4, 0, 13, 0, -5, 12]
    table["values_block_0"][1, :800] = np.arange(1, 801)
    table["values_block_0"][:, 800:] = np.arange(12).reshape(3, 4) + 1000
    table["values_block_1"] = [[0, 1], [1, 0], [2, 1]]
    with h5py.File(tmp_path / "train.h5", "w") as file:
        file.create_group("table").create_dataset("table", data=table, chunks=(2,))
    return tmp_path / "train.h5", table


def test_top_tagging_constituents_are_read_without_padding(top_tagging):
    columns = read(top_tagging[0])
    assert columns["part_energy"][0].to_list() == [5, 13]
    assert columns["part_px"][0].to_list() == [3, 0]
    assert columns["part_py"][0].to_list() == [4, -5]
    assert columns["part_pz"][0].to_list() == [0, 12]
    assert ak.num(columns["part_eta"]).to_list() == [2, 200, 0]
    np.testing.assert_array_equal(columns["part_pz"][1], np.arange(4, 801, 4))
    np.testing.assert_allclose(columns["part_pt"][0], [5, 5])
    np.testing.assert_allclose(columns["part_phi"][0], [np.arctan2(4, 3), -np.pi / 2], rtol=1e-6)
    # tanh(eta) is pz / |p|.
    np.testing.assert_allclose(np.tanh(columns["part_eta"][0]), [0, 12 / 13], rtol=1e-6)
    assert kind(columns["part_pt"]) == "var * float32"


def test_top_tagging_truth_and_labels_are_columns(top_tagging):
    columns = read(top_tagging[0])
    for number, name in enumerate(("energy", "px", "py", "pz")):
        assert columns[f"truth_{name}"].to_list() == [1000 + number, 1004 + number, 1008 + number]
    assert columns["ttv"].to_list() == [0, 1, 2]
    assert columns["is_signal_new"].to_list() == [1, 0, 1]


def test_some_entries_are_those_of_all(top_tagging):
    for name, part in read(top_tagging[0], start=1, stop=3).items():
        assert ak.array_equal(part, read(top_tagging[0], [name])[name][1:3])
    assert len(read(top_tagging[0], ["part_pt"], 2, 2)["part_pt"]) == 0


def test_a_constituent_along_the_beam_has_infinite_eta(top_tagging):
    file, table = top_tagging
    table["values_block_0"][2, :4] = [7, 0, 0, -7]
    with h5py.File(file, "r+") as handle:
        handle["table/table"][:] = table
    assert read(file, ["part_eta"])["part_eta"][2].to_list() == [-np.inf]


def test_a_group_that_is_asked_for_is_read_as_it_is(top_tagging):
    assert "table_values_block_0" in read(top_tagging[0], tree="table")


def test_top_tagging_with_other_columns_is_refused(tmp_path):
    table = np.zeros(2, [("index", "<i8"), ("values_block_0", "<f4", (800,)), ("values_block_1", "<i8", (2,))])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["table/table"] = table
    with pytest.raises(DataError, match=r"'values_block_0' of '/table/table' has shape \(800,\); expected \(804,\)"):
        open_columns(str(tmp_path / "a.h5"))


PARTICLES = [
    "px",
    "py",
    "pz",
    "e",
    "erel",
    "pt",
    "ptrel",
    "eta",
    "etarel",
    "etarot",
    "phi",
    "phirel",
    "phirot",
    "deltaR",
]
PARTICLES = [f"j1_{name}" for name in (*PARTICLES, "costheta", "costhetarel", "pdgid")]


def write_hls4ml(file, jets, names, particles, features):
    with h5py.File(file, "w") as handle:
        handle["jets"] = jets
        handle["jetFeatureNames"] = np.array(names, dtype="S")
        handle["jetConstituentList"] = particles
        handle["particleFeatureNames"] = np.array(features, dtype="S")
        handle["jetImage"] = np.arange(len(jets) * 6.0).reshape(-1, 2, 3)


def test_hls4ml_jets_have_the_names_in_the_file(tmp_path):
    names = [f"j_{i}" for i in range(53)] + ["j_g", "j_q", "j_w", "j_z", "j_t", "j_undef"]
    jets = np.random.default_rng(1).normal(size=(2, 59))
    particles = np.zeros((2, 4, 16))
    particles[0, :3] = np.arange(48).reshape(3, 16) + 1
    particles[1, 0, 3] = 9.0
    write_hls4ml(tmp_path / "jets.h5", jets, names, particles, PARTICLES)
    columns = read(tmp_path / "jets.h5")
    for number, name in enumerate(names):
        np.testing.assert_array_equal(columns[name], jets[:, number])
    assert columns["part_pt"].to_list() == [[6, 22, 38], [0]]
    assert columns["part_e"].to_list() == [[4, 20, 36], [9]]
    assert columns["part_costhetarel"].to_list() == [[16, 32, 48], [0]]
    assert "part_pdgid" not in columns, "it is named, but not in the file"
    assert kind(columns["jetImage"]) == "2 * 3 * float64"


def test_hls4ml_names_that_do_not_fit_are_refused(tmp_path):
    write_hls4ml(tmp_path / "a.h5", np.ones((2, 3)), ["a", "b"], np.ones((2, 4, 16)), PARTICLES)
    with pytest.raises(DataError, match=r"'jets' has shape \(2, 3\); expected \(entries, 2\)"):
        open_columns(str(tmp_path / "a.h5"))
    write_hls4ml(tmp_path / "b.h5", np.ones((2, 2)), ["a", "b"], np.ones((2, 4, 16)), PARTICLES[:15])
    with pytest.raises(DataError, match=r"'jetConstituentList' has shape \(2, 4, 16\).*of which there are 15"):
        open_columns(str(tmp_path / "b.h5"))


def test_calorimeter_showers_are_read_as_stored(tmp_path):
    showers = np.arange(12.0).reshape(3, 4)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["incident_energies"] = np.array([[256.0], [512.0], [1024.0]])
        file["showers"] = showers
    columns = read(tmp_path / "a.hdf5")
    assert columns["incident_energy"].to_list() == [256, 512, 1024]
    np.testing.assert_array_equal(columns["showers"], showers)
    assert kind(columns["showers"]) == "4 * float64"


@pytest.mark.parametrize(
    ("energies", "showers", "message"),
    [
        ((3,), (3, 4), r"'incident_energies' has shape \(3,\); expected \(entries, 1\)"),
        ((3, 1), (3, 4, 2), r"'showers' has shape \(3, 4, 2\); expected \(entries, voxels\)"),
        ((3, 1), (2, 4), r"differ in their number of entries: \{'incident_energies': 3, 'showers': 2\}"),
    ],
)
def test_calorimeter_showers_of_other_shapes_are_refused(tmp_path, energies, showers, message):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["incident_energies"] = np.ones(energies)
        file["showers"] = np.ones(showers)
    with pytest.raises(DataError, match=message):
        open_columns(str(tmp_path / "a.hdf5"))


def write_adc(file, objects):
    with h5py.File(file, "w") as handle:
        handle["Particles"] = objects
        handle["Particles_Classes"] = np.array(["MET_class_1", "Four_Ele_class_2"], dtype="S")
        handle["Particles_Names"] = np.array(["Pt", "Eta", "Phi", "Class"], dtype="S")


def test_adc_objects_are_told_apart_by_their_kind(tmp_path):
    objects = np.zeros((2, 19, 4))
    objects[0, 0] = [50, 0, 1.5, 1]
    objects[0, 1:3] = [[30, 0.1, 0.2, 2], [20, -0.1, -0.2, 2]]
    objects[0, 9:12] = [[90, 1, 2, 4], [80, -1, -2, 4], [70, 0, 3, 4]]
    objects[1, 0] = [10, 0, -1, 1]
    objects[1, 5] = [25, 2, 0.5, 3]
    write_adc(tmp_path / "a.h5", objects)
    columns = read(tmp_path / "a.h5")
    for number, name in enumerate(("pt", "eta", "phi", "kind")):
        np.testing.assert_array_equal(columns[f"objects_{name}"], objects[..., number])
    assert kind(columns["objects_pt"]) == "19 * float64"
    assert columns["met_pt"].to_list() == [50, 10]
    assert columns["met_phi"].to_list() == [1.5, -1]
    assert columns["electron_pt"].to_list() == [[30, 20], []]
    assert columns["muon_eta"].to_list() == [[], [2]]
    assert columns["jet_phi"].to_list() == [[2, -2, 3], []]


def test_adc_objects_of_another_shape_are_refused(tmp_path):
    write_adc(tmp_path / "a.h5", np.ones((2, 19, 3)))
    with pytest.raises(DataError, match=r"'Particles' has shape \(2, 19, 3\); expected \(entries, 19, 4\)"):
        open_columns(str(tmp_path / "a.h5"))


def test_jetclass_is_read_as_a_tree(tmp_path):
    px = ak.Array([[1.0, 2.0], [], [3.0]])
    with uproot.recreate(tmp_path / "JetClass.root") as file:
        columns = {
            "part": ak.zip({"px": px, "isMuon": px > 1.5}),
            "label_QCD": np.array([1.0, 0.0, 0.0], np.float32),
            "label_Tbqq": np.array([False, True, False]),
            "jet_pt": np.array([510.0, 520.0, 530.0], np.float32),
        }
        file.mktree("tree", {name: values.dtype if name != "part" else values.type for name, values in columns.items()})
        file["tree"].extend(columns)
    columns = read(tmp_path / "JetClass.root")
    assert columns["part_px"].to_list() == px.to_list()
    assert columns["part_isMuon"].to_list() == [[False, True], [], [True]]
    assert columns["label_QCD"].to_list() == [1, 0, 0]
    assert columns["label_Tbqq"].to_list() == [False, True, False]


def test_a_damaged_layout_is_refused(top_tagging):
    file, _ = top_tagging
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileReadError, match="cut short"):
        read(file)
