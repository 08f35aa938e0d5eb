"""Our flow beside the published computation and three libraries, on the same images.

`python -m benchmarks.flow` runs every method in a process of its own, one after the other, and
prints medians and peak memory. The published networks have the same random weights in the
published computation and in ours. Libraries come with `pip install -e '.[bench]'`; without them
their rows are left out.

Tasks: "import" and "build"; "log_prob" of all labels for one image; "attribution", that and the
maps of all labels; "sample", 16 images at 64×64 or one at 184×184; "train", one optimizer step on
8 images at 64×64 or one at 184×184.
"""

import argparse
import functools
import importlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from benchmarks.published import PublishedFlow
    from magic_viewer.flow.model import ConditionalFlow

RUNS = 3
SLOW = 3.0
"""Seconds; a task slower than this isn't run once more to warm up."""
TASKS = ("import", "build", "log_prob", "attribution", "sample", "train")
SIZES = (64, 184)
CLASSES = {"classification": 7, "generation": 6, "compact": 6}
VARIANTS = {"classification": "cls", "generation": "gen"}
PEERS = {"normflows": "NormflowsGlow", "FrEIA": "FreiaGlow", "zuko": "ZukoNICE"}
BFLOAT16 = " bfloat16"


@dataclass(frozen=True)
class Timing:
    """One task of one method.

    Attributes:
        name: of the method.
        size: pixels a side.
        task: see the module.
        median_s: seconds.
        peak_mb: largest resident memory of the method's process, up to the task's end.
        parameters: of the model.
    """

    name: str
    size: int
    task: str
    median_s: float
    peak_mb: float
    parameters: int


@dataclass(frozen=True)
class Subject:
    """A model that was built, and what it can do.

    Attributes:
        parameters: how many.
        work: task -> one run of it.
        scores: log p of all labels for one image.
    """

    parameters: int
    work: dict[str, Callable[[], object]]
    scores: "Callable[[], torch.Tensor]"


def methods(size: int, networks: Sequence[str]) -> list[str]:
    """Names of what is timed at a size, with these published networks."""
    names = [f"{who} {network}" for network in networks for who in ("published", "ours")]
    if fast_bfloat16():
        names += [f"ours {network}{BFLOAT16}" for network in networks]
    return [*names, *(["ours compact"] if size == SIZES[0] else []), *PEERS]


def fast_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; where it doesn't, it is slower than float32."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def images(count: int, size: int) -> "torch.Tensor":
    """(count, 1, size, size) in -1..1, the same for every method."""
    import torch

    return 2 * torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(1)) - 1


def counts(size: int) -> tuple[int, int]:
    """Images to sample, and to train on in one step."""
    return (16, 8) if size == SIZES[0] else (1, 1)


def median_seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median of some runs, after one to warm up unless that is SLOW."""
    seconds: list[float] = []
    while len(seconds) < runs or (seconds[0] <= SLOW and len(seconds) == runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[-runs:])


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build_published(network: str, size: int) -> "PublishedFlow":
    """The published computation with random weights, the same in every process."""
    import torch

    from benchmarks.published import PublishedFlow, published_config
    from magic_viewer.flow.build import disc

    torch.manual_seed(0)
    config = published_config(VARIANTS[network], CLASSES[network])
    config["input_shape"] = [1, size, size]
    flow = PublishedFlow(config, disc(size)).eval()
    for name, buffer in flow.named_buffers():
        if name.endswith("initialized"):
            buffer.fill_(True)
    return flow


def prepare(network: str, size: int, folder: Path) -> None:
    """Writes the published computation's weights, for ours to read."""
    import torch

    flow = build_published(network, size)
    torch.save({"model_state_dict": flow.state_dict()}, folder / "flow.pth")
    (folder / "config.json").write_text(json.dumps(flow.config), encoding="utf-8")


def published_subject(network: str, size: int) -> Subject:
    """The published computation, one label after the other."""
    import torch

    flow = build_published(network, size)
    classes = CLASSES[network]
    x, each = images(1, size), torch.eye(classes)
    drawn, trained = counts(size)

    def attribute() -> None:
        flow.all_label_log_prob(x)
        for label in each:
            flow.log_det_maps(x, label[None])

    def sample() -> None:
        flow.inverse(torch.randn(drawn, size**2), each[:1].expand(drawn, -1))

    def train() -> None:
        optimizer = torch.optim.Adam(flow.parameters(), 1e-4)
        flow.training_step(images(trained, size), each[:1].expand(trained, -1), optimizer)

    work: dict[str, Callable[[], object]] = {
        "log_prob": lambda: flow.all_label_log_prob(x),
        "attribution": attribute,
        "sample": sample,
        "train": train,
    }
    parameters = sum(p.numel() for p in flow.parameters())
    return Subject(parameters, work, lambda: flow.all_label_log_prob(x))


