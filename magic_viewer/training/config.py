"""Every choice of a training run, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from magic_viewer.errors import RequestError
from magic_viewer.pipeline.preprocess import PreprocessConfig


@dataclass(frozen=True)
class AugmentConfig:
    """Ranges of the random changes made to each training image; 0 or False is none.

    Attributes:
        angle: degrees to either side.
        scale: relative change of the box's side to either side.
        shift: part of the box's side, to either side, in each direction.
        flip: left and right exchanged for half the images.
        upend: top and bottom exchanged for half the images.
        gamma: log of the exponent, to either side.
        tilt: linear gain across the image, to either side.
        offset: grey levels added at most, to half of all images.
    """

    angle: float = 0.0
    scale: float = 0.0
    shift: float = 0.03
    flip: bool = False
    upend: bool = False
    gamma: float = 0.15
    tilt: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained; the defaults work on two cores.

    Attributes:
        title: of the model, for people; its name if empty.
        summary: one sentence on what it tells apart.
        licence: of the weights.
        modalities: DICOM modalities the model is for; none is any.
        task: what labels and channels of array data mean (`data.TASKS`).
        seed: of everything random.
        steps: optimizer steps at most.
        batch_size: images a step, classes drawn equally often.
        learning_rate: peak, after a linear warm-up, then cosine to a hundredth.
        warmup: steps of it.
        weight_decay: of the networks' weights.
        clip_norm: of the gradient.
        contrast_weight: of the cross-entropy between labels, beside bits per dimension; reached
            half-way, so that the images are learned first.
        contrast_temperature: nats that divide log-likelihoods in that cross-entropy.
        contrast_labels: labels an image is scored under: its own and random others.
        ema: decay of the averaged weights, which are the ones kept.
        validate_every: steps between validations, each also a checkpoint.
        patience: validations without a better score before an early stop.
        validation_share: of the patients, where the data has no validation split.
        initial_images: that set the data-dependent layers.
        levels: Haar splits of the flow.
        width: channels of the flow's detail networks.
        guide_width: channels of its guides.
        coarse_width: width of its coarse networks.
        dropout: in all networks.
        shared_coarse: the flow's classes differ in its detail bands alone.
        preprocess: see PreprocessConfig.
        augment: changes made to images whose density is learned.
        contrast_augment: stronger changes, made to the images of the next setting.
        contrast_images: of a batch, that are changed so and count for the cross-entropy alone:
            what tells classes apart must hold on them, yet samples don't have to look like them.
    """

    title: str = ""
    summary: str = ""
    licence: str = "unknown"
    modalities: tuple[str, ...] = ()
    task: str = "sequence"
    seed: int = 0
    steps: int = 6000
    batch_size: int = 24
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    contrast_weight: float = 0.3
    contrast_temperature: float = 32.0
    contrast_labels: int = 3
    ema: float = 0.998
    validate_every: int = 400
    patience: int = 6
    validation_share: float = 0.12
    initial_images: int = 2048
    levels: int = 2
    width: int = 64
    guide_width: int = 64
    coarse_width: int = 256
    dropout: float = 0.1
    shared_coarse: bool = False
    preprocess: PreprocessConfig = field(default_factory=PreprocessConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    contrast_augment: AugmentConfig = field(default_factory=AugmentConfig)
    contrast_images: int = 0


STRONG = AugmentConfig(angle=10.0, scale=0.1, shift=0.05, flip=True, gamma=0.5, tilt=0.25)
LGG_LICENCE = (
    "CC BY-NC-SA 4.0 (non-commercial; derived from TCGA-LGG: Buda et al. 2019, "
    "Mazurowski et al. 2017, The Cancer Imaging Archive)"
)
PRESETS: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "modality": TrainConfig(
        title="Image modality",
        summary="Tells abdomen CT, breast MRI, chest X-ray, chest CT, hand X-ray and head CT "
        "apart; trained on MedNIST.",
        licence="CC BY-SA 4.0 (derived from MedNIST, B. Erickson, Mayo Clinic)",
        steps=4000,
        contrast_labels=2,
        levels=3,
        preprocess=PreprocessConfig(low=1.0, exponent=0.5),
        contrast_augment=AugmentConfig(offset=24.0),
        contrast_images=8,
    ),
    "brain-sequence": TrainConfig(
        title="Brain MR sequence",
        summary="Tells T1 before contrast, FLAIR and T1 after contrast apart on axial brain "
        "slices; trained on TCGA-LGG.",
        licence=LGG_LICENCE,
        modalities=("MR",),
        steps=5200,
        dropout=0.2,
        weight_decay=0.05,
        preprocess=PreprocessConfig(fit="foreground", low=1.0, high=98.0, white=225.0),
        augment=AugmentConfig(angle=5.0, scale=0.05, shift=0.03, flip=True, gamma=0.25, tilt=0.12),
        contrast_augment=STRONG,
        contrast_images=8,
    ),
    "brain-site": TrainConfig(
        title="Brain MR acquisition site",
        summary="Tells four acquisition sites (CS, DU, FG, HT) apart on axial brain slices of "
        "any of three sequences; trained on TCGA-LGG.",
        licence=LGG_LICENCE,
        modalities=("MR",),
        task="site",
        steps=1400,
        learning_rate=5e-4,
        warmup=50,
        contrast_weight=2.0,
        validate_every=100,
        patience=4,
        contrast_labels=2,
        validation_share=0.18,
        dropout=0.3,
        weight_decay=0.05,
        preprocess=PreprocessConfig(low=1.0, high=98.0, white=225.0),
        augment=AugmentConfig(angle=5.0, shift=0.03, flip=True, gamma=0.25, tilt=0.12),
        contrast_augment=replace(STRONG, scale=0.03),
        contrast_images=12,
    ),
    "tumour": TrainConfig(
        title="Tumour in a brain FLAIR slice",
        summary="Tells axial brain FLAIR slices with and without low-grade glioma apart; "
        "trained on TCGA-LGG.",
        licence=LGG_LICENCE,
        modalities=("MR",),
        task="tumour",
        steps=3200,
        warmup=100,
        contrast_weight=1.0,
        contrast_temperature=64.0,
        validate_every=100,
        patience=4,
        levels=3,
        width=48,
        guide_width=48,
        dropout=0.2,
        shared_coarse=True,
        weight_decay=0.05,
        preprocess=PreprocessConfig(fit="foreground", low=1.0, high=98.0, white=225.0),
        augment=AugmentConfig(angle=5.0, scale=0.05, shift=0.03, flip=True, gamma=0.25, tilt=0.12),
        contrast_augment=replace(STRONG, angle=15.0, scale=0.15),
        contrast_images=12,
    ),
    "scanner-vendor": TrainConfig(
        title="MR scanner vendor",
        summary="Tells GE, Philips and Siemens apart on axial slices of the ACR MR phantom; "
        "of patients it knows nothing.",
        licence="Apache-2.0 (derived from the ACR MR phantom images)",
        modalities=("MR",),
        task="vendor",
        steps=200,
        warmup=50,
        contrast_weight=3.0,
        contrast_temperature=100.0,
        contrast_labels=2,
        validate_every=50,
        patience=8,
        initial_images=512,
        validation_share=0.2,
        ema=0.98,
        width=32,
        guide_width=32,
        coarse_width=96,
        dropout=0.2,
        shared_coarse=True,
        weight_decay=0.05,
        preprocess=PreprocessConfig(high=99.0, white=225.0, exponent=0.5),
        augment=AugmentConfig(shift=0.06, gamma=0.3),
        contrast_augment=AugmentConfig(shift=0.06, flip=True, upend=True, gamma=0.3),
        contrast_images=12,
    ),
}
"""Configurations by name; the bundled models are made with those of their names."""


def configuration(preset: str | None, name: str, changes: Sequence[str] = ()) -> TrainConfig:
    """The configuration of a preset, with changes.

    Args:
        preset: one of PRESETS; without it, the one called as the model, else "default".
        name: of the model.
        changes: "NAME=VALUE", for settings that are numbers or text.

    Raises:
        RequestError: for an unknown preset or setting, or a value of the wrong type.
    """
    chosen = preset or (name if name in PRESETS else "default")
    if chosen not in PRESETS:
        raise RequestError(f"Unknown preset '{chosen}'; expected one of: {', '.join(PRESETS)}.")
    config = PRESETS[chosen]
    kinds = {f.name: type(getattr(config, f.name)) for f in fields(config)}
    for change in changes:
        key, _, value = change.partition("=")
        kind = kinds.get(key)
        if kind not in (int, float, str):
            simple = ", ".join(k for k, v in kinds.items() if v in (int, float, str))
            raise RequestError(f"Unknown setting '{key}'; expected one of: {simple}.")
        try:
            config = replace(config, **{key: kind(value)})
        except ValueError:
            raise RequestError(
                f"Setting {key}: expected {kind.__name__}; came '{value}'."
            ) from None
    return config
