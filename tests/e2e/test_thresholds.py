"""A threshold that is moved twice while 200 items stream in leaves what an offline run with the last one gives."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from polars.testing import assert_frame_equal

from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.run import RequestKind, RunState

sys.path.insert(0, str(Path(__file__).parent))

from mixed_driver import MixedEnvironment
from tiny_session import InlineEnvironment, drive_here, files_of, tables_of

ITEMS = 200
FIRST, SECOND, LAST = "value > 2500", "value > 22500 and value < 38000", "value > 10000"


def write_numbers(folder: Path, *values: int) -> None:
    for value in values:
        (folder / f"number_{value:03d}.txt").write_text(str(value), encoding="utf-8")


def session(folder: Path, raw: Path, condition: str) -> dict[str, Run]:
    """Numbers, their squares, those that a person accepts; of these the squares, many ones, and one description."""
    project = Project(ProjectFolder.create(folder), MixedEnvironment())
    source = project.add("test-numbers", folder=str(raw), expected=ITEMS)
    squares = project.add("test-square", numbers=source.outputs["numbers"], seconds=0.005)
    curate = project.add("curate", items=squares.outputs["squares"], condition=condition)
    again = project.add("test-square", numbers=curate.outputs["accepted"], seconds=0.005)
    fewer = project.add("edit", items=curate.outputs["accepted"], assignments=["value = value / 1000"])
    ones = project.add("test-split", numbers=fewer.outputs["items"])
    described = project.add(
        "test-describe",
        numbers=curate.outputs["accepted"],
        squares=again.outputs["squares"],
        ones=ones.outputs["ones"],
    )
    runs = {
        "source": source,
        "squares": squares,
        "curate": curate,
        "again": again,
        "fewer": fewer,
        "ones": ones,
        "described": described,
    }
    for run in runs.values():
        run.start()
    return runs


def squares_of(run: Run) -> dict[str, bytes]:
    """Contents of the files that the set names; files of items withdrawn since are left to a cleaning."""
    return {name: (run.project.path / name).read_bytes() for name in run.outputs["squares"].to_polars()["file"]}


def test_a_threshold_moved_twice_during_a_session(tmp_path: Path, wait_until) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    live = session(tmp_path / "live", raw, FIRST)
    write_numbers(raw, *range(1, 80))
    wait_until(lambda: live["again"].standing.progress.done >= 5, *live.values())
    live["curate"].decide(condition=SECOND)
    write_numbers(raw, *range(80, 170))
    wait_until(lambda: live["described"].standing.progress.outputs.get("descriptions", 0) >= 5, *live.values())
    live["curate"].decide(condition=LAST)
    write_numbers(raw, *range(170, ITEMS + 1))
    wait_until(lambda: not any(run.state.active for run in live.values()), *live.values())

    offline = session(tmp_path / "offline", raw, LAST)
    wait_until(lambda: not any(run.state.active for run in offline.values()), *offline.values())
    for runs in (live, offline):
        assert [run.state for run in runs.values()] == [RunState.FINISHED] * len(runs)
        assert [run.failed_items() for run in runs.values()] == [[]] * len(runs)
    expected, made = tables_of(offline), tables_of(live)
    assert made.keys() == expected.keys()
    for name, table in made.items():
        assert_frame_equal(table, expected[name].select(table.columns))
    accepted = made["curate accepted"]["value"].to_list()
    assert sorted(accepted) == [float(value**2) for value in range(101, ITEMS + 1)]
    assert len(made["ones ones"]) == sum(value**2 // 1000 for value in range(101, ITEMS + 1))
    assert squares_of(live["again"]) == squares_of(offline["again"])
    assert len(live["curate"].folder.request_names()) == 2


def test_a_threshold_moved_twice_over_real_picks_and_particles(calm, tmp_path: Path) -> None:
    """What fell out and came back has the same images and columns as if it had always been in."""
    raw = Path(calm.runs["movies"].record.parameters["folder"])
    names = ("curate", "pick", "extract", "filter")
    project = Project(
        ProjectFolder.open(shutil.copytree(calm.project.path, tmp_path / "project", symlinks=True)), InlineEnvironment()
    )
    runs = {name: project.run(calm.runs[name].number) for name in names}
    undisturbed = {name: calm.runs[name] for name in names}
    counts = []
    for condition in ("defocus_u < 18000", "defocus_u > 14000"):
        runs["curate"].request(RequestKind.DECIDE, decision={"condition": condition})
        for run in runs.values():
            drive_here(project, run)
        counts.append([len(runs["curate"].outputs["accepted"]), len(runs["extract"].outputs["particles"])])
    assert counts[0] != counts[1]
    made, expected = tables_of(runs), tables_of(undisturbed)
    for name, table in made.items():
        assert_frame_equal(table, expected[name].select(table.columns))
    images = files_of(undisturbed, raw)
    now = files_of(runs, raw)
    assert [name for name in images if now[name] != images[name]] == []
