"""What ActNorm and 1×1 convolutions fold into."""

from torch import Tensor
from torch.nn import functional as F

from magic_viewer.flow.bijection import Bijection, Context


class ChannelMix(Bijection):
    """`z = weight x + bias` at every position, constant.

    Args:
        weight: (C, C).
        inverse: its inverse.
        bias: (C,).
        log_det: log |det weight|, ().
    """

    def __init__(self, weight: Tensor, inverse: Tensor, bias: Tensor, log_det: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.register_buffer("inverse", inverse.detach())
        self.register_buffer("bias", bias.detach())
        self.register_buffer("inverse_bias", -(inverse @ bias).detach())
        self.register_buffer("log_det", log_det.detach())
        self.weight: Tensor
        self.inverse: Tensor
        self.bias: Tensor
        self.inverse_bias: Tensor
        self.log_det: Tensor

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Mixes the channels."""
        return _mix(x, self.weight, self.bias), self.log_det.expand(len(x), *x.shape[2:])

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Unmixes them."""
        x = _mix(z, self.inverse, self.inverse_bias)
        return x, -self.log_det.expand(len(z), *z.shape[2:])

    def unplaced_log_det(self) -> Tensor:
        """All of it."""
        return self.log_det

    def merged(self, following: Bijection) -> Bijection | None:
        """Two mixes are one."""
        if not isinstance(following, ChannelMix):
            return None
        return ChannelMix(
            following.weight @ self.weight,
            self.inverse @ following.inverse,
            following.weight @ self.bias + following.bias,
            self.log_det + following.log_det,
        )


def _mix(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    if len(bias) == 1:
        return x * weight + bias
    return F.conv2d(x, weight[:, :, None, None], bias)
