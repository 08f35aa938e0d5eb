"""What all rivals have in common: weights, their average, and training for so many CPU minutes."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from magic_viewer.training.config import TrainConfig
from magic_viewer.training.examples import Example
from magic_viewer.training.features import ByteImages, as_input
from magic_viewer.training.loop import draw_batch

EMA = 0.995
WARM_UP = 0.04
"""Share of the budget over which the learning rate rises."""
SAVE_SECONDS = 60
CHECKPOINT = "checkpoint.pt"


class Rival(ABC):
    """A network of another kind. Images are (B, 1, size, size) in [-1, 1].

    Everything random is drawn from torch's global generator.

    Attributes:
        name: for the table.
        batch: images a step.
        strong: share of a batch that is changed as strongly as our classification's images.
        network: all that has parameters.
        average: its exponential moving average, which is what is judged.
    """

    name: ClassVar[str]
    batch: ClassVar[int] = 32
    strong: ClassVar[float] = 0.0

    def __init__(self, size: int, classes: int) -> None:
        self.size, self.classes = size, classes
        self.network = self._build()
        self.average = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(EMA), use_buffers=True
        )
        self.average.eval()
        self.optimizers = self._optimizers()
        self.peaks = [optimizer.param_groups[0]["lr"] for optimizer in self.optimizers]

    @property
    def averaged(self) -> nn.Module:
        """The network with averaged weights."""
        return self.average.module

    @property
    def parameters_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.network.parameters())

    def one_hot(self, labels: Tensor) -> Tensor:
        """(B,) to (B, classes) float32."""
        return nn.functional.one_hot(labels, self.classes).float()

    def label_maps(self, labels: Tensor) -> Tensor:
        """(B,) to (B, classes, size, size): ones in the label's channel."""
        return self.one_hot(labels)[:, :, None, None].expand(-1, -1, self.size, self.size)

    @abstractmethod
    def _build(self) -> nn.Module:
        """The network."""

    @abstractmethod
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """With the highest learning rates."""

    @abstractmethod
    def advance(self, images: Tensor, labels: Tensor) -> float:
        """One step of every optimizer; gives a loss to show."""


class Classifier(Rival):
    """Gives logits."""

    strong = 1 / 3

    @abstractmethod
    def logits(self, network: nn.Module, images: Tensor) -> Tensor:
        """(B, classes)."""

    def advance(self, images: Tensor, labels: Tensor) -> float:
        """Cross-entropy."""
        loss = nn.functional.cross_entropy(self.logits(self.network, images), labels)
        descend(self.optimizers[0], loss, self.network)
        return loss.item()


class Generator(Rival):
    """Draws images of a class."""

    @abstractmethod
    def sample(self, labels: Tensor) -> Tensor:
        """(B, 1, size, size) about in [-1, 1]."""

    @torch.no_grad()
    def draw(self, label: int, count: int, seed: int) -> ByteImages:
        """(count, size, size) whole grey levels."""
        torch.manual_seed(seed)
        parts = torch.full((count,), label).split(self.batch)
        x = torch.cat([self.sample(part) for part in parts])
        pixels: ByteImages = ((x[:, 0] + 1) * 127.5).round().clamp(0, 255).byte().numpy()
        return pixels


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module) -> None:
    """One step downhill, the gradient's norm at most 1."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()


def rate(done: float) -> float:
    """The learning rate's part of its peak when a share of the budget is spent: half a cosine."""
    return min(1.0, (done + 1e-3) / WARM_UP) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


class Run:
    """A rival's training, which goes on where its checkpoint left off.

    Attributes:
        rival: trained.
        seconds: CPU seconds of training so far, over all resumes.
        step: steps so far.
    """

    def __init__(self, rival: Rival, folder: Path, config: TrainConfig, minutes: float) -> None:
        self.rival, self.path = rival, folder / CHECKPOINT
        self.config, self.budget = config, 60 * minutes
        self.seconds, self.step = 0.0, 0
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.is_file():
            self._load()

    def train(self, by_class: Sequence[Sequence[Example]], say: Callable[[str], None]) -> None:
        """Trains until the CPU minutes are spent.

        Args:
            by_class: training images of each class.
            say: is told how far it is, at each checkpoint.
        """
        rival, saved = self.rival, self.seconds
        rival.network.train()
        while self.seconds < self.budget:
            began = time.process_time()
            loss = self._advance(by_class)
            self.seconds += time.process_time() - began
            if self.seconds - saved > SAVE_SECONDS or self.seconds >= self.budget:
                saved = self.seconds
                self._save()
                minutes = f"{self.seconds / 60:.1f} of {self.budget / 60:g} CPU minutes"
                say(f"{rival.name}: {minutes}, step {self.step}, loss {loss:.4f}")

    def _advance(self, by_class: Sequence[Sequence[Example]]) -> float:
        """One step; everything random in it follows from seed and step."""
        rival = self.rival
        rng = np.random.default_rng((self.config.seed, 4, self.step))
        torch.manual_seed(int(rng.integers(2**31)))
        gentle = rival.batch - round(rival.strong * rival.batch)
        pixels, labels = draw_batch(by_class, self.config, rng, rival.batch, gentle)
        for optimizer, peak in zip(rival.optimizers, rival.peaks, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * rate(self.seconds / self.budget)
        loss = rival.advance(as_input(pixels), labels)
        rival.average.update_parameters(rival.network)
        self.step += 1
        return loss

    def _save(self) -> None:
        state: dict[str, Any] = {
            "network": self.rival.network.state_dict(),
            "average": self.rival.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.rival.optimizers],
            "seconds": self.seconds,
            "step": self.step,
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)

    def _load(self) -> None:
        state = torch.load(self.path, weights_only=True)
        self.rival.network.load_state_dict(state["network"])
        self.rival.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.rival.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.seconds, self.step = state["seconds"], state["step"]
