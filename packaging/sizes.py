"""How large the bundle and its packages are, what the size is made of, and whether it fits.

Usage: python packaging/sizes.py [--json FILE]. It ends with 1 when a budget is overrun.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from bundle_contents import NAME, ROOT

BUNDLE_BUDGET_MB, PACKAGE_BUDGET_MB = 900.0, 350.0
_LARGEST = 20
_PACKAGES = ("*.deb", "*.AppImage", "*.dmg", "*-setup.exe")


def files_of(folder: Path) -> list[Path]:
    """All files, each once: links take no room of their own."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def megabytes(path: Path) -> float:
    """The size of a file, or of all files of a folder; 1 MB is 10⁶ bytes."""
    files = files_of(path) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files) / 1e6


def made_of(bundle: Path) -> list[tuple[str, float]]:
    """(part, MB), largest first; a part is a folder of the bundle or a file beside them."""
    inside = bundle / "_internal" if (bundle / "_internal").is_dir() else bundle
    parts: Counter[str] = Counter()
    for file in files_of(bundle):
        if not file.is_relative_to(inside):
            parts[file.relative_to(bundle).parts[0]] += file.stat().st_size
            continue
        place = file.relative_to(inside)
        deep = place.parts[:2] if place.parts[0] == "torch" else place.parts[:1]
        parts["/".join(deep)] += file.stat().st_size
    return [(name, size / 1e6) for name, size in parts.most_common()]


def packages(folder: Path) -> list[Path]:
    """The packages that were built."""
    return sorted(path for pattern in _PACKAGES for path in folder.glob(pattern))


def main() -> int:
    """Prints and checks; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    parts = made_of(options.dist / NAME)
    total = sum(size for _, size in parts)
    for name, size in parts[:_LARGEST]:
        print(f"{size:8.1f} MB  {name}")
    print(f"{sum(size for _, size in parts[_LARGEST:]):8.1f} MB  all else")
    measured = [("bundle", total, BUNDLE_BUDGET_MB)]
    measured += [(p.name, megabytes(p), PACKAGE_BUDGET_MB) for p in packages(options.dist)]
    for name, size, budget in measured:
        verdict = "" if size <= budget else "  TOO LARGE"
        print(f"{size:8.1f} MB  {name}, of at most {budget:g} MB{verdict}")
    if options.json:
        facts = {"parts": dict(parts), "measured": {name: size for name, size, _ in measured}}
        options.json.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return int(any(size > budget for _, size, budget in measured))


if __name__ == "__main__":
    sys.exit(main())
