"""One attribute of a file's header, where it has one."""

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.kinds import file_kind
from magic_viewer.imaging.source import Source


def header_value(source: Source, keyword: str) -> str:
    """Reads one DICOM attribute as a line of text.

    Returns:
        "" where the file isn't DICOM, lacks it, or can't be read any more.
    """
    from pydicom.datadict import tag_for_keyword

    from magic_viewer.imaging.dicom_file import open_dicom, read_header
    from magic_viewer.imaging.dicom_values import BAD_VALUE, text

    tag = tag_for_keyword(keyword)
    try:
        if tag is None or file_kind(source) != "DICOM":
            return ""
        with open_dicom(source) as stream:
            header, _, _ = read_header(stream, (tag,))
        return text(header, keyword)
    except (ImagingError, OSError, *BAD_VALUE):
        return ""
