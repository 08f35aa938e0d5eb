"""Puts docs/evidence.md together from the JSON files that the benchmarks wrote.

`python -m benchmarks.evidence` takes docs/evidence/*.json and models/*/cross_validation.json;
nothing in the page is written by hand.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "evidence"
LONGEST = 60
"""Rows of a table; of longer ones the JSON file alone has all."""


@dataclass(frozen=True)
class Kind:
    """A kind of result.

    Attributes:
        title: of its section.
        about: what was done, in a sentence or two.
        command: that writes its file.
        pattern: of its files, from the root of the repository.
    """

    title: str
    about: str
    command: str
    pattern: str


KINDS = (
    Kind(
        "Cross-validation",
        "A model for each fold of patients, each judged on the fold held back.",
        "magic-viewer train DATA --out models/NAME --cross-validate",
        "models/*/cross_validation.json",
    ),
    Kind(
        "Held-back images",
        "Figures of each bundled model on images that it never saw, with 95 % intervals, and of "
        "its drawn images beside real ones.",
        "python -m benchmarks.report MODEL DATA --fold 0",
        "docs/evidence/report-*.json",
    ),
    Kind(
        "Rivals",
        "Networks of other kinds and our flow, trained on the same images for the same CPU "
        "minutes, and judged on the same held-back patients by the same code. Temperatures of "
        "all are fitted on the same validation patients. Lower is better for ece, fid and kid; "
        "the real training images show what no model can be expected to beat.",
        "python -m benchmarks.rivals DATA --json docs/evidence/rivals.json",
        "docs/evidence/rivals*.json",
    ),
    Kind(
        "Foreign images",
        "Whether slices unlike the training images are told.",
        "python -m benchmarks.gate --json docs/evidence/gate.json",
        "docs/evidence/gate*.json",
    ),
    Kind(
        "Attribution",
        "Whether the maps point at what made the difference.",
        "python -m benchmarks.attribution DATA --json docs/evidence/attribution.json",
        "docs/evidence/attribution*.json",
    ),
    Kind(
        "Ablation",
        "What each choice of the training is worth.",
        "python -m benchmarks.ablation DATA --json docs/evidence/ablation.json",
        "docs/evidence/ablation*.json",
    ),
)


def main() -> None:
    """Writes docs/evidence.md."""
    out = ROOT / "docs" / "evidence.md"
    out.write_text(page(ROOT), encoding="utf-8")
    print(out)


def page(root: Path) -> str:
    """The page, from the files below a folder laid out as this repository."""
    parts = [
        "# Evidence",
        "Every figure here was measured by a command and is kept as JSON beside this page, with "
        "the commit and the date. `python -m benchmarks.evidence` writes the page.",
    ]
    for kind in KINDS:
        parts += [f"## {kind.title}", f"{kind.about} (`{kind.command}`)"]
        files = sorted(root.glob(kind.pattern))
        if not files:
            parts.append("Not measured yet.")
        for file in files:
            parts.append(f"### {file.parent.name if 'models' in kind.pattern else file.stem}")
            parts.append(render(json.loads(file.read_text(encoding="utf-8"))))
    return "\n\n".join(parts) + "\n"


def render(values: Any, title: str = "") -> str:
    """JSON values as Markdown: single ones in a line, rows as tables, the rest in turn.

    Lists of lists (curves, confusion) are left to the JSON file, and so are lists inside rows.
    """
    if isinstance(values, list):
        if rows := _rows(values):
            return table(rows)
        values = {
            str(value.get("name", value.get("artefact", n + 1))): value
            for n, value in enumerate(values)
        }
    alone = " · ".join(f"{key}: {_cell(value)}" for key, value in values.items() if _single(value))
    parts = [f"**{title}**: {alone}" if title else alone] if alone else []
    for key, value in values.items():
        name = f"{title}, {key}" if title else str(key)
        if _single(value) or not value:
            continue
        if rows := _rows(value):
            parts += [f"**{name}**", table(rows)]
        elif isinstance(value, dict) or all(isinstance(v, dict) for v in value):
            parts.append(render(value, name))
        elif all(_single(v) for v in value) and len(value) <= LONGEST:
            parts.append(f"**{name}**: {', '.join(_cell(v) for v in value)}")
    return "\n\n".join(parts)


def _single(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _interval(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"value", "low", "high"}


def _rows(value: Any) -> list[dict[str, Any]]:
    """The rows of a table, or none where the value isn't one."""
    if isinstance(value, dict):
        if not all(isinstance(v, dict) for v in value.values()):
            return []
        if not all(_single(v) or _interval(v) for row in value.values() for v in row.values()):
            return []
        value = [{"": key} | row for key, row in value.items()]
    if not value or not all(isinstance(row, dict) for row in value):
        return []
    rows = [_flat(row) for row in value]
    return rows if all(map(_single, (v for row in rows for v in row.values()))) else []


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """One cell for each figure with its interval and for each single value one level down."""
    cells: dict[str, Any] = {}
    for key, value in row.items():
        if _interval(value):
            cells[key] = "{value} ({low} to {high})".format(
                **{k: _cell(v) for k, v in value.items()}
            )
        elif isinstance(value, dict) and all(map(_single, value.values())):
            cells |= {f"{key} {name}": single for name, single in value.items()}
        elif not isinstance(value, list):
            cells[key] = value
    return cells


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table; its columns are all keys, in the order in which they are met."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = [
        "| " + " | ".join(key.replace("_", " ") for key in keys) + " |",
        "|" + "---|" * len(keys),
    ]
    lines += ["| " + " | ".join(_cell(row.get(key)) for key in keys) + " |" for row in rows]
    if len(rows) > LONGEST:
        lines = [*lines[: LONGEST + 2], "", f"and {len(rows) - LONGEST} more rows in the JSON file"]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    main()
