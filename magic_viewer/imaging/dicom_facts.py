"""What readers of a DICOM header are given: the file, and one frame's own part of it."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from magic_viewer.imaging.dicom_findings import Finding
from magic_viewer.imaging.dicom_format import PixelFormat
from magic_viewer.imaging.dicom_values import item
from magic_viewer.imaging.mosaic import Mosaic
from magic_viewer.imaging.source import Source


@dataclass(frozen=True)
class FileFacts:
    """A file, and one frame's functional groups in it when it has any."""

    source: Source
    header: Dataset
    format: PixelFormat
    shared_facts: dict[str, Any]
    finding: Finding | None = None
    mosaic: Mosaic | None = None
    number: int = 0
    has_groups: bool = False
    own: Dataset | None = None
    shared: Dataset | None = None

    def group(self, keyword: str) -> Dataset:
        """Finds a functional group's item: the frame's, the shared one, else the file itself.

        Where some frames lack their groups nobody knows whose the others are: none is used.
        """
        if not self.has_groups:
            return self.header
        if self.own is None:
            return Dataset()
        return item(self.own, keyword) or item(self.shared, keyword) or Dataset()
