"""Cross sections that Pythia estimates while it generates, for the sample card."""

from __future__ import annotations

from typing import Any

import awkward as ak

__all__ = ["with_cross_section"]

PICOBARN_PER_MILLIBARN = 1e9


def with_cross_section(entries: ak.Array, pythia: Any, collisions: int) -> ak.Array:
    """Return the entries with Pythia's cross section noted in their ``attrs``, where the sample card finds it.

    The cross section (``cross_section_pb``) is that of the generated processes within their phase space, of leading
    order and before any selection. The entries are what is left of ``collisions`` events.

    Args:
        entries: the entries of a shard.
        pythia: the generator that made them.
        collisions: how many events it generated.
    """
    noted = ak.Array(entries)
    sigma = pythia.infoPython().sigmaGen() * PICOBARN_PER_MILLIBARN
    noted.attrs = {"cross_section_pb": float(sigma), "collisions": collisions}
    return noted
