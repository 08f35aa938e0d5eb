"""Maps (B, size, size) of what speaks for class 1 against class 0: ours and others'."""

from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from magic_viewer.flow.attribution import attribution
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.scoring import DEQUANTIZATION_DRAWS, DEQUANTIZATION_SEED

Maps = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]

CHUNK = 16
INTEGRATION_STEPS = 16
SIGMA = 1.5
"""Pixels, of the smoothing."""


def log_odds(flow: ConditionalFlow, x: Tensor) -> Tensor:
    """Log p(x | 1) - log p(x | 0) in nats, (B,)."""
    scores = flow.all_label_log_prob(x)
    return scores[:, 1] - scores[:, 0]


def contrast_map(flow: ConditionalFlow, x: Tensor) -> Tensor:
    """The flow's own map of the log-odds, in nats per pixel: it sums to them."""
    with torch.no_grad():
        batches = [attribution(maps, flow.config.size) for maps in flow.all_label_maps(x)]
    maps = torch.cat(batches)
    return maps[:, 1] - maps[:, 0]


def _gradient(kind: type, **options: Any) -> Callable[[ConditionalFlow, Tensor], Tensor]:
    """One of captum's methods, on the log-odds of the same flow."""

    def make(flow: ConditionalFlow, x: Tensor) -> Tensor:
        method = kind(lambda image: log_odds(flow, image))
        values: Tensor = method.attribute(x.requires_grad_(), **options)
        return values.detach()[:, 0]

    return make


def edges(flow: ConditionalFlow, x: Tensor) -> Tensor:
    """How steep the image is (Sobel); knows no flow."""
    image = x[:, 0].numpy()
    return torch.from_numpy(np.hypot(ndimage.sobel(image, 1), ndimage.sobel(image, 2)))


def chance(flow: ConditionalFlow, x: Tensor) -> Tensor:
    """Uniform noise."""
    return torch.rand(x[:, 0].shape, generator=torch.Generator().manual_seed(3))


METHODS: dict[str, Callable[[ConditionalFlow, Tensor], Tensor]] = {
    "contrast map": contrast_map,
    "integrated gradients": _gradient(
        captum.attr.IntegratedGradients, baselines=0.0, n_steps=INTEGRATION_STEPS
    ),
    "input × gradient": _gradient(captum.attr.InputXGradient),
    "saliency": _gradient(captum.attr.Saliency),
    "edges": edges,
    "chance": chance,
}
SIGNED = ("integrated gradients", "input × gradient")
"""Methods of others that are compared by their size too."""


def make_maps(method: str, flow: ConditionalFlow, pixels: Pixels) -> Maps:
    """A method's maps, means over the draws of noise that the viewer takes too.

    Args:
        method: one of METHODS.
        flow: of two classes, in evaluation mode.
        pixels: (B, size, size) whole grey levels.
    """
    draws = []
    for draw in range(DEQUANTIZATION_DRAWS):
        parts = _noisy(pixels, draw).split(CHUNK)
        draws.append(torch.cat([METHODS[method](flow, part).double() for part in parts]))
    return torch.stack(draws).mean(0).numpy()


def every_map(flow: ConditionalFlow, pixels: Pixels) -> dict[str, Maps]:
    """All methods' maps, and of the signed ones of others also the sizes, as |method|."""
    maps = {name: make_maps(name, flow, pixels) for name in METHODS}
    return maps | {f"|{name}|": np.abs(maps[name]) for name in SIGNED}


@torch.no_grad()
def score(flow: ConditionalFlow, pixels: Pixels) -> npt.NDArray[np.float64]:
    """Log-odds (B,) of class 1, means over the same draws."""
    draws = [log_odds(flow, _noisy(pixels, draw)) for draw in range(DEQUANTIZATION_DRAWS)]
    return torch.stack(draws).double().mean(0).numpy()


def _noisy(pixels: Pixels, draw: int) -> Tensor:
    generator = torch.Generator().manual_seed(DEQUANTIZATION_SEED + draw)
    return dequantize(torch.from_numpy(pixels)[:, None], generator)


def smoothed(maps: Maps) -> Maps:
    """Each map under a small Gaussian."""
    return np.asarray(ndimage.gaussian_filter(maps, (0, SIGMA, SIGMA)))
