"""How often each value occurs in a slice, quick enough to be asked for while scrolling."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.imaging.display import counted_values
from magic_viewer.imaging.study import Slice

_BINS = 128
_MOST_PIXELS = 1 << 17


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts in bins of one width.

    Attributes:
        counts: (bins,) pixels in each; of a large slice a sample of its pixels.
        low: lower edge of the first bin, the lowest value counted.
        high: upper edge of the last bin, the highest value counted; above `low`, and both
            beside the value where all pixels have the same.
    """

    counts: npt.NDArray[np.int64]
    low: float
    high: float


def histogram(image: Slice) -> Histogram | None:
    """Counts the pixels of a slice, every n-th row and column of a large one.

    Padding and what is no number are left out.

    Returns:
        None in colour, and where nothing is left to count.
    """
    if image.is_color:
        return None
    step = max(1, int(np.ceil(np.sqrt(np.prod(image.shape) / _MOST_PIXELS))))
    values = counted_values(image, step)
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if not high > low:
        # Of a very large value, 0.5 is less than its last digit.
        half = max(0.5, abs(low) / _BINS)
        low, high = low - half, low + half
    # Each value has its bin by one multiplication; np.histogram looks for edges.
    places = ((values.astype(np.float64) - low) * (_BINS / (high - low))).astype(np.intp)
    counts = np.bincount(np.minimum(places, _BINS - 1), minlength=_BINS)
    return Histogram(counts.astype(np.int64), low, high)
