import numpy as np
import pytest
from PIL import Image

from magic_viewer.errors import ExportError
from magic_viewer.pipeline import export, overlay
from magic_viewer.pipeline.results import Sample


def sample(label="FLAIR", size=128, seed=1, temperature=0.8):
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size), dtype=np.uint8)
    return Sample(pixels, label, temperature, seed, -61234.5, 5.39, "brain", "ab12")


def view(heat=None, letters=("R", "L", "A", "P"), spacing=None, shape=(64, 64)):
    display = np.full(shape, 90, dtype=np.uint8)
    return export.View(display, spacing, letters, "Radiological", ("Slice 3 / 9",), heat)


def heat_of(shape=(64, 64), opacity=1.0):
    values = np.full(shape, np.nan, dtype=np.float32)
    values[16:48, 16:48] = 1
    colors = overlay.colorize(values, (0, 1), "cividis")
    return export.Heat(colors, (0, 1), "cividis", opacity, "log p(x | FLAIR)")


def read(path):
    with Image.open(path) as image:
        image.load()
        return np.asarray(image.convert("RGB")), dict(image.text)


def test_that_a_sample_says_in_its_metadata_how_it_was_made(tmp_path):
    export.save_sample(sample(), tmp_path / "a.png")
    _, text = read(tmp_path / "a.png")
    assert text == {
        "synthetic": "true",
        "label": "FLAIR",
        "sampling temperature": "0.8",
        "seed": "1",
        "log-likelihood (nats)": "-61234.5",
        "bits/dim": "5.39",
        "model": "brain",
        "model hash": "ab12",
        "software": export.SOFTWARE,
    }


@pytest.mark.parametrize("size", [28, 64, 128, 600])
def test_that_the_samples_pixels_are_whole_and_the_mark_stands_under_them(tmp_path, size):
    one = sample(size=size)
    export.save_sample(one, tmp_path / "a.png")
    pixels, _ = read(tmp_path / "a.png")
    factor = max(1, 512 // size)
    side = size * factor
    left = (pixels.shape[1] - side) // 2
    anatomy = pixels[:side:factor, left : left + side : factor, 0]
    np.testing.assert_array_equal(anatomy, one.pixels)
    strip = pixels[side:]
    amber = (strip[..., 0] > 200) & (strip[..., 2] < 90)
    assert amber.sum() > 100


def test_that_the_same_sample_gives_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        export.save_sample(sample(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_that_a_label_of_any_script_survives_in_the_metadata(tmp_path):
    export.save_sample(sample(label="T2 größer 腦"), tmp_path / "a.png")
    assert read(tmp_path / "a.png")[1]["label"] == "T2 größer 腦"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("FLAIR", "synthetic_FLAIR_T0.80_seed0001.png"),
        ("../a b:c", "synthetic_a-b-c_T0.80_seed0001.png"),
        ("///", "synthetic_label_T0.80_seed0001.png"),
    ],
)
def test_that_a_file_name_says_what_it_is_and_has_no_unsafe_character(label, name):
    assert export.sample_file_name(sample(label=label)) == name


def test_that_a_free_path_never_names_a_file_that_is_there(tmp_path):
    name = "synthetic_T0.80.png"
    for expected in (name, "synthetic_T0.80-2.png", "synthetic_T0.80-3.png"):
        path = export.free_path(tmp_path, name)
        assert path.name == expected
        path.touch()


def test_that_a_file_that_cannot_be_written_is_told_in_a_sentence_without_its_path(tmp_path):
    with pytest.raises(ExportError) as caught:
        export.save_sample(sample(), tmp_path / "missing" / "a.png")
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_that_a_view_keeps_the_patients_proportions(tmp_path):
    export.save_view(view(spacing=(2.0, 1.0), letters=None), tmp_path / "a.png")
    pixels, _ = read(tmp_path / "a.png")
    anatomy = (pixels == 90).all(axis=2)
    rows, columns = anatomy.any(axis=1).sum(), anatomy.any(axis=0).sum()
    assert rows == pytest.approx(2 * columns, rel=0.02)


def test_that_a_view_with_a_map_is_wider_by_its_colour_bar(tmp_path):
    export.save_view(view(), tmp_path / "plain.png")
    export.save_view(view(heat_of()), tmp_path / "map.png")
    plain, mapped = (read(tmp_path / name)[0] for name in ("plain.png", "map.png"))
    top = overlay.color_bar("cividis", 2, 1)[0, 0, :3]
    shown = (mapped == top).all(axis=2)
    assert mapped.shape[1] > plain.shape[1]
    assert shown[:, plain.shape[1] :].any()
    assert not (plain == top).all(axis=2).any()


def test_that_a_map_covers_only_its_own_place(tmp_path):
    export.save_view(view(heat_of()), tmp_path / "a.png")
    pixels, _ = read(tmp_path / "a.png")
    center = pixels[28 + 384, 28 + 384]
    corner = pixels[28 + 40, 28 + 40]
    np.testing.assert_array_equal(corner, [90, 90, 90])
    assert (center != 90).any()


def test_that_a_view_names_its_convention_and_says_that_it_is_not_for_diagnosis(tmp_path):
    export.save_view(view(), tmp_path / "a.png")
    _, text = read(tmp_path / "a.png")
    assert text["convention"] == "Radiological"
    assert text["disclaimer"] == "Research use. Not for diagnosis."


def test_that_edge_letters_are_drawn_outside_the_image(tmp_path):
    export.save_view(view(), tmp_path / "a.png")
    export.save_view(view(letters=None), tmp_path / "b.png")
    with_letters, without = (read(tmp_path / name)[0] for name in ("a.png", "b.png"))
    differs = (with_letters != without).any(axis=2)
    assert differs[:, :28].any()
    assert not differs[28 : 28 + 768, 28 : 28 + 768].any()


@pytest.mark.parametrize(
    "text", ["log p(x | T1) − log p(x | T2)", "−54\N{NARROW NO-BREAK SPACE}309.4"]
)
def test_that_minus_and_thin_spaces_are_drawn_and_not_as_boxes(text):
    plain = text.translate(export._PLAIN)
    assert set(plain) <= export._LETTERS_OF_PILLOW
