"""Models from files: what fits is kept whole, what doesn't leaves nothing behind."""

import io
import json
import pickle
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from magic_viewer import paths
from magic_viewer.errors import ExportError, ModelError, RequestError
from magic_viewer.pipeline import model_file
from magic_viewer.pipeline.added import discard, keep, remove_model, stage_model
from magic_viewer.pipeline.engine_client import check_model, load_engine
from magic_viewer.pipeline.library import FORMAT
from magic_viewer.pipeline.model_file import MEMBERS, Member, pack
from magic_viewer.pipeline.results import ModelInfo
from magic_viewer.pipeline.self_test import check_steps
from magic_viewer.progress import drain

Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models, empty."""
    folder = tmp_path / "data" / "models"
    monkeypatch.setattr(paths, "added_models", lambda: folder)
    monkeypatch.setattr("magic_viewer.pipeline.added.added_models", lambda: folder)
    return folder


@pytest.fixture
def folder(side_model: Path, tmp_path: Path) -> Path:
    """A model's folder that may be changed."""
    return Path(shutil.copytree(side_model, tmp_path / "given" / "side"))


def write(path: Path, files: Files, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def files_of(folder: Path) -> Files:
    return {f"side/{m}": (folder / m).read_bytes() for m in MEMBERS if (folder / m).exists()}


def change_config(folder: Path, change: Callable[[dict], object]) -> None:
    values = json.loads((folder / "config.json").read_text())
    change(values)
    (folder / "config.json").write_text(json.dumps(values))


def add(source: Path) -> Path:
    return keep(drain(stage_model(source, check_steps)))


def refused(source: Path, home: Path) -> str:
    """What is said of a model that doesn't fit; nothing of it may be left."""
    with pytest.raises(ModelError) as error:
        drain(stage_model(source, check_steps))
    assert list(home.iterdir()) == []
    said = str(error.value)
    assert str(source) in said
    assert str(home) not in said
    return said


# What fits


def test_that_a_packed_model_is_added_and_answers_as_before(folder: Path, home: Path, tmp_path):
    pack(folder, tmp_path / "side.magicmodel")
    staged = drain(stage_model(tmp_path / "side.magicmodel", check_model))
    assert (staged.name, staged.info.labels) == ("side", ("left", "right"))
    assert list(home.glob("*/config.json")) == []
    added = keep(staged)
    assert [path.name for path in home.iterdir()] == ["side"]
    assert added in paths.model_folders()
    assert files_of(added) == files_of(folder)
    engine = load_engine(added)
    assert engine.model_hash == staged.sha256


def test_that_a_folder_gives_only_what_makes_a_model(folder: Path):
    (folder / "run.sh").write_text("echo")
    assert not (add(folder) / "run.sh").exists()


def test_that_a_file_zipped_by_hand_is_taken(folder: Path, tmp_path: Path):
    files = {"side/": b"", **files_of(folder)}
    assert add(write(tmp_path / "a.magicmodel", files, zipfile.ZIP_DEFLATED)).name == "side"


def test_that_the_same_folder_gives_the_same_file(folder: Path, tmp_path: Path):
    for name in ("a.magicmodel", "b.magicmodel"):
        pack(folder, tmp_path / name)
    assert (tmp_path / "a.magicmodel").read_bytes() == (tmp_path / "b.magicmodel").read_bytes()
    with pytest.raises(ExportError, match="magicmodel"):
        pack(folder, tmp_path / "a.zip")


def test_that_the_same_model_is_already_there_and_another_gets_a_name_of_its_own(folder: Path):
    add(folder)
    staged = drain(stage_model(folder, check_steps))
    assert staged.same == "side"
    discard(staged)
    change_config(folder, lambda values: values.update(title="Another"))
    staged = drain(stage_model(folder, check_steps))
    assert (staged.same, staged.name) == ("", "side-2")
    discard(staged)


def test_that_a_model_of_the_program_is_neither_overwritten_nor_removed(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    bundled = next(iter(paths.model_folders()))
    before = files_of(bundled)
    named = folder.rename(folder.with_name(bundled.name.upper()))
    assert add(named).name == f"{bundled.name.upper()}-2"
    assert files_of(bundled) == before
    with pytest.raises(RequestError, match="not added by you"):
        remove_model(bundled)
    assert bundled.is_dir()


def test_that_an_added_model_can_be_removed(folder: Path, home: Path):
    added = add(folder)
    remove_model(added)
    assert list(home.iterdir()) == []


def test_that_an_added_model_outlives_the_program_it_was_added_with(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    added = add(folder)
    for part in ("models", "resources"):
        (tmp_path / "newer" / part).mkdir(parents=True)
    monkeypatch.setattr(paths, "_root", lambda: tmp_path / "newer")
    assert paths.model_folders() == [added]
    assert paths.is_added(added)


def test_that_an_interrupted_check_leaves_nothing(folder: Path, home: Path):
    work = stage_model(folder, check_steps)
    while next(work).message != "Testing the model":
        pass
    assert [path.name[0] for path in home.iterdir()] == ["."]
    assert added_names(home) == []
    work.close()
    assert list(home.iterdir()) == []


def added_names(home: Path) -> list[str]:
    return [f.name for f in paths.model_folders() if f.is_relative_to(home)]


def test_that_a_home_that_cannot_be_written_is_said(folder: Path, home: Path):
    home.parent.write_text("a file in its place")
    with pytest.raises(ModelError, match="can't be kept"):
        drain(stage_model(folder, check_steps))


def test_that_a_file_that_cannot_be_read_is_said(home: Path, tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    assert "No such file" in refused(tmp_path / "gone.magicmodel", home)
    assert "can't be read" in refused(tmp_path / "file" / "a.magicmodel", home)


# What doesn't


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "side/../../evil", "side\\..\\evil", "other/config.json", "side/x.py",
     "side/weights.pkl", "config.json", "side/sub/config.json"],
)  # fmt: skip
def test_that_a_strange_member_is_refused(name: str, folder: Path, home: Path, tmp_path: Path):
    files = files_of(folder) | {name: b"x"}
    said = refused(write(tmp_path / "bad.magicmodel", files), home)
    assert "nothing else" in said
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["..", ".", "", ".hidden", "a/", "x" * 65, "a\n", "ends."])
def test_that_a_model_with_a_name_no_folder_should_have_is_refused(name, folder, home, tmp_path):
    files = {f"{name}/{key.split('/')[1]}": value for key, value in files_of(folder).items()}
    refused(write(tmp_path / "bad.magicmodel", files), home)


def test_that_a_link_is_refused(folder: Path, home: Path, tmp_path: Path):
    files = files_of(folder)
    link = zipfile.ZipInfo("side/card.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    del files["side/card.md"]
    path = write(tmp_path / "bad.magicmodel", files)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "card.md" in refused(path, home)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_that_a_member_that_is_there_twice_is_refused(folder: Path, home: Path, tmp_path: Path):
    path = write(tmp_path / "bad.magicmodel", files_of(folder))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("side/config.json", b"{}")
    assert "twice" in refused(path, home)


def test_that_a_member_declared_too_large_is_refused_unread(folder, home, tmp_path):
    files = files_of(folder) | {"side/card.md": b"0" * 300_000}
    path = write(tmp_path / "bad.magicmodel", files, zipfile.ZIP_DEFLATED)
    assert "200 kB" in refused(path, home)


def test_that_a_bomb_whose_size_is_a_lie_is_refused(folder, home, tmp_path, monkeypatch):
    """The archive's list is forged: it says less than what is unpacked."""
    files = files_of(folder)
    card = files.pop("side/card.md") + b"0" * 5_000_000
    path = write(tmp_path / "bad.magicmodel", files | {"side/card.md": card}, zipfile.ZIP_DEFLATED)
    size = len(card).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (100).to_bytes(4, "little")))
    refused(path, home)


