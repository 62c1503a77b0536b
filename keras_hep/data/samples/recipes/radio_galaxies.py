"""The sample `radio-galaxies`: radio galaxies of types FR I and FR II, and unresolved sources (arXiv:1905.03274)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import awkward as ak
import numpy as np

from keras_hep.data.samples.options import int_option, number_option
from keras_hep.data.samples.radio_sources import Morphology, beam_noise, draw_fr1, draw_fr2, draw_points, render
from keras_hep.data.samples.sample import Checkpoint, Option, Sample, ShardRequest

__all__ = ["SAMPLE", "RadioGalaxies", "make_shard"]

CLASSES = ("fr1", "fr2", "unresolved")
OPTIONS: dict[str, Option] = {"pixels": 64, "snr": 30.0}
BATCH_PIXELS = 1 << 20


@dataclass(frozen=True)
class RadioGalaxies:
    """The card of the sample.

    Attributes:
        pixel: size of a pixel (arcsec).
        beam: full width at half maximum of the beam (arcsec).
        noise: rms of the noise (mJy per beam).
        snr_range: least and largest peak over noise, over the option; the logarithm is uniform.
        size_range: least and largest size of resolved sources, over the side of the image; uniform.
        morphology: the sources.
    """

    pixel: float = 1.8
    beam: float = 5.4
    noise: float = 0.15
    snr_range: tuple[float, float] = (0.5, 2.0)
    size_range: tuple[float, float] = (0.3, 0.75)
    morphology: Morphology = field(default_factory=Morphology)

    @property
    def beam_sigma(self) -> float:
        """Standard deviation of the beam (pixels)."""
        return float(self.beam / self.pixel / np.sqrt(8 * np.log(2)))


CARD = RadioGalaxies()


def make_shard(request: ShardRequest, checkpoint: Checkpoint) -> ak.Array:
    """Make the images of one shard.

    Args:
        request: class, number of images, seed and options.
        checkpoint: called before each batch of images.

    Returns:
        Records with the branches of the sample, shape (images,).

    Raises:
        DataError: an option is out of range.
    """
    pixels = int_option(request, "pixels", 32, 256)
    snr = number_option(request, "snr", 1.0, 1e6)
    rng = np.random.default_rng(request.seeds())
    batch = max(1, BATCH_PIXELS // pixels**2)
    batches: list[ak.Array] = []
    for first in range(0, request.entries, batch):
        checkpoint()
        batches.append(_images(min(batch, request.entries - first), CLASSES[request.label], pixels, snr, rng))
    made = ak.concatenate(batches)
    number = request.first_event() + np.arange(request.entries, dtype=np.int64)
    label = np.full(request.entries, request.label, dtype=np.int32)
    return ak.zip({"event": number, "label": label, **{name: made[name] for name in made.fields}}, depth_limit=1)


def _images(count: int, name: str, pixels: int, snr: float, rng: np.random.Generator) -> ak.Array:
    """Draw images of a class."""
    size = pixels * rng.uniform(*CARD.size_range, count)
    if name == "unresolved":
        galaxies = draw_points(count, CARD.morphology, rng)
    else:
        galaxies = (draw_fr1 if name == "fr1" else draw_fr2)(size, CARD.morphology, rng)
    images = render(galaxies, pixels, CARD.beam_sigma)
    least, largest = CARD.snr_range
    ratio = snr * least * (largest / least) ** rng.random(count)
    flux = CARD.noise * ratio / images.max(axis=(1, 2))
    images *= flux[:, None, None]
    images += CARD.noise * beam_noise(count, pixels, CARD.beam_sigma, rng)
    columns = {
        "angle": galaxies.angle,
        "size": galaxies.size * CARD.pixel,
        "flux": flux,
        "snr": ratio,
        "fr_ratio": galaxies.ratio,
        "x": galaxies.centre[:, 0] * CARD.pixel,
        "y": galaxies.centre[:, 1] * CARD.pixel,
    }
    flat = {key: values.astype(np.float32) for key, values in columns.items()}
    return ak.zip({**flat, "image": ak.from_numpy(images.astype(np.float32), regulararray=True)}, depth_limit=1)


BRANCHES = {
    "event": "identity of the image, unique in the sample; every source is drawn independently",
    "label": "class: 0 fr1, 1 fr2, 2 unresolved",
    "angle": "true angle of the axis to the x axis, towards y, in [0, pi); 0 for unresolved sources (rad)",
    "size": "true size from end to end, 0 for unresolved sources (arcsec)",
    "flux": "true flux (mJy)",
    "snr": "true largest brightness over the rms of the noise",
    "fr_ratio": "true distance of the brightest places on the two sides of the core over the size; 0 if unresolved",
    "x": "true place of the core from the centre of the image, along columns (arcsec)",
    "y": "its place along rows (arcsec)",
    "image": "brightness (mJy per beam) in pixels of 1.8 arcsec, y before x, shape (pixels, pixels)",
}

SAMPLE = Sample(
    name="radio-galaxies",
    description="radio galaxies of types FR I and FR II and unresolved sources, with noise",
    tree="sources",
    classes=CLASSES,
    make_shard=make_shard,
    # `revision` grows whenever a change of the code changes the images.
    configuration={"revision": 1, **asdict(CARD)},
    card={
        "physics": (
            "Images in pixels of 1.8 arcsec with a round beam of 5.4 arcsec full width at half maximum and noise of "
            "0.15 mJy per beam, as in the FIRST survey. Sources are sums of Gaussian components. FR I: two jets "
            "whose brightness peaks at 0.1 to 0.4 of their length and fades outwards while they widen and bend. FR II: "
            "hot spots at 0.65 to 0.95 of the length, in lobes that fade towards the core. Both have a core, sides of "
            "different length and brightness, and wiggles. By the definition of Fanaroff and Riley the brightest "
            "places on the two sides are less (I) or more (II) than half of the size apart. Unresolved sources are "
            "points. The peak over the noise is drawn between half and twice the option snr, uniform in the logarithm. "
            "The option pixels is the side of the image, 32 to 256; resolved sources are 0.3 to 0.75 of it long."
        ),
        "leaves_out": (
            "No second source in the image, no side lobes of the beam and no other artefacts of interferometers, no "
            "spectrum, no redshift; the noise is stationary. Real galaxies are more varied, and some are hybrids."
        ),
        "cite": [
            "arXiv:1905.03274 (convolutional and capsule networks for these classes)",
        ],
        "branches": BRANCHES,
        "option_meanings": {
            "pixels": "pixels along a side, from 32 to 256",
            "snr": "typical peak over the rms of the noise, from 1 to 1e6",
        },
    },
    packages=("numpy", "awkward"),
    shard_entries=2_000,
    entry="images",
    options=OPTIONS,
    default_entries=12_000,
)
