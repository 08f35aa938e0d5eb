"""A model's card, written from its configuration."""

from magic_viewer.pipeline.library import Bundle
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.pipeline.results import in_words

NAMES = {
    "n": "images",
    "patients": "patients",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "patient_balanced_accuracy": "balanced accuracy by patient",
    "series": "series",
    "series_balanced_accuracy": "balanced accuracy by series",
    "bits_per_dim": "bits/dim",
    "ece": "expected calibration error (15 bins)",
    "out_of_distribution_share": "said to be unlike the training images (false alarms)",
}


def _input_in_words(preprocess: PreprocessConfig) -> str:
    size = preprocess.size
    if preprocess.fit == "native":
        return (
            f"as many tiles of {size} × {size} pixels as fit on the image, centred, at its own "
            f"pixels (resampled to {preprocess.spacing:g} mm where they are of another size); the "
            "log-likelihood is the sum over tiles, the probabilities rest on their mean"
        )
    limits = (
        "the square around what differs from the image border"
        if preprocess.fit == "foreground"
        else "the largest centred square of the image"
    )
    return f"{limits}, resampled to {size} × {size} pixels"


def _exponent_in_words(preprocess: PreprocessConfig) -> str:
    if preprocess.exponent == 1:
        return ""
    return f", those between by the power {preprocess.exponent:g} of their share of the range"


def render_card(bundle: Bundle) -> str:
    """Markdown: what the model is, on what it was trained, what it reaches, its limits."""
    about, preprocess = bundle.training, bundle.preprocess
    config, figures = about["config"], about["held_back"]
    temperatures = bundle.calibration.likelihood_temperatures if bundle.calibration else ()
    rows = "\n".join(
        f"| {name} | {figures[key]:{'d' if isinstance(figures[key], int) else '.4f'}} |"
        for key, name in NAMES.items()
        if key in figures
    )
    return f"""# {bundle.info.title}

{bundle.info.summary}

Research use. Not for diagnosis.

- **Classes:** {", ".join(bundle.info.labels)}
- **Data:** `{about["data"]}`; {about["images"]} training and {about["validation_images"]} \
validation images
- **Split:** {about["split"]}
- **Licence of the weights:** {bundle.info.licence}
- **Input:** {_input_in_words(preprocess)}; percentile \
{preprocess.low:g} becomes grey level 0 and percentile {preprocess.high:g} becomes \
{preprocess.white:g}{_exponent_in_words(preprocess)} (CT: the file's own window instead); \
whole grey levels, then uniform dequantization
- **Training:** {about["steps"]} steps of {config["batch_size"]} images, \
{about["minutes"]:g} minutes on a CPU, seed {config["seed"]}; weights of step \
{about["best_step"]}, chosen on the validation images
- **Likelihood temperatures:** {in_words(temperatures)} (finest to \
coarsest scale), fitted on the validation images

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
