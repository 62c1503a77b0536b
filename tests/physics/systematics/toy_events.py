import awkward as ak
import numpy as np

from keras_hep.physics import four_vectors

__all__ = ["FIELDS", "bits", "toy_events"]

FIELDS = ("px", "py", "pz", "E")


def toy_events(events=60, mean=8, seed=1, dtype=np.float64, charged=False, eta=2.4):
    """Return jagged constituents of some mass; some events have none, and some components are -0.0."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(mean, events)
    counts[::10] = 0
    total = int(counts.sum())
    made = four_vectors(
        pt=rng.exponential(10, total) + 0.3,
        eta=rng.uniform(-eta, eta, total),
        phi=rng.uniform(-np.pi, np.pi, total),
        mass=rng.exponential(0.2, total),
    )
    columns = {field: np.asarray(made[field]).astype(dtype) for field in FIELDS}
    columns["py"][3::17] = -0.0
    columns["pz"][5::19] = -0.0
    if charged:
        columns["charge"] = rng.integers(-1, 2, total)
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), counts)


def bits(records):
    """Return everything there is to compare: type, number of constituents, and the bits of every field."""
    flat = ak.flatten(ak.from_regular(records, axis=1), axis=1)
    values = {field: np.asarray(ak.to_numpy(flat[field])).tobytes() for field in flat.fields}
    return str(ak.type(records)), ak.num(records).tolist(), values
