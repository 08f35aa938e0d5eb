"""Random actions break nothing. The long run is `python -m benchmarks.soak`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.soak import growth

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.gui
def test_that_random_actions_leave_no_exception(tmp_path: Path) -> None:
    told = tmp_path / "soak.json"
    words = ["-m", "benchmarks.soak", "--minutes", "0.4", "--seed", "3", "--json", str(told)]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.exists(), done.stderr[-3000:]
    result = json.loads(told.read_text(encoding="utf-8"))
    assert result["exceptions"] == []
    assert sum(result["actions"].values()) > 20


def test_that_growth_is_told_from_the_filling_of_caches() -> None:
    assert growth([100, 300, 400, 400, 400, 400, 400, 400]) == 0
    assert growth([0, 0, 100, 100, 200, 200, 300, 300]) == 200