def test_that_a_long_list_of_members_is_refused_unread(folder, home, tmp_path, monkeypatch):
    files = files_of(folder) | {f"side/{number}": b"" for number in range(3000)}
    path = write(tmp_path / "bad.magicmodel", files)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "a long list" in refused(path, home)


def test_that_what_is_read_is_bounded_too(folder, home, tmp_path, monkeypatch):
    monkeypatch.setitem(model_file.MEMBERS, "weights.safetensors", Member(1000))
    assert "may have" in refused(folder, home)


def test_that_a_cut_off_file_and_one_that_is_no_archive_are_refused(folder, home, tmp_path):
    pack(folder, tmp_path / "whole.magicmodel")
    content = (tmp_path / "whole.magicmodel").read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 255
    for bad in (content[: len(content) // 2], b"", b"no archive", bytes(changed)):
        (tmp_path / "bad.magicmodel").write_bytes(bad)
        assert "damaged" in refused(tmp_path / "bad.magicmodel", home)


@pytest.mark.parametrize("member", ["card.md", "config.json", "weights.safetensors"])
def test_that_a_model_without_a_part_is_refused(member: str, folder, home, tmp_path):
    (folder / member).unlink()
    assert f"lacks {member}" in refused(folder, home)
    path = write(tmp_path / "bad.magicmodel", files_of(folder))
    assert f"lacks {member}" in refused(path, home)


def test_that_a_pickle_in_the_weights_place_is_never_run(folder, home, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "evil",))

    for content in (pickle.dumps(Evil()), saved({"model_state_dict": {"a": torch.zeros(1)}})):
        (folder / "weights.safetensors").write_bytes(content)
        assert "safetensors" in refused(folder, home)
    assert not (tmp_path / "evil").exists()


def saved(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def test_that_weights_that_are_not_finite_or_of_another_shape_are_refused(folder, home):
    path = folder / "weights.safetensors"
    whole = load_file(path)
    name = next(name for name, value in whole.items() if value.is_floating_point())
    save_file(whole | {name: torch.full_like(whole[name], float("nan"))}, path)
    assert "aren't finite" in refused(folder, home)
    save_file(whole | {name: torch.zeros(3, 3)}, path)
    assert f"{name} is 3×3" in refused(folder, home)
    save_file(whole | {"more": torch.zeros(3)}, path)
    assert "more is not known" in refused(folder, home)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda v: v.update(format=FORMAT + 1), "newer MAGIC Viewer"),
        (lambda v: v.update(hook="import os"), "'hook' is not known"),
        (lambda v: v.pop("licence"), "licence is missing"),
        (lambda v: v.update(licence=" "), "licence is empty"),
        (lambda v: v.update(title=7), "title: expected"),
        (lambda v: v.update(title="a\n<b>"), "one line"),
        (lambda v: v.update(summary="\u202egnp.exe"), "one line"),
        (lambda v: v.update(flow=[]), "flow: expected"),
        (lambda v: v["flow"].update(kind="other"), "flow: expected a kind"),
        (lambda v: v["flow"].update(width=10**9), "flow.width"),
        (lambda v: v["flow"].update(width="wide"), "flow.width"),
        (lambda v: v["flow"].update(width=128), "doesn't fit config.json"),
        (lambda v: v["flow"].update(size=128), "differ"),
        (lambda v: v["flow"].update(levels=9), "fit"),
        (lambda v: v["flow"].update(labels=["left", "left"]), "different names"),
        (lambda v: v["flow"].update(labels=[]), "different names"),
        (lambda v: v["flow"].update(detail_steps=["none"] * 5000), "lists of at most"),
        (lambda v: v["preprocess"].update(white=float("nan")), "preprocess.white"),
        (lambda v: v["preprocess"].update(fit="other"), "preprocess.fit"),
        (lambda v: v["calibration"].update(log_prior=[0.0]), "doesn't fit together"),
        (lambda v: v["calibration"]["gate"].update(means="x"), "calibration.gate.means"),
    ],
)  # fmt: skip
def test_that_a_configuration_beyond_its_schema_is_refused(change, word, folder, home):
    change_config(folder, change)
    assert word in refused(folder, home)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 50_000, "\x00", "null"])
def test_that_a_configuration_that_is_none_is_refused(text: str, folder: Path, home: Path):
    (folder / "config.json").write_text(text)
    refused(folder, home)


def test_that_a_card_that_is_no_text_is_refused(folder: Path, home: Path):
    (folder / "card.md").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused(folder, home)


def test_that_the_bundled_models_pass_their_own_schema() -> None:
    for folder in paths.model_folders():
        staged = drain(stage_model(folder, lambda _: iter_once()))
        discard(staged)


def iter_once():
    yield from ()
    return {"sha256": ""}


@pytest.mark.parametrize(
    ("licence", "is_so"),
    [
        ("CC BY-NC-SA 4.0 (non-commercial; derived from TCGA-LGG)", True),
        ("CC-BY-NC-4.0", True),
        ("For noncommercial use", True),
        ("CC BY-SA 4.0 (derived from MedNIST)", False),
        ("Apache-2.0 (BNCX)", False),
        ("CC0", False),
    ],
)
def test_that_a_licence_tells_whether_it_is_non_commercial(licence: str, is_so: bool) -> None:
    assert ModelInfo("a", "A", ("x",), "", licence, 64).is_noncommercial is is_so
