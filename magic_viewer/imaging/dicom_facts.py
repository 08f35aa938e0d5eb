"""What readers of a DICOM header are given: the file, and one frame's own part of it."""

from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset

from magic_viewer.imaging.dicom_findings import Finding
from magic_viewer.imaging.dicom_format import PixelFormat
from magic_viewer.imaging.dicom_values import item
from magic_viewer.imaging.mosaic import Mosaic
from magic_viewer.imaging.source import Source


@dataclass(frozen=True)
class FileFacts:
    """A file, and one frame's functional groups in it when it has any.

    Attributes:
        source: the file.
        header: its attributes.
        format: how its pixels are packed.
        shared_facts: fields of a Frame that all frames of the file share.
        finding: what the file says of other images.
        mosaic: how its one image divides.
        number: of the frame, 0-based.
        has_groups: whether frames have functional groups.
        own: those of the frame; None where some frames lack them.
        shared: those of all frames.
        found: what was found among the shared ones already.
    """

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
    found: dict[str, Dataset] = field(default_factory=dict)

    def group(self, keyword: str) -> Dataset:
        """Finds a functional group's item: the frame's, the shared one, else the file itself.

        Where some frames lack their groups nobody knows whose the others are: none is used.
        """
        if not self.has_groups:
            return self.header
        if self.own is None:
            return Dataset()
        own = item(self.own, keyword)
        if own is not None:
            return own
        if keyword not in self.found:
            self.found[keyword] = item(self.shared, keyword) or Dataset()
        return self.found[keyword]
