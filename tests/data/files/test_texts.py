import gzip
import json

import cramjam
import numpy as np
import pytest

from keras_hep.data.files import open_columns
from keras_hep.errors import DataError, FileReadError

HIGGS = ["label", "lepton_pt", "lepton_eta", "lepton_phi", "missing_energy_magnitude", "missing_energy_phi"]
HIGGS += [f"jet_{i}_{name}" for i in (1, 2, 3, 4) for name in ("pt", "eta", "phi", "b_tag")]
HIGGS += ["m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"]


def read(file, names=None, start=0, stop=None):
    with open_columns(str(file)) as columns:
        return columns.read(names or columns.names, start, columns.entries if stop is None else stop)


def pack(file, text, packer):
    packers = {"plain": bytes, "gzip": gzip.compress, "zstd": lambda data: bytes(cramjam.zstd.compress(data))}
    file.write_bytes(packers[packer](text.encode()))
    return file


@pytest.mark.parametrize("packer", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_higgs_has_the_names_of_its_paper(tmp_path, packer, separator):
    values = np.random.default_rng(4).normal(size=(5, 29))
    text = "".join(separator.join(f"{v:.18e}" for v in row) + "\n" for row in values)
    columns = read(pack(tmp_path / "HIGGS", text, packer))
    assert list(columns) == HIGGS
    for number, name in enumerate(HIGGS):
        np.testing.assert_array_equal(columns[name], values[:, number])


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n \n"])
@pytest.mark.parametrize("headed", [True, False])
def test_any_entries_of_a_long_table_are_found(tmp_path, end, headed, monkeypatch):
    monkeypatch.setattr("keras_hep.data.files.table._BYTES", 1000)
    rows = 2 * 4096
    width = 2 if headed else 29
    lines = [",".join([str(i), *["7"] * (width - 1)]) for i in range(rows)]
    name = "a" if headed else "label"
    text = ("a,b\n" if headed else "") + "\n".join(lines) + end
    file = pack(tmp_path / "a.csv", text, "plain")
    with open_columns(str(file)) as columns:
        assert columns.entries == rows
        for start, stop in ((0, rows), (4095, 4097), (4096, 8192), (8191, 8192), (5, 6), (9, 9), (0, 4096)):
            np.testing.assert_array_equal(columns.read([name], start, stop)[name], np.arange(start, stop))


def test_columns_are_named_by_the_first_line(tmp_path):
    file = pack(tmp_path / "a.csv", '"pt", eta,name\n1.5,-2,jet\n3,nan,track\n', "plain")
    columns = read(file, ["eta", "pt"])
    assert columns["pt"].to_list() == [1.5, 3]
    assert columns["eta"][0] == -2
    assert np.isnan(columns["eta"][1])
    with pytest.raises(DataError, match="the column 'name' holds 'jet' in line 2; only columns of numbers"):
        read(file)


def test_a_missing_value_is_refused(tmp_path):
    file = pack(tmp_path / "a.csv", "a,b\n1,2\n3,\n", "plain")
    with pytest.raises(DataError, match="the column 'b' holds '' in line 3"):
        read(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,4\n", "has no line of names above its 2 columns"),
        ("a,b,a\n1,2,3\n", "more than one column 'a'"),
    ],
)
def test_a_table_without_proper_names_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        open_columns(str(pack(tmp_path / "a.csv", text, "plain")))


def test_a_table_cut_short_is_refused(tmp_path):
    with pytest.raises(FileReadError, match="line 3 has 1 fields in place of 2"):
        read(pack(tmp_path / "a.csv", "a,b\n1,2\n3", "plain"))
    file = pack(tmp_path / "a.csv.gz", "a,b\n" + "1,2\n" * 5000, "gzip")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(FileReadError, match="cut short"):
        read(file)


HEPMC = """HepMC::Version 3.02.05
HepMC::Asciiv3-START_EVENT_LISTING
W Weight
E 7 1 2
U GEV MM
W 0.25 3.0
A 0 event_scale 17.5
P 1 0 2212 0 0 6.5e+03 6.5e+03 0.938 4
V -1 0 [1]
P 2 -1 -211 0.5 -1.5 2.5 3.1 0.13957 1
E 8 0 0
U GEV MM
E 9 0 1
U MEV MM
P 1 0 22 3000 4000 0 5000 0 1
HepMC::Asciiv3-END_EVENT_LISTING
"""


