"""The tutorials: executed at reduced size, and stored as a reader should find them."""

import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

TUTORIALS = Path(__file__).parents[2] / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
SMALL = {
    "01_from_root_to_firmware": "jets = 300\nunits = (8,)\nepochs = 3\ntune_epochs = 2\noutput = 'tutorial'",
}


def parameters(notebook):
    return [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert notebook.metadata.kernelspec.name == "python3"
    assert len(parameters(notebook)) == 1


def test_every_notebook_is_executed():
    assert {path.stem for path in NOTEBOOKS} == set(SMALL)


# The client of Jupyter and the kernel's event loop warn about themselves.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    notebook = nbformat.read(path, as_version=4)
    (cell,) = parameters(notebook)
    cell.source = SMALL[path.stem] + "\nimport sys\nprint(sys.executable)"
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    text = {
        cell.id: "".join(output.get("text", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
    assert text[cell.id].strip() == sys.executable, "the notebook must run in the environment of the tests"
    shown = "".join(text.values())
    for candidate in ("hls4ml Vitis C simulation", "hls4ml Vivado C simulation", "RTL simulation"):
        assert f"{candidate} against Keras, bit for bit: equal" in shown
    assert "C++ from JSON against Keras, within 1e-05: equal" in shown
    assert "DIFFERENT" not in shown
    pictures = [
        o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if "image/png" in o.get("data", {})
    ]
    assert len(pictures) >= 2
    written = {p.name for p in (tmp_path / "tutorial").iterdir()}
    assert {"jets.root", "model.keras", "quantized.keras", "firmware", "net.json", "report.html"} <= written
