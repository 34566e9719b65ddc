"""What is said of a run that does not fit its lane, or would take days."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from cryoloom.data import Particle, Volume
from cryoloom.testing.workflow import SmallEnvironment
from cryoloom.workflow.lane import Capacity
from cryoloom.workflow.predicting import DAY, advice_on
from cryoloom.workflow.protocol import Output, Protocol, Stage, WholeProtocol, output_set

CAPACITY = Capacity(cpu=2, memory=8 * 2**30)


class Slow(WholeProtocol):
    """Make a map, slowly."""

    id = "slow"
    stage = Stage.REFINE
    gpu_programs: ClassVar[Mapping[str, str]] = {"far_quicker": "Quicker"}

    class Outputs:
        """A map."""

        volumes: Output[Volume] = output_set("the map")


class Same(Slow):
    """Make a map, as another package does, on a GPU."""

    id = "other.map"
    uses_gpu = True


class NoQuicker(Slow):
    """Make a map, as another package does, without a GPU."""

    id = "other.slow_map"


class Different(WholeProtocol):
    """Make no map, though at the same stage."""

    id = "other.particles"
    stage = Stage.REFINE
    uses_gpu = True

    class Outputs:
        """Particles."""

        particles: Output[Particle] = output_set("particles")


class Installed(SmallEnvironment):
    """An environment with some protocols."""

    def __init__(self, *protocols: type[Protocol]) -> None:
        super().__init__()
        self._installed = protocols

    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {protocol.id: protocol for protocol in (Slow, *self._installed)}


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that programs are looked for in."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(programs: Path, name: str) -> None:
    (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
    (programs / name).chmod(0o755)


def advice(seconds: float, memory: int, *installed: type[Protocol]) -> list[str]:
    return advice_on(seconds, memory, Slow, Installed(*installed), CAPACITY)


def test_nothing_is_said_of_what_fits() -> None:
    assert advice(DAY, 8 * 2**30, Same) == []


def test_what_does_not_fit_the_memory_is_told() -> None:
    assert advice(1.0, 9 * 2**30) == ["It needs 9.0 GB of memory, and there are 8.0 GB."]


def test_what_a_protocol_says_itself_comes_between() -> None:
    own = ["With box_size=64 (finest detail 6.0 Å) it fits."]
    first, second, third = advice_on(2 * DAY, 9 * 2**30, Slow, Installed(), CAPACITY, own)
    assert (first.split()[1], second, third.split()[1]) == ("needs", own[0], "takes")


def test_over_a_day_the_package_that_does_the_same_is_named(programs: Path) -> None:
    none = "It takes more than a day, and no package that does the same on a GPU is installed (Quicker would)."
    assert advice(1.1 * DAY, 1) == [none]
    assert advice(1.1 * DAY, 1, Different, NoQuicker) == [none]
    install(programs, "far_quicker")
    (by_program,) = advice(1.1 * DAY, 1, Different)
    assert "Quicker is installed here (far_quicker), which does the same on a GPU if it was built for one" in by_program
    (by_plugin,) = advice(1.1 * DAY, 1, Same, NoQuicker, Different)
    assert by_plugin == "It takes more than a day, and other.map can do the same on a GPU."
