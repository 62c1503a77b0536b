"""Masks, and sequences of which entries do not count."""

from __future__ import annotations

import math

from keras_hep.export.codegen.registry import Site, emits

__all__ = ["any_of", "masked", "masked_sum", "masking", "not_equal"]


@emits("not_equal", "masking.hpp")
def not_equal(site: Site) -> str:
    """1 for each value that is not the one given."""
    site.node.attributes("value")
    site.node.takes(1)
    site.node.gives(*site.node.inputs[0])
    return site.call("not_equal", (site.size,), site.node.number("value"), site.x[0], site.y)


@emits("any", "masking.hpp")
def any_of(site: Site) -> str:
    """1 where one of the values on the last axis is not 0."""
    site.node.attributes()
    site.node.takes(1)
    *outer, last = site.node.inputs[0]
    site.node.gives(*outer)
    return site.call("any", (math.prod(outer), last), site.x[0], site.y)


@emits("masking", "masking.hpp")
def masking(site: Site) -> str:
    """Zeros in place of entries of which all values are the one given."""
    site.node.attributes("value")
    site.node.takes(1)
    site.node.gives(*site.node.inputs[0])
    *outer, last = site.node.shape
    return site.call("mask", (math.prod(outer), last), site.node.number("value"), site.x[0], site.y)


@emits("masked_mean", "masking.hpp")
@emits("masked_last", "masking.hpp")
@emits("masked_values", "masking.hpp")
def masked(site: Site) -> str:
    """Values and their mask into the mean, the last entry that counts, or the values with zeros."""
    site.node.attributes()
    kind = site.node.text("type")
    sizes = _sequence(site)
    site.node.gives(*(sizes if kind == "masked_values" else sizes[1:]))
    return site.call(kind, sizes, *site.x, site.y)


@emits("masked_sum", "masking.hpp")
def masked_sum(site: Site) -> str:
    """The sum of the entries that count."""
    site.node.attributes("scale")
    sizes = _sequence(site)
    site.node.gives(sizes[1])
    return site.call("masked_sum", sizes, site.node.number("scale"), *site.x, site.y)


def _sequence(site: Site) -> tuple[int, int]:
    site.node.takes(2, axes=2)
    (length, features), mask = site.node.inputs
    if mask != (length,):
        raise site.node.error(f"expected a mask of [{length}], found {list(mask)}", "inputs")
    return length, features
