"""The shared corpus of odd and hostile files, judged by its own checker."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from magic_viewer.errors import ImagingError
from magic_viewer.imaging.describe import describe
from magic_viewer.imaging.display import default_window, to_display
from magic_viewer.imaging.study import Study

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
PLACES = ("voxels", "rgb", "stored", "world_ras")
# Its .img may be missing from a copy of the corpus.
INCOMPLETE = set() if (CORPUS / "nifti" / "pair.img").exists() else {"N-pair"}
Opens = Callable[..., Study]


def load_cases() -> list[Any]:
    """Gives the cases whose files are there, or one that says why there are none."""
    if not CORPUS.is_dir():
        return [pytest.param({}, marks=pytest.mark.skip("the shared corpus isn't there"))]
    manifest = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    return [
        pytest.param(case, id=case["id"])
        for case in manifest["cases"]
        if case["format"] != "checkpoint" and case["id"] not in INCOMPLETE
    ]


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The corpus's own judge."""
    module = ModuleType("check")
    code = compile((CORPUS / "check.py").read_text(encoding="utf-8"), "check.py", "exec")
    module.__dict__["__name__"] = "check"
    exec(code, module.__dict__)
    return module


@pytest.mark.parametrize("case", load_cases())
def test_that_the_corpus_holds(
    case: dict[str, Any], checker: ModuleType, open_paths: Opens
) -> None:
    expect = case.get("expect", {})
    indices = {tuple(at["index"]) for place in PLACES for at in expect.get(place, [])}
    study = open_paths(CORPUS / case["path"])
    try:
        answer = describe(study, sorted(indices))
    except ImagingError as error:
        answer = {"series": [], "rejected": [{"reason": str(error)}]}
    assert "CANARY" not in json.dumps(answer)
    noticed = any(series["notices"] for series in answer["series"])
    if case["kind"] == "reject":
        assert not answer["series"] or (case.get("soft") and noticed)
        assert answer["series"] or answer["rejected"]
    elif answer["series"] or not case.get("soft"):
        assert list(checker.facts(case, answer)) == []
        check_picture(study, expect)


def check_picture(study: Study, expect: dict[str, Any]) -> None:
    """Checks what the corpus knows of the shown picture and its window."""
    volume = study.series[0].volumes[0]
    for at in expect.get("gray8", []):
        k, row, column = at["index"]
        shown = to_display(volume.read_slice(k))[row, column]
        assert float(shown) == pytest.approx(at["value"], abs=at.get("tol", 1))
    image = volume.read_slice(0)
    if "display_aspect_h_over_w" in expect:
        rows, columns = image.shape
        aspect = rows * image.display_aspect / columns
        assert aspect == pytest.approx(expect["display_aspect_h_over_w"])
    if "display_range" in expect:
        window = default_window(image)
        assert window is not None
        low, high = expect["display_range"]
        assert (window.center, window.width) == ((low + high) / 2, high - low)
    for at in expect.get("by_z", []):
        slices = [volume.read_slice(k) for k in range(volume.shape[0])]
        depths = [0.0 if one.affine is None else one.affine[2, 3] for one in slices]
        chosen = slices[int(np.argmin(np.abs(np.array(depths) - at["z"])))]
        assert chosen.modality_values[at["row"], at["col"]] == at["value"]


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus isn't there")
def test_that_the_command_holds_on_the_whole_corpus() -> None:
    manifest = json.loads((CORPUS / "manifest.json").read_text(encoding="utf-8"))
    names = [case["id"] for case in manifest["cases"] if case["id"] not in INCOMPLETE]
    judge = [sys.executable, str(CORPUS / "check.py"), "--only", ",".join(names)]
    command = [sys.executable, "-m", "magic_viewer"]
    answer = subprocess.run([*judge, "--", *command], capture_output=True, text=True, timeout=600)
    assert answer.stdout.splitlines()[-1] == f"{len(names)} of {len(names)} cases hold"
