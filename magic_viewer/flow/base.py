"""The base distribution."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """Log N(z; 0, 1) of (B, C, H, W), summed over channels: a map (B, H, W)."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)


def draw_noise(seeds: Iterable[int], dimensions: int) -> Tensor:
    """Standard normal noise (len(seeds), dimensions), each row from its own seed, on the CPU."""
    rows = [
        torch.randn(dimensions, generator=torch.Generator().manual_seed(seed)) for seed in seeds
    ]
    return torch.stack(rows)