def our_subject(name: str, size: int, folder: Path) -> Subject:
    """Ours: folded for all but training."""
    import torch

    from magic_viewer.flow.attribution import attribution
    from magic_viewer.flow.memory import keep_freed_memory

    keep_freed_memory()
    flow = _our_flow(name, size, folder)
    parameters = sum(p.numel() for p in flow.parameters())
    flow.fold()
    grey = "compact" in name
    x = (images(1, size) + 1) * 128 if grey else images(1, size)
    drawn, trained = counts(size)

    @torch.inference_mode()
    def score() -> "torch.Tensor":
        return flow.all_label_log_prob(x)

    @torch.inference_mode()
    def attribute() -> None:
        for maps in flow.all_label_maps(x):
            attribution(maps, size)

    @torch.inference_mode()
    def sample() -> None:
        flow.sample(drawn, 0)

    @functools.cache
    def unfolded() -> "ConditionalFlow":
        return _our_flow(name, size, folder).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def train() -> None:
        training = unfolded()
        optimizer = torch.optim.Adam(training.parameters(), 1e-4)
        optimizer.zero_grad()
        batch = images(trained, size)
        labels = torch.zeros(trained, dtype=torch.long)
        (-training.log_prob((batch + 1) * 128 if grey else batch, labels).mean()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(training.parameters(), 1.0)
        optimizer.step()

    work: dict[str, Callable[[], object]] = {
        "log_prob": score, "attribution": attribute, "sample": sample, "train": train
    }  # fmt: skip
    return Subject(parameters, work, score)


def _our_flow(name: str, size: int, folder: Path) -> "ConditionalFlow":
    import torch

    from magic_viewer.flow.build import disc
    from magic_viewer.flow.config import named_config
    from magic_viewer.flow.interchange import read_published_checkpoint, read_published_config
    from magic_viewer.flow.model import ConditionalFlow

    if "compact" in name:
        labels = tuple(f"class {n}" for n in range(CLASSES["compact"]))
        flow = ConditionalFlow(named_config("compact", labels))
        flow.initialise(128 * (images(64, size) + 1), torch.arange(64) % len(labels))
        return flow.eval()
    config = replace(read_published_config(folder / "config.json"), scale=1.0, offset=0.0)
    flow = read_published_checkpoint(folder / "flow.pth", config, disc(size))
    flow.autocast = torch.bfloat16 if name.endswith(BFLOAT16) else None
    return flow


def peer_subject(name: str, size: int) -> Subject:
    """A library's nearest equivalent."""
    import torch

    from benchmarks import peers

    torch.manual_seed(0)
    peer: peers.Peer = getattr(peers, PEERS[name])(size, CLASSES["compact"])
    drawn, trained = counts(size)
    x, labels = images(trained, size), torch.arange(trained) % CLASSES["compact"]
    peer.training_step(x, labels)  # some set their normalisation from the first batch
    work: dict[str, Callable[[], object]] = {
        "log_prob": lambda: peer.log_prob_all_labels(x[:1]),
        "sample": lambda: peer.sample(drawn, 0),
        "train": lambda: peer.training_step(x, labels),
    }
    return Subject(peer.parameters_count, work, lambda: peer.log_prob_all_labels(x[:1]))


def work_through(name: str, size: int, folder: Path, runs: int) -> tuple[list[Timing], list[float]]:
    """All tasks of a method in this process, and its scores."""
    began = time.perf_counter()
    if name in PEERS:
        importlib.import_module("benchmarks.peers").require(name)
    elif name.startswith("ours"):
        importlib.import_module("magic_viewer.flow.model")
    else:
        importlib.import_module("benchmarks.published")
    imported, import_mb = time.perf_counter(), peak_mb()
    if name in PEERS:
        subject = peer_subject(name, size)
    elif name.startswith("ours"):
        subject = our_subject(name, size, folder)
    else:
        subject = published_subject(name.split()[1], size)
    built = time.perf_counter()

    def timing(task: str, seconds: float) -> Timing:
        return Timing(name, size, task, seconds, peak_mb(), subject.parameters)

    timings = [
        Timing(name, size, "import", imported - began, import_mb, subject.parameters),
        timing("build", built - imported),
    ]
    scores = subject.scores().flatten().tolist()
    for task, work in subject.work.items():
        timings.append(timing(task, median_seconds(work, runs)))
    return timings, scores


def dense_base(size: int) -> Timing:
    """What the published dense normal base adds to one score, once it is built."""
    import torch

    from benchmarks.published import dense_base_log_prob

    z = torch.randn(1, size**2)
    dense_base_log_prob(z)
    seconds = median_seconds(lambda: dense_base_log_prob(z))
    return Timing("published dense base", size, "log_prob", seconds, peak_mb(), 0)


def _in_process(*words: str) -> str:
    """Runs this module as a worker; gives its last line."""
    command = [sys.executable, "-m", "benchmarks.flow", "--worker", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def _worker(words: Sequence[str]) -> None:
    name, size, folder, last = words[0], int(words[1]), Path(words[2]), words[3]
    if name == "prepare":
        prepare(last, size, folder)
    elif name == "dense base":
        print(json.dumps([[asdict(dense_base(size))], []]))
    else:
        timings, scores = work_through(name, size, folder, runs=int(last))
        print(json.dumps([[asdict(timing) for timing in timings], scores]))


def measure(size: int, networks: Sequence[str], runs: int, dense: bool) -> list[Timing]:
    """Times every method at one size, printing as it goes."""
    timings: list[Timing] = []
    print(f"\n{size}×{size}   (seconds, medians of {runs}; peak in MB)")
    print(f"{'':30}" + "".join(f"{task:>12}" for task in TASKS) + f"{'peak':>9}{'params':>9}")
    with tempfile.TemporaryDirectory() as root:
        for network in networks:
            folder = Path(root) / network
            folder.mkdir()
            _in_process("prepare", str(size), str(folder), network)
        scores: dict[str, list[float]] = {}
        for name in methods(size, networks) + (["dense base"] if dense or size == SIZES[0] else []):
            network = next((n for n in VARIANTS if n in name), "")
            try:
                rows, scores[name] = json.loads(
                    _in_process(name, str(size), str(Path(root) / network), str(runs))
                )
            except RuntimeError as error:
                print(f"{name:30}{error}")
                continue
            timings += [Timing(**row) for row in rows]
            _print_row([Timing(**row) for row in rows])
    _print_summary(timings, scores)
    return timings


def _print_row(rows: Sequence[Timing]) -> None:
    by_task = {row.task: row.median_s for row in rows}
    cells = "".join(f"{by_task[t]:12.4f}" if t in by_task else f"{'–':>12}" for t in TASKS)
    peak = max((r.peak_mb for r in rows if r.task != "train"), default=0)
    print(f"{rows[0].name:30}{cells}{peak:9.0f}{rows[0].parameters / 1e6:8.1f}M", flush=True)


def _print_summary(timings: Sequence[Timing], scores: dict[str, list[float]]) -> None:
    seconds = {(t.name, t.task): t.median_s for t in timings}
    parameters = {t.name: t.parameters for t in timings}
    for name in scores:
        if not name.startswith("ours"):
            continue
        network = name.split()[1]
        line = f"{name}: "
        if (other := f"published {network}") in scores:
            ratios = [f"{t} {seconds[other, t] / seconds[name, t]:.1f} ×" for t in TASKS[2:]]
            worst = max(
                abs(a - b) / abs(b) for a, b in zip(scores[name], scores[other], strict=True)
            )
            line += f"{', '.join(ratios)} faster than published; scores differ by {worst:.1e}; "
        extra = seconds[name, "attribution"] / seconds[name, "log_prob"]
        print(f"{line}attribution costs {extra:.2f} × log_prob")
    for name in [n for n in scores if n in PEERS or n == "ours compact"]:
        cost = 1e3 * seconds[name, "log_prob"] / (parameters[name] / 1e6)
        print(f"{name}: log_prob of all labels, {cost:.1f} ms per million parameters")


def convolution_speed() -> float:
    """GFLOP/s of 3×3 convolutions of 32 channels at 184×184, channels last: the limit."""
    import torch
    from torch.nn import functional as F

    x = torch.randn(1, 32, 184, 184).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(32, 32, 3, 3).contiguous(memory_format=torch.channels_last)
    seconds = median_seconds(lambda: [F.conv2d(x, weight, padding=1) for _ in range(20)])
    return float(20 * 2 * 184**2 * 32 * 32 * 9 / seconds / 1e9)


def work_of_a_label(network: str, size: int) -> float:
    """GFLOP of log p of one label in the published computation."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    flow = build_published(network, size)
    with FlopCounterMode(display=False) as counter:
        flow.log_prob(images(1, size), torch.eye(CLASSES[network])[:1])
    return float(counter.get_total_flops() / 1e9)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="classification at 64×64, once: a minute"
    )
    parser.add_argument(
        "--dense",
        action="store_true",
        help="the dense base at 184×184 too (several times 4.6 GB)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the timings there")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _worker(options.worker)
        return
    sizes = SIZES[:1] if options.quick else SIZES
    networks = list(VARIANTS)[:1] if options.quick else list(VARIANTS)
    runs = 1 if options.quick else RUNS
    timings = [t for size in sizes for t in measure(size, networks, runs, options.dense)]
    print(f"\n3×3 convolutions run at {convolution_speed():.0f} GFLOP/s on this machine")
    for network in networks:
        work = ", ".join(f"{work_of_a_label(network, size):.1f} at {size}×{size}" for size in sizes)
        print(f"GFLOP of one label, {network}: {work}")
    if not fast_bfloat16():
        print("This CPU has no bfloat16 arithmetic: bfloat16 was not timed.")
    if options.json:
        text = json.dumps([asdict(timing) for timing in timings], indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
