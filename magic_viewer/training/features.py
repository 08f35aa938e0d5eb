"""Features in which drawn images are compared with real ones: published or learned here."""

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from magic_viewer.errors import ModelError
from magic_viewer.flow.checkpoint import compare_shapes
from magic_viewer.flow.weights_file import read_weights
from magic_viewer.progress import Progress
from magic_viewer.training.config import TrainConfig
from magic_viewer.training.examples import Example
from magic_viewer.training.loop import draw_batch

ByteImages = npt.NDArray[np.uint8]
"""(B, rows, columns) whole grey levels."""

RADIMAGENET_SIDE = 224
STEPS, BATCH, LEARNING_RATE = 500, 32, 2e-3
CHUNK = 32
_CHILDREN = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut; four times `width` channels come out."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = nn.Sequential()
        if stride > 1 or channels != 4 * width:
            shortcut = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, 4 width, H / stride, W / stride)."""
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + self.downsample(x))


class ResNet(nn.Module):
    """A residual network (He et al. 2016); its features are means over the last maps.

    The stride is in the 3×3 convolution and the weights are called as in torchvision, so that
    published weights fit.

    Args:
        channels: of an image.
        width: of the first stage; each further one has twice as many.
        depths: bottlenecks of each stage.
        pool: whether the image is halved once more before the first stage.

    Attributes:
        num_features: D.
    """

    def __init__(self, channels: int, width: int, depths: Sequence[int], pool: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = pool
        self.stages = [f"layer{n}" for n in range(1, len(depths) + 1)]
        inside = width
        for n, (name, depth) in enumerate(zip(self.stages, depths, strict=True)):
            blocks = []
            for block in range(depth):
                stride = 2 if n and not block else 1
                blocks.append(Bottleneck(inside, width << n, stride))
                inside = 4 * (width << n)
            self.add_module(name, nn.Sequential(*blocks))
        self.num_features = inside

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, channels, H, W) in [-1, 1] to features (B, D)."""
        h = F.relu(self.bn1(self.conv1(x)))
        if self.pool:
            h = F.max_pool2d(h, 3, 2, 1)
        for name in self.stages:
            h = self.get_submodule(name)(h)
        return h.mean((2, 3))


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Turns images into features.

    Attributes:
        name: for people: which network, trained on what.
        network: in evaluation mode.
        side: pixels a side of its input, or None to leave images as they are.
    """

    name: str
    network: ResNet
    side: int | None = None

    @torch.no_grad()
    def features(self, images: ByteImages) -> Tensor:
        """Features (B, D) float32 of images, CHUNK at a time."""
        channels = self.network.conv1.in_channels
        parts = []
        for start in range(0, len(images), CHUNK):
            chunk = np.asarray(images[start : start + CHUNK], np.float32)
            x = as_input(torch.from_numpy(chunk)[:, None])
            if self.side is not None:
                size = (self.side, self.side)
                x = F.interpolate(x, size, mode="bilinear", antialias=True)
            parts.append(self.network(x.expand(-1, channels, -1, -1)))
        return torch.cat(parts)


def as_input(pixels: Tensor) -> Tensor:
    """Grey levels 0..255 to [-1, 1]."""
    return pixels / 127.5 - 1


def radimagenet_features(path: Path) -> FeatureSpace:
    """Features of a ResNet-50 whose weights the user has, in RadImageNet's form.

    That is the state of torchvision's ResNet-50, or of its first eight children in a Sequential
    called `backbone`; inputs are 224×224, three equal channels in [-1, 1]
    (github.com/BMEII-AI/RadImageNet, pytorch_example.ipynb; Mei et al. 2022).

    Raises:
        ModelError: if the file can't be read or holds another network.
    """
    found = {}
    for name, value in read_weights(path).items():
        parts = name.removeprefix("backbone.").split(".")
        if parts[0].isdigit() and int(parts[0]) < len(_CHILDREN):
            parts[0] = _CHILDREN[int(parts[0])]
        if parts[0] != "fc":
            found[".".join(parts)] = value
    network = ResNet(3, 64, (3, 4, 6, 3), pool=True)
    compare_shapes(path, "a ResNet-50 as RadImageNet publishes it", network.state_dict(), found)
    network.load_state_dict(found)
    name = f"ResNet-50 with the weights of {path.name}, 224×224"
    return FeatureSpace(name, network.eval().requires_grad_(False), RADIMAGENET_SIDE)


def learned_features(
    training: Sequence[Example], names: Sequence[str], config: TrainConfig, cache: Path
) -> Generator[Progress, None, FeatureSpace]:
    """Features of a small residual network taught here to tell the classes apart.

    Args:
        training: the model's training images, and no others.
        names: of the classes.
        config: of preprocessing, changes and seed.
        cache: a .safetensors file; read where it was made from the same images.

    Returns:
        The features before its last layer.
    """
    torch.manual_seed(config.seed)
    network = ResNet(1, 16, (2, 2, 2), pool=False)
    head = nn.Linear(network.num_features, len(names))
    title = (
        f"residual network of {sum(p.numel() for p in network.parameters()):,} parameters, taught "
        f"for {STEPS} steps to tell the classes of the {len(training):,} training images apart"
    )
    made_from = _fingerprint(training, config)
    if not _load(network, cache, made_from):
        by_class = [[e for e in training if e.label == name] for name in names]
        yield from _teach(network, head, by_class, config)
        cache.parent.mkdir(parents=True, exist_ok=True)
        save_file(network.state_dict(), cache, {"made_from": made_from})
    return FeatureSpace(title, network.eval().requires_grad_(False))


def _teach(
    network: ResNet, head: nn.Linear, by_class: Sequence[Sequence[Example]], config: TrainConfig
) -> Generator[Progress, None, None]:
    parameters = [*network.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS)
    network.train()
    for step in range(STEPS):
        rng = np.random.default_rng((config.seed, 3, step))
        pixels, labels = draw_batch(by_class, config, rng, BATCH, BATCH)
        loss = F.cross_entropy(head(network(as_input(pixels))), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        yield Progress(step + 1, STEPS, f"Learning features, cross-entropy {loss.item():.3f}")


def _fingerprint(training: Sequence[Example], config: TrainConfig) -> str:
    """What the learned features follow from, as a hash."""
    digest = hashlib.sha256(repr((STEPS, BATCH, LEARNING_RATE, config)).encode())
    for example in training:
        digest.update(example.label.encode())
        digest.update(example.grey.tobytes())
    return digest.hexdigest()


def _load(network: ResNet, cache: Path, made_from: str) -> bool:
    """Reads cached weights; False where there are none of these images."""
    if not cache.is_file():
        return False
    try:
        with safe_open(cache, "pt") as file:
            same = (file.metadata() or {}).get("made_from") == made_from
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{cache}: can't be read; remove it to learn the features anew."
        ) from error
    if same:
        network.load_state_dict(read_weights(cache))
    return same
