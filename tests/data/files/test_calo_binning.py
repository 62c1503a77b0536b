import pytest

from keras_hep.data.files.calo_binning import read_calo_binning
from keras_hep.errors import DataError, FileReadError

BINS = """<Bins>
   <Bin pid="22" etaMin="0" etaMax="130" name="photon">
      <Layer id="0" r_edges="0,5,10" n_bin_alpha="1" />
      <Layer id="3" r_edges="0,2.5" n_bin_alpha="10"/>
      <Layer id="1" r_edges="0" n_bin_alpha="1" />
   </Bin>
   <Bin pid="211" etaMin="0" etaMax="130" name="pion"><Layer id="0" r_edges="0,1" n_bin_alpha="2" /></Bin>
</Bins>
"""


def write(folder, text):
    (folder / "binning.xml").write_text(text)
    return folder / "binning.xml"


def test_layers_are_in_the_order_of_their_numbers(tmp_path):
    binning = read_calo_binning(write(tmp_path, BINS), "photon")
    assert binning.r_edges == ((0, 5, 10), (0,), (0,), (0, 2.5))
    assert binning.shapes == ((1, 2), (0, 0), (0, 0), (10, 1))
    assert binning.layer_edges.tolist() == [0, 2, 2, 2, 12]
    assert read_calo_binning(tmp_path / "binning.xml", "pion").n_bin_alpha == (2,)


@pytest.mark.parametrize(
    ("old", "new", "particle", "message"),
    [
        ("", "", None, "holds 2 particles .photon, pion.; say which"),
        ("", "", "electron", "no particle 'electron'"),
        ('id="3"', 'id="0"', "photon", "has a layer 0 twice"),
        ('id="3"', 'id="999999999"', "photon", "a layer 999999999"),
        ("0,2.5", "0,x", "photon", "'r_edges' between commas"),
        ('n_bin_alpha="10"', "", "photon", "'n_bin_alpha'; received"),
        ("0,5,10", "0,10,5", "photon", "layer 0"),
    ],
)
def test_a_binning_that_makes_no_sense_is_refused(tmp_path, old, new, particle, message):
    with pytest.raises(DataError, match=message):
        read_calo_binning(write(tmp_path, BINS.replace(old, new, 1) if old else BINS), particle)


def test_entities_are_not_expanded(tmp_path):
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 30))
    text = f'<!DOCTYPE Bins [<!ENTITY l0 "lol">{levels}]><Bins>&l29;</Bins>'
    with pytest.raises(FileReadError, match=r"declares a document type \('Bins'\)"):
        read_calo_binning(write(tmp_path, text))


def test_a_binning_cut_short_is_refused(tmp_path):
    with pytest.raises(FileReadError, match="cannot be read as XML"):
        read_calo_binning(write(tmp_path, BINS[:200]), "photon")
    with pytest.raises(FileReadError, match="cannot be read as XML"):
        read_calo_binning(tmp_path / "missing.xml")
