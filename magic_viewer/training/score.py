"""Log-likelihoods of many model inputs."""

import numpy as np
import numpy.typing as npt
import torch

from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow

BATCH = 48


@torch.no_grad()
def scale_scores(
    flow: ConditionalFlow, pixels: npt.NDArray[np.float32], seed: int, draws: int = 1
) -> npt.NDArray[np.float64]:
    """Log p of every label, scale by scale.

    Args:
        flow: in evaluation mode.
        pixels: (B, size, size) whole grey levels.
        seed: of the dequantization noise.
        draws: of that noise, averaged.

    Returns:
        (B, classes, scales) nats; summed over scales, log p(x | label).
    """
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for start in range(0, len(pixels), BATCH):
        x = torch.from_numpy(pixels[start : start + BATCH])[:, None]
        scores = []
        for _ in range(draws):
            batches = flow.all_label_maps(dequantize(x, generator))
            nats = [torch.stack([m.double().sum((2, 3)) for m in maps], 2) for maps in batches]
            scores.append(torch.cat(nats))
        parts.append(torch.stack(scores).mean(0).numpy())
    return np.concatenate(parts)
