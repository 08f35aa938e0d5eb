from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.ablation import CONFIG, VARIANTS, flow_config, measure, show
from benchmarks.common import measured
from magic_viewer.errors import ModelError
from magic_viewer.flow.model import ConditionalFlow
from magic_viewer.pipeline.preprocess import PreprocessConfig
from magic_viewer.progress import drain
from magic_viewer.training.build import split_examples
from magic_viewer.training.data import read_examples
from magic_viewer.training.loop import train
from tests.training.conftest import TINY, write_arrays, write_folders

CONFIG_32 = replace(TINY, batch_size=4, initial_images=12)
NAMES = ("FLAIR", "T1-post", "T1-pre")


@pytest.mark.parametrize("variant", VARIANTS)
def test_that_every_variant_builds_at_the_real_size(variant: str) -> None:
    flow = ConditionalFlow(flow_config(variant, NAMES, CONFIG))
    assert sum(c * h * w for c, h, w in flow.latent_shapes) == 64**2


def test_that_more_residual_blocks_are_more_parameters() -> None:
    def parameters(variant: str) -> int:
        flow = ConditionalFlow(flow_config(variant, NAMES, CONFIG))
        return sum(p.numel() for p in flow.parameters())

    for network in ("generation", "classification"):
        counts = [parameters(f"{network} {blocks}") for blocks in (1, 3, 5)]
        assert counts == sorted(set(counts))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["generation 1", "classification 3"])
def test_that_a_variant_is_measured_from_data_to_table(
    variant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    examples = read_examples(write_arrays(tmp_path / "data", slices=1))
    parts = split_examples(examples, CONFIG_32, 0)[:3]
    result = measure(variant, parts, CONFIG_32, 1e-4, tmp_path / "run", images=6)
    assert result["steps"] == 3
    assert 0 <= result["balanced_accuracy"] <= 1
    assert result["bits_per_dim"] > 0
    show([result])
    assert variant in capsys.readouterr().out


def test_that_a_checkpoint_of_another_flow_is_refused(tmp_path: Path) -> None:
    folders = write_folders(tmp_path / "data", {"train": 4, "val": 2, "test": 2})
    training, validation, _, _ = split_examples(read_examples(folders), TINY, 0)
    config = replace(TINY, steps=1, preprocess=PreprocessConfig(size=32))
    drain(train(training, validation, config, tmp_path / "run"))
    other = flow_config("classification 1", ("left", "right"), config)
    with pytest.raises(ModelError, match="another configuration"):
        drain(train(training, validation, config, tmp_path / "run", flow=other))


def test_that_kept_figures_serve_the_same_settings_only(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    first = measured(kept, {"commit": "a"}, {"minutes": 1}, lambda: {"figure": 1})
    again = measured(kept, {"commit": "b"}, {"minutes": 1}, lambda: {"figure": 2})
    other = measured(kept, {"commit": "b"}, {"minutes": 2}, lambda: {"figure": 3})
    assert again == first
    assert (other["commit"], other["figure"]) == ("b", 3)
