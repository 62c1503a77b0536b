"""The header-only C++ runtime: where it stands in this installation."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cmake_dir", "include_dir", "pkg_config_dir", "tools_dir"]

_HERE = Path(__file__).resolve().parent


def cmake_dir() -> Path:
    """Return the folder for ``cmake -Dkeras_hep_DIR=...``."""
    return _HERE / "cmake"


def include_dir() -> Path:
    """Return the folder for ``g++ -I...``; programs include ``keras_hep/network.hpp``."""
    return _HERE / "include"


def pkg_config_dir() -> Path:
    """Return the folder for ``PKG_CONFIG_PATH``."""
    return _HERE / "pkgconfig"


def tools_dir() -> Path:
    """Return the folder of the programs with which keras_hep checks the runtime."""
    return _HERE / "tools"
