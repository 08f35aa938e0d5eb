"""The coupling networks of Caldera et al. 2025 (arXiv 2510.22070), generation and classification.

Parameters have the names of published checkpoints. The label's way in doesn't depend on the
image: codes of all classes are worked out once a call, and folded to tables for inference.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from magic_viewer.flow.bijection import Context
from magic_viewer.flow.conditioner import Conditioner
from magic_viewer.flow.published_layers import (
    LABEL_CODE,
    Attention,
    CodedFiLM,
    CodedResidualBlock,
    GlobalContext,
    GlobalFusion,
    LabelCode,
    PyramidPooling,
    ResidualLabelCode,
    norm,
    repeated_blocks,
    weight_norm,
    zero_linear,
    zeros,
)

SCALE = 0.5


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


class PublishedNetwork(Conditioner):
    """What both networks share: three stages of convolution, norm, FiLM and attention."""

    label_embedding: nn.Module | None

    def _codes(self) -> Tensor | None:
        """Codes of all labels; None where they are folded into tables."""
        return None if self.label_embedding is None else self.label_embedding()

    @torch.no_grad()
    def folded(self, masks: Sequence[Tensor]) -> Conditioner:
        """Weight norms and batch norms go into the convolutions, label codes into tables."""
        codes = self._codes()
        if codes is None:
            return self
        for module in list(self.modules()):
            if parametrize.is_parametrized(module):
                parametrize.remove_parametrizations(module, "weight")
            for name, child in module.named_children():
                if isinstance(child, CodedFiLM):
                    setattr(module, name, child.folded(codes))
            if isinstance(module, CodedResidualBlock):
                _fold_batch_norm(module, "conv1", "bn1")
                _fold_batch_norm(module, "conv2", "bn2")
        self.label_embedding = None
        return self.eval()


def _fold_batch_norm(block: nn.Module, conv_name: str, norm_name: str) -> None:
    conv, norm = getattr(block, conv_name), getattr(block, norm_name)
    if isinstance(norm, nn.BatchNorm2d):
        setattr(block, conv_name, torch.nn.utils.fuse_conv_bn_eval(conv.eval(), norm.eval()))
        setattr(block, norm_name, nn.Identity())


class GenerationNetwork(PublishedNetwork):
    """The published generation network: at full resolution, with pyramid pooling.

    Args:
        classes: K.
        channels: C of the flow's tensor.
        widths: channels of the three stages.
        residual_blocks: at the second and third stage.
    """

    def __init__(
        self, classes: int, channels: int, widths: Sequence[int], residual_blocks: int = 1
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.label_embedding = LabelCode(classes)
        self.conv1 = weight_norm(nn.Conv2d(channels, first, 5, padding=2))
        self.bn1 = norm(first)
        self.film1: nn.Module = CodedFiLM(first)
        self.cbam1 = Attention(first)
        self.global1 = GlobalFusion(first)
        self.aspp_early = PyramidPooling(first)
        self.conv2 = weight_norm(nn.Conv2d(first, second, 3, padding=1))
        self.bn2 = norm(second)
        self.film2: nn.Module = CodedFiLM(second)
        self.cbam2 = Attention(second)
        self.resblock1 = repeated_blocks(second, residual_blocks, batch_norm=True)
        self.global2 = GlobalContext(second)
        self.aspp_mid = PyramidPooling(second)
        self.conv3 = weight_norm(nn.Conv2d(second, third, 3, padding=1))
        self.bn3 = norm(third)
        self.film3: nn.Module = CodedFiLM(third)
        self.cbam3 = Attention(third)
        self.resblock2 = repeated_blocks(third, residual_blocks, batch_norm=True)
        self.global3 = GlobalContext(third)
        self.aspp = PyramidPooling(third)
        self.conv_s = zeros(nn.Conv2d(third, channels, 3, padding=1))
        self.conv_t = zeros(nn.Conv2d(third, channels, 1))

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        labels, codes = context.labels, self._codes()
        h = context.per_label(self.bn1(self.conv1(_channels_last(x))))
        h = self.cbam1(F.gelu(self.film1(h, labels, codes)))
        h = self.aspp_early(self.global1(h))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), labels, codes)))
        for block in self.resblock1:
            h = block(h, labels, codes)
        h = self.aspp_mid(self.global2(h))
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), labels, codes)))
        for block in self.resblock2:
            h = block(h, labels, codes)
        h = self.aspp(self.global3(h))
        return SCALE * self.conv_s(h), self.conv_t(h)


class ClassificationNetwork(PublishedNetwork):
    """The published classification network: strided convolutions, then dense layers.

    Args:
        classes: K.
        shape: (C, H, W) of the flow's tensor.
        widths: channels of the three stages.
        residual_blocks: at the second and third stage.
        dropout: after each stage.
    """

    def __init__(
        self,
        classes: int,
        shape: tuple[int, int, int],
        widths: Sequence[int],
        residual_blocks: int = 1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        channels, height, width = shape
        first, second, third = widths
        self.label_embedding = ResidualLabelCode(classes)
        self.conv1 = weight_norm(nn.Conv2d(channels, first, 5, stride=2, padding=2))
        self.bn1 = norm(first)
        self.film1: nn.Module = CodedFiLM(first)
        self.conv2 = weight_norm(nn.Conv2d(first, second, 3, stride=2, padding=1))
        self.bn2 = norm(second)
        self.film2: nn.Module = CodedFiLM(second)
        self.cbam2 = Attention(second)
        self.resblock1 = repeated_blocks(second, residual_blocks, batch_norm=False)
        self.conv3 = weight_norm(nn.Conv2d(second, third, 3, stride=2, padding=1))
        self.bn3 = norm(third)
        self.film3: nn.Module = CodedFiLM(third)
        self.cbam3 = Attention(third)
        self.resblock2 = repeated_blocks(third, residual_blocks, batch_norm=False)
        self.dropout = nn.Dropout(dropout)
        flat = third * -(-height // 8) * -(-width // 8)
        size = channels * height * width
        self.t_fc1 = nn.Linear(flat, 64)
        self.t_fc2 = nn.Linear(LABEL_CODE, 64)
        self.t_fc3 = zero_linear(128, size)
        self.s_fc1 = nn.Linear(flat, 64)
        self.s_fc2 = nn.Linear(LABEL_CODE, 64)
        self.s_fc3 = zero_linear(128, size)
        self.folded_head: FoldedHead | None = None

    def forward(self, x: Tensor, context: Context, half: int = 0) -> tuple[Tensor, Tensor]:
        """See Conditioner."""
        shape = x.shape[1:]
        labels, codes = context.labels, self._codes()
        h = context.per_label(self.bn1(self.conv1(_channels_last(x))))
        h = self.dropout(F.gelu(self.film1(h, labels, codes)))
        h = self.cbam2(F.gelu(self.film2(self.bn2(self.conv2(h)), labels, codes)))
        for block in self.resblock1:
            h = block(h, labels, codes)
        h = self.dropout(h)
        h = self.cbam3(F.gelu(self.film3(self.bn3(self.conv3(h)), labels, codes)))
        for block in self.resblock2:
            h = block(h, labels, codes)
        raw, shift = self._head(self.dropout(h).flatten(1), labels, codes, half)
        return SCALE * raw.view(-1, *shape), shift.view(-1, *shape)

    def _head(
        self, flat: Tensor, labels: Tensor, codes: Tensor | None, half: int
    ) -> tuple[Tensor, Tensor]:
        """Raw log-scale and shift (B, C·H·W)."""
        if self.folded_head is not None:
            folded: tuple[Tensor, Tensor] = self.folded_head(flat, labels, half)
            return folded
        assert codes is not None
        code = codes[labels]
        shift = torch.cat([F.gelu(self.t_fc1(flat)), F.gelu(self.t_fc2(code))], 1)
        raw = torch.cat([F.gelu(self.s_fc1(flat)), F.gelu(self.s_fc2(code))], 1)
        return self.s_fc3(raw), self.t_fc3(shift)

    @torch.no_grad()
    def folded(self, masks: Sequence[Tensor]) -> Conditioner:
        """See PublishedNetwork; the dense layers are replaced by a FoldedHead."""
        codes = self._codes()
        if codes is None:
            return self
        self.folded_head = FoldedHead(self, codes, masks)
        del self.t_fc1, self.t_fc2, self.t_fc3, self.s_fc1, self.s_fc2, self.s_fc3
        return super().folded(masks)


class FoldedHead(nn.Module):
    """The classification network's dense layers with all that is constant worked out.

    Half of the last layer's outputs are masked away at each of the coupling's two passes: each
    pass has the rows that it needs. The label's half of its inputs gives one constant for each
    class: only the image's half is kept as weights. Together a quarter of the published layer
    is read at each pass.

    Args:
        network: whose layers to fold.
        codes: (classes, 128) of all labels.
        masks: of the passes, (1, C, H, W) each.
    """

    def __init__(
        self, network: ClassificationNetwork, codes: Tensor, masks: Sequence[Tensor]
    ) -> None:
        super().__init__()
        first = [network.t_fc1, network.s_fc1]
        self.register_buffer("enter", torch.cat([layer.weight for layer in first]))
        self.register_buffer("enter_bias", torch.cat([layer.bias for layer in first]))
        self.enter: Tensor
        self.enter_bias: Tensor
        for half, mask in enumerate(masks):
            free = (mask.flatten() == 0).nonzero().flatten()
            source = torch.full((mask.numel(),), len(free), device=mask.device)
            source[free] = torch.arange(len(free), device=mask.device)
            self.register_buffer(f"source_{half}", source)
            for name, code_layer, last in (
                ("shift", network.t_fc2, network.t_fc3),
                ("raw", network.s_fc2, network.s_fc3),
            ):
                rows = last.weight[free]
                constant = F.linear(F.gelu(code_layer(codes)), rows[:, 64:], last.bias[free])
                self.register_buffer(f"{name}_{half}", rows[:, :64].contiguous())
                self.register_buffer(f"{name}_constant_{half}", constant)

    def forward(self, flat: Tensor, labels: Tensor, half: int) -> tuple[Tensor, Tensor]:
        """Raw log-scale and shift (B, C·H·W), 0 where the pass masks them away."""
        shift, raw = F.gelu(F.linear(flat, self.enter, self.enter_bias)).chunk(2, 1)
        return self._last(raw, "raw", labels, half), self._last(shift, "shift", labels, half)

    def _last(self, hidden: Tensor, name: str, labels: Tensor, half: int) -> Tensor:
        constant = self.get_buffer(f"{name}_constant_{half}")[labels]
        values = F.linear(hidden, self.get_buffer(f"{name}_{half}")) + constant
        return F.pad(values, (0, 1)).index_select(1, self.get_buffer(f"source_{half}"))
