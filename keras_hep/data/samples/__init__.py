"""Samples made on this machine: collisions from Pythia, a simple detector, jets from FastJet, a ROOT file."""

from __future__ import annotations

from pathlib import Path

from keras_hep.data.samples.five_jets import FIVE_JETS
from keras_hep.data.samples.generate import card_path, generate_sample
from keras_hep.errors import DataError, nearest

__all__ = ["SAMPLES", "card_path", "generate"]

_SAMPLES = {sample.name: sample for sample in (FIVE_JETS,)}

SAMPLES: dict[str, str] = {name: sample.description for name, sample in _SAMPLES.items()}
"""The samples that can be generated, and what each one is."""


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
    if name not in _SAMPLES:
        raise DataError(f"there is no sample {name!r}; {nearest(name, _SAMPLES)}")
    return generate_sample(_SAMPLES[name], jets, output, seed=seed, workers=workers, progress=progress)
