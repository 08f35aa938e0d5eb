"""The examples in the documentation run as they stand."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_that_the_flows_examples_run(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    text = (ROOT / "docs" / "flow.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 4
    monkeypatch.chdir(ROOT)
    scope: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "docs/flow.md", "exec"), scope)
    assert abs(scope["back"] - scope["x"]).max() < 0.1
    assert "tensor" in capsys.readouterr().out


def test_that_every_link_between_documents_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    lost = []
    for document in documents:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not (document.parent / target).exists():
                lost.append(f"{document.relative_to(ROOT)}: {target}")
    assert lost == []
