"""Memory that doesn't suffice, and GPUs that don't work."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline import device as module
from magic_viewer.pipeline.device import PlacedFlow, choose_device, is_out_of_memory
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.results import Sample, SampleRequest
from magic_viewer.progress import drain
from tests.training.conftest import draw

IMAGE = Slice(draw("left", np.random.default_rng(7)).astype(np.float32))
GPU = torch.device("cuda")
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.fixture
def on_gpu(side_model: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that takes the CPU for a GPU."""
    monkeypatch.setattr(PlacedFlow, "_move", lambda self, device: None)
    monkeypatch.setattr(module, "device_name", lambda d: "GPU" if d.type == "cuda" else "CPU")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    return Engine.load(side_model, GPU)


def full_until(engine: Engine, monkeypatch: pytest.MonkeyPatch, *, part: int) -> list[str]:
    """The GPU has room for one of so many parts at once; gives the devices that were tried."""
    passes, tried = ConditionalFlow.log_prob_maps, []

    def limited(flow, x, labels):
        tried.append(f"{engine._placed.device.type}/{flow.part}")
        if engine._placed.device == GPU and flow.part < part:
            raise FULL
        return passes(flow, x, labels)

    monkeypatch.setattr(ConditionalFlow, "log_prob_maps", limited)
    return tried


def test_that_less_is_done_at_once_where_the_gpu_has_too_little_memory(
    on_gpu: Engine, side_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Engine.load(side_model, torch.device("cpu")).examine(IMAGE)
    tried = full_until(on_gpu, monkeypatch, part=256)
    found = on_gpu.examine(IMAGE)
    assert list(dict.fromkeys(tried)) == [f"cuda/{4**n}" for n in range(5)]
    assert np.allclose(found.scale_maps, expected.scale_maps, atol=1e-4)
    assert found.classification.device == "GPU, in smaller steps: memory is short"


def test_that_the_cpu_takes_over_where_the_gpu_has_no_room_for_the_least(
    on_gpu: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = full_until(on_gpu, monkeypatch, part=10**9)
    samples = [s for s in on_gpu.generate(SampleRequest("left", count=2)) if isinstance(s, Sample)]
    assert tried[-2:] == ["cpu/1", "cpu/1"]
    assert [sample.seed for sample in samples] == [0, 1]
    assert on_gpu.device == "CPU, as the GPU's memory doesn't suffice"
    assert on_gpu.examine(IMAGE).classification.device == on_gpu.device


def test_that_a_model_too_large_for_the_gpu_is_loaded_on_the_cpu(
    side_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move(self: PlacedFlow, device: torch.device) -> None:
        if device == GPU:
            raise FULL

    monkeypatch.setattr(PlacedFlow, "_move", move)
    assert Engine.load(side_model, GPU).device == "CPU, as the GPU's memory doesn't suffice"


def test_that_a_cpu_without_memory_for_the_least_is_an_end(side_model: Path) -> None:
    def full(flow: ConditionalFlow) -> Generator[None, None, None]:
        yield
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    engine = Engine.load(side_model, torch.device("cpu"))
    with pytest.raises(MemoryError):
        drain(engine._placed.run(full))


def test_that_work_goes_on_when_other_work_moved_the_flow_meanwhile(on_gpu: Engine) -> None:
    placed, asked = on_gpu._placed, []

    def work(flow: ConditionalFlow) -> Generator[None, None, str]:
        began_on = placed.device
        asked.append(began_on.type)
        yield
        if placed.device != began_on:
            raise RuntimeError("Expected all tensors to be on the same device")
        return "done"

    steps = placed.run(work)
    next(steps)
    placed._leave()
    assert drain(steps) == "done"
    assert asked == ["cuda", "cpu"]
    assert placed.flow.part == 1


def test_that_other_errors_are_not_taken_for_a_lack_of_memory(on_gpu: Engine) -> None:
    def broken(flow: ConditionalFlow) -> Generator[None, None, None]:
        yield
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        drain(on_gpu._placed.run(broken))
    assert on_gpu.device == "GPU"
    assert is_out_of_memory(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment"),
        AssertionError("Torch not compiled with CUDA enabled"),
        OSError("libcudart.so.12: cannot open shared object file"),
    ],
)
@pytest.mark.parametrize("when", ["asked", "used"])
def test_that_a_gpu_that_fails_is_left_aside(
    monkeypatch: pytest.MonkeyPatch, error: Exception, when: str
) -> None:
    def fail(*_: object, **__: object) -> torch.Tensor:
        raise error

    monkeypatch.setattr(torch.cuda, "is_available", fail if when == "asked" else lambda: True)
    monkeypatch.setattr(torch.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch, "ones", fail)
    assert choose_device() == torch.device("cpu")
