"""The parts of a flow, in order, from its configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from magic_viewer.flow.actnorm import ActNorm
from magic_viewer.flow.affine import ClassAffine, ClassTriangular
from magic_viewer.flow.bijection import Bijection, Chain, ForAllClasses
from magic_viewer.flow.conditioner import (
    Conditioner,
    DenseConditioner,
    Guide,
    GuidedConditioner,
    PriorConditioner,
)
from magic_viewer.flow.config import CompactConfig, FlowConfig, PublishedConfig
from magic_viewer.flow.conv1x1 import FreeConv1x1, InvertibleConv1x1
from magic_viewer.flow.coupling import AffineCoupling
from magic_viewer.flow.masks import make_mask
from magic_viewer.flow.published import ClassificationNetwork, GenerationNetwork
from magic_viewer.flow.split import Split
from magic_viewer.flow.squeeze import HaarSqueeze, ReshapeSqueeze, Squeeze

Part = Bijection | Squeeze | Split


@dataclass(frozen=True)
class Plan:
    """What a flow is built from.

    Attributes:
        parts: in order, from the image on.
        latents: (C, H, W) of each latent: the final tensor first, then what left at each split.
    """

    parts: list[nn.Module]
    latents: list[tuple[int, int, int]]


def plan(config: FlowConfig, custom_mask: Tensor | None = None) -> Plan:
    """Builds the parts of a flow.

    Args:
        config: of any kind.
        custom_mask: (size, size) ones and zeros, for steps with that mask; without it a disc.

    Raises:
        ValueError: for a configuration that doesn't fit together.
    """
    if isinstance(config, CompactConfig):
        return _compact(config)
    if isinstance(config, PublishedConfig):
        return _published(config, disc(config.size) if custom_mask is None else custom_mask)
    raise ValueError(f"no flow is known for a {type(config).__name__}")


def disc(size: int) -> Tensor:
    """A mask (size, size) with ones in a centred disc, for want of an anatomical one."""
    axis = torch.linspace(-1, 1, size)
    return (axis[:, None] ** 2 + axis**2 < 0.64).float()


def _compact(config: CompactConfig) -> Plan:
    parts: list[nn.Module] = []
    latents: list[tuple[int, int, int]] = []
    for level in range(config.levels):
        side = config.side(level)
        guide_width = config.at_level(config.guide_width, level)
        guide = Guide(side, guide_width, config.dropout, gain=2.0 ** -(level + 1))
        parts += [HaarSqueeze(), Split(1, _detail_chain(config, level), guide)]
        latents.append((3, side, side))
    side = config.side(config.levels - 1)
    parts.append(_coarse_chain(config, side))
    return Plan(parts, [(1, side, side), *latents])


def _detail_chain(config: CompactConfig, level: int) -> Chain:
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


def _coarse_chain(config: CompactConfig, side: int) -> Bijection:
    classes = 1 if config.shared_coarse else len(config.labels)
    layers: list[Bijection] = [ClassTriangular(classes, side, side)]
    for step, kind in enumerate(config.coarse_steps):
        conditioner = DenseConditioner(classes, side**2, config.coarse_width, config.dropout)
        mask = make_mask(kind, 1, side, side, step)
        layers.append(AffineCoupling(mask, conditioner, config.bound))
    return ForAllClasses(Chain(layers)) if config.shared_coarse else Chain(layers)


def _published(config: PublishedConfig, custom_mask: Tensor) -> Plan:
    if len(config.masks) != len(config.widths):
        raise ValueError(
            f"{len(config.masks)} masks and {len(config.widths)} widths; expected as many"
        )
    parts: list[nn.Module] = []
    latents: list[tuple[int, int, int]] = []
    channels, side = 1, config.size
    for step in range(len(config.masks)):
        if step in config.squeezes:
            if side % 2:
                raise ValueError(
                    f"step {step} squeezes {side} cells a side; expected an even number"
                )
            parts.append(ReshapeSqueeze())
            channels, side = 4 * channels, side // 2
        parts.append(_published_step(config, step, channels, side, custom_mask))
        if step in config.splits:
            keep = channels // 2
            parts.append(Split(keep, _prior(config, keep, channels - keep, side)))
            latents.append((channels - keep, side, side))
            channels = keep
    if config.prior != "normal":
        parts.append(ClassAffine(len(config.labels), channels, side, side))
    return Plan(parts, [(channels, side, side), *latents])


def _published_step(
    config: PublishedConfig, step: int, channels: int, side: int, custom_mask: Tensor
) -> Chain:
    classes, widths, kind = len(config.labels), config.widths[step], config.masks[step]
    network: Conditioner
    if config.network == "generation":
        network = GenerationNetwork(classes, channels, widths, config.residual_blocks)
    else:
        shape = (channels, side, side)
        network = ClassificationNetwork(
            classes, shape, widths, config.residual_blocks, config.dropout
        )
    mask = make_mask(kind, channels, side, side, step, custom_mask, config.block)
    mixing = FreeConv1x1(channels) if config.free_mixing else InvertibleConv1x1(channels)
    coupling = AffineCoupling(mask, network, bound=0.5, both=True, keep_mask=kind == "custom")
    return Chain([ActNorm(channels), mixing, coupling])


def _prior(config: PublishedConfig, kept: int, leaving: int, side: int) -> Bijection | None:
    classes = len(config.labels)
    if config.prior == "normal":
        return None
    affine = ClassAffine(classes, leaving, side, side)
    if config.prior == "class":
        return affine
    mask = make_mask("none", leaving, side, side, 0)
    return Chain([affine, AffineCoupling(mask, PriorConditioner(classes, kept, leaving), 1.5)])


def state_names(config: PublishedConfig) -> Sequence[str]:
    """Prefix of each step's layers in the flow's state, in order."""
    names, index = [], 0
    for step in range(len(config.masks)):
        index += step in config.squeezes
        names.append(f"parts.{index}.layers")
        index += 1 + (step in config.splits)
    return names
