"""Twelve hours with one stall, one bad square and one full disk: exactly three alarms, and three all-clears."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cryoloom.runtime import Project
from cryoloom.server._shelf import ProjectShelf
from cryoloom.server.alarms import AlarmBooks, AlarmLimits, AlarmNews, AlarmWatch, Courier
from cryoloom.server.exposures import ExposureFrames
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parent))

from a_night import BEGINNING, Night

BETWEEN_LOOKS = 240.0  # seconds


class Heard:
    """A channel that keeps what it was given."""

    name = "heard"

    def __init__(self) -> None:
        self.news: list[AlarmNews] = []

    def deliver(self, news: AlarmNews, link: str) -> None:
        self.news.append(news)


class Server:
    """A server that looks and delivers, and can be started again."""

    def __init__(self, shelf: Path, state: Path, night: Night, heard: Heard) -> None:
        self.parts = (shelf, state, night, heard)
        self.start()

    def start(self) -> None:
        shelf, state, night, heard = self.parts
        self.books = AlarmBooks(state)
        clock = lambda: night.now  # noqa: E731
        self.watch = AlarmWatch(
            ProjectShelf(shelf), ExposureFrames(), self.books, AlarmLimits(), ("heard",), clock=clock, disk=night.disk
        )
        self.courier = Courier(self.books, [heard], clock=clock)

    def look(self) -> None:
        self.watch.look()
        assert self.watch.fault(self.parts[2].project.record.ulid) == ""
        self.courier.deliver()


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def play(night: Night, server: Server, hours: float, *, restart_every: int = 10**9) -> None:
    looks = 0
    while night.hours < hours:
        night.go_on(BETWEEN_LOOKS)
        server.look()
        looks += 1
        if looks % restart_every == 0:
            server.start()


def test_three_alarms_and_three_all_clears(shelf: Path, tmp_path: Path) -> None:
    night = Night(
        Project.create(shelf / "night", "Night"), bad_squares=frozenset({20}), stalls=((3.0, 3.0 + 20 / 60),),
        full_from=9.0, full_to=9.5,
    )  # fmt: skip
    heard = Heard()
    server = Server(shelf, tmp_path / "state", night, heard)
    play(night, server, 12.0, restart_every=25)
    assert night.taken > 2000
    told = [(news.alarm, news.happening) for news in heard.news]
    assert told == [
        ("no-movie", "entered"),
        ("no-movie", "cleared"),
        ("ice", "entered"),
        ("ice", "cleared"),
        ("disk", "entered"),
        ("disk", "cleared"),
    ]
    assert len({news.id for news in heard.news}) == 6
    hours = [(news.at - BEGINNING) / 3600 for news in heard.news]
    assert hours[0] == pytest.approx(3 + 7 / 60, abs=0.1)
    assert hours[1] - hours[0] == pytest.approx(13 / 60, abs=0.1), "it came up after the first minutes of the stall"
    assert hours[5] - hours[4] == pytest.approx(0.5, abs=0.1)
    assert "grid square GridSquare_20" in heard.news[2].sentence
    assert "shot_00" in heard.news[0].sentence
    record = server.books.read(night.project.record.ulid)
    assert (record.waiting, record.undelivered) == ([], [])
    assert [one.alarm for one in record.alarms.values() if one.on] == []


def test_a_quiet_night_is_quiet(shelf: Path, tmp_path: Path) -> None:
    night = Night(Project.create(shelf / "night", "Night"))
    heard = Heard()
    play(night, Server(shelf, tmp_path / "state", night, heard), 2.0)
    assert heard.news == []
    assert night.taken == 360


def test_a_session_that_ends_takes_its_alarms_along(shelf: Path, tmp_path: Path) -> None:
    night = Night(Project.create(shelf / "night", "Night"), stalls=((0.5, 99.0),))
    heard = Heard()
    server = Server(shelf, tmp_path / "state", night, heard)
    play(night, server, 1.0)
    assert [(news.alarm, news.happening) for news in heard.news] == [("no-movie", "entered")]
    night.say(night.runs[0], RunState.STOPPED, {"movies": night.taken})
    play(night, server, 1.1)
    assert [news.happening for news in heard.news] == ["entered", "cleared"]
    assert "No more movies are expected" in heard.news[1].sentence


def test_what_the_watch_remembers_is_told_when_a_server_was_away(shelf: Path, tmp_path: Path) -> None:
    """A stall that began while no server ran comes up at once; one that came up before is not told again."""
    night = Night(Project.create(shelf / "night", "Night"), stalls=((0.2, 2.0),))
    heard = Heard()
    server = Server(shelf, tmp_path / "state", night, heard)
    play(night, server, 0.2)
    assert heard.news == []
    night.go_on(1800)
    server.start()
    server.look()
    server.start()
    server.look()
    assert [(news.alarm, news.happening) for news in heard.news] == [("no-movie", "entered")]
