"""What tools say before they begin: what it takes, whether it fits, and the box that would."""

from __future__ import annotations

import re

import pytest

from cryoloom.cli.tool._prediction import foretell
from cryoloom.protocols.particle_images import AFTER_CHANGE_BOX, CommonGrid
from cryoloom.protocols.refine import Refine
from cryoloom.runtime import InstalledEnvironment
from cryoloom.workflow.lane import Capacity

GRID, AVAILABLE = CommonGrid(256, 1.5), 24 * 2**30


class SmallLane:
    """A lane with little memory."""

    def capacity(self) -> Capacity:
        return Capacity(cpu=2, memory=AVAILABLE)


def needed(box_size: int) -> int:
    return round(30 * 2**30 * (box_size / 256) ** 3)


@pytest.fixture(autouse=True)
def lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InstalledEnvironment, "lane", lambda _environment, _name: SmallLane())


def test_the_largest_box_that_fits_is_proposed_with_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    told = foretell(Refine, 90.0, needed(256), smaller=(GRID, needed))
    assert told["advice"] == [
        "It needs 30.0 GB of memory, and there are 24.0 GB.",
        "With --box 236 (finest detail 3.3 Å) it fits.",  # 2 · 256 · 1.5 / 236
    ]
    assert needed(236) <= AVAILABLE < needed(238)
    said = capsys.readouterr().err
    assert said.startswith("This will take about 1 min 30 s and 30.0 GB of memory. It needs")
    assert said.endswith("it fits.\n")


def test_where_there_is_no_option_the_way_to_a_smaller_box_is_named() -> None:
    told = foretell(Refine, 90.0, needed(256), smaller=(GRID, needed), how=AFTER_CHANGE_BOX)
    assert told["advice"][1] == "After change-box to 236 px (finest detail 3.3 Å) it fits."


def test_nothing_is_proposed_if_it_fits_or_no_box_would() -> None:
    assert foretell(Refine, 90.0, needed(128), smaller=(CommonGrid(128, 3.0), needed))["advice"] == []
    hopeless = foretell(Refine, 90.0, 2 * AVAILABLE, smaller=(GRID, lambda _box: 2 * AVAILABLE))
    assert [re.findall(r"With", one) for one in hopeless["advice"]] == [[]]
