import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gate
from tests.training.conftest import write_folders


def test_that_auroc_is_the_chance_to_be_above() -> None:
    inside, outside = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0])
    assert gate.auroc(inside, outside) == pytest.approx((1.5 + 3) / 6)


def test_that_the_gate_is_measured_on_every_kind(
    monkeypatch, tmp_path: Path, side_model: Path, capsys
) -> None:
    other = write_folders(tmp_path / "other", {"test": 8})
    report = tmp_path / "gate.json"
    words = [str(side_model), str(side_model.parent / "data"), "--split", "test", "--count", "2"]
    words += ["--held", "6", "--other", str(other), "--json", str(report)]
    monkeypatch.setattr(sys, "argv", ["gate", *words])
    gate.main()
    found = json.loads(report.read_text())
    rows = {row["kind"]: row for row in found["kinds"]}
    assert found["held_back"] == 6
    assert {"blank", "noise", "upside down", "inverted grey", "other: other"} <= set(rows)
    assert rows["noise"]["auroc"] == 1
    assert "false alarms" in capsys.readouterr().out
