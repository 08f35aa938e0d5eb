"""Small flows with parameters away from their start."""

import pytest
import torch

from magic_viewer.flow.config import FlowConfig
from magic_viewer.flow.model import ConditionalFlow


def make_flow(size: int = 32, levels: int = 1, seed: int = 0) -> ConditionalFlow:
    """A flow of three classes, initialised on noise, with random parameters."""
    torch.manual_seed(seed)
    config = FlowConfig(
        ("a", "b", "c"), size, levels, width=16, guide_width=8, coarse_width=16, dropout=0.0
    )
    flow = ConditionalFlow(config)
    x = 256 * torch.rand(12, 1, size, size)
    flow.initialise(x, torch.arange(12) % 3)
    for parameter in flow.parameters():
        parameter.data += 0.01 * torch.randn_like(parameter)
    return flow.eval()


@pytest.fixture
def flow() -> ConditionalFlow:
    """32×32, one level."""
    return make_flow()


@pytest.fixture
def images() -> torch.Tensor:
    """(4, 1, 32, 32) in grey levels."""
    return 256 * torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(5))
