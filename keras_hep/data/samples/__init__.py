"""Samples made on this machine: simulated collisions, showers, images and toys, with truth and a card that says how."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from keras_hep.data.samples.cached import cached_sample
from keras_hep.data.samples.cards import card, card_path
from keras_hep.data.samples.formats import FORMATS, format_of, named_format
from keras_hep.data.samples.generate import generate_sample
from keras_hep.data.samples.order import place_order
from keras_hep.data.samples.sample import Option, Sample
from keras_hep.errors import DataError, nearest

__all__ = ["FORMATS", "SAMPLES", "card", "card_path", "generate", "load", "sample_of"]

SAMPLES: dict[str, str] = {
    "air-showers": "footprints of air showers on an array of detectors, and an imperfect simulation of them to refine",
    "calo-regions": "energies of 18x14 calorimeter regions: minimum bias with pile-up, and signals",
    "calorimeter": "electromagnetic and hadronic showers in a segmented calorimeter, with energy and angle",
    "decay-trees": "decay trees of B mesons: signal decays and generic ones, as particles with their mothers",
    "detector-arrays": "Cherenkov light of tracks and cascades in strings of photosensors, with time",
    "event-images": "calorimeter images of whole events: ttH against ttbb",
    "five-jets": "gluon, quark, W, Z and top jets of 1 TeV: sixteen observables and up to 100 constituents",
    "flavour": "b, c and light jets with tracks and secondary vertices",
    "hic-spectra": "hadron spectra of heavy-ion collisions with two equations of state, and density clumps",
    "higgs": "a heavy Higgs boson decaying to WWbb, and top pairs: 21 low-level and 7 high-level variables",
    "l1-events": "nineteen Level-1 objects an event: minimum bias, a Standard Model cocktail and four signals",
    "muon-stubs": "muons as stubs in layers behind a magnetic field, with multiple scattering, for pT regression",
    "occupancy-maps": "occupancy maps of a detector with planted dead and noisy regions",
    "photons": "prompt, fragmentation and fake photons as calorimeter clusters with isolation",
    "pixel-hits": "sparse background of a pixel sensor of 250x768 cells",
    "pulses": "pulses of a detector with pile-up and noise, and the true pulse",
    "quark-gluon": "quark and gluon jets of 500 GeV",
    "radio-galaxies": "radio galaxies of types FR I and FR II and unresolved sources, with noise",
    "rich-dll": "log-likelihood differences of Cherenkov rings for particle hypotheses, with momentum",
    "sky-maps": "Gaussian and log-normal fields like maps of gravitational lensing",
    "top-tagging": "top and QCD jets of 550 to 650 GeV with up to 200 constituents",
    "toys": "two moons, rings, a linear Gaussian, and a bump on a falling spectrum",
    "tracks": "helices through the layers of a tracker, with noise hits",
    "ttbar-assignment": "top pairs with one lepton: jets, lepton, missing pT, and which jet is which quark",
    "two-view": "neutrino interactions (track, shower, neutral current) in two projections",
}
"""The samples that can be generated, and what each one is; ``recipes/`` has a module for each."""


def sample_of(name: str) -> Sample:
    """Return a sample by its name, or raise DataError with the nearest names."""
    if name not in SAMPLES:
        raise DataError(f"there is no sample {name!r}; {nearest(name, SAMPLES)}")
    module = importlib.import_module(f"keras_hep.data.samples.recipes.{name.replace('-', '_')}")
    sample: Sample = module.SAMPLE
    return sample


def generate(
    name: str,
    entries: int,
    output: str | Path,
    *,
    seed: int = 1,
    workers: int | None = None,
    classes: Sequence[str] | None = None,
    options: Mapping[str, Option] | None = None,
    format: str | None = None,
    progress: bool = True,
) -> Path:
    """Generate a sample as a ROOT or HDF5 file, and a card beside it that says how.

    The entries depend on name, number, seed, classes, options and the versions of the packages alone, not on the number
    of workers or the format. Finished parts are kept in the cache directory, so that a generation that was interrupted
    goes on where it stopped, and a larger one begins with what is there; the output appears when it is complete.

    With more than one worker the entries are made in fresh processes: a script needs ``if __name__ == "__main__"``.

    Args:
        name: one of `SAMPLES`.
        entries: number of entries (jets, events, showers ...) of all classes together; classes get equal shares.
        output: the file, ``something.root`` or ``something.h5``; its card is ``something.card.json``.
        seed: a number that is not negative.
        workers: number of processes; all cores by default.
        classes: names of the classes to make, all by default; a class keeps the label it has among all of them.
        options: values of some of the sample's options, such as ``{"pileup": 40}``.
        format: one of `FORMATS`: ``ttree`` (the default for ``.root``), ``rntuple`` or ``hdf5`` (for ``.h5``).
        progress: show a progress bar on standard error.

    Returns:
        The path of the file.

    Raises:
        DataError: the sample, a class, an option or the format is unknown, there is not at least one entry for each
            class, or another argument is wrong.
        KerasHepError: a worker process died.
        MissingToolError: the sample needs fastjet or pythia8mc, and it is not installed.
        OutputError: the disk is full, or the place cannot be written to.

    Example:
        >>> generate("top-tagging", 100_000, "jets.h5", seed=3)  # doctest: +SKIP
        PosixPath('jets.h5')
    """
    sample = sample_of(name)
    order = place_order(sample, entries, seed, classes, options, format_of(Path(output), format))
    return generate_sample(order, output, workers=workers, progress=progress)


def load(
    name: str,
    entries: int | None = None,
    *,
    seed: int = 1,
    classes: Sequence[str] | None = None,
    options: Mapping[str, Option] | None = None,
    format: str = "root",
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Return the file of a sample in the cache directory, generated the first time it is asked for.

    Args:
        name: one of `SAMPLES`.
        entries: number of entries; what the sample thinks sensible by default.
        seed: as for `generate`; `classes`, `options`, `workers` and `progress` likewise.
        classes: see there.
        options: see there.
        format: ``root`` (a TTree), ``rntuple`` or ``hdf5``.
        workers: see there.
        progress: see there.

    Returns:
        The path of the file, for `keras_hep.data.read_events`, uproot or h5py. It belongs to the cache: do not change it.

    Raises:
        KerasHepError: as for `generate`.

    Example:
        >>> load("five-jets", 1_000)  # doctest: +SKIP
        PosixPath('/home/me/.cache/keras_hep/samples/files/five-jets-1000-2a4c6e8f01234567.root')
    """
    sample = sample_of(name)
    entries = sample.default_entries if entries is None else entries
    order = place_order(sample, entries, seed, classes, options, named_format(format))
    return cached_sample(order, workers=workers, progress=progress)
