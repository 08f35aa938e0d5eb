"""One labelled slice, of whatever form of data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from magic_viewer.pipeline.preprocess import Jitter, ModelInput, PreprocessConfig, prepare_grey


@dataclass(frozen=True, eq=False)
class Example:
    """One labelled slice.

    Attributes:
        grey: (rows, columns) float32.
        label: class name.
        patient: who it is of, or which scanner it is from; None where nobody knows.
        split: "train", "val", "test", or the fold's number as text.
        series: that it belongs to, where the data says.
        spacing: (row, column) mm, where the file says.
        limits: values that become grey levels 0 and 255, where the file has a CT window.
        affine: 4×4, (i, j, k) -> LPS mm, where the file says.
    """

    grey: npt.NDArray[np.float32]
    label: str
    patient: str | None
    split: str
    series: str | None = None
    spacing: tuple[float, float] | None = None
    limits: tuple[float, float] | None = None
    affine: npt.NDArray[np.float64] | None = None

    def prepared(self, config: PreprocessConfig, jitter: Jitter | None = None) -> ModelInput:
        """The model's input of it."""
        return prepare_grey(self.grey, config, self.spacing, self.limits, jitter)
