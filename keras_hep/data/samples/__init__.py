"""Samples made on this machine: collisions from Pythia, a simple detector, jets from FastJet, a ROOT file."""

from __future__ import annotations

import importlib
from pathlib import Path

from keras_hep.data.samples.generate import card_path, generate_sample
from keras_hep.data.samples.sample import Sample
from keras_hep.errors import DataError, nearest

__all__ = ["SAMPLES", "card_path", "generate"]

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
    name: str, jets: int, output: str | Path, *, seed: int = 1, workers: int | None = None, progress: bool = True
) -> Path:
    """Generate a sample as a ROOT file, and a card beside it that says how.

    The jets depend on name, number, seed and the versions of the packages alone, not on the number of workers. Finished
    parts are kept in the cache directory, so that a generation that was interrupted goes on where it stopped, and a
    larger one begins with what is there; the output appears when it is complete.

    With more than one worker the jets are made in fresh processes: a script needs ``if __name__ == "__main__"``.

    Args:
        name: one of `SAMPLES`.
        jets: number of jets of all classes together.
        output: the ROOT file, ``something.root``; its card is ``something.card.json``.
        seed: a number that is not negative.
        workers: number of processes; all cores by default.
        progress: show a progress bar on standard error.

    Returns:
        The path of the ROOT file.

    Raises:
        DataError: the sample is unknown, there is not at least one jet for each class, or another argument is wrong.
        KerasHepError: a worker process died.
        MissingToolError: fastjet or pythia8mc is not installed.
        OutputError: the disk is full, or the place cannot be written to.
    """
    return generate_sample(sample_of(name), jets, output, seed=seed, workers=workers, progress=progress)
