"""The conditional flow: exact density and sampling of an image given its class."""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from magic_viewer.flow.base import draw_noise, standard_normal_log_prob
from magic_viewer.flow.bijection import Bijection, Context
from magic_viewer.flow.build import Part, plan
from magic_viewer.flow.config import CompactConfig, FlowConfig
from magic_viewer.flow.dequantization import Logit, Scaling
from magic_viewer.flow.split import Split
from magic_viewer.flow.squeeze import Squeeze

COMPACT_PIXELS, PUBLISHED_PIXELS = 2**20, 2**18
"""Pixels times labels that one pass takes at most, by kind of flow: it bounds the memory."""


class ConditionalFlow(nn.Module):
    """log p(x | label) and samples of it, for images x (B, 1, size, size).

    With the default scaling of its configuration, x is in grey levels 0..256 and continuous:
    8-bit values with uniform noise in [0, 1) added (`dequantization.dequantize`), so that
    -log2 p / pixels is a valid code length in bits per dimension.

    A latent is (B, size²): the final tensor first, then what left at each split, in order.

    Args:
        config: what the flow is made of.
        custom_mask: (size, size) ones and zeros, for steps with such a mask.

    Attributes:
        autocast: lower precision of the couplings' networks, or None. Scales, shifts,
            log-determinants and the base density stay in x's precision.
        part: one pass takes at most one of so many parts of what it would; more where memory
            is short.
    """

    def __init__(self, config: FlowConfig, custom_mask: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        self.scaling = Scaling(config.scale, config.offset)
        self.logit = Logit(config.logit) if config.logit else None
        made = plan(config, custom_mask)
        self.parts = nn.ModuleList(made.parts)
        self.latent_shapes = made.latents
        self.autocast: torch.dtype | None = None
        self.part = 1

    @property
    def dimensions(self) -> int:
        """Pixels of an image."""
        return self.config.size**2

    @property
    def _pixels_at_once(self) -> int:
        is_compact = isinstance(self.config, CompactConfig)
        return (COMPACT_PIXELS if is_compact else PUBLISHED_PIXELS) // self.part

    @property
    def takes_least(self) -> bool:
        """Whether one pass takes no more than one image under one label."""
        return self._pixels_at_once <= self.dimensions

    def _parts(self) -> list[Part]:
        return cast(list[Part], list(self.parts))

    def _context(self, labels: Tensor) -> Context:
        return Context(labels.flatten(), labels.shape[1], autocast=self.autocast)

    def log_prob_maps(self, x: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """One pass: latents and where log p comes from, scale by scale.

        Args:
            x: (B, 1, size, size).
            labels: (B, R), R class indices for each image.

        Returns:
            Latents (B·R, C, H, W), in their order; and maps (B, R, H, W) in nats over the cells
            of their scale, finest first: a map ends where the grid changes and where channels
            leave. All maps sum to log p(x | label).
        """
        context = self._context(labels)
        constant = math.log(self.config.scale)
        h, _ = self.scaling.forward_and_log_det(x, context)
        latents: list[Tensor] = []
        maps: list[Tensor] = []
        pending: list[Tensor] = []

        def finish() -> None:
            if pending:
                total = torch.stack([context.per_label(m) for m in pending]).sum(0)
                maps.append(total.view(*labels.shape, *total.shape[1:]))
                pending.clear()

        def leave(z: Tensor) -> None:
            latents.append(z)
            pending.append(standard_normal_log_prob(z) + z.shape[1] * constant)

        if self.logit is not None:
            h, log_det = self.logit.forward_and_log_det(h, context)
            pending.append(log_det)
        with parametrize.cached():
            for part in self._parts():
                if isinstance(part, Squeeze):
                    finish()
                    h = part(h)
                elif isinstance(part, Split):
                    h, z, log_det = part.split(h, context)
                    pending.append(log_det)
                    leave(context.per_label(z))
                    finish()
                else:
                    h, log_det = part.forward_and_log_det(h, context)
                    pending.append(log_det)
        leave(context.per_label(h))
        finish()
        return [latents[-1], *latents[:-1]], maps

    def log_prob(self, x: Tensor, labels: Tensor) -> Tensor:
        """Log p(x | label) in nats, (B,), for labels (B,)."""
        return total(self.log_prob_maps(x, labels[:, None])[1])[:, 0]

    def all_label_log_prob(self, x: Tensor) -> Tensor:
        """Log p(x | label) in nats for every label, (B, classes)."""
        return torch.cat([total(maps) for maps in self.all_label_maps(x)])

    def all_label_maps(self, x: Tensor) -> Iterator[list[Tensor]]:
        """Maps of `log_prob_maps` for every label, in batches that bound the memory.

        Args:
            x: (B, 1, size, size).

        Yields:
            Maps (b, classes, H, W) of the next b images.
        """
        for _, maps in self.all_label_passes(x):
            yield maps

    def all_label_passes(self, x: Tensor) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
        """`log_prob_maps` for every label, in batches that bound the memory.

        Args:
            x: (B, 1, size, size).

        Yields:
            Latents (b, classes, C, H, W) and maps (b, classes, H, W) of the next b images.
        """
        classes = len(self.config.labels)
        every = torch.arange(classes, device=x.device)
        at_once = self._pixels_at_once // self.dimensions
        images, labels = max(1, at_once // classes), max(1, at_once)
        for some in torch.split(x, images):
            latents, maps = zip(
                *(
                    self.log_prob_maps(some, few.expand(len(some), -1))
                    for few in torch.split(every, labels)
                ),
                strict=True,
            )
            yield (
                [
                    torch.cat([z.unflatten(0, (len(some), -1)) for z in parts], 1)
                    for parts in zip(*latents, strict=True)
                ],
                [torch.cat(parts, 1) for parts in zip(*maps, strict=True)],
            )

    def encode(self, x: Tensor, labels: Tensor) -> Tensor:
        """The latent (B, size²) of x under labels (B,)."""
        latents, _ = self.log_prob_maps(x, labels[:, None])
        return torch.cat([z.flatten(1) for z in latents], 1)

    def decode(self, z: Tensor, labels: Tensor) -> Tensor:
        """The image (B, 1, size, size) of a latent (B, size²) under labels (B,)."""
        context = self._context(labels[:, None])
        sizes = [math.prod(shape) for shape in self.latent_shapes]
        latents = [
            part.view(-1, *shape)
            for part, shape in zip(torch.split(z, sizes, 1), self.latent_shapes, strict=True)
        ]
        h, leaving = latents[0], latents[1:]
        for part in reversed(self._parts()):
            if isinstance(part, Squeeze):
                h = part.inverse(h)
            elif isinstance(part, Split):
                h = part.join(h, leaving.pop(), context)
            else:
                h, _ = part.inverse_and_log_det(h, context)
        if self.logit is not None:
            h, _ = self.logit.inverse_and_log_det(h, context)
        return self.scaling.inverse_and_log_det(h, context)[0]

    def translate(self, x: Tensor, from_labels: Tensor, to_labels: Tensor) -> Tensor:
        """What x (B, 1, size, size) would be under other labels (B,), with the same latent."""
        return self.decode(self.encode(x, from_labels), to_labels)

    def sample(self, count: int, label: int, temperature: float = 1.0, seed: int = 0) -> Tensor:
        """Draws images (count, 1, size, size); image n has the seed `seed + n`.

        Args:
            count: how many.
            label: class index.
            temperature: sampling temperature, multiplies the latent noise.
            seed: noise is drawn on the CPU, so a seed means the same noise on every device.
        """
        device = next(self.buffers()).device
        noise = draw_noise(range(seed, seed + count), self.dimensions).to(device)
        parts = torch.split(temperature * noise, max(1, self._pixels_at_once // self.dimensions))
        return torch.cat(
            [self.decode(z, torch.full((len(z),), label, device=device)) for z in parts]
        )

    @torch.no_grad()
    def initialise(self, x: Tensor, labels: Tensor) -> None:
        """Sets every data-dependent layer from images x (B, 1, size, size) and labels (B,)."""
        context = self._context(labels[:, None])
        h, _ = self.scaling.forward_and_log_det(x, context)
        if self.logit is not None:
            h, _ = self.logit.forward_and_log_det(h, context)
        for part in self._parts():
            h = part(h) if isinstance(part, Squeeze) else part.initialise(h, context)

    @torch.no_grad()
    def unplaced_log_det(self) -> float:
        """The part of every log p(x | label) that has no place and is spread evenly, in nats.

        It is that of the scaling, the ActNorms and the 1×1 convolutions: the same for every
        image and label.
        """
        nats = self.dimensions * math.log(self.config.scale)
        side = self.config.size
        for part in self._parts():
            if isinstance(part, Squeeze):
                side //= 2
            else:
                inner = part.prior if isinstance(part, Split) else part
                nats += side**2 * inner.unplaced_log_det().item()
        return nats

    def fold(self) -> "ConditionalFlow":
        """Works out all that is constant, in place, for inference alone; gives itself.

        Weight norms, ActNorms and batch norms go into convolutions, label codes into tables.
        Numbers change by rounding alone. The flow can't be trained or saved any more.
        """
        dtype = next(self.parameters()).dtype
        for index, part in enumerate(self._parts()):
            if isinstance(part, Split):
                part.fold()
            elif isinstance(part, Bijection):
                self.parts[index] = part.folded()
        self.requires_grad_(False)
        return self.to(dtype).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload,no-any-return]


def total(maps: Sequence[Tensor]) -> Tensor:
    """Sums the maps of all scales, (B, R, H, W) each, to (B, R)."""
    return torch.stack([m.flatten(2).sum(2) for m in maps]).sum(0)
