"""The bundled models keep their promises."""

from pathlib import Path

import numpy as np
import pytest
import torch

from magic_viewer.flow.checkpoint import config_from_json, load_weights
from magic_viewer.flow.config import WEIGHTS
from magic_viewer.flow.dequantization import dequantize
from magic_viewer.imaging.load import open_study
from magic_viewer.imaging.study import Slice
from magic_viewer.paths import model_folders
from magic_viewer.pipeline.engine import Engine
from magic_viewer.pipeline.library import CARD, read_bundle
from magic_viewer.pipeline.results import Sample, SampleRequest
from magic_viewer.progress import drain
from magic_viewer.training.data import read_examples
from magic_viewer.training.evaluate import choose_examples, metrics, score_examples

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
BUNDLED = [folder for folder in model_folders() if folder.parent == ROOT / "models"]
HELD_BACK = {
    "brain-site": ("brain_mr_lgg", "0", 0.75),
    "brain-sequence": ("brain_mr_lgg", "0", 0.85),
    "modality": ("mednist64", "test", 0.98),
    "scanner-vendor": ("acr_phantom", "8", 0.9),
    "tumour": ("brain_mr_lgg", "0", 0.8),
}

each_model = pytest.mark.parametrize("folder", BUNDLED, ids=lambda folder: folder.name)


def test_that_the_five_models_are_bundled() -> None:
    assert {folder.name for folder in BUNDLED} >= set(HELD_BACK)


@each_model
def test_that_a_model_is_small_and_its_card_tells_its_figures(folder: Path) -> None:
    bundle = read_bundle(folder)
    card = (folder / CARD).read_text(encoding="utf-8")
    assert (folder / WEIGHTS).stat().st_size < 15_000_000
    assert (
        f"| balanced accuracy | {bundle.training['held_back']['balanced_accuracy']:.4f} |" in card
    )
    assert bundle.info.licence in card
    assert "Not for diagnosis" in card


@each_model
def test_that_the_round_trip_errs_by_less_than_1e_5_for_every_label(folder: Path) -> None:
    flow = load_weights(config_from_json(read_bundle(folder).flow), folder)
    with torch.no_grad():
        for label in range(len(flow.config.labels)):
            drawn = flow.sample(4, label, temperature=0.9, seed=20).clamp(0, 255).floor()
            x = dequantize(drawn, torch.Generator().manual_seed(1))
            labels = torch.full((4,), label)
            back = flow.decode(flow.encode(x, labels), labels)
            # In units of the whole range of grey levels, as the network sees them.
            assert (back - x).abs().max().item() / 256 < 1e-5


@each_model
def test_that_samples_are_mostly_taken_for_their_class_by_the_model(folder: Path) -> None:
    engine = Engine.load(folder, torch.device("cpu"))
    hits = []
    for label in engine.info.labels:
        for item in engine.generate(SampleRequest(label, 0.8, 4, seed=1)):
            if isinstance(item, Sample):
                image = Slice(item.pixels.astype(np.float32))
                hits.append(engine.examine(image).classification.label == label)
    assert np.mean(hits) > 0.7


@each_model
@pytest.mark.parametrize("kind", ["blank", "noise"])
def test_that_what_is_no_scan_is_said_to_be_unlike_anything_seen(folder: Path, kind: str) -> None:
    values = np.full((128, 128), 40.0, np.float32)
    if kind == "noise":
        values = np.random.default_rng(0).uniform(0, 255, (128, 128)).astype(np.float32)
    examination = Engine.load(folder, torch.device("cpu")).examine(Slice(values))
    assert not examination.classification.in_distribution


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs the data of ../shared")
@each_model
def test_that_held_back_images_are_classified_as_the_card_says(folder: Path) -> None:
    name, split, least = HELD_BACK[folder.name]
    bundle = read_bundle(folder)
    flow = load_weights(config_from_json(bundle.flow), folder)
    examples = choose_examples(read_examples(SHARED / name, bundle.task), split)[::8]
    scores = drain(score_examples(flow, bundle.preprocess, examples))
    figures = metrics(scores, examples, bundle.calibration, flow.dimensions)
    assert figures["balanced_accuracy"] > least - 0.05
    assert figures["ece"] < 0.15


@pytest.mark.skipif(not SHARED.exists(), reason="needs the data of ../shared")
def test_that_a_t1_volume_of_another_site_is_no_flair() -> None:
    path = SHARED / "viewer_nifti" / "ixi_2mm" / "IXI012-HH-1211_T1.nii.gz"
    volume = drain(open_study([path])).series[0].volumes[0]
    engine = Engine.load(ROOT / "models" / "brain-sequence", torch.device("cpu"))
    middle = engine.examine(volume.read_slice(volume.shape[0] // 2)).classification
    assert middle.label.startswith("T1") or not middle.in_distribution
