"""A slice that isn't what the model was made for is found by its file, and nothing is guessed."""

import json

import numpy as np
import pytest

from magic_viewer.errors import ModelError
from magic_viewer.imaging.geometry import plane_affine
from magic_viewer.imaging.study import Slice
from magic_viewer.pipeline.fit import MadeFor, check_fit, misfits
from magic_viewer.pipeline.header_says import HeaderRule, header_says
from magic_viewer.pipeline.library import read_bundle, write_bundle

AXIAL, SAGITTAL, FLIPPED = (1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (-1, 0, 0, 0, 1, 0)
MADE_FOR = MadeFor(("axial",), ("R A",), (220.0, 260.0), (0.5, 1.0))
BOX = (0.0, 0.0, 256.0, 256.0)


def image(orientation=AXIAL, spacing=(0.9, 0.9), modality="MR") -> Slice:
    affine = plane_affine((0, 0, 0), orientation, spacing) if orientation else None
    values = np.zeros((256, 256), np.float32)
    return Slice(values, affine=affine, spacing=spacing, modality=modality)


def states(one: Slice, made_for=MADE_FOR, modalities=("MR",)) -> dict[str, str]:
    return {fit.name: fit.state for fit in check_fit(one, BOX, modalities, made_for)}


def test_that_a_slice_like_the_training_images_fits_in_all() -> None:
    assert set(states(image()).values()) == {"fits"}
    assert misfits(check_fit(image(), BOX, ("MR",), MADE_FOR)) == ""


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (image(modality="CT"), "modality"),
        (image(SAGITTAL), "plane"),
        (image(FLIPPED), "orientation"),
        (image(spacing=(2.5, 2.5)), "spacing"),
        (image(spacing=(2.5, 2.5)), "field of view"),
        (image(spacing=(0.2, 0.2)), "field of view"),
    ],
)
def test_that_what_does_not_fit_is_named_in_a_sentence(one, name) -> None:
    found = check_fit(one, BOX, ("MR",), MADE_FOR)
    fit = {fit.name: fit for fit in found}[name]
    assert fit.state == "misfit"
    assert fit.words.endswith(".")
    assert fit.words in misfits(found)


def test_that_a_little_beyond_the_training_images_still_fits() -> None:
    assert states(image(spacing=(1.15, 1.15)))["field of view"] == "fits"
    assert states(image(spacing=(1.15, 1.15)))["spacing"] == "fits"


def test_that_another_plane_is_told_once() -> None:
    assert states(image(SAGITTAL))["orientation"] == "unchecked"


def test_that_what_the_file_does_not_say_is_not_checked_and_no_misfit() -> None:
    bare = Slice(np.zeros((256, 256), np.float32))
    assert set(states(bare).values()) == {"unchecked"}
    assert misfits(check_fit(bare, BOX, ("MR",), MADE_FOR)) == ""


def test_that_without_geometry_of_the_training_images_only_the_modality_is_checked() -> None:
    found = states(image(SAGITTAL), MadeFor())
    assert found.pop("modality") == "fits"
    assert set(found.values()) == {"unchecked"}
    assert states(image(), MadeFor(), ())["modality"] == "unchecked"


def test_that_what_a_model_was_made_for_is_kept_in_its_folder(side_model, tmp_path) -> None:
    bundle = read_bundle(side_model)
    rule = HeaderRule("Modality", (("left", ("CT", "PT")), ("right", ("MR",))))
    from dataclasses import replace

    write_bundle(tmp_path, replace(bundle, made_for=MADE_FOR, header=rule))
    again = read_bundle(tmp_path)
    assert (again.made_for, again.header, again.info.header) == (MADE_FOR, rule, rule)


def test_that_models_of_before_still_load_and_unknown_entries_are_refused(
    side_model, tmp_path
) -> None:
    values = json.loads((side_model / "config.json").read_text())
    for name in ("made_for", "header"):
        values.pop(name, None)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values))
    assert read_bundle(tmp_path).made_for == MadeFor()
    path.write_text(json.dumps(values | {"made_for": {"colour": ["red"]}}))
    with pytest.raises(ModelError, match="colour"):
        read_bundle(tmp_path)


RULE = HeaderRule("Manufacturer", (("GE", ("GE",)), ("Siemens", ("Siemens",))))


@pytest.mark.parametrize(
    ("value", "label", "opinion"),
    [
        ("GE MEDICAL SYSTEMS", "GE", "agrees"),
        ("SIEMENS Healthineers", "GE", "disagrees"),
        ("Imagegenerator", "GE", "other"),
        ("", "GE", "silent"),
    ],
)
def test_that_a_header_agrees_by_whole_words_or_says_nothing(value, label, opinion) -> None:
    assert header_says(RULE, value).opinion(label) == opinion


def test_that_without_a_rule_no_header_says_anything() -> None:
    assert header_says(HeaderRule(), "GE").opinion("GE") == "silent"


def test_that_one_word_may_stand_for_several_classes() -> None:
    rule = HeaderRule("Modality", (("Head", ("CT",)), ("Chest", ("CT",)), ("Breast", ("MR",))))
    says = header_says(rule, "CT")
    assert says.labels == ("Head", "Chest")
    assert says.opinion("Breast") == "disagrees"
