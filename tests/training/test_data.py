from pathlib import Path

import numpy as np
import pytest

from magic_viewer.errors import DataError
from magic_viewer.training.data import hold_out_patients, read_examples
from magic_viewer.training.examples import Example


def test_that_folders_give_class_and_split(folders: Path) -> None:
    examples = read_examples(folders)
    assert len(examples) == 72
    assert {e.label for e in examples} == {"left", "right"}
    assert sum(e.split == "val" for e in examples) == 16
    assert examples[0].grey.shape == (32, 32)


def test_that_arrays_give_three_sequences_without_copied_channels(arrays: Path) -> None:
    examples = read_examples(arrays, "sequence")
    images = np.load(arrays / "slices.npz")["images"]
    assert [e.label for e in examples[:2]] == ["FLAIR", "T1-post"]
    assert sum(e.label == "T1-pre" for e in examples) == 15
    assert np.array_equal(examples[0].grey, images[0, ..., 1])
    assert (examples[0].patient, examples[0].split) == ("P0", "0")


def test_that_patients_never_cross_the_validation_split(arrays: Path) -> None:
    kept, held = hold_out_patients(read_examples(arrays), 0.3, seed=1)
    assert len({e.patient for e in held}) == 3
    assert {e.patient for e in kept}.isdisjoint({e.patient for e in held})
    assert len(kept) + len(held) == len(read_examples(arrays))


def example(patient: str, label: str) -> Example:
    return Example(np.zeros((4, 4), np.float32), label, patient, "0")


def test_that_the_last_patient_of_a_class_is_never_held_out() -> None:
    examples = [example("A", "x"), *(example(p, "y") for p in "BCDE")]
    for seed in range(5):
        kept, held = hold_out_patients(examples, 0.9, seed)
        assert {e.label for e in kept} == {"x", "y"}
        assert {e.patient for e in kept} >= {"A"}
        assert len(held) == 3


def test_that_patients_of_several_classes_leave_every_class_on_the_training_side() -> None:
    examples = [example(p, label) for p in "AB" for label in "xy"]
    kept, held = hold_out_patients(examples, 0.9, 0)
    assert {e.label for e in kept} == {e.label for e in held} == {"x", "y"}


def test_that_one_patient_a_class_can_not_be_split() -> None:
    with pytest.raises(DataError, match="one patient only"):
        hold_out_patients([example("A", "x"), example("B", "y")], 0.5, 0)


def test_that_a_folder_of_no_known_form_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected folders train/CLASS.*found none"):
        read_examples(tmp_path)


def test_that_an_unknown_task_names_the_known_ones(arrays: Path) -> None:
    with pytest.raises(DataError, match="sequence"):
        read_examples(arrays, "weather")


def test_that_a_picture_which_is_none_is_named(folders: Path) -> None:
    (folders / "train" / "left" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"bad\.png"):
        read_examples(folders)


def test_that_too_few_images_for_the_rows_are_refused(arrays: Path) -> None:
    np.savez(arrays / "slices.npz", images=np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"expected images \(30"):
        read_examples(arrays)


def test_that_pickled_arrays_are_never_loaded(arrays: Path) -> None:
    np.savez(arrays / "slices.npz", images=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="can't be read"):
        read_examples(arrays)
