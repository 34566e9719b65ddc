"""The session that comes with cryoloom: its thresholds decide which micrographs are picked and extracted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tiny_session import DIAMETER, DOSE_PER_FRAME, MOVIES, PIXEL_SIZE, InlineEnvironment, TinySession, tables_of

from cryoloom.runtime import Project, find_workflow
from cryoloom.server.models import NewThresholds
from cryoloom.server.session import set_thresholds
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState


def begun(folder: Path, session: TinySession, raw: Path, *, live: bool) -> dict[str, Run]:
    """The runs of the template in a new project, by the name of their protocol."""
    given = {
        "folder": raw, "voltage": 300, "pixel_size": PIXEL_SIZE, "dose_per_frame": DOSE_PER_FRAME,
        "diameter": DIAMETER, "gain": session.gain, "expect_more": live,
    }  # fmt: skip
    project = Project.create(folder) if live else Project(ProjectFolder.create(folder), InlineEnvironment())
    runs = {run.record.protocol: run for run in project.apply(find_workflow(Path("session")), **given)}
    runs["import-movies"].edit(gain_orientation="as-is")
    runs["preflight"].edit(first=1)
    for run in runs.values():
        if live:
            run.start()
        else:
            drive_run(project.path, run.folder.path, project.environment)
            assert run.state is RunState.FINISHED, run.standing
    return runs


def arriving(session: TinySession, raw: Path) -> Iterator[None]:
    """One more movie comes, with its record, each time that the next is asked for."""
    for record in sorted(session.raw.rglob("*.xml")):
        folder = raw / record.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(record, folder)
        movie = record.with_name(f"{record.stem}_fractions.tif")
        shutil.copy2(movie, folder / f".{movie.name}")
        (folder / f".{movie.name}").replace(folder / movie.name)
        yield


def defocus_of(runs: dict[str, Run]) -> dict[int, float]:
    if not runs["ctf"].outputs["ctfs"].as_document()["count"]:
        return {}
    return dict(runs["ctf"].outputs["ctfs"].to_polars(columns=["id", "defocus_u"]).rows())


def used(runs: dict[str, Run]) -> tuple[set[int], set[int]]:
    """The micrographs that have picks, and those that have particles."""
    found = []
    for run, output in (("pick", "coordinates"), ("extract", "particles")):
        stored = runs[run].outputs[output]
        none = not stored.as_document()["count"]
        found.append(set() if none else set(stored.to_polars(columns=["micrograph_id"])["micrograph_id"]))
    return found[0], found[1]


def set_to(runs: dict[str, Run], condition: str) -> None:
    last = runs["curate"].last_decision()
    new = NewThresholds(condition=condition, last_decision=None if last is None else last.ulid)
    set_thresholds(runs["curate"].project, new)


def test_thresholds_decide_what_is_picked_and_extracted_and_let_it_come_back(
    tiny: TinySession, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    coming = arriving(tiny, raw)
    next(coming)
    next(coming)
    runs = begun(tmp_path / "live", tiny, raw, live=True)

    def wait_for(kept: Callable[[float], bool], of: int) -> None:
        def as_wished() -> bool:
            defocus = defocus_of(runs)
            wanted = {one for one, value in defocus.items() if kept(value)}
            return len(defocus) == of and used(runs) == (wanted, wanted)

        wait_until(as_wished, *runs.values())

    wait_for(lambda _: True, of=2)  # nobody has set a threshold
    limit = sum(defocus_of(runs).values()) / 2
    set_to(runs, f"defocus_u > {limit}")
    wait_for(lambda value: value > limit, of=2)
    next(coming)
    wait_for(lambda value: value > limit, of=3)  # a threshold holds for what comes
    set_to(runs, "")
    next(coming)
    wait_for(lambda _: True, of=MOVIES)
    runs["import-movies"].close()
    wait_until(lambda: not any(run.state.active for run in runs.values()), *runs.values())
    assert {name: (run.state, run.failed_items()) for name, run in runs.items()} == dict.fromkeys(
        runs, (RunState.FINISHED, [])
    )
    never_moved = begun(tmp_path / "offline", tiny, raw, live=False)
    expected = tables_of(never_moved)
    for name, table in tables_of(runs).items():
        assert table.height == expected[name].height
        if table.height:  # a set that is empty now has the columns of what it held
            assert_frame_equal(table, expected[name].select(table.columns))

    set_to(runs, f"defocus_u > {limit}")  # when everything has ended, too
    wait_until(lambda: not any(run.state.active for run in runs.values()), *runs.values())
    above = {one for one, value in defocus_of(runs).items() if value > limit}
    assert 0 < len(above) < MOVIES
    assert used(runs) == (above, above)
    assert [run.state for run in runs.values()] == [RunState.FINISHED] * len(runs)


def test_who_sets_no_threshold_keeps_every_micrograph_that_was_measured(tiny: TinySession, tmp_path: Path) -> None:
    runs = begun(tmp_path / "project", tiny, tiny.raw, live=False)
    assert len(runs["curate"].outputs["accepted"]) == MOVIES
    assert len(runs["curate"].outputs["rejected"]) == 0
    assert runs["curate"].annotations.label == "Thresholds"


@pytest.mark.parametrize("reader", ["pick", "extract"])
def test_what_follows_reads_what_the_thresholds_keep(reader: str) -> None:
    written = {run.name: run for run in find_workflow(Path("session")).runs}
    assert written[reader].inputs["micrographs"] == "thresholds.accepted"
