"""What stands between 8-bit grey levels and the flow, each a bijection with its own log-det."""

import math

import torch
from torch import Tensor

from magic_viewer.flow.bijection import Bijection, Context


def dequantize(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Adds uniform noise in [0, 1) to 8-bit grey levels, drawn on the CPU.

    The density of the sum, averaged over the noise, bounds the probability of the 8-bit image
    from below (Theis et al. 2016).
    """
    noise = torch.rand(pixels.shape, generator=generator, dtype=pixels.dtype)
    return pixels + noise.to(pixels.device)


class Dequantization(Bijection):
    """`dequantize` as a layer: whole grey levels to continuous ones and back; log-det 0.

    Args:
        generator: of the noise, on the CPU.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Adds noise."""
        return dequantize(x, self.generator), x.new_zeros(len(x), *x.shape[2:])

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Rounds down."""
        return z.floor(), z.new_zeros(len(z), *z.shape[2:])


class Scaling(Bijection):
    """`z = scale * x + offset`, constant.

    Args:
        scale: above 0.
        offset: added after.
    """

    def __init__(self, scale: float, offset: float) -> None:
        super().__init__()
        self.scale = scale
        self.offset = offset

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Scales and shifts."""
        log_det = x.new_full((len(x), *x.shape[2:]), x.shape[1] * math.log(self.scale))
        return x * self.scale + self.offset, log_det

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes it."""
        log_det = z.new_full((len(z), *z.shape[2:]), -z.shape[1] * math.log(self.scale))
        return (z - self.offset) / self.scale, log_det


class Logit(Bijection):
    """`z = logit(margin + (1 - 2 margin) x)` for x in 0..1 (Dinh et al. 2017).

    Args:
        margin: keeps 0 and 1 away from infinity; above 0, below 0.5.
    """

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Stretches the ends of the range."""
        p = self.margin + (1 - 2 * self.margin) * x
        log_det = math.log(1 - 2 * self.margin) - p.log() - torch.log1p(-p)
        return p.log() - torch.log1p(-p), log_det.sum(1)

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Undoes it."""
        p = torch.sigmoid(z)
        x = (p - self.margin) / (1 - 2 * self.margin)
        log_det = p.log() + torch.log1p(-p) - math.log(1 - 2 * self.margin)
        return x, log_det.sum(1)
