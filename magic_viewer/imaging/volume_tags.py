"""The header's fields of NIfTI, MGH, Analyze and MINC 1, by the names nibabel has for them."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.freesurfer.mghformat import DATA_OFFSET, MGHHeader, header_dtype
from nibabel.nifti1 import extension_codes
from nibabel.spm2analyze import Spm2AnalyzeHeader

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.analyze_header import is_analyze
from magic_viewer.imaging.kinds import is_mgh, is_minc1, is_nifti, unpacked_head
from magic_viewer.imaging.minc import open_minc1
from magic_viewer.imaging.nifti_header import nifti_class
from magic_viewer.imaging.source import Source
from magic_viewer.imaging.tags import LONGEST, Limit, Tag, readable, shortened
from magic_viewer.imaging.volume_header import refusal

_MOST_EXTENSIONS = 4 << 20
_FLAG_BYTES = 4
# What `open_minc1` sets looks like an attribute to nibabel.
_NOT_OF_THE_FILE = "_mm_buf"


def volume_tags(source: Source, limit: Limit) -> tuple[Tag, ...]:
    """Reads the fields as they stand in the file, before any fault is mended.

    Raises:
        ImagingError: there is no header whose fields are known.
        Exception: nibabel's, when it is damaged.
    """
    head, gzipped = unpacked_head(source)
    if is_nifti(head):
        fields = _structure(nifti_class(head), head)
        return (*_fields(fields, limit), *_extensions(source, fields, limit))
    if is_mgh(head):
        # Without the footer that nibabel adds: it lies behind the voxels.
        return tuple(_fields(MGHHeader(head[:DATA_OFFSET], check=False), limit, header_dtype))
    if is_minc1(head):
        minc = open_minc1(partial(refusal, source, "MINC"), source, gzipped)
        return _netcdf(minc._mincfile, limit)
    if is_analyze(source, head):
        return tuple(_fields(_structure(Spm2AnalyzeHeader, head), limit))
    raise ImagingError(
        f"The tags of {source.name} can't be shown: its format is none whose header is read here."
    )


def _structure(kind: Any, head: bytes) -> Any:
    return kind(head[: kind.template_dtype.itemsize], check=False)


def _fields(header: Any, limit: Limit, layout: np.dtype[Any] | None = None) -> Iterator[Tag]:
    """Makes a row of each field, or only of those of a layout."""
    fields: Any = (layout or header.template_dtype).fields
    for name, (dtype, offset, *_) in limit.count(fields.items()):
        yield Tag(name, f"byte {offset}", _type_name(dtype), _field_text(header, name))


def _type_name(dtype: np.dtype[Any]) -> str:
    if dtype.base.kind == "S":
        return f"char × {dtype.itemsize}"
    sizes = "".join(f" × {size}" for size in dtype.shape)
    return dtype.base.name + sizes


def _field_text(header: Any, name: str) -> str:
    """Gives a field's value, with the word for a code."""
    value = _array_text(header[name])
    try:
        if name == "xyzt_units":
            return f"{value} ({', '.join(header.get_xyzt_units())})"
        if name in header._field_recoders:
            return f"{value} ({header.get_value_label(name)})"
    except (KeyError, ValueError, AttributeError):
        pass
    return value


def _array_text(value: npt.NDArray[Any]) -> str:
    if value.dtype.kind == "S":
        return b"".join(value.ravel().tolist()).decode("latin-1")
    return " ".join(map(str, value.ravel()))


def _extensions(source: Source, nifti: Any, limit: Limit) -> Iterator[Tag]:
    """Reads what stands between header and voxels (nifti.nimh.nih.gov, "Header extension").

    Each has a size, of itself too, and a code; more than 4 MB are never read.
    """
    start = nifti.template_dtype.itemsize
    offset = float(nifti["vox_offset"]) if nifti.is_single else _MOST_EXTENSIONS
    end = int(min(offset, _MOST_EXTENSIONS)) if offset > start + _FLAG_BYTES else start
    block, _ = unpacked_head(source, end)
    for place, size, code in limit.count(_places(block, start, nifti.endianness)):
        content = block[place + 8 : place + size].rstrip(b"\0")
        text = readable(content[:LONGEST], len(content))
        yield Tag("Extension", f"byte {place}", _extension_name(code), text)


def _places(block: bytes, start: int, endianness: str) -> Iterator[tuple[int, int, int]]:
    """Gives (place, size, code) of each extension, up to the first that can't be."""
    place = start + _FLAG_BYTES
    if len(block) <= start or not block[start]:
        return
    while place + 8 <= len(block):
        size, code = struct.unpack_from(f"{endianness}ii", block, place)
        if size < 8:
            return
        yield place, size, code
        place += size


def _extension_name(code: int) -> str:
    try:
        return str(extension_codes.label[code])
    except KeyError:
        return f"code {code}"


def _netcdf(file: Any, limit: Limit) -> tuple[Tag, ...]:
    """Reads the attributes of a netCDF file and of its variables."""
    variables = (
        Tag(
            name,
            vr=variable.data.dtype.name,
            value=" × ".join(f"{axis} {file.dimensions[axis]}" for axis in variable.dimensions),
            children=tuple(_attributes(variable, limit)),
        )
        for name, variable in limit.count(file.variables.items())
    )
    return (*_attributes(file, limit), *variables)


def _attributes(owner: Any, limit: Limit) -> Iterator[Tag]:
    for name, value in limit.count(owner._attributes.items()):
        if name == _NOT_OF_THE_FILE:
            continue
        if isinstance(value, bytes):
            kind, text = "char", value.rstrip(b"\0").decode("latin-1")
        else:
            array = np.asarray(value)
            kind, text = array.dtype.name, _array_text(array)
        yield Tag(name, vr=kind, value=shortened(text))
