"""The training loop: a generator of progress, resumable, repeatable by its seed."""

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from magic_viewer.errors import DataError, ModelError
from magic_viewer.flow.checkpoint import config_to_json
from magic_viewer.flow.config import CompactConfig, FlowConfig
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.flow.transfer import same_design, take_over
from magic_viewer.pipeline.preprocess import Jitter
from magic_viewer.pipeline.temperature import cross_entropy, fit_temperatures
from magic_viewer.progress import Progress
from magic_viewer.training.begin import IMAGES, likeliest_classes
from magic_viewer.training.config import AugmentConfig, TrainConfig
from magic_viewer.training.examples import Example
from magic_viewer.training.objective import candidate_labels, losses
from magic_viewer.training.score import scale_scores

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gives.

    Attributes:
        flow: with the averaged weights of the best validation.
        step: at which they were.
        steps: done in all.
        seconds: of training, over all resumes.
        history: one entry a validation.
    """

    flow: ConditionalFlow
    step: int
    steps: int
    seconds: float
    history: list[dict[str, float]]


def class_names(examples: Sequence[Example]) -> tuple[str, ...]:
    """The labels that occur, sorted; at least two."""
    names = tuple(sorted({example.label for example in examples}))
    if len(names) < 2:
        raise DataError(f"Training needs at least two classes; found {len(names)}.")
    return names


def compact_config(names: tuple[str, ...], config: TrainConfig) -> CompactConfig:
    """The flow that a configuration of the training asks for."""
    return CompactConfig(
        names,
        size=config.preprocess.size,
        levels=config.levels,
        width=config.width,
        guide_width=config.guide_width,
        coarse_width=config.coarse_width,
        dropout=config.dropout,
        shared_coarse=config.shared_coarse,
    )


def train(
    training: Sequence[Example],
    validation: Sequence[Example],
    config: TrainConfig,
    run: Path,
    minutes: float = math.inf,
    flow: FlowConfig | None = None,
    begin: ConditionalFlow | None = None,
) -> Generator[Progress, None, Trained]:
    """Trains a flow; takes up where a checkpoint in `run` left off.

    Args:
        training: labelled slices; their labels are the model's classes.
        validation: slices of other patients, for early stopping.
        config: every choice.
        run: folder for the checkpoint.
        minutes: budget of all resumes together; training ends at the first validation after it.
        flow: another flow than the compact one of `config`, of the same size and classes.
        begin: a trained flow of the same size, whose design and weights are taken over.

    Yields:
        Progress with the time left.

    Returns:
        The best flow by validation.
    """
    run.mkdir(parents=True, exist_ok=True)
    names = class_names(training)
    torch.manual_seed(config.seed)
    if begin is not None:
        flow = same_design(begin, names, config.dropout)
    trainer = _Trainer(training, validation, config, flow or compact_config(names, config))
    trainer.start_or_resume(run / CHECKPOINT, begin)
    yield Progress(
        trainer.step, config.steps, f"{len(training)} training images, {len(names)} classes"
    )
    began, first = time.monotonic(), trainer.step
    while (
        trainer.step < config.steps
        and trainer.waited < config.patience
        and trainer.seconds < 60 * minutes
    ):
        bits, contrast = trainer.advance()
        done = trainer.step - first
        left = (time.monotonic() - began) / done * (config.steps - trainer.step)
        message = f"{bits:.3f} bits/dim, cross-entropy {contrast:.3f}, {left / 60:.0f} min left"
        yield Progress(trainer.step, config.steps, message)
        if trainer.step % config.validate_every == 0 or trainer.step == config.steps:
            entry = trainer.validate()
            trainer.seconds += time.monotonic() - began
            began, first = time.monotonic(), trainer.step
            trainer.save(run / CHECKPOINT)
            words = ", ".join(f"{k} {v:.4f}" for k, v in entry.items())
            yield Progress(trainer.step, config.steps, f"validation: {words}")
    return trainer.result()


class _Trainer:
    """The state of a run: weights, their average, optimizer, best so far."""

    def __init__(
        self,
        training: Sequence[Example],
        validation: Sequence[Example],
        config: TrainConfig,
        flow_config: FlowConfig,
    ) -> None:
        self.config = config
        self.training = training
        self.names = names = flow_config.labels
        self.by_class = [[e for e in training if e.label == name] for name in names]
        self.validation = model_inputs(validation, names, config)
        self.flow = ConditionalFlow(flow_config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(_parameter_groups(self.flow, config.weight_decay))
        self.step, self.waited, self.seconds = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}
        self.average = _average(self.flow, config.ema)

    def start_or_resume(self, path: Path, begin: ConditionalFlow | None) -> None:
        """Loads the checkpoint if there is one; else begins from another flow, or from data."""
        if not path.exists():
            if begin is not None:
                seed, some = self.config.seed, [group[:IMAGES] for group in self.by_class]
                inputs = [model_inputs(group, self.names, self.config)[0] for group in some]
                take_over(self.flow, begin, likeliest_classes(begin, inputs, seed))
            else:
                rng = np.random.default_rng((self.config.seed, 1))
                count = self.config.initial_images
                x, labels = self._batch(rng, count, count)
                self.flow.initialise(x, labels)
            self.average = _average(self.flow, self.config.ema)
            return
        saved = torch.load(path, weights_only=True)
        flow_values = config_to_json(self.flow.config)
        same_flow = saved.get("flow_config", flow_values) == flow_values
        if (
            asdict(TrainConfig()) | saved["config"] != asdict(self.config)
            or tuple(saved["names"]) != self.names
            or not same_flow
        ):
            raise ModelError(
                f"{path}: was made with another configuration or other classes. "
                "Choose another output folder, or remove it to start anew."
            )
        self.flow.load_state_dict(saved["flow"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.best, self.history = saved["best"], saved["history"]
        self.step, self.waited, self.seconds = saved["step"], saved["waited"], saved["seconds"]

    def save(self, path: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        state: dict[str, Any] = {
            "config": asdict(self.config),
            "names": list(self.names),
            "flow_config": config_to_json(self.flow.config),
            "flow": self.flow.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "history": self.history,
            "step": self.step,
            "waited": self.waited,
            "seconds": self.seconds,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def advance(self) -> tuple[float, float]:
        """One optimizer step; everything random in it follows from seed and step."""
        config = self.config
        rng = np.random.default_rng((config.seed, 2, self.step))
        torch.manual_seed(int(rng.integers(2**31)))
        learned = config.batch_size - config.contrast_images
        x, labels = self._batch(rng, config.batch_size, learned)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        candidates = candidate_labels(labels, len(self.names), config.contrast_labels, generator)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.flow.train()
        self.optimizer.zero_grad()
        bits, contrast = losses(self.flow, x, candidates, config.contrast_temperature, learned)
        weight = config.contrast_weight * min(1.0, 2 * self.step / config.steps)
        (bits + weight * contrast).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.flow.parameters(), config.clip_norm)
        self.optimizer.step()
        self.average.update_parameters(self.flow)
        self.step += 1
        return bits.item(), contrast.item()

    def validate(self) -> dict[str, float]:
        """Scores the averaged weights, and keeps them if they are the best so far."""
        inputs, labels = self.validation
        flow = cast(ConditionalFlow, self.average.module).eval()
        log_likelihoods = scale_scores(flow, inputs, seed=self.config.seed).sum(2)
        (temperature,) = fit_temperatures(log_likelihoods[..., None], labels)
        bits = -log_likelihoods[np.arange(len(labels)), labels] / (flow.dimensions * math.log(2))
        right = log_likelihoods.argmax(1) == labels
        entry = {
            "step": float(self.step),
            "bits_per_dim": float(bits.mean()),
            "balanced_accuracy": float(
                np.mean([right[labels == label].mean() for label in np.unique(labels)])
            ),
            "cross_entropy": cross_entropy(log_likelihoods / temperature, labels),
            "temperature": temperature,
        }
        before = min((_score(e) for e in self.history), default=math.inf)
        self.history.append(entry)
        if _score(entry) < before:
            self.best = {k: v.clone() for k, v in flow.state_dict().items()}
            self.waited = 0
        else:
            self.waited += 1
        return entry

    def result(self) -> Trained:
        """The best weights in a flow of their own."""
        flow = ConditionalFlow(self.flow.config)
        flow.load_state_dict(self.best or self.average.module.state_dict())
        best = min(self.history, key=_score, default={"step": float(self.step)})
        return Trained(flow.eval(), int(best["step"]), self.step, self.seconds, self.history)

    def _batch(self, rng: np.random.Generator, count: int, learned: int) -> tuple[Tensor, Tensor]:
        """Random images, the first `learned` of them for the density as well, dequantized."""
        pixels, labels = draw_batch(self.by_class, self.config, rng, count, learned)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        return dequantize(pixels, generator), labels


def _score(entry: dict[str, float]) -> float:
    """Lower is better: the model both codes and classifies, so both count."""
    return entry["bits_per_dim"] + entry["cross_entropy"]


def _average(flow: ConditionalFlow, decay: float) -> AveragedModel:
    return AveragedModel(flow, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then half a cosine to a hundredth of the peak."""
    warm = min(1.0, (step + 1) / config.warmup)
    fallen = 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return config.learning_rate * warm * (0.01 + 0.99 * fallen)


