"""Opens folders in the window and puts what it shows of every series on one sheet.

`python docs/make_contact_sheet.py [--out SHEET.jpg] FOLDER ...`; without a folder, those of
../shared/data. Prints what was refused, with its sentence.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from magic_viewer.imaging.study import Series
from magic_viewer.ui.tour import Tour

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
PICTURE = QSize(330, 250)
CELL = QSize(340, 316)
MARGIN = 5
ACROSS = 5


def main() -> None:
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "formats.jpg")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    homes = (SHARED / "viewer_dicom", SHARED / "viewer_nifti")
    shared = [folder for home in homes for folder in sorted(home.glob("*/"))]
    folders = options.folders or shared
    with tempfile.TemporaryDirectory() as kept:
        tour = Tour(Path(kept) / "settings.ini", size=(1500, 800))
        tour.window.overlay_panel.settings_requested.emit(_without_map())
        cells = [cell for folder in folders for cell in _cells(tour, folder)]
        tour.close()
    _sheet(cells).save(str(options.out), quality=80)
    print(f"{options.out.name}: {len(cells)} series of {len(folders)} folders")


def _without_map() -> object:
    from magic_viewer.ui.overlay_settings import OverlaySettings

    return OverlaySettings(is_visible=False)


def _cells(tour: Tour, folder: Path) -> Iterator[tuple[QImage, list[str]]]:
    """The picture and the caption of every series in a folder."""
    before = tour.session.study
    tour.controller.open([folder])
    tour.wait_until(
        lambda: tour.session.study is not before and tour.session.study.is_complete, "open it"
    )
    for notice in tour.session.study.rejected:
        print(f"| {folder.name}/{notice.file} | {notice.text} |")
    for index, series in enumerate(tour.session.study.series):
        tour.window.message_bar.hide()
        tour.session.select_series(index)
        tour.wait_until(
            lambda: tour.session.slice is not None or tour.window.message_bar.isVisible(),
            "show a slice",
        )
        tour.rest(0.1)
        if tour.session.slice is None:
            reason = tour.window.message_bar.text
            print(f"| {folder.name}/{series.title} | {reason} |")
        view = tour.slice_view.grab().toImage()
        yield view, _caption(folder, series)


def _caption(folder: Path, series: Series) -> list[str]:
    size = " × ".join(map(str, series.volumes[0].shape))
    volumes = f", {len(series.volumes)} volumes" if series.volumes[1:] else ""
    notes = "; ".join(notice.text for notice in series.notices)
    return [f"{folder.name}: {series.title}", f"{series.format}, {size}{volumes}", notes]


def _sheet(cells: list[tuple[QImage, list[str]]]) -> QImage:
    rows = -(-len(cells) // ACROSS)
    sheet = QImage(ACROSS * CELL.width(), rows * CELL.height(), QImage.Format.Format_RGB32)
    sheet.fill(QColor("#202226"))
    painter = QPainter(sheet)
    font = QFont()
    font.setPixelSize(12)
    painter.setFont(font)
    for number, (view, lines) in enumerate(cells):
        left = number % ACROSS * CELL.width() + MARGIN
        top = number // ACROSS * CELL.height() + MARGIN
        _draw_cell(painter, left, top, view, lines)
    painter.end()
    return sheet


def _draw_cell(painter: QPainter, left: int, top: int, view: QImage, lines: list[str]) -> None:
    smooth = Qt.TransformationMode.SmoothTransformation
    keep = Qt.AspectRatioMode.KeepAspectRatio
    small = view.scaled(PICTURE, keep, smooth)
    painter.drawImage(left + (PICTURE.width() - small.width()) // 2, top, small)
    metrics = painter.fontMetrics()
    colors = ("#ffffff", "#b0b4bc", "#e0b050")
    for number, (line, color) in enumerate(zip(lines, colors, strict=True)):
        painter.setPen(QColor(color))
        place = QRect(left, top + PICTURE.height() + 16 * number, PICTURE.width(), 16)
        text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)


if __name__ == "__main__":
    main()
