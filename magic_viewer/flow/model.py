"""The conditional flow: exact density and sampling of an image given its class."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from magic_viewer.flow.actnorm import ActNorm
from magic_viewer.flow.affine import ClassAffine, ClassTriangular
from magic_viewer.flow.base import draw_noise, standard_normal_log_prob
from magic_viewer.flow.bijection import Bijection, Chain, Context
from magic_viewer.flow.conditioner import DenseConditioner, Guide, GuidedConditioner
from magic_viewer.flow.config import FlowConfig
from magic_viewer.flow.conv1x1 import InvertibleConv1x1
from magic_viewer.flow.coupling import AffineCoupling
from magic_viewer.flow.masks import make_mask
from magic_viewer.flow.squeeze import haar_join, haar_split

GREY_LEVELS = 256


def _detail_chain(config: FlowConfig, level: int) -> Chain:
    side = config.side(level)
    classes = len(config.labels)
    layers: list[Bijection] = [ClassAffine(classes, 3, side, side)]
    for step, kind in enumerate(config.detail_steps):
        conditioner = GuidedConditioner(
            classes,
            3,
            config.at_level(config.guide_width, level),
            config.at_level(config.width, level),
        )
        mask = make_mask(kind, 3, side, side, step)
        layers += [ActNorm(3), InvertibleConv1x1(3)] if kind != "none" else []
        layers.append(AffineCoupling(mask, conditioner, config.bound))
    return Chain(layers)


def _coarse_chain(config: FlowConfig, side: int) -> Chain:
    classes = len(config.labels)
    layers: list[Bijection] = [ClassTriangular(classes, side, side)]
    for step, kind in enumerate(config.coarse_steps):
        conditioner = DenseConditioner(classes, side**2, config.coarse_width, config.dropout)
        mask = make_mask(kind, 1, side, side, step)
        layers.append(AffineCoupling(mask, conditioner, config.bound))
    return Chain(layers)


class ConditionalFlow(nn.Module):
    """log p(x | label) and samples of it, for images x (B, 1, size, size) in grey levels 0..256.

    x is continuous: 8-bit values with uniform noise in [0, 1) added (`base.dequantize`), so
    that -log2 p / pixels is a valid code length in bits per dimension. The image is split by
    an orthonormal Haar pyramid; each detail band leaves as a latent at its own scale, after a
    chain of couplings that see the coarser band and the label.

    A latent is (B, size²): the coarse band first, then the detail bands, finest last.
    """

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        levels = range(config.levels)
        self.guides = nn.ModuleList(
            Guide(config.side(n), config.at_level(config.guide_width, n), config.dropout)
            for n in levels
        )
        self.details = nn.ModuleList(_detail_chain(config, n) for n in levels)
        self.coarse = _coarse_chain(config, config.side(config.levels - 1))

    @property
    def dimensions(self) -> int:
        """Pixels of an image."""
        return self.config.size**2

    def _guide(self, level: int, coarse: Tensor) -> Tensor:
        """Features of the coarse band below a detail band, its values scaled back to pixels'."""
        guide: Tensor = self.guides[level](coarse / 2 ** (level + 1))
        return guide

    def _detail(self, level: int) -> Chain:
        return cast(Chain, self.details[level])

    def log_prob_maps(self, x: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """One pass: latents and where log p comes from, scale by scale.

        Args:
            x: (B, 1, size, size) in grey levels.
            labels: (B, R), R class indices for each image.

        Returns:
            Latents and maps, finest scale first, coarse band last. Maps are (B, R, H, W) in
            nats over the cells of their scale; all of them sum to log p(x | label).
        """
        repeats = labels.shape[1]
        coarse = x / GREY_LEVELS - 0.5
        latents, maps = [], []
        for level in range(self.config.levels):
            coarse, detail = haar_split(coarse)
            guide = self._guide(level, coarse)
            context = Context(labels.flatten(), repeats, guide)
            z, log_det = self._detail(level).forward_and_log_det(context.per_label(detail), context)
            latents.append(z)
            maps.append(standard_normal_log_prob(z) + log_det)
        context = Context(labels.flatten(), repeats, None)
        z, log_det = self.coarse.forward_and_log_det(context.per_label(coarse), context)
        latents.append(z)
        maps.append(standard_normal_log_prob(z) + log_det)
        batch = len(x)
        per_scale = [
            (m + z.shape[1] * -math.log(GREY_LEVELS)).view(batch, repeats, *m.shape[1:])
            for z, m in zip(latents, maps, strict=True)
        ]
        return latents, per_scale

    def log_prob(self, x: Tensor, labels: Tensor) -> Tensor:
        """Log p(x | label) in nats, (B,), for labels (B,)."""
        _, maps = self.log_prob_maps(x, labels[:, None])
        return total(maps)[:, 0]

    def all_label_log_prob(self, x: Tensor) -> Tensor:
        """Log p(x | label) in nats for every label, (B, classes)."""
        labels = torch.arange(len(self.config.labels), device=x.device).expand(len(x), -1)
        return total(self.log_prob_maps(x, labels)[1])

    def encode(self, x: Tensor, labels: Tensor) -> Tensor:
        """The latent (B, size²) of x under labels (B,)."""
        latents, _ = self.log_prob_maps(x, labels[:, None])
        return torch.cat([z.flatten(1) for z in reversed(latents)], 1)

    def decode(self, z: Tensor, labels: Tensor) -> Tensor:
        """The image (B, 1, size, size) in grey levels of a latent (B, size²)."""
        side = self.config.side(self.config.levels - 1)
        first = side**2
        coarse, _ = self.coarse.inverse_and_log_det(
            z[:, :first].view(-1, 1, side, side), Context(labels)
        )
        for level in reversed(range(self.config.levels)):
            count = 3 * side**2
            latent = z[:, first : first + count].view(-1, 3, side, side)
            context = Context(labels, guide=self._guide(level, coarse))
            detail, _ = self._detail(level).inverse_and_log_det(latent, context)
            coarse = haar_join(coarse, detail)
            first, side = first + count, side * 2
        return (coarse + 0.5) * GREY_LEVELS

    def sample(self, count: int, label: int, temperature: float = 1.0, seed: int = 0) -> Tensor:
        """Draws images (count, 1, size, size) in grey levels; image n has the seed `seed + n`.

        Args:
            count: how many.
            label: class index.
            temperature: sampling temperature, multiplies the latent noise.
            seed: noise is drawn on the CPU, so a seed means the same image on every device.
        """
        device = next(self.parameters()).device
        noise = draw_noise(range(seed, seed + count), self.dimensions).to(device)
        labels = torch.full((count,), label, device=device)
        return self.decode(temperature * noise, labels)

    @torch.no_grad()
    def initialise(self, x: Tensor, labels: Tensor) -> None:
        """Sets every data-dependent layer from images x (B, 1, size, size) and labels (B,)."""
        coarse = x / GREY_LEVELS - 0.5
        for level in range(self.config.levels):
            coarse, detail = haar_split(coarse)
            context = Context(labels, guide=self._guide(level, coarse))
            self._detail(level).initialise(detail, context)
        self.coarse.initialise(coarse, Context(labels))


def total(maps: Sequence[Tensor]) -> Tensor:
    """Sums the maps of all scales, (B, R, H, W) each, to (B, R)."""
    return torch.stack([m.flatten(2).sum(2) for m in maps]).sum(0)
