"""Brings pages from outside docs/ to the site, and leads links to them; a hook of MkDocs.

The README is the site's first page, so that what the program is for is written once. A link to
a file of the checkout that has no place on the site, such as a script, becomes its text. One to
a file that isn't there is left alone, and ends the build (`mkdocs build --strict`). A picture leads
to itself in full size.
"""

import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
_NAMES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "LICENSE": "LICENSE.txt",
    "CITATION.cff": "CITATION.cff",
    "resources/icons/magic-viewer.svg": "images/magic-viewer.svg",
}
_LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")
# A picture of its own; its column is narrower than the window that it shows.
_PICTURE = re.compile(r"^!\[[^\[\]]*\]\((?P<path>[^)\s:]+)\)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files from outside docs/."""
    cards = (path.relative_to(ROOT).as_posix() for path in ROOT.glob("models/*/card.md"))
    for source, name in {**_NAMES, **{card: card for card in cards}}.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links between files of the checkout into links between pages of the site."""
    names = {
        Path(file.abs_src_path): file.src_uri
        for file in files
        if file.abs_src_path and not file.inclusion.is_excluded()
    }
    folder = Path(str(page.file.abs_src_path)).parent

    def lead(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / link["path"]))
        if target in names:
            path = os.path.relpath(names[target], os.path.dirname(page.file.src_uri) or ".")
            return f"[{link['text']}]({Path(path).as_posix()}{link['anchor'] or ''})"
        return link["text"] if target.exists() else link[0]

    return _PICTURE.sub(r"[\g<0>](\g<path>)", _LINK.sub(lead, markdown))
