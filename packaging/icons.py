"""The program's icon in the sizes and forms that desktops ask for, drawn from its one SVG."""

import io
import os
from pathlib import Path

from bundle_contents import NAME, ROOT
from PIL import Image

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
SVG = ROOT / "resources" / "icons" / f"{NAME}.svg"
_ICO_SIZES = [(size, size) for size in (16, 24, 32, 48, 64, 128, 256)]


def draw_icon(size: int) -> bytes:
    """Gives the icon as PNG, so many pixels wide."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(SVG)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def write_icons(folder: Path) -> None:
    """Writes .ico for Windows and .icns for macOS."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(draw_icon(512))) as image:
        image.save(folder / f"{NAME}.ico", sizes=_ICO_SIZES)
        image.save(folder / f"{NAME}.icns")


def write_theme_icons(hicolor: Path) -> None:
    """Writes the folders of a freedesktop icon theme."""
    for size in SIZES:
        file = hicolor / f"{size}x{size}" / "apps" / f"{NAME}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draw_icon(size))
    file = hicolor / "scalable" / "apps" / SVG.name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(SVG.read_bytes())
