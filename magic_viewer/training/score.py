"""Log-likelihoods of many model inputs."""

import numpy as np
import numpy.typing as npt
import torch

from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow

BATCH = 48


@torch.no_grad()
def scale_scores(
    flow: ConditionalFlow, pixels: npt.NDArray[np.float32], seed: int
) -> npt.NDArray[np.float64]:
    """Log p of every label, scale by scale.

    Args:
        flow: in evaluation mode.
        pixels: (B, size, size) whole grey levels.
        seed: of the dequantization noise.

    Returns:
        (B, classes, scales) nats; summed over scales, log p(x | label).
    """
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for start in range(0, len(pixels), BATCH):
        x = torch.from_numpy(pixels[start : start + BATCH])[:, None]
        batches = flow.all_label_maps(dequantize(x, generator))
        parts += [torch.stack([m.double().sum((2, 3)) for m in maps], 2) for maps in batches]
    return torch.cat(parts).numpy()
