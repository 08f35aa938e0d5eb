"""Where a flow computes: on a GPU while its memory suffices, else on the CPU."""

import warnings
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import torch

from magic_viewer.flow.model import ConditionalFlow

Result = TypeVar("Result")
Work = Callable[[ConditionalFlow], Generator[Any, None, Result]]

_LESS = 4
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "ALLOC_FAILED")


def choose_device() -> torch.device:
    """The GPU when there is one that works, else the CPU."""
    for kind, has_one in (("cuda", torch.cuda.is_available), ("mps", torch.mps.is_available)):
        if _works(kind, has_one):
            return torch.device(kind)
    return torch.device("cpu")


def _works(kind: str, has_one: Callable[[], bool]) -> bool:
    """Whether it can add; drivers and libraries that don't fit each other show only then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return has_one() and torch.ones(2, device=kind).sum().item() == 2
        except Exception:  # noqa: BLE001 - whatever a driver does, there is the CPU
            return False


def device_name(device: torch.device) -> str:
    """For people."""
    if device.type == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(device)})"
    return {"mps": "Apple GPU"}.get(device.type, "CPU")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says so; of torch's many, not all have a class of their own."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)
    )


class PlacedFlow:
    """A flow on a device, which it leaves for the CPU when its memory doesn't suffice.

    Attributes:
        flow: ready for inference.
        device: where it is.
    """

    def __init__(self, flow: ConditionalFlow, device: torch.device) -> None:
        self.flow, self.device = flow, device
        self._note = ""
        try:
            self._move(device)
        except RuntimeError as error:
            if device.type == "cpu" or not is_out_of_memory(error):
                raise
            self._leave()

    @property
    def name(self) -> str:
        """Where it computes, for people, and whether memory is short there."""
        return device_name(self.device) + self._note

    def run(self, work: "Work[Result]") -> Generator[Any, None, Result]:
        """Does work; again with less at once, then on the CPU, where memory doesn't suffice.

        Raises:
            MemoryError: it doesn't suffice for the least on the CPU either.
        """
        while True:
            began_on = self.device
            try:
                return (yield from work(self.flow))
            except (RuntimeError, MemoryError) as error:
                # Other work between two steps of this may have moved the flow from under it.
                has_moved = self.device != began_on
                if not has_moved and not is_out_of_memory(error):
                    raise
            # Only here are the tensors gone that the error's frames held.
            if not has_moved:
                self._take_less()

    def _take_less(self) -> None:
        if self.flow.takes_least:
            if self.device.type == "cpu":
                raise MemoryError
            self._leave()
        else:
            self.flow.part *= _LESS
            self._note = ", in smaller steps: memory is short"
        self._free()

    def _leave(self) -> None:
        self.flow.part = 1
        self.device = torch.device("cpu")
        self._move(self.device)
        self._note = ", as the GPU's memory doesn't suffice"

    def _move(self, device: torch.device) -> None:
        self.flow.to(device)

    def _free(self) -> None:
        """Gives back what torch keeps of the GPU's memory for later."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()
