"""The nearest equivalents in other libraries: class-conditional flows on square grey images.

Each library's own parts are put together as its documentation does it for images, to one to
three million parameters at 64×64. `pip install -e '.[bench]'` installs the libraries.
"""

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 3
"""Squeezes of the multiscale peers; the published 184 = 8 · 23 allows no more."""


def require(module: str, extra: str = "bench") -> ModuleType:
    """Imports a module of another library.

    Raises:
        ModuleNotFoundError: naming the extra that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name != library:
            raise
        raise ModuleNotFoundError(
            f"{library} is not installed; it comes with the extra `{extra}`: "
            f"pip install -e '.[{extra}]'",
            name=library,
        ) from error


class Peer(ABC):
    """A flow of another library, with its own optimiser.

    Images are (B, 1, size, size), about in [-1, 1]; labels are class indices (B,). The libraries
    draw from torch's global generator: seed it for repeatable weights and samples.

    Attributes:
        name: the library and its architecture.
        size: rows, and columns, of an image.
        classes: K.
        model: all that has parameters.
    """

    name: str

    def __init__(self, size: int, classes: int) -> None:
        self.size = size
        self.classes = classes
        self.model = self._build()
        self._optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)

    @property
    def parameters_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    @abstractmethod
    def _build(self) -> nn.Module:
        """The model."""

    @abstractmethod
    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """Log p(x | y) in nats, (B,), with gradients."""

    @abstractmethod
    def log_prob_all_labels(self, x: Tensor) -> Tensor:
        """Log p(x | label) in nats for every label, (B, K), without gradients."""

    @abstractmethod
    def sample(self, n: int, label: int) -> Tensor:
        """Draws n images (n, 1, size, size) of a class."""

    def training_step(self, x: Tensor, y: Tensor) -> float:
        """One step of maximum likelihood, the gradient's norm clipped to 1; gives the loss."""
        self._optimizer.zero_grad()
        loss = -self.log_prob(x, y).mean()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        return float(loss.detach())


