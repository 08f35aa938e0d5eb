"""Qt's plugins but for those that are left out, before what they are linked to is looked for."""

import sys
from pathlib import Path

from PyInstaller.utils.hooks.qt import add_qt6_dependencies

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bundle_contents import is_dropped

hiddenimports, found, datas = add_qt6_dependencies(__file__)
binaries = [
    (source, folder) for source, folder in found if not is_dropped(f"{folder}/{Path(source).name}")
]
