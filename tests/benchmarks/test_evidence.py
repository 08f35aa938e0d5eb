import json
from pathlib import Path

from benchmarks.evidence import KINDS, page, render, table


def test_that_a_page_without_results_says_so_in_every_section(tmp_path: Path) -> None:
    assert page(tmp_path).count("Not measured yet.") == len(KINDS)


def test_that_every_figure_and_where_it_comes_from_reaches_the_page(tmp_path: Path) -> None:
    (tmp_path / "docs" / "evidence").mkdir(parents=True)
    report = {
        "commit": "abc",
        "seed": 3,
        "classification": [{"name": "a|b", "ece": 0.12345}, {"name": "c", "auc": None}],
        "nested": {"by_class": {"x": {"fid": 1234.5}}, "curve": [[0, 1], [1, 2]]},
    }
    (tmp_path / "docs" / "evidence" / "rivals.json").write_text(json.dumps(report))
    text = page(tmp_path)
    assert text.count("Not measured yet.") == len(KINDS) - 1
    assert "commit: abc · seed: 3" in text
    assert "| name | ece | auc |\n|---|---|---|\n| a\\|b | 0.1235 | – |\n| c | – | – |" in text
    assert "**nested, by_class**\n\n|  | fid |\n|---|---|\n| x | 1,234 |" in text


def test_that_a_list_of_nested_results_is_gone_through_by_name() -> None:
    text = render({"artefacts": [{"name": "ring", "maps": {"ours": {"auc": 0.5}}}]})
    assert "**artefacts, ring, maps**" in text


def test_that_a_long_table_says_what_it_leaves_out() -> None:
    assert "and 5 more rows" in table([{"n": n} for n in range(65)])


def test_that_rows_may_hold_figures_with_intervals_and_values_one_level_down() -> None:
    maps = {"ours": {"auroc": {"value": 0.7, "low": 0.65, "high": 0.75}, "deletion": 0.1}}
    text = render([{"artefact": "ring", "seed": 1, "maps": {"methods": maps}}])
    assert "**ring**: seed: 1" in text.replace("artefact: ring · ", "")
    assert "**ring, maps, methods**" in text
    assert "| ours | 0.7 (0.65 to 0.75) | 0.1 |" in text
    votes = render({"votes": [{"name": "P1", "probabilities": {"a": 0.9, "b": 0.1}, "x": [1]}]})
    assert (
        "| name | probabilities a | probabilities b |\n|---|---|---|\n| P1 | 0.9 | 0.1 |" in votes
    )
