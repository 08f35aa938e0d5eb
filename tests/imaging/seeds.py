"""Small whole files of every kind, from which mutants are made."""

import gzip
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image, PngImagePlugin
from pydicom import dcmread
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from magic_viewer.imaging.kinds import is_dicom
from tests.imaging.conftest import item, package_folder, save_dicom

CANARY = "CANARY"
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
_LARGEST = 60_000
_PATIENT = ("PatientName", "PatientID")
# Of NIfTI-1: data_type, db_name, descrip, aux_file and intent_name.
_NIFTI_TEXTS = ((4, 10), (14, 18), (148, 80), (228, 24), (328, 16))
_PYDICOM = """
    MR_small_implicit.dcm MR_small.dcm MR_small_expb.dcm MR_small_bigendian.dcm
    MR_small_padded.dcm MR_small_RLE.dcm MR_small_jp2klossless.dcm MR_small_jpeg_ls_lossless.dcm
    JPEG2000.dcm JPEG2000-embedded-sequence-delimiter.dcm 693_J2KI.dcm GDCMJ2K_TextGBR.dcm
    JPEG-lossy.dcm JPGExtended.dcm JPEGLSNearLossless_08.dcm JPEGLSNearLossless_16.dcm
    SC_rgb_jls_lossy_line.dcm SC_rgb_jls_lossy_sample.dcm SC_rgb_small_odd.dcm
    SC_rgb_small_odd_big_endian.dcm SC_rgb_small_odd_jpeg.dcm SC_rgb_rle.dcm
    SC_rgb_rle_2frame.dcm SC_rgb_rle_16bit.dcm SC_rgb_rle_32bit_2frame.dcm SC_rgb_jpeg.dcm
    SC_rgb_jpeg_dcmtk.dcm SC_rgb_dcmtk_+eb+cy+s4.dcm SC_jpeg_no_color_transform.dcm
    SC_rgb_jpeg_gdcm.dcm SC_ybr_full_422_uncompressed.dcm image_dfl.dcm rtdose.dcm rtdose_1frame.dcm
    rtdose_expb_1frame.dcm rtdose_rle.dcm liver_1frame.dcm liver_expb_1frame.dcm CT_small.dcm
    no_meta.dcm ExplVR_BigEnd.dcm UN_sequence.dcm nested_priv_SQ.dcm rtstruct.dcm zipMR.gz
"""
_NIBABEL = """
    standard.nii.gz example_nifti2.nii.gz resampled_anat_moved.nii functional.nii
    row_major.dconn.nii analyze.hdr test.mgz minc1_1_scale.mnc minc1_4d.mnc minc2_1_scale.mnc
"""


@dataclass(frozen=True)
class Seed:
    """A file to be mutated.

    Attributes:
        name: of the file.
        content: its bytes.
        beside: other files that lie beside it, by name.
    """

    name: str
    content: bytes
    beside: dict[str, bytes] = field(default_factory=dict)


def packaged_seeds(folder: Path) -> list[Seed]:
    """Gives seeds that need nothing but the packages; `folder` is for making them in."""
    dicom, nifti = package_folder("pydicom"), package_folder("nibabel")
    files = [dicom / "data" / "test_files" / name for name in _PYDICOM.split()]
    files += [nifti / "tests" / "data" / name for name in _NIBABEL.split()]
    seeds = [Seed(path.name, planted(path.read_bytes())) for path in files]
    seeds += [_index(dicom / "data" / "test_files" / "dicomdirtests")]
    seeds += _tables(folder)
    seeds += [_enhanced(folder), _archive(seeds)]
    return [*seeds, *_pairs(), *_nifti_2(), *_pictures()]


def corpus_seeds() -> list[Seed]:
    """Gives the small files of the shared corpus, which has canaries of its own, if it is there."""
    paths = [path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".py"]
    small = [path for path in sorted(paths) if 0 < path.stat().st_size < _LARGEST]
    return [
        Seed(path.relative_to(CORPUS).as_posix(), path.read_bytes(), _image_of(path))
        for path in small
        if "models_bad" not in path.parts and path.name != "manifest.json"
    ]


