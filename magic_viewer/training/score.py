"""Log-likelihoods of many model inputs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.preprocess import split_tiles

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


def input_scores(
    flow: ConditionalFlow, inputs: Sequence[npt.NDArray[np.float32]], seed: int, draws: int = 1
) -> npt.NDArray[np.float64]:
    """Log p of every label, scale by scale, as the mean over each input's tiles.

    Args:
        flow: in evaluation mode.
        inputs: pixels of each `ModelInput`; one may have more tiles than another.
        seed: of the dequantization noise.
        draws: of that noise, averaged.

    Returns:
        (B, classes, scales) nats per tile.
    """
    tiles = [split_tiles(pixels, flow.config.size) for pixels in inputs]
    counts = np.array([len(t) for t in tiles])
    scores = scale_scores(flow, np.concatenate(tiles), seed, draws)
    sums = np.add.reduceat(scores, np.cumsum(counts) - counts)
    return np.asarray(sums / counts[:, None, None])
