"""An evaluation as a page for people and as JSON."""

import json
import math
from collections.abc import Generator, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from magic_viewer import __version__
from magic_viewer.errors import ExportError, RequestError
from magic_viewer.flow.checkpoint import weights_hash
from magic_viewer.pipeline.calibration import UNLIKE
from magic_viewer.pipeline.library import Bundle, read_bundle
from magic_viewer.progress import Progress
from magic_viewer.training.evaluate import Evaluation, evaluation
from magic_viewer.training.examples import Example
from magic_viewer.training.generation import generation_figures
from magic_viewer.training.generation_page import render_generation
from magic_viewer.training.statistics import (
    ECE_BINS,
    RESAMPLES,
    Predictions,
    all_figures,
    class_figures,
    confusion,
    reliability,
    shuffled_accuracy,
)

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy (mean recall)",
    "precision": "precision (mean over classes)",
    "f1": "F1 (mean over classes)",
    "kappa": "Cohen's kappa",
    "auc": "AUC (one class against the rest, mean)",
    "ece": f"expected calibration error ({ECE_BINS} bins)",
    "brier": "Brier score (0 to 2)",
    "nll": "negative log-probability of the true class, nats",
    "bits_per_dim": "bits per dimension under the true class",
    "label_gap": "true class above the mean of the others, nats",
}
"""Figures in the order of the page."""


def write_report(
    folder: Path,
    data: Path,
    out: Path,
    split: str | None = None,
    fold: int | None = None,
    generation: int | None = None,
    features: Path | None = None,
) -> Generator[Progress, None, dict[str, float | int]]:
    """Evaluates a model and writes report.json and index.html.

    Args:
        folder: of the model.
        data: in one of the forms of `training.data`.
        out: folder to write.
        split: "train", "val" or "test".
        fold: of array data.
        generation: how many drawn images of each class to compare with held-back ones, if any.
        features: weights of the network they are compared in; see `generation_figures`.

    Returns:
        The figures of `evaluate.metrics`.

    Raises:
        RequestError: if drawn images are to be compared with images that aren't held back.
        ModelError: if the model can't be read or isn't calibrated.
        DataError: if the data can't be read, or has other classes.
        ExportError: if the report can't be written.
    """
    if generation is not None and split != "test" and fold is None:
        raise RequestError(
            "Drawn images are compared with held-back ones: give --split test or --fold N."
        )
    result = yield from evaluation(folder, data, split, fold)
    yield Progress(0, 1, f"Resampling patients {RESAMPLES} times")
    bundle = read_bundle(folder)
    report = _report(bundle, result)
    report["data"] = data.resolve().name
    report["part"] = split or ("all" if fold is None else f"fold {fold}")
    report["weights_sha256"] = weights_hash(folder)
    if generation is not None:
        report["generation"] = yield from generation_figures(
            folder, data, out, fold, generation, features
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        (out / "index.html").write_text(render(report, out), encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{out}: can't be written ({error.strerror}).") from error
    yield Progress(1, 1, f"Report in {out}")
    return result.figures


def _report(bundle: Bundle, result: Evaluation) -> dict[str, Any]:
    probabilities, labels = result.answers.probabilities, result.scores.labels
    log_likelihoods = result.scores.scales.sum(2)
    groups = _groups(result.examples)
    predictions = Predictions(probabilities, labels, log_likelihoods, groups)
    found = all_figures(predictions, result.dimensions)
    by_class = class_figures(probabilities, labels)
    gap = found["label_gap"].value / (result.dimensions * math.log(2))
    return {
        "model": bundle.info.name,
        "title": bundle.info.title,
        "version": __version__,
        "classes": list(bundle.info.labels),
        "images": len(labels),
        "patients": len({e.patient for e in result.examples if e.patient is not None}),
        "figures": {
            name: {key: _finite(value) for key, value in asdict(figure).items()}
            for name, figure in found.items()
        },
        "by_class": [
            {"class": name, "images": int((labels == n).sum())}
            | {key: _finite(values[n]) for key, values in by_class.items()}
            for n, name in enumerate(bundle.info.labels)
        ],
        "confusion": confusion(probabilities, labels).tolist(),
        "reliability": reliability(probabilities, labels),
        "label_gap_bits_per_dim": gap,
        "accuracy_with_shuffled_labels": shuffled_accuracy(predictions),
        "summary": result.figures,
        "unlike_share": float((result.answers.typicality < UNLIKE).mean()),
        "resamples": RESAMPLES,
    }


def _groups(examples: Sequence[Example]) -> list[str]:
    return [e.patient if e.patient is not None else f"image {n}" for n, e in enumerate(examples)]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def render(report: dict[str, Any], pictures: Path) -> str:
    """The page of a report, complete in itself: no script, nothing loaded.

    Args:
        report: as in report.json.
        pictures: folder of those of drawn images, where the report has figures of them.
    """
    drawn = render_generation(report["generation"], pictures) if "generation" in report else ""
    rows = "".join(_figure_row(name, report["figures"][name]) for name in NAMES)
    unit = "patients" if report["patients"] else "images"
    counted = f"{report['images']:,} images"
    if report["patients"]:
        counted += f" of {report['patients']:,} patients"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report["title"])}: evaluation</title><style>{_STYLE}</style></head><body><main>
