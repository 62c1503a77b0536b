"""The sample `sky-maps`: Gaussian and log-normal maps like those of gravitational lensing in arXiv:1706.02390."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import awkward as ak
import numpy as np
import numpy.typing as npt

from keras_hep.data.samples.fields import gaussian_fields, lognormal_fields, multipoles
from keras_hep.data.samples.options import flag_option, int_option
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest
from keras_hep.errors import DataError

__all__ = ["SAMPLE", "SkyMaps", "make_shard", "power_spectrum"]

CLASSES = ("gaussian", "lognormal")
PIXELS = (64, 128, 256)
OPTIONS: dict[str, Option] = {"pixels": 256, "vary": False}
BATCH_PIXELS = 1 << 20


@dataclass(frozen=True)
class SkyMaps:
    """The card of the sample.

    Attributes:
        side: side of a map (degrees).
        sigma: standard deviation of the convergence in a pixel.
        slope: -d ln C / d ln l between the two scales below.
        sigma_range: range of sigma when parameters vary.
        slope_range: range of the slope when parameters vary.
        knee: multipole below which the spectrum is flat.
        smoothing: multipole beyond which the spectrum falls more steeply, by `steepening`.
        steepening: how much the slope grows there.
        shift: minus the least value of a log-normal map.
    """

    side: float = 3.5
    sigma: float = 0.02
    slope: float = 1.3
    sigma_range: tuple[float, float] = (0.01, 0.03)
    slope_range: tuple[float, float] = (0.8, 2.0)
    knee: float = 200.0
    smoothing: float = 2500.0
    steepening: float = 4.0
    shift: float = 0.04


CARD = SkyMaps()


def power_spectrum(
    sigma: npt.NDArray[np.float64], slope: npt.NDArray[np.float64], pixels: int
) -> npt.NDArray[np.float64]:
    """Return the power of maps on the grid of their Fourier modes.

    C(l) is proportional to (1 + l^2 / knee^2)^(-slope / 2) (1 + l^2 / smoothing^2)^(-steepening / 2), and so normalised
    that the mean over the modes of the map is sigma^2.

    Args:
        sigma: standard deviation of a pixel, shape (maps,).
        slope: slope of the spectrum, shape (maps,).
        pixels: pixels along a side.

    Returns:
        C(l) over the area of a pixel (sr), shape (maps, pixels, pixels // 2 + 1).
    """
    scale = multipoles(pixels, np.radians(CARD.side)) ** 2
    cut = (1 + scale / CARD.smoothing**2) ** (-CARD.steepening / 2)
    shape = (1 + scale / CARD.knee**2) ** (-slope[:, None, None] / 2) * cut
    # Each column but the first and last of the half-plane stands for two modes.
    weight = np.full(scale.shape[1], 2.0)
    weight[[0, -1]] = 1.0
    mean = (shape * weight).sum(axis=(1, 2), keepdims=True) / pixels**2
    return np.asarray(sigma[:, None, None] ** 2 * shape / mean)


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the maps of one shard.

    Args:
        request: class, number of maps, seed and options.
        checkpoint: called before each batch of maps.

    Returns:
        Records with the branches of the sample, shape (maps,).

    Raises:
        DataError: an option is out of range.
    """
    pixels = int_option(request, "pixels", PIXELS[0], PIXELS[-1])
    if pixels not in PIXELS:
        raise DataError(f"the option pixels must be one of {', '.join(map(str, PIXELS))}; received {pixels}")
    vary = flag_option(request, "vary")
    rng = np.random.default_rng(request.seeds())
    count = request.entries
    # A range of one value keeps the use of randomness the same with and without variation.
    sigma = rng.uniform(*(CARD.sigma_range if vary else (CARD.sigma,) * 2), count)
    slope = rng.uniform(*(CARD.slope_range if vary else (CARD.slope,) * 2), count)
    maps = np.empty((count, pixels, pixels), dtype=np.float32)
    batch = max(1, BATCH_PIXELS // pixels**2)
    for first in range(0, count, batch):
        checkpoint()
        some = slice(first, min(first + batch, count))
        one = slice(first, first + 1)
        power = (
            power_spectrum(sigma[some], slope[some], pixels) if vary else power_spectrum(sigma[one], slope[one], pixels)
        )
        number = some.stop - first
        if CLASSES[request.label] == "gaussian":
            maps[some] = gaussian_fields(power, number, rng)
        else:
            maps[some] = lognormal_fields(power, CARD.shift, number, rng)
    columns = {
        "event": request.first_event() + np.arange(count, dtype=np.int64),
        "label": np.full(count, request.label, dtype=np.int32),
        "sigma": sigma.astype(np.float32),
        "slope": slope.astype(np.float32),
        "kappa": ak.from_numpy(maps, regulararray=True),
    }
    return ak.zip(columns, depth_limit=1)


BRANCHES = {
    "event": "identity of the map, unique in the sample; every map is drawn independently",
    "label": "class: 0 gaussian, 1 lognormal",
    "sigma": "true standard deviation of the convergence in a pixel, over all maps of these parameters",
    "slope": "true slope of the power spectrum, -d ln C / d ln l between multipoles 200 and 2500",
    "kappa": "convergence, shape (pixels, pixels)",
}

SAMPLE = Sample(
    name="sky-maps",
    description="Gaussian and log-normal fields like maps of gravitational lensing",
    tree="maps",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the maps.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Convergence maps of 3.5 x 3.5 square degrees as random fields. Both classes have the same angular power "
            "spectrum: flat below the multipole 200, then a power law, and four powers steeper beyond 2500, as a "
            "telescope and a finite mass of haloes smooth a map. Gaussian maps are filtered white noise. A log-normal "
            "map is shift (exp(g - var(g)/2) - 1) of a Gaussian field g whose correlation is ln(1 + xi/shift^2), so it "
            "has the same spectrum and mean, a least value of minus the shift (the empty beam) and a positive skewness "
            "of (s^2 + 3) s, where s = sigma / shift. The option vary draws sigma and slope of each map uniformly from "
            "ranges; pixels is the number of pixels along a side, 64, 128 or 256."
        ),
        "leaves_out": (
            "The maps are periodic and flat. The spectrum is a formula with the features of a lensing spectrum, not "
            "the result of a cosmology, and the log-normal model has only the one-point non-Gaussianity of simulated "
            "maps: no filaments, no halo profiles. No shape noise, no masks."
        ),
        "cite": [
            "arXiv:1706.02390 (networks that generate such maps)",
            "arXiv:1105.3980 (log-normal convergence)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "pixels": "pixels along a side: 64, 128 or 256",
            "vary": "draw sigma and slope of each map, instead of 0.02 and 1.3 for all",
        },
    },
    packages=("numpy", "scipy", "awkward"),
    shard_entries=150,
    entry="maps",
    options=OPTIONS,
    default_entries=2_000,
)
