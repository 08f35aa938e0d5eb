"""What a model was made for, measured on the images it was trained and judged on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from magic_viewer.imaging.geometry import plane_name
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.fit import MadeFor, stored_sides
from magic_viewer.pipeline.header_says import HeaderRule
from magic_viewer.pipeline.library import read_bundle, write_bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.training.data import read_examples
from magic_viewer.training.examples import Example

PLANES = dict.fromkeys(("brain-sequence", "brain-site", "tumour", "scanner-vendor"), ("axial",))
"""Of presets whose data is told to be of one plane, also where its files don't say."""
HEADERS = {
    "scanner-vendor": HeaderRule(
        "Manufacturer",
        (
            ("GE", ("GE",)),
            ("Philips", ("Philips",)),
            ("Siemens", ("Siemens",)),
        ),
    ),
    "modality": HeaderRule(
        "Modality",
        (
            ("AbdomenCT", ("CT",)),
            ("BreastMRI", ("MR",)),
            ("CXR", ("CR", "DX", "RG")),
            ("ChestCT", ("CT",)),
            ("Hand", ("CR", "DX", "RG")),
            ("HeadCT", ("CT",)),
        ),
    ),
}
"""Of presets whose classes DICOM headers name."""


def measure_made_for(
    examples: Sequence[Example], preprocess: PreprocessConfig, preset: str, flips: bool = False
) -> MadeFor:
    """Planes, edges, field of view and spacing of images, as far as their files say.

    Args:
        examples: the images it was trained and judged on.
        preprocess: how they become the model's input.
        preset: that the model is made with, for what its data is told to be.
        flips: whether left and right were exchanged for half of them.
    """
    told = [e for e in examples if e.spacing is not None]
    views: list[float] = []
    spacings: list[float] = []
    for e in told:
        assert e.spacing is not None
        top, left, bottom, right = e.prepared(preprocess).box
        views += [(bottom - top) * e.spacing[0], (right - left) * e.spacing[1]]
        spacings += e.spacing
    images = [Slice(e.grey, affine=e.affine) for e in examples if e.affine is not None]
    sides = {side for image in images if (side := stored_sides(image))}
    planes = {plane for image in images if (plane := plane_name(image.affine))}
    if flips:
        sides |= {_other(side) for side in sides}
    return MadeFor(
        tuple(sorted(planes)) or PLANES.get(preset, ()),
        tuple(sorted(sides)),
        _ends(views),
        _ends(spacings),
    )


def record_made_for(folder: Path, data: Path) -> MadeFor:
    """Measures what a model was made for, and writes it into its config.json.

    Args:
        folder: of the model.
        data: what it was trained on.
    """
    bundle = read_bundle(folder)
    about, name = bundle.training, bundle.info.name
    fold = str(about.get("fold", ""))
    examples = [e for e in read_examples(data, bundle.task) if e.split not in (fold, "val", "test")]
    flips = bool(about.get("config", {}).get("augment", {}).get("flip", False))
    made_for = measure_made_for(examples, bundle.preprocess, name, flips)
    header = HEADERS.get(name, HeaderRule())
    write_bundle(folder, replace(bundle, made_for=made_for, header=header))
    return made_for


def _other(sides: str) -> str:
    left, top = sides.split()
    return f"{left.translate(str.maketrans('RLAPHF', 'LRPAFH'))} {top}"


def _ends(values: Sequence[float]) -> tuple[float, ...]:
    return (round(min(values), 3), round(max(values), 3)) if values else ()
