"""Panes beside each other: planes with one crosshair, two series, slabs."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication

from magic_viewer.imaging import block as blocks
from magic_viewer.imaging.geometry import index_to_world, world_to_index
from magic_viewer.imaging.reslice import Slab
from magic_viewer.ui.pane_grid import PaneGrid
from magic_viewer.ui.theme import ImageColor
from tests.imaging.conftest import save_dicom
from tests.ui.conftest import Opened
from tests.ui.test_window import drag, wheel

POSITIONS = Path(__file__).resolve().parents[3] / "shared/data/viewer_dicom/mr_patient_positions"
SHIFT = Qt.KeyboardModifier.ShiftModifier
TURN = np.array(
    [[0.94, -0.342, 0, 0], [0.337, 0.925, -0.174, 0], [0.0595, 0.1635, 0.985, 0], [0, 0, 0, 1]]
)
TILT = np.array([[1.0, 0, 0, 0], [0, 1, 0.3, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
WAYS = {
    "straight": np.eye(4),
    "flipped": np.diag([-1.0, 1.0, -1.0, 1.0]),
    "sagittal": np.eye(4)[[2, 0, 1, 3]],
    "oblique": TURN,
    "tilted": TILT,
}


def marked(path: Path, way: np.ndarray) -> Path:
    """A volume whose voxel (20, 9, 6) of (32, 28, 12) alone is bright."""
    values = np.full((32, 28, 12), 10, np.int16)
    values[0, :, :] = 0
    values[20, 9, 6] = 1000
    affine = way @ np.diag([2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = (-12, 7, 30)
    nib.save(nib.Nifti1Image(values, affine), path / "marked.nii.gz")
    return path / "marked.nii.gz"


def layouts(opened: Opened):
    return opened.controller._layouts


def grid(opened: Opened) -> PaneGrid:
    return opened.window.viewer.panes


def show_planes(opened: Opened) -> None:
    """The planes, once each has come."""
    opened.window.commands["layout_planes"].trigger()
    settle(opened)


def settle(opened: Opened) -> None:
    """Waits until every pane shows the plane that was asked for last."""
    opened.wait(lambda: layouts(opened).blocks.block is not None)
    panes = layouts(opened).planes.panes
    opened.wait(lambda: all(p.image is not None and p.image.index == p.plane for p in panes))
    opened.wait(lambda: not any(pane.lane.is_busy for pane in panes))


def shift_move(view, column: float, row: float) -> None:
    """Moves the pointer over a pixel with Shift held."""
    place = view.markings.to_screen().map(QPointF(column, row))
    port = view.viewport()
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        QPointF(port.mapToGlobal(place.toPoint())),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        SHIFT,
    )
    QApplication.sendEvent(port, event)


def titles(view) -> list[str]:
    return [line.text for line in view._corners.top_left]


@pytest.mark.parametrize("way", WAYS)
def test_that_a_marked_voxel_is_at_one_world_point_in_every_pane(
    opened: Opened, tmp_path: Path, way: str
) -> None:
    path = marked(tmp_path, WAYS[way])
    opened.open(path)
    show_planes(opened)
    affine_ras = nib.load(path).affine
    expected = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_ras @ (20, 9, 6, 1)
    layouts(opened).planes.aim(expected[:3])
    settle(opened)
    opened.wait(lambda: opened.session.slice.index == opened.session.slice_index)
    images = [pane.image for pane in layouts(opened).planes.panes] + [opened.session.slice]
    for image in images:
        row, column = np.unravel_index(np.nanargmax(image.modality_values), image.shape)
        found = index_to_world(image.affine, (column, row, 0))
        # A plane is no further away than half its distance, and a pixel than its own size.
        assert np.abs(found - expected[:3]).max() <= 2.0
        assert image.modality_values[row, column] > 300


@pytest.mark.parametrize("way", WAYS)
def test_that_edge_letters_are_right_in_every_pane(opened, tmp_path, way: str) -> None:
    opened.open(marked(tmp_path, WAYS[way]))
    show_planes(opened)
    shown = {}
    for name, view in grid(opened).planes.items():
        letters = view._letters
        shown[name] = letters.left + letters.right + letters.top + letters.bottom
    assert shown == {"axial": "RLAP", "coronal": "RLHF", "sagittal": "APHF"}
    opened.window.commands["radiological"].setChecked(False)
    assert grid(opened).planes["axial"]._letters.left == "L"
    assert grid(opened).planes["sagittal"]._letters.left == "A"
    opened.window.commands["radiological"].setChecked(True)


@pytest.mark.skipif(not POSITIONS.exists(), reason="needs the shared scans")
def test_that_every_patient_position_gives_right_panes(opened: Opened) -> None:
    for folder in sorted(path for path in POSITIONS.iterdir() if path.is_dir()):
        opened.open(folder)
        show_planes(opened)
        views = grid(opened).planes
        assert views["axial"]._letters.left == "R"
        assert views["coronal"]._letters.top == "H"
        assert (views["sagittal"]._letters.left, views["sagittal"]._letters.top) == ("A", "H")
        planes = layouts(opened).planes
        for pane in planes.panes:
            away = world_to_index(pane.image.affine, planes.point_world)[2]
            assert abs(away) <= 0.5 + 1e-6
        opened.window.commands["layout_single"].trigger()


def test_that_each_pane_says_what_it_is(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    show_planes(opened)
    views = grid(opened).planes
    shown = [titles(views[name])[0] for name in ("axial", "coronal", "sagittal")]
    assert shown == ["Axial", "Coronal", "Sagittal"]
    assert titles(opened.view)[0] == "As acquired"
    opened.window.commands["layout_single"].trigger()
    assert "As acquired" not in titles(opened.view)
    assert [view.isVisible() for view in grid(opened).views] == [True] + 4 * [False]


def test_that_shift_and_move_take_the_crosshair_along_in_all_views(opened, scan) -> None:
    opened.open(scan)
    show_planes(opened)
    coronal = layouts(opened).planes.panes[1]
    shift_move(coronal.view, 7, 3)
    settle(opened)
    expected = index_to_world(coronal.image.affine, (7, 3, 0))
    opened.wait(lambda: opened.session.slice.index == opened.session.slice_index)
    for affine in (
        *(pane.image.affine for pane in layouts(opened).planes.panes),
        opened.session.slice.affine,
    ):
        assert abs(world_to_index(affine, expected)[2]) <= 0.5 + 1e-6
    assert opened.session.slice_index == 8
    assert len(coronal.view._plane_lines) == 3
    assert coronal.view._crosshair.point == pytest.approx((7, 3), abs=0.5)


def test_that_the_wheel_scrolls_each_pane_and_a_slice_takes_its_plane_along(opened, scan) -> None:
    opened.open(scan)
    show_planes(opened)
    axial, coronal, sagittal = layouts(opened).planes.panes
    before = (axial.plane, coronal.plane, sagittal.plane)
    wheel(sagittal.view.viewport(), -2)
    settle(opened)
    assert (axial.plane, coronal.plane, sagittal.plane) == (before[0], before[1], before[2] + 2)
    assert opened.session.slice_index == 6
    opened.window.commands["next_slice"].trigger()
    settle(opened)
    assert (axial.plane, sagittal.plane) == (before[0] + 1, before[2] + 2)


def test_that_window_is_shared_and_zoom_stays_while_scrolling(qtbot, opened, scan) -> None:
    opened.open(scan)
    show_planes(opened)
    pane = layouts(opened).planes.panes[2]
    before = opened.session.window
    drag(qtbot, pane.view.viewport(), QPoint(60, 10))
    assert opened.session.window.width > before.width
    assert pane.view._window == opened.view._window == opened.session.window
    wheel(pane.view.viewport(), 2, Qt.KeyboardModifier.ControlModifier)
    zoomed = pane.view._box.viewRect()
    wheel(pane.view.viewport(), -1)
    settle(opened)
    assert pane.view._box.viewRect() == zoomed
    assert pane.view._window == opened.session.window


def test_that_a_double_click_makes_one_view_large_and_back(qtbot, opened, scan) -> None:
    opened.open(scan)
    opened.view.zoom(2)
    qtbot.mouseDClick(opened.view.viewport(), Qt.MouseButton.LeftButton)
    assert opened.view._is_fitted
    show_planes(opened)
    coronal = grid(opened).planes["coronal"]
    qtbot.mouseDClick(coronal.viewport(), Qt.MouseButton.LeftButton)
    assert [view.isVisible() for view in grid(opened).views] == [False, False, True, False, False]
    qtbot.mouseDClick(coronal.viewport(), Qt.MouseButton.LeftButton)
    assert [view.isVisible() for view in grid(opened).views] == [True, True, True, True, False]


def test_that_beside_the_scan_the_readout_says_so(opened: Opened, tmp_path: Path) -> None:
    opened.open(marked(tmp_path, TURN))
    show_planes(opened)
    pane = layouts(opened).planes.panes[0]
    pane.view.pointed_at.emit((0, 0))
    shown = [line.text for line in pane.view._corners.bottom_left]
    assert shown[1] == "Outside the scan"
    assert pane.view.picture.display_values[0, 0] == 0


def test_that_a_picture_without_planes_gets_a_sentence_and_one_view(opened, tmp_path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(colours).save(tmp_path / "colour.png")
    opened.open(tmp_path / "colour.png")
    opened.window.commands["layout_planes"].trigger()
    assert "stack" in opened.window.message_bar.text
    assert grid(opened).layout_name == "single"
    assert opened.window.commands["layout_single"].isChecked()
    opened.window.commands["slab_kind"].trigger()
    assert layouts(opened).slabs.slab is None


def test_that_a_series_without_planes_ends_the_layout_with_a_sentence(
    opened, scan, tmp_path
) -> None:
    opened.open(scan)
    show_planes(opened)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "grey.png")
    opened.open(tmp_path / "grey.png")
    opened.wait(lambda: grid(opened).layout_name == "single")
    assert "stack" in opened.window.message_bar.text


def test_that_a_volume_too_large_is_refused_in_words(opened, scan, monkeypatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BYTES", 1000)
    opened.open(scan)
    opened.window.commands["layout_planes"].trigger()
    assert "too large" in opened.window.message_bar.text
    assert grid(opened).layout_name == "single"


def test_that_giving_up_the_reading_leaves_one_view(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.window.commands["layout_planes"].trigger()
    opened.window.commands["cancel"].trigger()
    assert grid(opened).layout_name == "single"
    assert opened.session.slice is not None


def test_that_a_slab_thickens_the_picture_and_nothing_else(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    image = opened.session.slice
    for _ in range(2):
        opened.window.commands["slab_kind"].trigger()
    slabs = layouts(opened).slabs
    opened.wait(lambda: slabs.thick is not None and slabs.slab == Slab("max", 10.0))
    opened.wait(lambda: slabs.thick.modality_values.max() >= image.modality_values.max())
    stack = np.stack([opened.session.volume.read_slice(k).modality_values for k in (5, 6, 7)])
    opened.wait(lambda: np.array_equal(slabs.thick.modality_values, stack.max(axis=0)))
    assert opened.session.slice is image
    assert "MIP of 9 mm" in titles(opened.view)
    opened.window.commands["slab_thicker"].trigger()
    assert "MIP of 15 mm" in titles(opened.view)
    for _ in range(2):
        opened.window.commands["slab_kind"].trigger()
    assert slabs.thick is None
    assert layouts(opened).blocks.block is None


def two_series(folder: Path, frames: tuple[str, str]) -> Path:
    """Two stacks of one patient: 8 slices from 0 mm on, and 15 from 10 mm on, 2 mm apart."""
    for number, (count, first, frame) in enumerate(((8, 0, frames[0]), (15, 10, frames[1]))):
        for k in range(count):
            save_dicom(
                folder / "two" / f"{number}-{k}.dcm",
                np.full((12, 12), 10 * k + number, np.int16),
                SeriesInstanceUID=f"1.2.3.{number + 1}",
                FrameOfReferenceUID=frame,
                SeriesDescription=("before", "after")[number],
                SeriesNumber=number + 1,
                ImagePositionPatient=["0", "0", str(first + 2 * k)],
                ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
                PixelSpacing=["1", "1"],
                InstanceNumber=k + 1,
            )
    return folder / "two"


def show_compare(opened: Opened, path: Path):
    opened.open(path)
    opened.wait(lambda: opened.session.study.is_complete and len(opened.session.study.series) == 2)
    opened.session.select_series([s.title for s in opened.session.study.series].index("before"))
    opened.wait(lambda: opened.session.slice is not None)
    opened.window.commands["layout_compare"].trigger()
    compare = layouts(opened).compare
    opened.wait(lambda: compare.image is not None)
    return compare


def test_that_two_series_of_one_frame_scroll_by_position(opened: Opened, tmp_path: Path) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    bar = grid(opened).compare_bar
    assert bar.status == "Linked by position in the patient."
    opened.session.go_to_slice(7)
    opened.wait(lambda: compare.image.index == 2)
    assert compare.image.affine[2, 3] == 14
    wheel(grid(opened).compare.viewport(), 1)
    assert compare.slice_index == 1
    assert opened.session.slice_index == 6
    bar.link_requested.emit(False)
    wheel(grid(opened).compare.viewport(), -3)
    assert (compare.slice_index, opened.session.slice_index) == (4, 6)
    assert bar.status == "Not linked."


def test_that_two_series_have_the_colour_bars_room_while_no_map_is_wanted(
    opened: Opened, tmp_path: Path
) -> None:
    bar = opened.window.viewer.color_bar
    switch = opened.window.commands["overlay"]
    switch.trigger()
    assert not bar.isHidden()  # one series keeps it
    show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    assert bar.isHidden()
    switch.trigger()
    assert not bar.isHidden()


def test_that_the_crosshair_is_in_both_series_of_one_frame(opened: Opened, tmp_path) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    opened.session.go_to_slice(6)
    opened.wait(lambda: opened.session.slice.index == 6)
    shift_move(opened.view, 4, 9)
    assert compare.slice_index == 1
    assert grid(opened).compare._crosshair.point == pytest.approx((4, 9), abs=0.3)


def test_that_series_of_other_frames_say_that_position_does_not_link_them(
    opened: Opened, tmp_path: Path
) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.8")))
    assert "other frame of reference" in grid(opened).compare_bar.status
    opened.window.commands["last_slice"].trigger()
    assert compare.slice_index == 14
    opened.window.commands["first_slice"].trigger()
    assert compare.slice_index == 0


def test_that_each_side_has_a_window_of_its_own(qtbot, opened: Opened, tmp_path: Path) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    left, right = opened.session.window, compare.display.window
    drag(qtbot, grid(opened).compare.viewport(), QPoint(80, 0))
    assert compare.display.window.width > right.width
    assert opened.session.window == left


def test_that_keys_act_on_the_series_that_was_clicked_last(qtbot, opened, tmp_path) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    session, commands, display = opened.session, opened.window.commands, compare.display
    left = session.window, session.orientation
    qtbot.mouseClick(grid(opened).compare.viewport(), Qt.MouseButton.LeftButton)
    before = display.orientation
    for name in ("invert", "turn_right", "preset_1"):
        commands[name].trigger()
    assert (display.is_inverted, display.orientation) == (True, before.turned(1))
    assert (display.window.center, display.window.width) == (-600, 1500)
    assert (session.window, session.orientation, session.is_inverted) == (*left, False)
    qtbot.mouseClick(grid(opened).slice_view.viewport(), Qt.MouseButton.LeftButton)
    for name in ("invert", "turn_left", "preset_2"):
        commands[name].trigger()
    assert session.is_inverted
    assert session.orientation == left[1].turned(-1)
    assert session.window.width == 2500
    assert (display.window.width, display.orientation) == (1500, before.turned(1))


def test_that_the_window_panel_is_about_the_series_that_was_clicked_last(
    qtbot, opened: Opened, tmp_path: Path
) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    panel, session = opened.window.window_panel, opened.session
    left = session.window
    qtbot.mouseClick(grid(opened).compare.viewport(), Qt.MouseButton.LeftButton)
    panel.width_requested.emit(77.0)
    panel.center_requested.emit(33.0)
    assert (compare.display.window.width, compare.display.window.center) == (77, 33)
    assert session.window == left
    opened.wait(lambda: (panel._width.value(), panel._center.value()) == (77, 33))
    qtbot.mouseClick(grid(opened).slice_view.viewport(), Qt.MouseButton.LeftButton)
    opened.wait(lambda: panel._width.value() != 77)
    assert panel._width.value() == pytest.approx(left.width, abs=0.5)


def test_that_a_frame_marks_the_series_that_keys_act_on(qtbot, opened, tmp_path) -> None:
    show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    left, right = grid(opened).slice_view, grid(opened).compare

    def framed() -> list[bool]:
        corners = [view.viewport().grab().toImage().pixelColor(1, 1) for view in (left, right)]
        return [color == QColor(ImageColor.ACCENT) for color in corners]

    assert framed() == [True, False]
    qtbot.mouseClick(right.viewport(), Qt.MouseButton.LeftButton)
    assert framed() == [False, True]
    opened.window.commands["layout_single"].trigger()
    assert framed()[0] is False


def test_that_unlinked_the_slice_keys_scroll_the_active_series(qtbot, opened, tmp_path) -> None:
    compare = show_compare(opened, two_series(tmp_path, ("1.9", "1.9")))
    compare.set_linked(False)
    qtbot.mouseClick(grid(opened).compare.viewport(), Qt.MouseButton.LeftButton)
    left = opened.session.slice_index
    opened.window.commands["last_slice"].trigger()
    assert (compare.slice_index, opened.session.slice_index) == (14, left)


def test_that_one_series_alone_is_not_compared(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    opened.window.commands["layout_compare"].trigger()
    assert "two series" in opened.window.message_bar.text
    assert grid(opened).layout_name == "single"


def test_that_the_acquired_slice_alone_is_asked_about(opened: Opened, scan: Path) -> None:
    opened.open(scan)
    show_planes(opened)
    opened.answered()
    answer = opened.session.examination
    wheel(grid(opened).planes["sagittal"].viewport(), -1)
    settle(opened)
    assert opened.session.examination is answer
