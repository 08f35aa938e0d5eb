from dataclasses import replace
from pathlib import Path

import pytest

from magic_viewer.errors import RequestError
from magic_viewer.pipeline.library import read_bundle
from magic_viewer.progress import drain
from magic_viewer.training.begin import read_beginning
from magic_viewer.training.build import (
    build_model,
    calibrate_model,
    split_examples,
    validation_patients,
)
from magic_viewer.training.cross_validation import cross_validate
from magic_viewer.training.data import read_examples
from tests.training.conftest import TINY

SHORT = replace(TINY, steps=2, validate_every=2, batch_size=4, initial_images=12)
SITE = replace(SHORT, task="site", seed=3)


@pytest.fixture
def base(arrays: Path, tmp_path: Path) -> Path:
    """A model trained on the arrays with fold 1 held back; each patient there has a site."""
    drain(build_model(arrays, tmp_path / "base-1", tmp_path / "base-run", SHORT, fold=1))
    head, *lines = (arrays / "slices.csv").read_text().splitlines()
    with_site = [f"{line},{'AB'[n // 6 % 2]}" for n, line in enumerate(lines)]
    (arrays / "slices.csv").write_text("\n".join([f"{head},site", *with_site]) + "\n")
    return tmp_path / "base-1"


def test_that_validation_patients_are_those_of_the_model_begun_from(
    arrays: Path, base: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    drain(build_model(arrays, out, tmp_path / "run", SITE, fold=1, begin=base))
    about = read_bundle(out).training["begun_from"]
    assert about["name"] == "base-1"
    theirs = validation_patients(arrays, about, 1)
    examples = read_examples(arrays, "site")
    own = split_examples(examples, SITE, 1, theirs)
    of_base = split_examples(read_examples(arrays), SHORT, 1)
    assert {e.patient for e in own.validation} == {e.patient for e in of_base.validation} == theirs
    assert theirs.isdisjoint(e.patient for e in own.training + own.held_back)
    assert drain(calibrate_model(out, arrays)) == len(own.validation)


def test_that_each_fold_begins_from_a_model_that_never_saw_it(
    arrays: Path, base: Path, tmp_path: Path
) -> None:
    pattern = str(base.parent / "base-{fold}")
    result = drain(
        cross_validate(arrays, tmp_path / "cv", tmp_path / "run", SITE, [1], begin=pattern)
    )
    assert result["begun_from"][1]["name"] == "base-1"
    with pytest.raises(RequestError, match="trained with fold 1"):
        drain(build_model(arrays, tmp_path / "out", tmp_path / "other", SITE, fold=2, begin=base))


def test_that_a_model_for_another_image_size_is_refused(arrays: Path, base: Path) -> None:
    with pytest.raises(RequestError, match="32 pixels a side; expected 64"):
        read_beginning(base, arrays, 64, 1)


def test_that_other_data_needs_no_common_validation_patients(arrays: Path, base: Path) -> None:
    about = read_beginning(base, Path("elsewhere"), 32, 4).about
    assert "split" not in about
    assert validation_patients(arrays, about, 4) is None
