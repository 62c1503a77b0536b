"""The look of the sample `decay-trees`: sizes and particles of the trees, flights, and what the skim depends on."""

from __future__ import annotations

import awkward as ak
import mplhep
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from benchmarks.samples.quantity import Quantity
from keras_hep.data.samples.hadronic_tag import count_candidates, measure
from keras_hep.data.samples.recipes.decay_trees import BATCH, CARD, CLASSES, _generate, _measurable

ENTRIES = 20_000
LIGHT_MM_PER_NS = 299.792458

Array = npt.NDArray[np.float64]


def retention(batches: int = 8, seed: int = 1) -> tuple[float, float]:
    """Return the share of events that the skim accepts, and of those that it would accept a second time."""
    rng = np.random.default_rng(seed)
    source = _generate(seed, rng)
    stable = [_measurable(next(source)) for _ in range(batches)]
    twice = [[count_candidates(measure(one, CARD.skim, BATCH, rng), CARD.skim) > 0 for one in stable] for _ in range(2)]
    first, second = (np.concatenate(one) for one in twice)
    return float(first.mean()), float(second[first].mean())


def columns(entries: ak.Array) -> tuple[dict[str, Array], npt.NDArray[np.int64]]:
    """Return the particles of all trees in flat columns, and the position of each one's mother in them (-1 for roots)."""
    particle = entries.particle
    flat = {name: ak.to_numpy(ak.flatten(particle[name])).astype(np.float64) for name in particle.fields}
    counts = ak.to_numpy(ak.num(particle))
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    mother = flat["mother"].astype(np.int64)
    return flat, np.where(mother < 0, -1, mother + starts)


def proper_times(entries: ak.Array, number: int) -> Array:
    """Return the proper times (ps) after which particles of a PDG number, without sign, decay."""
    flat, mother = columns(entries)
    decayed, daughter = np.unique(mother[mother >= 0], return_index=True)
    daughter = np.flatnonzero(mother >= 0)[daughter]
    chosen = np.abs(flat["identity"][decayed]) == number
    decayed, daughter = decayed[chosen], daughter[chosen]
    momentum = np.sqrt(sum(flat[axis][decayed] ** 2 for axis in ("px", "py", "pz")))
    flight = np.sqrt(sum((flat[axis][daughter] - flat[axis][decayed]) ** 2 for axis in ("x", "y", "z")))
    mass = np.sqrt(np.maximum(flat["energy"][decayed] ** 2 - momentum**2, 0.0))
    return np.asarray(flight * mass / momentum / LIGHT_MM_PER_NS * 1e3)


def per_event(entries: ak.Array, *numbers: int) -> Array:
    """Return how many stable particles of these PDG numbers, without sign, each event has."""
    kind = abs(entries.particle.identity)
    chosen = (entries.particle.stable == 1) & (sum(kind == number for number in numbers) > 0)
    return ak.to_numpy(ak.sum(chosen, axis=1)).astype(np.float64)


def quantities(entries: ak.Array) -> list[Quantity]:
    accepted, again = retention()
    sizes = [float(ak.mean(ak.num(entries.particle)[entries.label == label])) for label in (0, 1)]
    neutrinos = per_event(entries, 12, 14, 16)
    label = ak.to_numpy(entries.label)
    return [
        Quantity("share of events that the skim accepts", accepted, "0.05 to 0.1", "some per cent, as real skims"),
        Quantity("accepted by a second detector, of those accepted", again, "0.4 to 0.8", "the detector is random"),
        Quantity("mean proper time of B0 (ps)", float(proper_times(entries, 511).mean()), "1.52", "lifetime of B0"),
        Quantity("mean proper time of B+ (ps)", float(proper_times(entries, 521).mean()), "1.64", "lifetime of B+"),
        Quantity("mean proper time of D0 (ps)", float(proper_times(entries, 421).mean()), "0.41", "lifetime of D0"),
        Quantity("particles of a rejected event", sizes[0], "30 to 50", "decays of two B mesons"),
        Quantity("particles of an accepted event", sizes[1], "30 to 50", "decays of two B mesons"),
        Quantity("events without neutrino, accepted over rejected", float(np.mean(neutrinos[label == 1] == 0) /
                 np.mean(neutrinos[label == 0] == 0)), "above 1", "the skim wants hadrons"),
    ]  # fmt: skip


def draw(entries: ak.Array, figure: Figure) -> None:
    label = ak.to_numpy(entries.label)
    panels = {
        "Particles of the tree": (ak.to_numpy(ak.num(entries.particle)), np.arange(9.5, 80, 2)),
        "Charged particles": (per_event(entries, 11, 13, 211, 321, 2212), np.arange(-1, 24, 2)),
        "Charged kaons": (per_event(entries, 321), np.arange(-0.5, 7)),
        "Neutrinos": (per_event(entries, 12, 14, 16), np.arange(-0.5, 7)),
    }
    axes = figure.subplots(2, 3)
    for axis, (title, (values, edges)) in zip(axes.flat, panels.items(), strict=False):
        for number, name in enumerate(CLASSES):
            counts, _ = np.histogram(values[label == number], edges)
            mplhep.histplot(counts / max(1, counts.sum()), edges, ax=axis, label=name, linewidth=3, color=f"C{number}")
        axis.set(xlabel=title, ylabel="Fraction of events")
    axes[0, 0].legend(title=r"$\Upsilon(4S)$, Pythia 8")
    edges = np.linspace(0, 8, 41)
    for number, (title, identity) in enumerate({"$B^0$": 511, "$B^+$": 521, "$D^0$": 421, "$D^+$": 411}.items()):
        counts, _ = np.histogram(proper_times(entries, identity), edges)
        mplhep.histplot(counts / counts.sum(), edges, ax=axes[1, 1], label=title, linewidth=3, color=f"C{number}")
    axes[1, 1].set(xlabel="Proper time [ps]", ylabel="Fraction of mesons", yscale="log")
    axes[1, 1].legend()
    candidates = ak.to_numpy(entries.n_candidates)[label == 1]
    counts, edges = np.histogram(candidates, np.arange(0.5, 31))
    mplhep.histplot(counts / counts.sum(), edges, ax=axes[1, 2], linewidth=3, color="C1")
    axes[1, 2].set(xlabel="B candidates of accepted events", ylabel="Fraction of events", yscale="log")
