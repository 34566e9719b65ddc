"""Events: nothing is missed and nothing told twice, whatever becomes of the connection or the index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cryoloom.runtime import Project
from cryoloom.server.documents import run_summaries
from cryoloom.server.events import FeedEvent, ProjectFeed
from cryoloom.workflow.index import ProjectIndex

ACQUISITION = {"voltage": 300.0, "pixel_size": 1.5, "dose_per_frame": 1.0}


@pytest.fixture
def project(shelf: Path, movies: Path) -> Project:
    made = Project.create(shelf / "p", "P")
    made.add("import-movies", folder=movies, **ACQUISITION)
    return made


async def take(events: AsyncIterator[FeedEvent], count: int) -> list[FeedEvent]:
    async with asyncio.timeout(20):
        return [await anext(events) for _ in range(count)]


def test_who_follows_from_a_list_is_told_what_changed_since_then(project: Project, movies: Path) -> None:
    async def look() -> None:
        feed = ProjectFeed(project, run_summaries)
        event, runs = await feed.snapshot()
        assert [run.number for run in runs] == [1]
        events = feed.follow(event)
        project.run(1).annotate(label="Krios 2")
        (changed,) = await take(events, 1)
        assert (changed.kind, changed.run and changed.run.label) == ("run", "Krios 2")
        project.add("import-movies", folder=movies, **ACQUISITION)
        (added,) = await take(events, 1)
        assert added.run is not None
        assert added.run.number == 2
        project.remove(project.plan_removal([project.run(2).ulid]))
        (gone,) = await take(events, 1)
        assert (gone.kind, gone.ulid) == ("gone", added.run.ulid)
        await events.aclose()
        again = feed.follow(changed.id)  # as a browser that lost the connection after the first
        assert [one.id for one in await take(again, 2)] == [added.id, gone.id]
        await again.aclose()

    asyncio.run(look())


@pytest.mark.parametrize("after", ["", "0123456789ab:3", "nonsense", ":", "x:-1"])
def test_who_comes_with_an_unknown_event_is_told_to_read_everything(project: Project, after: str) -> None:
    async def look() -> None:
        feed = ProjectFeed(project, run_summaries)
        events = feed.follow(after)
        (first,) = await take(events, 1)
        assert first.kind == "reset"
        project.run(1).annotate(label="after it")
        (next_one,) = await take(events, 1)
        assert next_one.run is not None
        assert next_one.run.label == "after it"  # what was there before comes with what is read anew
        await events.aclose()

    asyncio.run(look())


def test_an_event_of_the_future_is_unknown(project: Project) -> None:
    async def look() -> None:
        feed = ProjectFeed(project, run_summaries)
        event, _ = await feed.snapshot()
        epoch, _, number = event.partition(":")
        events = feed.follow(f"{epoch}:{int(number) + 1}")
        assert (await take(events, 1))[0].kind == "reset"
        await events.aclose()

    asyncio.run(look())


def test_a_deleted_index_is_no_news(project: Project) -> None:
    async def look() -> None:
        feed = ProjectFeed(project, run_summaries)
        event, _ = await feed.snapshot()
        ProjectIndex(project.folder).delete()
        assert (await feed.snapshot())[0] == event
        project.run(1).annotate(note="only notes, which cards do not show")
        assert (await feed.snapshot())[0] == event

    asyncio.run(look())


def test_all_followers_are_told_and_nobody_looks_when_nobody_follows(project: Project) -> None:
    looks = 0

    def counted(of: Project) -> list:
        nonlocal looks
        looks += 1
        return run_summaries(of)

    async def look() -> None:
        feed = ProjectFeed(project, counted)
        event, _ = await feed.snapshot()
        followers = [feed.follow(event) for _ in range(5)]
        waiting = [asyncio.create_task(take(events, 1)) for events in followers]
        await asyncio.sleep(0.1)
        project.run(1).annotate(label="told to all")
        told = await asyncio.gather(*waiting)
        assert {one[0].id for one in told} == {told[0][0].id}
        for events in followers:
            await events.aclose()
        before = looks
        await asyncio.sleep(1.2)
        assert looks == before

    asyncio.run(look())
