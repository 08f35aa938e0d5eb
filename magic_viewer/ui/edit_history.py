"""The steps of a what-if on one slice, to go back and forth between. No Qt."""

import numpy as np

from magic_viewer.imaging.study import Slice

_MOST_BYTES = 512 * 1024 * 1024
_FEWEST_STEPS = 8


class EditHistory:
    """Keeps each step as it was made, so that undo gives the very same image.

    The original is always kept; of the steps, as many of the last as fit into memory.

    Args:
        original: the slice as it was read.
    """

    def __init__(self, original: Slice) -> None:
        self.original = original
        self._steps = [original]
        self._now = 0
        self.strokes = 0

    @property
    def current(self) -> Slice:
        """The slice after the steps that count."""
        return self._steps[self._now]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._now > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back."""
        return self._now + 1 < len(self._steps)

    def is_of(self, image: Slice) -> bool:
        """Whether the steps begin at this slice, read once more or not."""
        mine, other = self.original.modality_values, image.modality_values
        if self.original is image:
            return True
        is_alike = mine.shape == other.shape and self.original.spacing == image.spacing
        is_alike = is_alike and self.original.index == image.index
        return is_alike and np.array_equal(mine, other, equal_nan=True)

    def add(self, image: Slice) -> None:
        """One more step; what was taken back is gone."""
        self._steps[self._now + 1 :] = [image]
        most = max(_FEWEST_STEPS, _MOST_BYTES // max(1, image.modality_values.nbytes))
        if len(self._steps) > most + 1:
            del self._steps[1]
        self._now = len(self._steps) - 1
        self.strokes += 1

    def undo(self) -> None:
        """One step back, if there is one."""
        self._now = max(0, self._now - 1)

    def redo(self) -> None:
        """One step on, if there is one."""
        self._now = min(len(self._steps) - 1, self._now + 1)

    def back_to_original(self) -> None:
        """All steps back; each can be had again."""
        self._now = 0