def level_shapes(size: int) -> list[tuple[int, int, int]]:
    """C, H, W after the squeeze of each level, from the image on; half of C leaves after each.

    Raises:
        ValueError: if the size can't be halved that often.
    """
    if size % 2**LEVELS:
        raise ValueError(f"expected a size divisible by {2**LEVELS}, got {size}")
    return [(2 ** (level + 2), *2 * (size // 2 ** (level + 1),)) for level in range(LEVELS)]


class NormflowsGlow(Peer):
    """The multiscale Glow of normflows' image example.

    Three levels of 16 Glow blocks; the class enters through the base distribution alone, a
    diagonal Gaussian a class. So one pass serves all labels, and it is used so here. ActNorm
    takes its start from the first images that pass.
    """

    name = "normflows Glow"
    blocks = 16
    width = 128

    def _build(self) -> nn.Module:
        nf = require("normflows")
        bases, flows, merges = [], [], []
        for level, (channels, height, width) in reversed(list(enumerate(level_shapes(self.size)))):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "torch.lu is deprecated")
                blocks = [nf.flows.GlowBlock(channels, self.width) for _ in range(self.blocks)]
            flows.append([*blocks, nf.flows.Squeeze()])
            last = level == LEVELS - 1
            latent = (channels if last else channels // 2, height, width)
            bases.append(nf.distributions.ClassCondDiagGaussian(latent, self.classes))
            if not last:
                merges.append(nf.flows.Merge())
        return cast(nn.Module, nf.MultiscaleFlow(bases, flows, merges))

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """See Peer."""
        return cast(Tensor, cast(Any, self.model).log_prob(x, y))

    @torch.no_grad()
    def log_prob_all_labels(self, x: Tensor) -> Tensor:
        """See Peer."""
        model = cast(Any, self.model)
        parts, log_det = model.inverse_and_log_det(x)
        columns = []
        for label in range(self.classes):
            y = torch.full((len(x),), label)
            terms = [base.log_prob(z, y) for base, z in zip(model.q0, parts, strict=True)]
            columns.append(log_det + sum(terms))
        return torch.stack(columns, 1)

    @torch.no_grad()
    def sample(self, n: int, label: int) -> Tensor:
        """See Peer."""
        return cast(Tensor, cast(Any, self.model).sample(n, torch.full((n,), label))[0])


def conv_subnet(width: int, inputs: int, outputs: int) -> nn.Module:
    """Glow's network of a coupling, which starts as zero."""
    last = nn.Conv2d(width, outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(cast(Tensor, last.bias))
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 1),
        nn.ReLU(),
        last,
    )


class FreiaGlow(Peer):
    """A conditional multiscale flow of FrEIA's GLOW couplings.

    Three levels of 8 blocks, each of two couplings with networks of their own, then a fixed
    permutation of the channels. One-hot labels enter every network as constant channels, so all
    labels are one batch of B·K images. The base is a standard normal.
    """

    name = "FrEIA GLOW couplings"
    blocks = 8
    width = 96

    def _build(self) -> nn.Module:
        ff, fm = require("FrEIA.framework"), require("FrEIA.modules")
        end = ff.InputNode(1, self.size, self.size, name="image")
        nodes = [end]
        subnet = partial(conv_subnet, self.width)
        for level, shape in enumerate(level_shapes(self.size)):
            label = ff.ConditionNode(self.classes, *shape[1:], name=f"label {level}")
            end = ff.Node(end, fm.IRevNetDownsampling, {})
            nodes += [label, end]
            for block in range(self.blocks):
                arguments = {"subnet_constructor": subnet, "clamp": 1.0}
                coupling = ff.Node(end, fm.GLOWCouplingBlock, arguments, conditions=label)
                end = ff.Node(coupling, fm.PermuteRandom, {"seed": 100 * level + block})
                nodes += [coupling, end]
            if level < LEVELS - 1:
                split = ff.Node(end, fm.Split, {})
                nodes += [split, ff.OutputNode(split.out1, name=f"latent {level}")]
                end = split.out0
        nodes.append(ff.OutputNode(end, name=f"latent {LEVELS - 1}"))
        return cast(nn.Module, ff.GraphINN(nodes))

    def _conditions(self, y: Tensor) -> list[Tensor]:
        onehot = F.one_hot(y, self.classes).float()[..., None, None]
        by_name = {
            f"label {level}": onehot.expand(-1, -1, *shape[1:])
            for level, shape in enumerate(level_shapes(self.size))
        }
        return [by_name[node.name] for node in cast(Any, self.model).condition_nodes]

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """See Peer."""
        parts, log_det = self.model(x, self._conditions(y))
        flat = torch.cat([part.flatten(1) for part in parts], 1)
        base = -0.5 * (flat.square() + math.log(2 * math.pi)).sum(1)
        return base + cast(Tensor, log_det)

    @torch.no_grad()
    def log_prob_all_labels(self, x: Tensor) -> Tensor:
        """See Peer."""
        y = torch.arange(self.classes).repeat(len(x))
        return self.log_prob(x.repeat_interleave(self.classes, 0), y).view(len(x), -1)

    @torch.no_grad()
    def sample(self, n: int, label: int) -> Tensor:
        """See Peer."""
        z = [torch.randn(n, *shape) for shape in cast(Any, self.model).global_out_shapes]
        x, _ = self.model(z, self._conditions(torch.full((n,), label)), rev=True, jac=False)
        return cast(Tensor, x)


class ZukoNICE(Peer):
    """A conditional NICE of zuko, with affine couplings, on flattened images.

    zuko has no flow for images; its autoregressive flows would sample 4,096 pixels in as many
    passes, so couplings with a dense network are the nearest that is useful both ways. Weights
    grow with the pixels: 1.6 million at 64×64, 13 million (52 MB) at 184×184, which still fits,
    but sees an image only through 64 hidden units.
    """

    name = "zuko NICE"
    transforms = 4
    width = 64

    def _build(self) -> nn.Module:
        zuko = require("zuko")
        flow = zuko.flows.NICE(
            self.size**2,
            self.classes,
            transforms=self.transforms,
            hidden_features=(self.width, self.width),
        )
        return cast(nn.Module, flow)

    def log_prob(self, x: Tensor, y: Tensor) -> Tensor:
        """See Peer."""
        onehot = F.one_hot(y, self.classes).float()
        return cast(Tensor, self.model(onehot).log_prob(x.flatten(1)))

    @torch.no_grad()
    def log_prob_all_labels(self, x: Tensor) -> Tensor:
        """See Peer."""
        repeated = x.flatten(1)[:, None].expand(-1, self.classes, -1)
        return cast(Tensor, self.model(torch.eye(self.classes)).log_prob(repeated))

    @torch.no_grad()
    def sample(self, n: int, label: int) -> Tensor:
        """See Peer."""
        flat: Tensor = self.model(torch.eye(self.classes)[label]).sample((n,))
        return flat.view(n, 1, self.size, self.size)


PEERS: tuple[type[Peer], ...] = (NormflowsGlow, FreiaGlow, ZukoNICE)


def peers(size: int, classes: int) -> list[Callable[[], Peer]]:
    """Makers of all peers, for images of size × size: a library is imported when its is called.

    Args:
        size: 64 and 184 are meant; a multiple of 8.
        classes: K.
    """
    return [partial(peer, size, classes) for peer in PEERS]
