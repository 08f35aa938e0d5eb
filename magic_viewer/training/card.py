"""A model's card, written from its configuration and its cross-validation."""

import json
from pathlib import Path
from typing import Any

from magic_viewer.pipeline.library import CARD, Bundle
from magic_viewer.pipeline.results import in_words

CROSS_VALIDATION = "cross_validation.json"
"""File in a model's folder with the figures over folds, of `training.cross_validation`."""

NAMES = {
    "n": "images",
    "patients": "patients",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "abstained_share": "too close to call (the program abstains)",
    "accuracy_where_answered": "accuracy where it answers",
    "patient_balanced_accuracy": "balanced accuracy of a patient's series",
    "patient_ece": "expected calibration error of a patient's series",
    "patient_nll": "negative log-probability of a patient's series, nats",
    "series": "series",
    "series_balanced_accuracy": "balanced accuracy by series",
    "bits_per_dim": "bits/dim",
    "ece": "expected calibration error (15 bins)",
    "out_of_distribution_share": "said to be unlike the training images (false alarms)",
}


def write_card(folder: Path, bundle: Bundle) -> None:
    """Writes a trained model's card, with the cross-validation where its folder has one."""
    path = folder / CROSS_VALIDATION
    over_folds = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    (folder / CARD).write_text(render_card(bundle, over_folds), encoding="utf-8")


def render_card(bundle: Bundle, over_folds: dict[str, Any] | None = None) -> str:
    """Markdown: what the model is, on what it was trained, what it reaches, its limits."""
    about, preprocess = bundle.training, bundle.preprocess
    config, figures = about["config"], about["held_back"]
    temperatures = bundle.calibration.likelihood_temperatures if bundle.calibration else ()
    series = ""
    if bundle.calibration and "patients" in figures:
        series = f"; correlation of a series' slices {bundle.calibration.series_correlation:.2f}"
    rows = "\n".join(
        f"| {name} | {figures[key]:{'d' if isinstance(figures[key], int) else '.4f'}} |"
        for key, name in NAMES.items()
        if key in figures
    )
    limits = (
        "the square around what differs from the image border"
        if preprocess.fit == "foreground"
        else "the largest centred square of the image"
    )
    begun = f", begun from {about['begun_from']['name']}" if "begun_from" in about else ""
    licence = bundle.info.licence
    if "non-commercial" in licence:
        licence += (
            ". The weights count as adapted from the images: share them, and what you make of "
            "them, under the same licence and not for commercial use"
        )
    power = preprocess.exponent
    spread = "" if power == 1 else f", then raised to the power {power:g} of their share of 255"
    return f"""# {bundle.info.title}

{bundle.info.summary}

Research use. Not for diagnosis.

- **Classes:** {", ".join(bundle.info.labels)}
- **Data:** `{about["data"]}`; {about["images"]} training and {about["validation_images"]} \
validation images
- **Split:** {about["split"]}
- **Licence of the weights:** {licence}
- **Intended use:** research on what tells these classes apart and on synthetic images of them
- **Input:** {limits}, resampled to {preprocess.size} × {preprocess.size} pixels; percentile \
{preprocess.low:g} becomes grey level 0 and percentile {preprocess.high:g} becomes \
{preprocess.white:g} (CT: the file's own window instead){spread}; whole grey levels, then uniform \
dequantization
- **Training:** {about["steps"]} steps of {config["batch_size"]} images{begun}, \
{about["minutes"]:g} minutes on a CPU, seed {config["seed"]}; weights of step \
{about["best_step"]}, chosen on the validation images
- **Likelihood temperatures:** {in_words(temperatures)} (finest to \
coarsest scale), fitted on the validation images{series}

## On held-back images

| figure | value |
|---|---|
{rows}

Written by `magic-viewer train`; `magic-viewer evaluate` prints the same figures.
{_over_folds(over_folds, config) if over_folds else ""}
## Limits

Slices of another kind, plane, field of view or processing than those of the data above may be
classified wrongly. The typicality says when a slice is unlike the validation images, and it can
be wrong too.
"""


def _over_folds(result: dict[str, Any], config: dict[str, Any]) -> str:
    """The section on the cross-validation; `config` is the model's own."""
    figures = {name: result["figures"].get(name) for name in NAMES}
    rows = "\n".join(
        f"| {NAMES[name]} | {figure['value']:.4f} | {figure['low']:.4f} to {figure['high']:.4f} |"
        for name, figure in figures.items()
        if figure and None not in figure.values()
    )
    folds = ", ".join(map(str, result["folds"]))
    other = [
        f"{name} {value} (this model: {config[name]})"
        for name, value in result["config"].items()
        if isinstance(value, int | float | str) and config.get(name, value) != value
    ]
    differences = f" Their settings differ: {', '.join(other)}." if other else ""
    return f"""
## With each fold held back in turn

Folds {folds}: {result["images"]} images, each judged by a model that was trained and calibrated
without its fold; intervals of 95 % from resampled patients.{differences} Of all these images
{result["out_of_distribution_share"]:.4f} were said to be unlike the training images, and
{result["abstained_share"]:.4f} were too close to call.

| figure | value | interval |
|---|---|---|
{rows}

Written by `magic-viewer train --cross-validate`.
"""