@pytest.mark.parametrize("packer", ["plain", "gzip", "zstd"])
def test_particles_of_hepmc_events_are_lists(tmp_path, packer):
    file = pack(tmp_path / "a.hepmc", HEPMC, packer)
    columns = read(file)
    assert columns["event"].to_list() == [7, 8, 9]
    assert columns["weight"].to_list() == [0.25, 1, 1]
    assert columns["particle_pid"].to_list() == [[2212, -211], [], [22]]
    assert columns["particle_status"].to_list() == [[4, 1], [], [1]]
    assert columns["particle_px"].to_list() == [[0, 0.5], [], [3]]
    assert columns["particle_py"].to_list() == [[0, -1.5], [], [4]]
    assert columns["particle_pz"].to_list() == [[6500, 2.5], [], [0]]
    assert columns["particle_energy"].to_list() == [[6500, 3.1], [], [5]]
    assert columns["particle_mass"].to_list() == [[0.938, 0.13957], [], [0]]
    assert read(file, ["particle_pid"], 1, 3)["particle_pid"].to_list() == [[], [22]]


def test_hepmc_cut_short_or_of_another_version_is_refused(tmp_path):
    short = HEPMC[: HEPMC.index("P 1 0 22 ")]
    with pytest.raises(FileReadError, match="event 9 has 0 of its 1 particles"):
        read(pack(tmp_path / "a.hepmc", short, "plain"))
    second = "HepMC::Version 2.06.09\nHepMC::IO_GenEvent-START_EVENT_LISTING\nE 0 -1\n"
    with pytest.raises(DataError, match="'HepMC::IO_GenEvent-START_EVENT_LISTING'"):
        open_columns(str(pack(tmp_path / "b.hepmc", second, "plain")))


def test_json_records_with_lists_of_records_are_columns(tmp_path):
    events = [
        {"jetid": 1, "jets": [{"pt": 24.5, "phi": 1.0}, {"pt": 19.5, "phi": 5.25}], "name": "a"},
        {"jetid": 2, "jets": [], "name": "b"},
    ]
    file = pack(tmp_path / "jets.json.zst", json.dumps(events, indent=2), "zstd")
    columns = {name: values.to_list() for name, values in read(file).items()}
    assert columns == {"jetid": [1, 2], "jets_pt": [[24.5, 19.5], []], "jets_phi": [[1, 5.25], []]}
    with pytest.raises(FileReadError, match="cannot be read as JSON"):
        open_columns(str(pack(tmp_path / "a.json", json.dumps(events)[:-5], "plain")))
    with pytest.raises(DataError, match="not a JSON list of records"):
        open_columns(str(pack(tmp_path / "b.json", "[1, 2]", "plain")))


@pytest.mark.parametrize(
    "content", [b"plain words\n", b"\x00\x01,\x02\n3,4\n", b"words, words\nwords, words\n", b"\xff\xfe,1\n"]
)
def test_what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(FileReadError, match="neither a ROOT nor an HDF5 file"):
        open_columns(str(tmp_path / "a"))


def test_fields_that_are_no_columns_are_named(tmp_path):
    events = [{"id": 1, "name": "a", "jets": [{"pt": 1.0, "tag": "b"}]}, {"id": 2, "name": "b", "jets": []}]
    with open_columns(str(pack(tmp_path / "a.json", json.dumps(events), "plain"))) as columns:
        assert columns.names == ("id", "jets_pt")
        assert set(columns.left_out) == {"name", "jets_tag"}


def test_what_zstandard_packs_leaves_no_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    file = pack(tmp_path / "a.csv.zst", "a,b\n" + "1,2\n" * 5000, "zstd")
    with open_columns(str(file)) as columns:
        assert columns.read(["b"], 4999, 5000)["b"].to_list() == [2]
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(FileReadError, match="cut short"):
        open_columns(str(file))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("content", ["a,b\n1,2\n", HEPMC, '[{"a": 1}]'])
def test_a_large_text_says_that_all_of_it_is_read(tmp_path, content, monkeypatch, caplog):
    file = pack(tmp_path / "a", content, "plain")
    open_columns(str(file)).close()
    assert not caplog.records
    monkeypatch.setattr("keras_hep.data.files.packing._LARGE", 5)
    open_columns(str(file)).close()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"'{file}': all of its" in caplog.text
