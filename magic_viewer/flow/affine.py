"""Affine maps with learned values for each class and position."""

import torch
from torch import Tensor, nn

from magic_viewer.flow.bijection import Bijection, Context

SCALE_FLOOR = 5 / 256
"""Smallest initial standard deviation (about five grey levels): flat background would else
start with a scale that lets the first gradients explode."""


def class_moments(x: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of (B, ...) for each class, (classes, ...).

    A class with fewer than two images takes the moments of all.
    """
    means, stds = [], []
    for label in range(classes):
        of_class = x[labels == label]
        of_class = of_class if len(of_class) > 1 else x
        means.append(of_class.mean(0))
        stds.append(of_class.std(0, unbiased=False))
    return torch.stack(means), torch.stack(stds)


class ClassAffine(Bijection):
    """`z = (x - mean[y]) / scale[y]`, one mean and scale for each class, channel and position."""

    def __init__(self, classes: int, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(classes, channels, height, width))
        self.log_scale = nn.Parameter(torch.zeros(classes, channels, height, width))

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Standardises x for its class."""
        x = context.per_label(x)
        log_scale = self.log_scale[context.labels]
        return (x - self.mean[context.labels]) * torch.exp(-log_scale), -log_scale.sum(1)

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Gives z the mean and scale of its class."""
        log_scale = self.log_scale[context.labels]
        return z * torch.exp(log_scale) + self.mean[context.labels], log_scale.sum(1)

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Takes each class's mean and floored standard deviation from x."""
        mean, std = class_moments(x, context.labels, len(self.mean))
        self.mean.copy_(mean)
        self.log_scale.copy_((std**2 + SCALE_FLOOR**2).sqrt().log())
        return super().initialise(x, context)


class ClassTriangular(Bijection):
    """`z = (x - mean[y]) W[y]^T` over all coefficients, W lower triangular with positive diagonal.

    Output i is a function of inputs up to i in raster order, so its density is that of
    coefficient i given the ones before, and belongs to coefficient i's cell.
    """

    def __init__(self, classes: int, height: int, width: int) -> None:
        super().__init__()
        size = height * width
        self.mean = nn.Parameter(torch.zeros(classes, size))
        self.log_diagonal = nn.Parameter(torch.zeros(classes, size))
        self.below = nn.Parameter(torch.zeros(classes, size * (size - 1) // 2))
        rows, columns = torch.tril_indices(size, size, -1)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)
        self.register_buffer("whole", None, persistent=False)
        self.rows: Tensor
        self.columns: Tensor
        self.whole: Tensor | None

    def weight(self) -> Tensor:
        """W, (classes, size, size)."""
        if self.whole is not None:
            return self.whole
        below = self.below.new_zeros(*self.log_diagonal.shape, self.log_diagonal.shape[1])
        below[:, self.rows, self.columns] = self.below
        return below + torch.diag_embed(self.log_diagonal.exp())

    def forward_and_log_det(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Whitens x with its class's matrix; x is (B, 1, H, W)."""
        weight = self.weight()
        z = torch.einsum("bd,ked->bke", x.flatten(1), weight)
        z = context.per_label(z - torch.einsum("kd,ked->ke", self.mean, weight))
        z = z[torch.arange(len(z), device=z.device), context.labels].view(-1, *x.shape[1:])
        return z, self.log_diagonal[context.labels].view(-1, *x.shape[2:])

    @torch.no_grad()
    def folded(self) -> Bijection:
        """The same, with W written out."""
        self.whole = self.weight()
        return self

    def inverse_and_log_det(self, z: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Solves for x by forward substitution."""
        weight = self.weight()
        x = torch.empty_like(z.flatten(1))
        for label in range(len(weight)):
            chosen = context.labels == label
            solved = torch.linalg.solve_triangular(
                weight[label], z.flatten(1)[chosen].T, upper=False
            )
            x[chosen] = solved.T + self.mean[label]
        return x.view_as(z), -self.log_diagonal[context.labels].view_as(z[:, 0])

    @torch.no_grad()
    def initialise(self, x: Tensor, context: Context) -> Tensor:
        """Whitens x: W[y] is the inverse Cholesky factor of the class's covariance.

        Each class's covariance is averaged with that of all classes, which few images need.
        """
        flat = x.flatten(1).double()
        mean, _ = class_moments(flat, context.labels, len(self.mean))
        residual = flat - mean[context.labels]
        floor = SCALE_FLOOR**2 * torch.eye(flat.shape[1], dtype=flat.dtype, device=flat.device)
        pooled = residual.T @ residual / len(flat) + floor
        for label in range(len(self.mean)):
            own = residual[context.labels == label]
            own_covariance = own.T @ own / max(len(own), 1) + floor
            factor = torch.linalg.cholesky((own_covariance + pooled) / 2)
            identity = torch.eye(len(factor), dtype=factor.dtype, device=factor.device)
            weight = torch.linalg.solve_triangular(factor, identity, upper=False)
            self.log_diagonal[label] = weight.diagonal().log().to(x.dtype)
            self.below[label] = weight[self.rows, self.columns].to(x.dtype)
        self.mean.copy_(mean)
        return super().initialise(x, context)
