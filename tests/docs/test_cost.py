"""The page on what a refinement takes says what the program foretells."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cryoloom.engine.refinement import RefinementSettings, predicted_seconds

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text(encoding="utf-8")
UNITS = {"min": 60.0, "h": 3600.0}


def test_the_table_is_what_is_foretold() -> None:
    counts = (1000, 20_000, 100_000, 1_000_000)
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for box, group, cells in rows:
        settings = RefinementSettings(symmetry=group, initial_resolution=40.0)
        sampling = {"box_size": int(box), "pixel_size": 256.0 / int(box), "diameter": 140.0}
        for cell, count in zip(cells.split(" | "), counts, strict=True):
            number, unit = cell.split()
            told = float(number) * UNITS[unit]
            # Whole minutes and hours are told: half of one is what rounding takes.
            assert told == pytest.approx(predicted_seconds(count, settings, **sampling), abs=0.51 * UNITS[unit])