<h1>{escape(report["title"])}</h1>
<p>Model <code>{escape(report["model"])}</code> on {counted} of
<code>{escape(report["data"])}</code> ({escape(report["part"])}). Research use. Not for
diagnosis.</p>
<section><h2>Figures</h2><table><thead><tr><th>figure</th><th>value</th><th>95 % interval</th></tr>
</thead><tbody>{rows}</tbody></table>
<p class="note">Intervals from {report["resamples"]} resamplings of {unit}. The label's own share:
the true class's log-likelihood is {report["figures"]["label_gap"]["value"]:.1f} nats
({report["label_gap_bits_per_dim"]:.4f} bits/dim) above the mean of the others'; with labels dealt
out anew the accuracy is {report["accuracy_with_shuffled_labels"]:.3f}.
{report["unlike_share"]:.1%} of these images were said to be unlike anything the model has
seen; {report["summary"]["abstained_share"]:.1%} were too close to call.
{_series(report["summary"])}</p></section>
<section><h2>By class</h2>{_class_table(report)}</section>
<div class="pair"><section><h2>Confusion</h2>{_confusion_table(report)}</section>
<section><h2>Reliability</h2>{_reliability_plot(report["reliability"])}</section></div>{drawn}
<footer>MAGIC Viewer {escape(report["version"])}, weights SHA-256
<code>{report["weights_sha256"][:16]}</code></footer></main></body></html>
"""


def _series(summary: dict[str, float]) -> str:
    if "patient_nll" not in summary:
        return ""
    return (
        f"A patient's slices taken as one series: balanced accuracy "
        f"{summary['patient_balanced_accuracy']:.3f}, expected calibration error "
        f"{summary['patient_ece']:.3f}, {summary['patient_nll']:.3f} nats."
    )


def _figure_row(name: str, figure: dict[str, float | None]) -> str:
    value, low, high = (_number(figure[key]) for key in ("value", "low", "high"))
    interval = "–" if figure["low"] is None else f"{low} to {high}"
    return f"<tr><td>{NAMES[name]}</td><td>{value}</td><td>{interval}</td></tr>"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _class_table(report: dict[str, Any]) -> str:
    keys = {"recall": "recall", "precision": "precision", "f1": "F1", "auc": "AUC"}
    head = "".join(f"<th>{title}</th>" for title in keys.values())
    rows = "".join(
        f"<tr><td>{escape(row['class'])}</td><td>{row['images']:,}</td>"
        + "".join(f"<td>{_number(row[key])}</td>" for key in keys)
        + "</tr>"
        for row in report["by_class"]
    )
    return (
        f"<table><thead><tr><th>class</th><th>images</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _confusion_table(report: dict[str, Any]) -> str:
    names = [escape(name) for name in report["classes"]]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = ""
    for name, counts in zip(names, report["confusion"], strict=True):
        share = np.array(counts) / max(1, sum(counts))
        cells = "".join(
            f'<td style="background:rgb(31 111 139 / {s:.2f})'
            f'{";color:#fff" if s > 0.5 else ""}">{count:,}</td>'
            for count, s in zip(counts, share, strict=True)
        )
        rows += f"<tr><th>{name}</th>{cells}</tr>"
    return (
        f'<table class="confusion"><thead><tr><th>true \\ predicted</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _reliability_plot(points: Sequence[Sequence[float]]) -> str:
    """Share right against confidence; the area of a dot is its share of the images."""
    side, edge = 260, 36
    whole = sum(count for _, _, count in points)

    def at(x: float, y: float) -> tuple[float, float]:
        return edge + x * side, edge / 2 + (1 - y) * side

    dots = ""
    for confidence, right, count in points:
        x, y = at(confidence, right)
        radius = 2 + 12 * math.sqrt(count / whole)
        dots += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>confidence '
            f"{confidence:.2f}, right {right:.2f}, {count:.0f} images</title></circle>"
        )
    ticks = ""
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, bottom), (left, y) = at(value, 0), at(0, value)
        ticks += f'<text x="{x:.0f}" y="{bottom + 14:.0f}" text-anchor="middle">{value:g}</text>'
        ticks += f'<text x="{left - 6:.0f}" y="{y + 4:.0f}" text-anchor="end">{value:g}</text>'
    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    width, height = side + edge + 16, side + edge + 18
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="Reliability: share right against confidence">'
        f'<rect x="{x0}" y="{y1}" width="{side}" height="{side}" class="frame"/>'
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" class="ideal"/>{ticks}{dots}'
        f'<text x="{x0 + side / 2}" y="{y0 + 30}" text-anchor="middle">confidence</text></svg>'
        '<p class="note">Share right (up) against confidence; the dashed line is perfect '
        "calibration, a dot's area its share of the images.</p>"
    )


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24;background:#f6f7f9;margin:0}
main{max-width:900px;margin:0 auto;padding:24px}
section{background:#fff;border:1px solid #dfe3e8;border-radius:8px;padding:4px 20px 16px;
margin:16px 0}
h1{font-size:26px;margin:8px 0}h2{font-size:17px}
table{border-collapse:collapse;width:100%}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid #eceff2;
font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#4b5563}
.wide{overflow-x:auto}.wide th,.wide td{padding:4px 6px;font-size:13px}
.wide td{white-space:nowrap}
.pair{display:flex;flex-wrap:wrap;gap:16px}.pair section{flex:1 1 320px;margin:0;overflow-x:auto}
.confusion td{text-align:center}.note{color:#4b5563;font-size:13px}
svg text{font-size:12px;fill:#4b5563}svg .frame{fill:none;stroke:#c4cad1}
svg .ideal{stroke:#9aa3ad;stroke-dasharray:4 4}svg circle{fill:#1f6f8b;fill-opacity:.75}
img{max-width:100%}footer{color:#6b7280;font-size:13px;margin:20px 0}
"""
