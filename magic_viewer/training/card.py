"""A model's card, written from its configuration."""

from magic_viewer.pipeline.library import Bundle
from magic_viewer.pipeline.results import in_words

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


def render_card(bundle: Bundle) -> str:
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
    power = preprocess.exponent
    spread = "" if power == 1 else f", then raised to the power {power:g} of their share of 255"
    return f"""# {bundle.info.title}

{bundle.info.summary}

Research use. Not for diagnosis.

- **Classes:** {", ".join(bundle.info.labels)}
- **Data:** `{about["data"]}`; {about["images"]} training and {about["validation_images"]} \
validation images
- **Split:** {about["split"]}
- **Licence of the weights:** {bundle.info.licence}
- **Input:** {limits}, resampled to {preprocess.size} × {preprocess.size} pixels; percentile \
{preprocess.low:g} becomes grey level 0 and percentile {preprocess.high:g} becomes \
{preprocess.white:g} (CT: the file's own window instead){spread}; whole grey levels, then uniform \
dequantization
- **Training:** {about["steps"]} steps of {config["batch_size"]} images, \
{about["minutes"]:g} minutes on a CPU, seed {config["seed"]}; weights of step \
{about["best_step"]}, chosen on the validation images
- **Likelihood temperatures:** {in_words(temperatures)} (finest to \
coarsest scale), fitted on the validation images{series}

## On held-back images

| figure | value |
|---|---|
{rows}

Written by `magic-viewer train`; `magic-viewer evaluate` prints the same figures.

## Limits

Slices of another kind, plane, field of view or processing than those of the data above may be
classified wrongly. The typicality says when a slice is unlike the validation images, and it can
be wrong too.
"""
