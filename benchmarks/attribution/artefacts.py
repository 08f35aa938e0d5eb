"""Local artefacts that a made-up scanner leaves in real slices, each with its place.

All work on model inputs, whole grey levels 0..255, so that nothing but the artefact's own place
changes; a shifted line of k-space alone changes the whole image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

HEAD = 20.0
"""Grey level above which a pixel counts as head, not air."""
CHANGED_SHARE = 0.05
"""Of the pixels: those that a line of k-space changes most are its place."""


@dataclass(frozen=True, eq=False)
class Spoiled:
    """A slice with an artefact.

    Attributes:
        clean: (size, size) before.
        pixels: (size, size) after.
        mask: (size, size), where the artefact is.
    """

    clean: Image
    pixels: Image
    mask: Mask


def spoil(kind: str, clean: Image, rng: np.random.Generator) -> Spoiled:
    """Puts an artefact at a random place.

    Args:
        kind: one of ARTEFACTS.
        clean: (size, size) whole grey levels 0..255.
        rng: of the place and of noise.
    """
    changed, mask = ARTEFACTS[kind](clean, rng)
    return Spoiled(clean, np.clip(np.rint(changed), 0, 255).astype(np.float32), mask)


def _center(clean: Image, radius: float, rng: np.random.Generator) -> tuple[int, int]:
    """A pixel with mostly head around it; the most so where that is so nowhere."""
    head = ndimage.gaussian_filter((clean > HEAD).astype(float), radius / 2)
    rows, columns = np.nonzero(head >= min(0.8, float(head.max())))
    chosen = int(rng.integers(len(rows)))
    return int(rows[chosen]), int(columns[chosen])


def _distance(clean: Image, center: tuple[int, int]) -> npt.NDArray[np.float64]:
    rows, columns = np.indices(clean.shape)
    return np.hypot(rows - center[0], columns - center[1])


def noise(clean: Image, rng: np.random.Generator) -> tuple[Image, Mask]:
    """Gaussian noise, 20 grey levels, in a disc of a ninth of the side."""
    radius = len(clean) / 9
    mask = _distance(clean, _center(clean, radius, rng)) <= radius
    return clean + mask * rng.normal(0, 20, clean.shape), mask


def stripe(clean: Image, rng: np.random.Generator) -> tuple[Image, Mask]:
    """A zipper: two columns in which every second row is 30 grey levels brighter or darker."""
    _, column = _center(clean, 2, rng)
    mask = np.zeros(clean.shape, bool)
    mask[:, column : column + 2] = True
    signs = np.where(np.arange(len(clean)) % 2, -30.0, 30.0)[:, None]
    return clean + mask * signs, mask


def blur(clean: Image, rng: np.random.Generator) -> tuple[Image, Mask]:
    """A Gaussian blur, 1.5 pixels, in a disc of a seventh of the side."""
    radius = len(clean) / 7
    mask = _distance(clean, _center(clean, radius, rng)) <= radius
    return np.where(mask, ndimage.gaussian_filter(clean, 1.5), clean), mask


def bias(clean: Image, rng: np.random.Generator) -> tuple[Image, Mask]:
    """A bump of the bias field: a Gaussian gain of up to 1.4; its place is above half of that."""
    width = len(clean) / 9
    bump = np.exp(-((_distance(clean, _center(clean, width, rng)) / width) ** 2) / 2)
    return clean * (1 + 0.4 * bump), bump >= 0.5


def kspace(clean: Image, rng: np.random.Generator) -> tuple[Image, Mask]:
    """One line of k-space, 4 to 8 from the centre, moved by two samples: faint waves everywhere.

    It has no place in the image; where the image changed most stands for one.
    """
    lines = np.fft.fft2(clean)
    line = int(rng.integers(4, 9))
    lines[line] = np.roll(lines[line], 2)
    changed = np.abs(np.fft.ifft2(lines))
    change = np.abs(changed - clean)
    return changed, change >= np.quantile(change, 1 - CHANGED_SHARE)


ARTEFACTS: dict[str, Callable[[Image, np.random.Generator], tuple[Image, Mask]]] = {
    "noise": noise,
    "stripe": stripe,
    "blur": blur,
    "bias": bias,
    "kspace": kspace,
}
