"""The page on protocols names all that they may declare and are given, and every part of the engine has a page."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cryoloom.workflow.protocol import (
    DecideProtocol,
    MapProtocol,
    Protocol,
    SourceProtocol,
    TableProtocol,
    WholeProtocol,
)
from cryoloom.workflow.workspace import RoundWorkspace, SourceContext, Workspace

ROOT = Path(__file__).parents[2]
SHAPES = (Protocol, SourceProtocol, MapProtocol, TableProtocol, WholeProtocol, DecideProtocol)
PAGE = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8").partition("## All that a protocol may declare")[2]
NAMED = {name for code in re.findall(r"`([^`]+)`", PAGE) for name in re.findall(r"\w+", code)}
ALGORITHMS = [*(ROOT / "docs" / "algorithms").glob("*.md"), ROOT / "docs" / "trust.md"]
PACKAGES = sorted(path.parent.name for path in (ROOT / "src" / "cryoloom" / "engine").glob("*/__init__.py"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_page_names_what_a_protocol_may_declare(shape: type) -> None:
    assert shape is Protocol or shape.__name__ in NAMED
    assert {name for name in vars(shape) if not name.startswith("_")} - NAMED == set()


@pytest.mark.parametrize("given", [Workspace, RoundWorkspace, SourceContext], ids=lambda given: given.__name__)
def test_the_page_names_what_a_function_is_given(given: type) -> None:
    names = {field.name for field in fields(given)} | {name for name in vars(given) if not name.startswith("_")}
    assert names - NAMED == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_part_of_the_engine_is_named_by_a_page(package: str) -> None:
    assert any(re.search(rf"`engine/{package}/?`", page.read_text(encoding="utf-8")) for page in ALGORITHMS)
