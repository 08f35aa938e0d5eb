"""What pixels alone say of an image's texture, for the gate.

A likelihood is read from the model; these are not, so they also tell what the model finds
likely by its own construction: images it drew itself.
"""

from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float64]

_LITTLE = 1e-3
"""Grey levels, so that a blank image has a logarithm."""
_UNEVEN = ("has an unusual texture",) * 2

WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("is much simpler than those images", "is more complex than those images"),
    ("has a finer grain", "has a coarser grain, as if smoothed or enlarged"),
    ("has fewer sharp edges", "has sharper edges on a smoother ground"),
    ("is enlarged from fewer pixels", "is made of blocks, as synthetic images are"),
    _UNEVEN,
    _UNEVEN,
    _UNEVEN,
    ("differs more between left and right", "is more alike on left and right"),
)
"""For each statistic, words that follow "it" when it is too low and too high."""


def texture(pixels: npt.NDArray[np.float32]) -> FloatArray:
    """The statistics that WORDS tells of.

    Args:
        pixels: (B, size, size) whole grey levels 0..255; size is even.

    Returns:
        (B, 8): log of the code length in bits/dim; correlation of the Laplacian's neighbours and
        log of its kurtosis; log of the details of 2 × 2 blocks off the Haar pyramid's grid over
        those on it (what the flow draws is made of its blocks, a scanner knows no such grid);
        correlation of the details' magnitudes across rows with those across columns, and with
        the diagonal ones; log of the diagonal ones' share; and correlation of those across rows
        with their mirror image.
    """
    exact = pixels.astype(np.float64)
    lengths = np.log([code_length(image.astype(np.uint8)) for image in pixels])
    return np.column_stack([lengths, *_laplacian(exact), *_haar(exact)])


def code_length(image: npt.NDArray[np.uint8]) -> float:
    """Bits/dim of (rows, columns) as a PNG file, a lossless code (Serra et al. 2020)."""
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=6)
    return 8 * len(file.getvalue()) / image.size


def _laplacian(pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
    inner = 4 * pixels[:, 1:-1, 1:-1]
    laplacian = (
        inner - pixels[:, :-2, 1:-1] - pixels[:, 2:, 1:-1] - pixels[:, 1:-1, :-2]
    ) - pixels[:, 1:-1, 2:]
    power = (laplacian**2).mean((1, 2)) + _LITTLE
    grain = (laplacian[:, :-1] * laplacian[:, 1:]).mean((1, 2)) / power
    return grain, np.log((laplacian**4).mean((1, 2)) / power**2 + _LITTLE)


def _haar(pixels: FloatArray) -> tuple[FloatArray, ...]:
    across, along, diagonal = on = _details(pixels)
    sizes = [
        sum(d.mean((1, 2)) for d in details) for details in (_details(pixels[:, 1:-1, 1:-1]), on)
    ]
    blocks = np.log((sizes[0] + _LITTLE) / (sizes[1] + _LITTLE))
    powers = [(details**2).mean((1, 2)) + _LITTLE for details in on]
    return (
        blocks,
        _correlation(across, along),
        _correlation(across, diagonal),
        np.log(powers[2] / np.sqrt(powers[0] * powers[1])),
        _correlation(across, across[:, :, ::-1]),
    )


def _details(pixels: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Magnitudes of the Haar details of 2 × 2 blocks: across, along and diagonal."""
    left, right = pixels[:, :, 0::2], pixels[:, :, 1::2]
    sums, differences = left + right, left - right
    return (
        np.abs(differences[:, 0::2] + differences[:, 1::2]),
        np.abs(sums[:, 0::2] - sums[:, 1::2]),
        np.abs(differences[:, 0::2] - differences[:, 1::2]),
    )


def _correlation(one: FloatArray, other: FloatArray) -> FloatArray:
    """Pearson's, of each image; 0 for a blank one."""
    one, other = (x - x.mean((1, 2), keepdims=True) for x in (one, other))
    norms = (one**2).sum((1, 2)) * (other**2).sum((1, 2))
    return np.asarray((one * other).sum((1, 2)) / np.sqrt(norms + _LITTLE))
