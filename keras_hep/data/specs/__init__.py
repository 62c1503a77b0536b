"""Feature specifications that come with the package."""

from __future__ import annotations

from pathlib import Path

from keras_hep.errors import FeatureError, nearest

__all__ = ["spec_path"]


def spec_path(name: str | Path) -> Path:
    """Return the path of a specification: a file of one's own, or the name of one in the package (``five_jets``).

    Raises:
        FeatureError: neither is there.
    """
    if Path(name).is_file():
        return Path(name)
    folder = Path(__file__).parent
    known = {path.stem: path for path in folder.glob("*.yaml")}
    if str(name) in known:
        return known[str(name)]
    raise FeatureError(
        f"there is no feature specification '{name}': neither a file, nor in the package ({nearest(str(name), known)})"
    )
