"""The published MAGIC-Flow, evaluated as it was published: what the flow is timed against.

It reads published-style weights (`model_state_dict`) by name. What makes it slow is kept on
purpose: each label is a pass of its own, the same network runs twice a step, masks, weight norm,
embeddings and determinants are computed in every call, in torch's default memory format.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TypedDict, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.published_networks import (
    ClassificationNetwork,
    CouplingNetwork,
    GenerationNetwork,
)


class PublishedConfig(TypedDict):
    """The configuration beside a published-style checkpoint, as its JSON file has it.

    Attributes:
        variant: "cls" or "gen".
        num_classes: K.
        input_shape: C, H, W.
        num_coupling_layers: steps, counted from 0.
        squeeze_layers: steps that begin with a squeeze.
        split_layers: steps after which half of the channels leaves.
        layer_filters: three widths a step.
        mask_types: one a step.
    """

    variant: str
    num_classes: int
    input_shape: Sequence[int]
    num_coupling_layers: int
    squeeze_layers: Sequence[int]
    split_layers: Sequence[int]
    layer_filters: Sequence[Sequence[int]]
    mask_types: Sequence[str]


def published_config(variant: str, classes: int) -> PublishedConfig:
    """The published model: 24 steps on a 1×184×184 slice."""
    filters = (
        2 * [[16, 16, 32]]
        + 4 * [[16, 32, 32]]
        + 4 * [[16, 32, 64]]
        + 1 * [[16, 64, 64]]
        + 3 * [[32, 64, 64]]
        + 3 * [[32, 64, 128]]
        + 3 * [[64, 64, 128]]
        + 2 * [[64, 128, 128]]
        + 2 * [[128, 256, 256]]
    )
    masks = ["custom"] + 4 * ["checkerboard"]
    masks += 2 * (3 * ["channel"] + 3 * ["checkerboard"]) + 3 * ["channel"] + 4 * ["checkerboard"]
    return PublishedConfig(
        variant=variant,
        num_classes=classes,
        input_shape=[1, 184, 184],
        num_coupling_layers=24,
        squeeze_layers=[5, 11, 17],
        split_layers=[7, 13, 19],
        layer_filters=filters,
        mask_types=masks,
    )


def squeeze(x: Tensor) -> Tensor:
    """(B, C, H, W) to (B, 4C, H/2, W/2)."""
    b, c, h, w = x.shape
    x = x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(b, 4 * c, h // 2, w // 2)


def unsqueeze(x: Tensor) -> Tensor:
    """Undoes squeeze."""
    b, c, h, w = x.shape
    x = x.view(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(b, c // 4, 2 * h, 2 * w)


def make_mask(kind: str, step: int, shape: Sequence[int], custom: Tensor | None) -> Tensor:
    """A mask (1, C, H, W): 1 is passed to the network, 0 is transformed by the first pass.

    Args:
        kind: as in PublishedConfig.mask_types.
        step: inverts every second mask.
        shape: C, H, W.
        custom: (H, W), for the kind "custom".

    Raises:
        ValueError: for an unknown kind, or "custom" without a mask.
    """
    channels, height, width = shape
    index = torch.arange(channels).view(-1, 1, 1)
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width)
    if kind == "custom":
        if custom is None:
            raise ValueError(f"step {step} needs the custom mask, and none was given")
        mask = custom.expand(channels, height, width)
        return (1 - mask if step % 2 else mask)[None].float()
    if kind == "channel":
        halves = (index < channels // 2) == (step % 2 == 0)
        return halves.expand(channels, height, width)[None].float()
    patterns = {
        "checkerboard": rows + columns,
        "vertical_stripe": columns,
        "horizontal_stripe": rows,
    }
    if kind not in patterns:
        raise ValueError(
            f"unknown mask {kind!r}; expected custom, channel or {', '.join(patterns)}"
        )
    return ((patterns[kind] + step + index) % 2).expand(channels, height, width)[None].float()


class PublishedActNorm(nn.Module):
    """scale * x + bias by channel, set from the first batch in training, as published.

    That start, bias = -mean and scale = 1 / std, does not centre the output.
    """

    initialized: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("initialized", torch.tensor(False))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The output, and the log-determinant, one number."""
        if self.training and not self.initialized:
            with torch.no_grad():
                self.bias.copy_(-x.mean((0, 2, 3), keepdim=True))
                self.scale.copy_(1 / (x.std((0, 2, 3), keepdim=True) + 1e-6))
                self.initialized.fill_(True)
        log_det = x.shape[2] * x.shape[3] * self.scale.abs().log().sum()
        return self.scale * x + self.bias, log_det

    def inverse(self, z: Tensor) -> Tensor:
        """Undoes forward."""
        return (z - self.bias) / self.scale


