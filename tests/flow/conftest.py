"""Small flows with parameters away from their start."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from magic_viewer.flow.config import CompactConfig, PublishedConfig
from magic_viewer.flow.model import ConditionalFlow


def make_flow(size: int = 32, levels: int = 1, seed: int = 0, **changes: Any) -> ConditionalFlow:
    """A flow of three classes, initialised on noise, with random parameters."""
    torch.manual_seed(seed)
    config = CompactConfig(
        ("a", "b", "c"), size, levels=levels, width=16, guide_width=8, coarse_width=16, dropout=0.0
    )
    return randomised(ConditionalFlow(replace(config, **changes)))


def make_published(**changes: Any) -> ConditionalFlow:
    """A published flow of three classes at 16×16 with every kind of mask."""
    torch.manual_seed(0)
    masks = ("custom", "block", "checkerboard", "channel", "channel", "vertical", "horizontal")
    config = PublishedConfig(
        ("a", "b", "c"), 16, masks=masks, squeezes=(2, 4), splits=(3, 5), widths=((16, 16, 16),) * 7
    )
    return randomised(ConditionalFlow(replace(config, **changes)))


def randomised(flow: ConditionalFlow) -> ConditionalFlow:
    """Initialised on noise, with parameters away from their start."""
    size = flow.config.size
    x = 256 * torch.rand(12, 1, size, size)
    flow.eval().initialise(x, torch.arange(12) % 3)
    for parameter in flow.parameters():
        parameter.data += 0.01 * torch.randn_like(parameter)
    return flow


KINDS: dict[str, Callable[[], ConditionalFlow]] = {
    "compact, one level": make_flow,
    "compact, two levels": lambda: make_flow(64, 2),
    "compact, shared coarse band": lambda: make_flow(64, 2, shared_coarse=True),
    "generation": make_published,
    "generation, three blocks": lambda: make_published(residual_blocks=3),
    "classification": lambda: make_published(network="classification"),
    "free mixing": lambda: make_published(free_mixing=True),
    "class prior": lambda: make_published(prior="class"),
    "conditional prior": lambda: make_published(prior="conditional"),
    "logit": lambda: make_published(scale=1 / 256, offset=0.0, logit=0.05),
}
"""Small flows of every configuration."""


@pytest.fixture(params=KINDS)
def any_flow(request: pytest.FixtureRequest) -> ConditionalFlow:
    """Each of KINDS."""
    return KINDS[request.param]()


def noise_images(flow: ConditionalFlow, count: int, seed: int = 2) -> torch.Tensor:
    """(count, 1, size, size) in grey levels."""
    size = flow.config.size
    return 256 * torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def flow() -> ConditionalFlow:
    """32×32, one level."""
    return make_flow()


@pytest.fixture
def images() -> torch.Tensor:
    """(4, 1, 32, 32) in grey levels."""
    return 256 * torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(5))