def _parameter_groups(flow: ConditionalFlow, weight_decay: float) -> list[dict[str, Any]]:
    """Decay for the weights of linear and convolution layers, none for the rest."""
    decayed = [
        parameter
        for module in flow.modules()
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d)
        for parameter in module.parameters()  # with weight norm there are two weights
        if parameter.dim() > 1
    ]
    ids = {id(weight) for weight in decayed}
    rest = [p for p in flow.parameters() if id(p) not in ids]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]


def draw_jitter(augment: AugmentConfig, size: int, rng: np.random.Generator) -> Jitter:
    """A random change within the ranges, for an input of `size` pixels a side.

    Turning and shifting by parts of a pixel blur: half of all images are left unturned, and
    shifts are whole pixels of the input.
    """

    def within(limit: float) -> float:
        return float(rng.uniform(-limit, limit))

    turned = rng.random() < 0.5
    return Jitter(
        angle=within(augment.angle) if turned else 0.0,
        scale=1 + within(augment.scale),
        shift=(
            round(within(augment.shift) * size) / size,
            round(within(augment.shift) * size) / size,
        ),
        flip=augment.flip and bool(rng.random() < 0.5),
        upend=augment.upend and bool(rng.random() < 0.5),
        gamma=math.exp(within(augment.gamma)),
        tilt=(within(augment.tilt), within(augment.tilt)),
        offset=abs(within(augment.offset)) if augment.offset and rng.random() < 0.5 else 0.0,
    )


