"""Figures of drawn images as a part of a report's page."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from magic_viewer.training.generation import PAIRS, PERCENTILE, SHEET

NAMES = {
    "fid": "FID ↓",
    "kid": "KID ↓",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "near_by_features": "near, features",
    "near_by_pixels": "near, pixels",
}


def render_generation(figures: dict[str, Any], pictures: Path) -> str:
    """A section of HTML, pictures inside it.

    Args:
        figures: of `generation_figures`.
        pictures: folder with the two pictures written beside them.
    """
    head = "".join(f"<th>{title}</th>" for title in NAMES.values())
    rows = ""
    for name, count in figures["counts"].items():
        rows += _row(f"{name} ({count:,})", "real", figures["floor"]["by_class"][name])
        for temperature, found in figures["temperatures"].items():
            rows += _row("", f"T {temperature}", found["by_class"][name])
    rows += _row("mean", "real", figures["floor"]["mean"])
    for temperature, found in figures["temperatures"].items():
        rows += _row("", f"T {temperature}", found["mean"])
    return f"""
<section><h2>Drawn images</h2><div class="wide"><table><thead><tr><th>class (images)</th>
<th>compared</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="note">Each row compares that many images with as many held-back ones. “Real” compares
training images instead of drawn ones: no model can be expected to do better. FID and KID are
nought for the same distribution; FID depends on the count and on the features, so only figures of
one table go together. Precision, recall, density and coverage with
k = {figures["neighbours"]}. Features: {escape(figures["features"])}.</p>
<p class="note">Near: the share of drawn images that are nearer to one of the
{figures["training_images"]:,} training images than {PERCENTILE:g} % of the held-back images are.
Much more than {PERCENTILE / 100:g} by features would speak of copies; by pixels, smooth images are
near to everything.</p>
<h2>Samples</h2>{_picture(pictures / SHEET, "Samples of each class")}
<h2>Closest pairs</h2>{_picture(pictures / PAIRS, "Drawn images over training images")}</section>"""


def _row(name: str, kind: str, figures: Mapping[str, float]) -> str:
    cells = "".join(
        f"<td>{figures[key]:.{1 if key == 'fid' else 3}f}</td>" if key in figures else "<td>–</td>"
        for key in NAMES
    )
    return f"<tr><td>{escape(name)}</td><td>{kind}</td>{cells}</tr>"


def _picture(path: Path, title: str) -> str:
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{title}" src="data:image/png;base64,{encoded}">'
