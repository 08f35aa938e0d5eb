"""Evaluates a model, with drawn images, and keeps its report for docs/evidence.md.

`python -m benchmarks.report MODEL DATA --fold 0` writes the page and its pictures to
runs/report/MODEL, and the figures with their commit and date to docs/evidence/report-MODEL.json.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.common import provenance, write_json
from benchmarks.evidence import RESULTS
from magic_viewer.errors import MagicViewerError
from magic_viewer.pipeline.library import find_model
from magic_viewer.progress import drain
from magic_viewer.training.report import write_report


def main() -> None:
    """Evaluates, and writes the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--split", choices=["test"])
    which.add_argument("--fold", type=int)
    parser.add_argument("--generation", type=int, default=500, metavar="COUNT")
    parser.add_argument("--features", type=Path, metavar="FILE", help="a RadImageNet ResNet-50")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    try:
        folder = find_model(chosen.model)
        run = Path("runs/report") / folder.resolve().name
        part, drawn = (chosen.split, chosen.fold), (chosen.generation, chosen.features)
        drain(write_report(folder, chosen.data, run, *part, *drawn))
    except MagicViewerError as error:
        sys.exit(str(error))
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    chosen.out.mkdir(parents=True, exist_ok=True)
    file = chosen.out / f"report-{report['model']}.json"
    write_json(provenance() | report, file)
    print(f"{file}, and the page in {run}")


if __name__ == "__main__":
    main()