class PublishedConv1x1(nn.Module):
    """A free matrix over the channels; its determinant and inverse are found in each call."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linalg.qr(torch.randn(channels, channels))[0])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The output, and the log-determinant, one number."""
        log_det = x.shape[2] * x.shape[3] * torch.linalg.slogdet(self.weight)[1]
        return F.conv2d(x, self.weight[..., None, None]), log_det

    def inverse(self, z: Tensor) -> Tensor:
        """Undoes forward."""
        return F.conv2d(z, torch.linalg.inv(self.weight)[..., None, None])


class PublishedFlow(nn.Module):
    """The published flow, from images (B, C, H, W) to latents (B, C·H·W) and back.

    Labels are one-hot vectors (B, K). Call `eval()` before anything but `training_step`.

    Args:
        config: the architecture.
        custom_mask: (H, W) of zeros and ones, for the mask type "custom".
    """

    def __init__(self, config: PublishedConfig, custom_mask: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        self.custom_mask = custom_mask
        self.classes = config["num_classes"]
        shapes = self.step_shapes()
        networks = [
            self._network(*args) for args in zip(shapes, config["layer_filters"], strict=True)
        ]
        self.coupling_layers = nn.ModuleList(networks)
        self.inv_convs = nn.ModuleList(PublishedConv1x1(shape[0]) for shape in shapes)
        self.actnorms = nn.ModuleList(PublishedActNorm(shape[0]) for shape in shapes)

    def step_shapes(self) -> list[tuple[int, int, int]]:
        """C, H, W that each step's coupling works on."""
        channels, height, width = self.config["input_shape"]
        shapes = []
        for step in range(self.config["num_coupling_layers"]):
            if step in self.config["squeeze_layers"]:
                channels, height, width = 4 * channels, height // 2, width // 2
            shapes.append((channels, height, width))
            if step in self.config["split_layers"]:
                channels //= 2
        return shapes

    def _network(self, shape: tuple[int, int, int], widths: Sequence[int]) -> CouplingNetwork:
        if self.config["variant"] == "gen":
            return GenerationNetwork(shape[0], self.classes, widths)
        if self.config["variant"] == "cls":
            return ClassificationNetwork(shape, self.classes, widths)
        raise ValueError(f"unknown variant {self.config['variant']!r}; expected cls or gen")

    def _masks(self, step: int, x: Tensor) -> tuple[Tensor, Tensor]:
        kind = self.config["mask_types"][step]
        mask = make_mask(kind, step, x.shape[1:], self.custom_mask).to(x)
        return mask, 1 - mask

    def _couple(self, step: int, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Both passes of a step: the output, and their log-scales (B, C, H, W)."""
        total = torch.zeros_like(x)
        for mask in self._masks(step, x):
            log_scale, shift = self.coupling_layers[step](x * mask, y)
            log_scale = log_scale * (1 - mask)
            x = x * mask + (1 - mask) * (x * log_scale.exp() + shift)
            total = total + log_scale
        return x, total

    def _uncouple(self, step: int, z: Tensor, y: Tensor) -> Tensor:
        for mask in reversed(self._masks(step, z)):
            log_scale, shift = self.coupling_layers[step](z * mask, y)
            z = z * mask + (1 - mask) * ((z - shift) * (-log_scale).exp())
        return z

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Data to latent.

        Args:
            x: (B, C, H, W).
            y: (B, K), one-hot.

        Returns:
            z (B, C·H·W), the last step's output before what left by splits, and log |dz/dx| (B,).
        """
        log_det = x.new_zeros(len(x))
        parts = []
        for step in range(len(self.coupling_layers)):
            if step in self.config["squeeze_layers"]:
                x = squeeze(x)
            x, norm_term = self.actnorms[step](x)
            x, conv_term = self.inv_convs[step](x)
            x, log_scale = self._couple(step, x, y)
            log_det = log_det + norm_term + conv_term + log_scale.sum((1, 2, 3))
            if step in self.config["split_layers"]:
                x, part = x.chunk(2, 1)
                parts.append(part.flatten(1))
        return torch.cat([x.flatten(1), *parts], 1), log_det

    @torch.no_grad()
    def inverse(self, z: Tensor, y: Tensor) -> Tensor:
        """Latent (B, C·H·W) to data (B, C, H, W), for one-hot labels y (B, K)."""
        shapes = self.step_shapes()
        splits = sorted(self.config["split_layers"])
        sizes = [math.prod(shapes[step]) // 2 for step in splits]
        first, *parts = torch.split(z, [z.shape[1] - sum(sizes), *sizes], 1)
        x = first.reshape(len(z), -1, *shapes[-1][1:])
        for step in reversed(range(len(shapes))):
            if step in splits:
                x = torch.cat((x, parts.pop().view_as(x)), 1)
            x = self._uncouple(step, x, y)
            x = cast(PublishedConv1x1, self.inv_convs[step]).inverse(x)
            x = cast(PublishedActNorm, self.actnorms[step]).inverse(x)
            if step in self.config["squeeze_layers"]:
                x = unsqueeze(x)
        return x

    @torch.no_grad()
    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """Log p(x | y) in nats, (B,), for one-hot labels y (B, K)."""
        z, log_det = self(x, y)
        total: Tensor = base_log_prob(z) + log_det
        return total

    def all_label_log_prob(self, x: Tensor) -> Tensor:
        """Log p(x | label) for every label, (B, K): one pass a label."""
        labels = torch.eye(self.classes, dtype=x.dtype, device=x.device)
        return torch.stack([self.log_prob(x, label.expand(len(x), -1)) for label in labels], 1)

    @torch.no_grad()
    def log_det_maps(self, x: Tensor, y: Tensor) -> Tensor:
        """The published attribution: log-scales of the couplings on a walk of their own.

        The walk skips ActNorm and the 1×1 convolutions, so these are not the log-scales of the
        pass that is scored, and don't sum to its log-determinant.

        Args:
            x: (B, C, H, W).
            y: (B, K), one-hot.

        Returns:
            (B, steps, H, W), each step's sum over channels, spread evenly over the pixels of its
            cells.
        """
        size = x.shape[2:]
        maps = []
        for step in range(len(self.coupling_layers)):
            if step in self.config["squeeze_layers"]:
                x = squeeze(x)
            x, log_scale = self._couple(step, x, y)
            area = size[0] * size[1] / (x.shape[2] * x.shape[3])
            maps.append(F.interpolate(log_scale.sum(1, keepdim=True) / area, size, mode="nearest"))
            if step in self.config["split_layers"]:
                x = x.chunk(2, 1)[0]
        return torch.cat(maps, 1)

    def training_step(self, x: Tensor, y: Tensor, optimizer: torch.optim.Optimizer) -> float:
        """One step of maximum likelihood, the gradient's norm clipped to 1; gives the loss."""
        self.train()
        optimizer.zero_grad()
        z, log_det = self(x, y)
        loss = -(base_log_prob(z).mean() + log_det.mean())
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())


def base_log_prob(z: Tensor) -> Tensor:
    """Log N(z; 0, I) of (B, D), (B,)."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)


@lru_cache(maxsize=1)
def dense_base(dimensions: int) -> torch.distributions.MultivariateNormal:
    """The published base: N(0, I) with a dense covariance, and its Cholesky factor.

    At the published 33,856 dimensions one such matrix is 4.6 GB in float32, and building needs
    several; the result stays in memory until `dense_base.cache_clear()`.
    """
    return torch.distributions.MultivariateNormal(torch.zeros(dimensions), torch.eye(dimensions))


@torch.no_grad()
def dense_base_log_prob(z: Tensor) -> Tensor:
    """base_log_prob as published, by the dense covariance; builds it at the first call."""
    base = dense_base(z.shape[1])
    log_prob: Tensor = base.log_prob(z)  # type: ignore[no-untyped-call]
    return log_prob
