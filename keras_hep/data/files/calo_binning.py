"""The voxels of the CaloChallenge from their description in XML."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from keras_hep.errors import DataError, FileReadError, nearest
from keras_hep.physics.voxels import CylindricalBinning

__all__ = ["read_calo_binning"]


def read_calo_binning(file: str | Path, particle: str | None = None) -> CylindricalBinning:
    """Read the binning of the showers of the CaloChallenge (arXiv:2410.21611).

    The file holds a ``Bin`` with a ``name`` for each particle, and in it a ``Layer`` for each layer, with its number ``id``,
    the ``r_edges`` in mm between commas, and ``n_bin_alpha``. A layer that is not listed has no voxels.

    Args:
        file: path, such as ``binning_dataset_1_photons.xml``.
        particle: name of the particle, such as ``"photon"``; the only one when left out.

    Raises:
        FileReadError: the file is missing, cut short, no XML, or has a document type, in which entities could be defined.
        DataError: there is no such particle, or its layers are not described in this way.

    Example:
        >>> binning = read_calo_binning("binning_dataset_2.xml")  # doctest: +SKIP
        >>> binning.layer(showers, 0)                             # doctest: +SKIP
    """
    parser = ElementTree.XMLParser(target=_Builder(str(file)))
    try:
        parser.feed(Path(file).read_bytes())
        root = parser.close()
    except (OSError, ElementTree.ParseError) as error:
        raise FileReadError(f"'{file}' cannot be read as XML: {error}") from error
    bins = {bin.get("name", str(number)): bin for number, bin in enumerate(root.findall("Bin"))}
    if particle is None and len(bins) != 1:
        raise DataError(
            f"'{file}' holds {len(bins)} particles ({', '.join(bins) or 'none'}); say which with 'particle'"
        )
    name = next(iter(bins)) if particle is None else particle
    if name not in bins:
        raise DataError(f"'{file}' has no particle '{name}': {nearest(name, bins)}")
    layers: dict[int, tuple[tuple[float, ...], int]] = {}
    for element in bins[name].findall("Layer"):
        try:
            number = int(element.attrib["id"])
            edges = tuple(float(edge) for edge in element.attrib["r_edges"].split(","))
            sectors = int(element.attrib["n_bin_alpha"])
        except (KeyError, ValueError) as error:
            raise DataError(
                f"'{file}': a Layer of '{name}' needs a whole 'id', 'r_edges' between commas and 'n_bin_alpha'; received "
                f"{element.attrib}"
            ) from error
        if not 0 <= number < _LAYERS or number in layers:
            raise DataError(f"'{file}': '{name}' has a layer {number} twice, or it is not from 0 to {_LAYERS - 1}")
        layers[number] = (edges, sectors)
    if not layers:
        raise DataError(f"'{file}': the particle '{name}' has no Layer")
    ordered = [layers.get(number, ((0.0,), 1)) for number in range(max(layers) + 1)]
    return CylindricalBinning(tuple(edges for edges, _ in ordered), tuple(sectors for _, sectors in ordered))


_LAYERS = 10_000
"""More layers than any calorimeter has: an absurd number must not fill the memory."""


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree, and refuses a document type before any entity in it is expanded."""

    def __init__(self, file: str):
        super().__init__()
        self._file = file

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        """Refuse a document type."""
        raise FileReadError(
            f"'{self._file}' declares a document type ('{name}'), which no binning needs; it is not read"
        )
