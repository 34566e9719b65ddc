"""The way from particles to a map, on phantoms so few and coarse that it is soon gone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cryoloom.cli.demo import _map
from cryoloom.runtime import InstalledEnvironment, Project, findings_of
from cryoloom.testing.workflow import InlineLane
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import RunState

sys.path.insert(0, str(Path(__file__).parents[2] / "protocols"))

from phantom_particles import DIAMETER, write_particles

QUICK: dict[str, dict[str, Any]] = {
    "class2d": {"classes": 2, "mini_batches": 1, "full_passes": 1, "final_resolution": 24.0},
    "select-classes": {"least_resemblance": 0.0},
    "abinitio": {"iterations": 6, "batch_size": 20, "final_resolution": 24.0, "runs": 1},
    "align-to-symmetry": {"symmetry": "C1"},
    "refine": {"iterations": 2},
}


class Environment(InstalledEnvironment):
    """Every task runs in the driver's own process."""

    def lane(self, name: str) -> Lane:
        return InlineLane()


class QuickProject(Project):
    """A project that sets more than the demonstration does, to be done sooner."""

    def add(self, protocol: str, **values: Any) -> Any:
        return super().add(protocol, **values | QUICK.get(protocol, {}))


def test_every_step_feeds_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = QuickProject(ProjectFolder.create(tmp_path / "project"), Environment())
    source = project.add("import-particles", file=write_particles(tmp_path, count=30, noise=0.5))

    def drive(runs: Sequence[Any]) -> None:
        for run in runs:
            end = drive_run(project.path, run.folder.path, project.environment)
            assert end is not None
            assert end.state is RunState.FINISHED, end.reason

    drive([source])
    monkeypatch.setattr(_map, "start", drive)
    monkeypatch.setattr(_map, "attend", lambda *_, **__: None)
    runs = _map.make_map(project, source.outputs["particles"], DIAMETER, quiet=True)
    assert set(runs.files) == {"map", "half_1", "half_2", "mask", "sharpened", "trust_page"}
    assert all((project.path / file).is_file() for file in runs.files.values())
    shown = findings_of(project).reconstruction  # of the report: the end of the way, with the curves of its own halves
    (volume,) = shown.volumes
    assert volume.file == runs.files["sharpened"]
    assert {curve.curve for curve in shown.curves_of(volume)} >= {"unmasked", "masked", "corrected"}
    assert len(shown.classes) == 2
