"""What tells DICOM images at one position apart: echo, time, b-value, number."""

from contextlib import suppress
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from magic_viewer.imaging.dicom_facts import FileFacts
from magic_viewer.imaging.dicom_values import BAD_VALUE, number, texts

# Siemens, GE, Philips
_PRIVATE_B_VALUES = tuple(map(Tag, (0x0019100C, 0x00431039, 0x20011003)))
B_VALUE_TAGS = (*_PRIVATE_B_VALUES, 0x00190010, 0x00430010, 0x20010010)
"""Private attributes a header must be read with, and the creators of their groups."""


@dataclass(frozen=True, order=True)
class Rank:
    """What tells images at one position apart, compared in this order; 0 where it isn't said.

    Attributes:
        image_type: the values of Image Type.
        echo_time: ms.
        time: temporal position, counted from 1.
        trigger_time: ms.
        b_value: s/mm².
        acquisition: its number.
        instance: its number.
        frame: its place in the file, 0-based.
    """

    image_type: tuple[str, ...]
    echo_time: float
    time: float
    trigger_time: float
    b_value: float
    acquisition: float
    instance: float
    frame: int


def _private_b_value(header: Dataset) -> float:
    """Reads where scanners wrote the b-value before DICOM had a place for it; 0 for nowhere.

    GE adds a billion to some of its b-values (dcm2niix's notes on GE).
    """
    for tag in _PRIVATE_B_VALUES:
        if tag not in header:
            continue
        with suppress(*BAD_VALUE, IndexError):
            found = header[tag].value
            if isinstance(found, bytes):
                found = found.decode("ascii").split("\\")
            return float(found[0] if isinstance(found, list | MultiValue) else found) % 1e6
    return 0.0


def read_rank(facts: FileFacts) -> Rank:
    """Reads it from the frame's groups, else from the file."""
    of_file: Rank = facts.shared_facts["rank"]
    if not facts.has_groups:
        return replace(of_file, frame=facts.number)
    kind = texts(facts.group("MRImageFrameTypeSequence"), "FrameType")
    echo = number(facts.group("MREchoSequence"), "EffectiveEchoTime")
    time = number(facts.group("FrameContentSequence"), "TemporalPositionIndex")
    b_value = number(facts.group("MRDiffusionSequence"), "DiffusionBValue")
    return replace(
        of_file,
        image_type=kind or of_file.image_type,
        echo_time=echo or of_file.echo_time,
        time=time or of_file.time,
        b_value=b_value or of_file.b_value,
        frame=facts.number,
    )


def read_file_rank(header: Dataset) -> Rank:
    """Reads what the file says of all its frames."""
    return Rank(
        image_type=texts(header, "ImageType"),
        echo_time=number(header, "EchoTime") or 0.0,
        time=number(header, "TemporalPositionIdentifier") or 0.0,
        trigger_time=number(header, "TriggerTime") or 0.0,
        b_value=number(header, "DiffusionBValue") or _private_b_value(header),
        acquisition=number(header, "AcquisitionNumber") or 0.0,
        instance=number(header, "InstanceNumber") or 0.0,
        frame=0,
    )
