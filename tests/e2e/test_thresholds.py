"""A threshold that is moved twice while 200 items stream in leaves what an offline run with the last one gives."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parent))

from mixed_driver import MixedEnvironment

ITEMS = 200
FIRST, SECOND, LAST = "value > 2500", "value > 22500 and value < 38000", "value > 10000"


def write_numbers(folder: Path, *values: int) -> None:
    for value in values:
        (folder / f"number_{value:03d}.txt").write_text(str(value), encoding="utf-8")


def session(folder: Path, raw: Path, condition: str) -> dict[str, Run]:
    """Numbers, their squares, those that a person accepts, the squares of these, and one description of each."""
    project = Project(ProjectFolder.create(folder), MixedEnvironment())
    source = project.add("test-numbers", folder=str(raw), expected=ITEMS)
    squares = project.add("test-square", numbers=source.outputs["numbers"], seconds=0.005)
    curate = project.add("curate", items=squares.outputs["squares"], condition=condition)
    again = project.add("test-square", numbers=curate.outputs["accepted"], seconds=0.005)
    described = project.add("test-describe", numbers=curate.outputs["accepted"], squares=again.outputs["squares"])
    runs = {"source": source, "squares": squares, "curate": curate, "again": again, "described": described}
    for run in runs.values():
        run.start()
    return runs


def tables_of(runs: dict[str, Run]) -> dict[str, pl.DataFrame]:
    return {
        f"{name} {output}": each.to_polars().sort("id")
        for name, run in runs.items()
        for output, each in run.outputs.items()
    }


def files_of(run: Run) -> dict[str, bytes]:
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
    assert files_of(live["again"]) == files_of(offline["again"])
    assert len(live["curate"].folder.request_names()) == 2
