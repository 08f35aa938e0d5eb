"""One way to score a model input, for the engine and for evaluation: the same draws of noise."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.progress import drain

FloatArray = npt.NDArray[np.float64]

DEQUANTIZATION_SEED = 0
DEQUANTIZATION_DRAWS = 8
"""Log-likelihoods and maps are means over this many draws of the dequantization noise."""
REGIONS = 4
"""Regions a side, whose latent energies are compared."""


@dataclass(frozen=True, eq=False)
class InputScore:
    """What the flow says of one model input, under every class.

    Attributes:
        maps: one a scale, (1, classes, H, W) float64 nats over its cells, mean over the draws.
        draws: (draws, classes, scales) nats.
        latents: (classes, statistics) of `latent_statistics`, mean over the draws.
    """

    maps: list[Tensor]
    draws: FloatArray
    latents: FloatArray


def score_input(flow: ConditionalFlow, pixels: npt.NDArray[np.float32]) -> InputScore:
    """Scores one input under every class, all draws together.

    Args:
        flow: in evaluation mode.
        pixels: (size, size) whole grey levels.
    """
    return drain(score_steps(flow, pixels))


@torch.no_grad()
def score_steps(
    flow: ConditionalFlow, pixels: npt.NDArray[np.float32]
) -> Generator[None, None, InputScore]:
    """`score_input`, with a pause after each pass of the flow."""
    device = next(flow.buffers()).device
    still = torch.from_numpy(pixels).expand(DEQUANTIZATION_DRAWS, 1, -1, -1)
    noise = torch.Generator().manual_seed(DEQUANTIZATION_SEED)
    passes = []
    for one in flow.all_label_passes(dequantize(still, noise).to(device)):
        passes.append(one)
        yield
    batches = zip(*(maps for _, maps in passes), strict=True)
    maps = [torch.cat(of_scale).cpu().double() for of_scale in batches]
    latents = torch.cat([latent_statistics([*z[1:], z[0]]) for z, _ in passes]).mean(0)
    return InputScore(
        [m.mean(0, keepdim=True) for m in maps],
        torch.stack([m.sum((2, 3)) for m in maps], 2).numpy(),
        latents.cpu().double().numpy(),
    )


def latent_statistics(latents: Sequence[Tensor]) -> Tensor:
    """How much latents look like standard normal noise.

    Args:
        latents: (B, R, C, H, W) each, finest first.

    Returns:
        (B, R, 2 × latents): the log of each one's mean square, 0 for such noise (its typical
        set: Nalisnick et al. 2019); then the standard deviation of that log over REGIONS²
        regions, which is small for such noise.
    """
    energies, spreads = [], []
    for z in latents:
        regions = F.adaptive_avg_pool2d(z.square().mean(2), REGIONS).clamp_min(1e-6).flatten(2)
        energies.append(regions.mean(2).log())
        spreads.append(regions.log().std(2, unbiased=False))
    return torch.stack([*energies, *spreads], 2)


def scale_bits(log_likelihoods: FloatArray, dimensions: int) -> FloatArray:
    """Nats (..., scales) to bits per dimension of the whole image."""
    return np.asarray(-log_likelihoods / (dimensions * np.log(2)))