def draw_batch(
    by_class: Sequence[Sequence[Example]],
    config: TrainConfig,
    rng: np.random.Generator,
    count: int,
    learned: int,
) -> tuple[Tensor, Tensor]:
    """Random images, changed at random, every class equally often.

    Args:
        by_class: the examples of each class.
        config: of preprocessing and changes.
        rng: decides everything.
        count: of images.
        learned: how many, the first ones, are changed as `config.augment` says; the others as
            `config.contrast_augment`.

    Returns:
        Whole grey levels (count, 1, size, size), and class indices (count,).
    """
    labels = rng.integers(len(by_class), size=count)
    chosen = [by_class[i][int(rng.integers(len(by_class[i])))] for i in labels]
    images = [
        example.prepared(
            config.preprocess,
            draw_jitter(
                config.augment if i < learned else config.contrast_augment,
                config.preprocess.size,
                rng,
            ),
        ).pixels
        for i, example in enumerate(chosen)
    ]
    return torch.from_numpy(np.stack(images))[:, None], torch.from_numpy(labels)


def model_inputs(
    examples: Sequence[Example], names: Sequence[str], config: TrainConfig
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Model inputs (B, size, size) and class indices (B,) of examples, unchanged by chance."""
    inputs = [e.prepared(config.preprocess).pixels for e in examples]
    labels = [names.index(example.label) for example in examples]
    return np.stack(inputs), np.asarray(labels, np.int64)