def _image_of(header: Path) -> dict[str, bytes]:
    image = header.with_suffix(".img")
    return {image.name: image.read_bytes()} if header.suffix == ".hdr" and image.exists() else {}


def planted(content: bytes) -> bytes:
    """Puts the canary where a patient's data would be, as far as that is known."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(planted(gzip.decompress(content)), mtime=0)
    if content[344:347] in (b"n+1", b"ni1"):
        for start, length in _NIFTI_TEXTS:
            content = _overwritten(content, start, CANARY.encode().ljust(length, b"\0"))
    for text in _patient_texts(content):
        canary = (CANARY * len(text))[: len(text)].encode()
        content = content.replace(text, canary)
    return content


def _overwritten(content: bytes, start: int, part: bytes) -> bytes:
    return content[:start] + part + content[start + len(part) :]


def _patient_texts(content: bytes) -> Iterator[bytes]:
    if not is_dicom(content):
        return
    try:
        header = dcmread(BytesIO(content), stop_before_pixels=True, force=True)
        found = {str(one.value) for one in header.iterall() if one.keyword in _PATIENT}
    except (OSError, ValueError, AttributeError, NotImplementedError):
        return
    yield from (
        text.encode() for text in sorted(found) if len(text) >= len(CANARY) and text.isascii()
    )


def _index(folder: Path) -> Seed:
    """Gives a DICOMDIR with three of the files that it lists."""
    names = ("77654033/CR1/6154", "77654033/CR2/6247", "98892003/MR1/4919")
    beside = {name: (folder / name).read_bytes() for name in names}
    return Seed("DICOMDIR", planted((folder / "DICOMDIR").read_bytes()), beside)


def _made(folder: Path, name: str, **attributes: Any) -> Seed:
    array = attributes.pop("array", np.arange(48, dtype=np.uint8).reshape(6, 8))
    return Seed(
        name, save_dicom(folder / name, array, SOPInstanceUID="1.2.5", **attributes).read_bytes()
    )


def _tables(folder: Path) -> list[Seed]:
    """Gives palettes, look-up tables and an overlay."""
    descriptor = [64, 0, 16]
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).tobytes()
    # Discrete: opcode, count, values; linear: opcode, count, end (PS3.3 C.7.9.2).
    segments = np.array([0, 1, 0, 1, 63, 65535], np.uint16).tobytes()
    colors = ("Red", "Green", "Blue")
    palette: dict[str, Any] = {
        f"{color}PaletteColorLookupTableDescriptor": descriptor for color in colors
    } | {"PhotometricInterpretation": "PALETTE COLOR"}
    plain = {f"{color}PaletteColorLookupTableData": ramp for color in colors}
    segmented = {f"Segmented{color}PaletteColorLookupTableData": segments for color in colors}
    table = item(LUTDescriptor=[48, 0, 16], LUTData=list(range(0, 4800, 100)))
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    return [
        _made(folder, "palette.dcm", **palette, **plain),
        _made(folder, "segmented_palette.dcm", **palette, **segmented),
        _made(folder, "modality_lut.dcm", ModalityLUTSequence=Sequence([table])),
        _made(folder, "voi_lut.dcm", VOILUTSequence=Sequence([table])),
        _made(folder, "implicit.dcm", syntax=ImplicitVRLittleEndian, **palette, **plain),
        Seed("overlay.dcm", _with_overlay(folder)),
    ]


def _with_overlay(folder: Path) -> bytes:
    path = save_dicom(folder / "overlay.dcm", np.zeros((6, 8), np.uint16), SOPInstanceUID="1.2.5")
    dataset = dcmread(path)
    for element, vr, value in (
        (0x10, "US", 6),
        (0x11, "US", 8),
        (0x40, "CS", "G"),
        (0x50, "SS", [1, 1]),
        (0x100, "US", 1),
        (0x102, "US", 0),
        (0x3000, "OW", bytes(range(6))),
    ):
        dataset.add_new((0x6000, element), vr, value)
    dataset.save_as(path)
    return path.read_bytes()


def _enhanced(folder: Path) -> Seed:
    """Gives a multi-frame file with functional groups."""
    frames = [
        item(PlanePositionSequence=Sequence([item(ImagePositionPatient=[0, 0, z])]))
        for z in range(3)
    ]
    shared = item(
        PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
        PixelMeasuresSequence=Sequence([item(PixelSpacing=[2, 1])]),
        FrameVOILUTSequence=Sequence([item(WindowCenter=50, WindowWidth=100)]),
    )
    return _made(
        folder,
        "enhanced.dcm",
        array=np.arange(144, dtype=np.uint16).reshape(3, 6, 8),
        syntax=ExplicitVRLittleEndian,
        NumberOfFrames=3,
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
    )


def _archive(seeds: list[Seed]) -> Seed:
    """Packs DICOM files, one of them not compressed, and a picture."""
    chosen = [seed for seed in seeds if seed.name in ("MR_small_RLE.dcm", "rtdose_1frame.dcm")]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for seed, method in zip(chosen, (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED), strict=True):
            info = zipfile.ZipInfo(f"disc/{seed.name}")
            info.compress_type = method
            archive.writestr(info, seed.content)
    return Seed("disc.zip", packed.getvalue())


def _volume(kind: type[Any], dtype: Any) -> Any:
    values = np.arange(4 * 5 * 3).reshape(4, 5, 3).astype(dtype)
    image = kind(values, np.diag([-2.0, 3.0, 4.0, 1.0]))
    image.header["descrip"] = CANARY.encode()
    return image


def _pairs() -> list[Seed]:
    """Gives a NIfTI-1 pair twice: its header to be mutated, and its voxels."""
    image = _volume(nib.Nifti1Pair, np.int16)
    files = image.make_file_map({"header": BytesIO(), "image": BytesIO()})
    image.to_file_map(files)
    header, voxels = (files[part].fileobj.getvalue() for part in ("header", "image"))
    return [
        Seed("pair.hdr", header, {"pair.img": voxels}),
        Seed("pair.img", voxels, {"pair.hdr": header}),
    ]


def _nifti_2() -> list[Seed]:
    """Gives single files as numbers, in colour and packed."""
    colors = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    rgb = nib.Nifti1Image(np.zeros((4, 5, 3), colors), np.eye(4)).to_bytes()
    return [
        Seed("second.nii", _volume(nib.Nifti2Image, np.float32).to_bytes()),
        Seed("first.nii", _volume(nib.Nifti1Image, np.uint8).to_bytes()),
        Seed("colour.nii", rgb),
        Seed("packed.nii.gz", gzip.compress(_volume(nib.Nifti1Image, "<f8").to_bytes(), mtime=0)),
    ]


def _pictures() -> list[Seed]:
    """Gives pictures of every format and mode that are shown."""
    ramp = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
    grey, color = ramp.astype(np.uint8), np.stack([ramp % 256] * 3, -1).astype(np.uint8)
    text = PngImagePlugin.PngInfo()
    text.add_text("Patient", CANARY)
    indexed = Image.fromarray(color).quantize(16)
    exif = Image.Exif()
    exif[274] = 6
    tags = {270: CANARY}
    make: Callable[..., Seed] = _picture
    return [
        make("grey.png", Image.fromarray(grey), pnginfo=text),
        make("deep.png", Image.fromarray(ramp)),
        make("colour.png", Image.fromarray(color)),
        make("indexed.png", indexed),
        make("grey.jpg", Image.fromarray(grey), comment=CANARY),
        make("turned.jpg", Image.fromarray(color), exif=exif),
        make("plain.tif", Image.fromarray(grey)),
        make("packed.tif", Image.fromarray(color), compression="tiff_deflate", tiffinfo=tags),
        make("lzw.tif", Image.fromarray(ramp), compression="tiff_lzw", tiffinfo=tags),
        make("deep.tif", Image.fromarray(ramp.astype(np.float32))),
        make(
            "pages.tif", Image.fromarray(grey), save_all=True, append_images=[Image.fromarray(ramp)]
        ),
    ]


def _picture(name: str, image: Image.Image, **options: Any) -> Seed:
    stream = BytesIO()
    endings = {"png": "PNG", "jpg": "JPEG", "tif": "TIFF"}
    image.save(stream, endings[name.rpartition(".")[2]], **options)
    return Seed(name, stream.getvalue())
