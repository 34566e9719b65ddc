"""Pages refer to files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    inside = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in inside if target and not (page.parent / target).exists()] == []


def links_of(page: Path) -> set[Path]:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    inside = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    return {(page.parent / target).resolve() for target in inside if target}


def test_every_page_is_reached_from_the_first_one() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting += [one for one in links_of(page) - reached if one.suffix == ".md"]
    assert [page for page in PAGES if page not in reached] == []


def test_the_index_of_algorithms_names_every_page_of_them() -> None:
    index = ROOT / "docs" / "algorithms" / "README.md"
    assert {page for page in index.parent.glob("*.md") if page != index} - links_of(index) == set()


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "algorithms").glob("[!R]*.md")), ids=lambda page: page.stem)
def test_an_algorithm_names_its_paper(page: Path) -> None:
    named = re.search(r"\*\*Papers?\.\*\*(.*)", page.read_text(encoding="utf-8"), re.DOTALL)
    assert named is not None
    assert re.search(r"\((19|20)\d\d\)", named[1]) is not None
    assert "https://doi.org/10." in named[1]
