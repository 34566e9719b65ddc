"""Four movies of 256 × 256 pixels, and a project of every stage that is quick enough to be run again and again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cryoloom.runtime import InstalledEnvironment, Project
from cryoloom.testing.microscope import MicroscopeParameters, write_session
from cryoloom.testing.workflow import InlineLane
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.lane import Lane
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import RunState

MOVIES = 4
PIXEL_SIZE = 4.0
DOSE_PER_FRAME = 5.0
DIAMETER = 184.0
BEAM_SHIFTS = [(-0.03, 0.01), (-0.03, 0.01), (0.03, 0.01), (0.03, 0.01)]
STAGE = (12.5, -40.25)
GRID_SQUARE = "1234567"

_EPU = """<?xml version="1.0" encoding="utf-8"?>
<MicroscopeImage><microscopeData>
<acquisition><acquisitionDateTime>2020-02-06T17:0{number}:00</acquisitionDateTime></acquisition>
<gun><AccelerationVoltage>300000</AccelerationVoltage></gun>
<optics><BeamShift><_x>{x}</_x><_y>{y}</_y></BeamShift></optics>
<stage><Position><X>{stage_x}</X><Y>{stage_y}</Y><Z>0</Z></Position></stage>
</microscopeData></MicroscopeImage>
"""


@dataclass(frozen=True)
class TinySession:
    """What a microscope wrote: movies with EPU's record beside each, and a gain reference.

    Parameters
    ----------
    raw : the folder with the movies
    gain : the reference
    """

    raw: Path
    gain: Path

    @property
    def acquisition(self) -> dict[str, Any]:
        """What has to be told when the movies are imported."""
        return {
            "folder": self.raw,
            "voltage": 300,
            "pixel_size": PIXEL_SIZE,
            "dose_per_frame": DOSE_PER_FRAME,
            "gain": self.gain,
            "gain_orientation": "as-is",
        }


def write_tiny_session(folder: Path) -> TinySession:
    """Simulate the movies, and file them as EPU does."""
    easy = MicroscopeParameters.of_tier("easy").resized(width=256, height=256, frame_count=6)
    parameters = easy.changed(pixel_size=PIXEL_SIZE, dose_per_frame=DOSE_PER_FRAME)
    written = write_session(folder, parameters=parameters, movies=MOVIES, seed=5)
    square = folder / "raw" / f"GridSquare_{GRID_SQUARE}"
    square.mkdir(parents=True)
    for number, (movie, shift) in enumerate(zip(written.movies, BEAM_SHIFTS, strict=True), 1):
        name = f"FoilHole_{1000 + number}_Data_1"
        movie.rename(square / f"{name}_fractions.tif")
        x, y = (1e-6 * value for value in STAGE)
        record = _EPU.format(number=number, x=shift[0], y=shift[1], stage_x=x, stage_y=y)
        (square / f"{name}.xml").write_text(record, encoding="utf-8")
    return TinySession(folder / "raw", folder / "gain.mrc")


class InlineEnvironment(InstalledEnvironment):
    """Everything happens in the driver's own process."""

    def lane(self, name: str) -> Lane:
        """No processes."""
        return InlineLane()


def add_all_stages(project: Project, session: TinySession, **source: Any) -> dict[str, Run]:
    """Runs of every shape that streams, from movies to particles, not yet started."""
    runs = {
        "movies": project.add("import-movies", **session.acquisition | source),
        "noted": project.add("edit", items="1.movies", assignments=["grid_quality = 10 * dose_per_frame"]),
        "motion": project.add("motion", movies="2.items", patches=(1, 1)),
        "ctf": project.add("ctf", micrographs="3.micrographs"),
        "curate": project.add("curate", items="3.micrographs", measurements="4.ctfs", condition="defocus_u > 14000"),
        "pick": project.add("pick", micrographs="5.accepted", diameter=DIAMETER),
        "extract": project.add(
            "extract",
            micrographs="5.accepted",
            ctfs="4.ctfs",
            coordinates="6.coordinates",
            diameter=DIAMETER,
            box_size=96,
            output_size=48,
        ),
        "filter": project.add("filter", items="7.particles", condition="defocus_u > 18000"),
    }
    assert [run.number for run in runs.values()] == list(range(1, 9))
    return runs


def drive_here(project: Project, run: Run) -> Run:
    """Drive a run to its end in this process."""
    end = drive_run(project.path, run.folder.path, InlineEnvironment())
    assert end is not None
    assert end.state is RunState.FINISHED, end.reason
    assert run.failed_items() == []
    return run


def undisturbed(folder: Path, session: TinySession) -> tuple[Project, dict[str, Run]]:
    """A project in which every stage has run, one after the other, in this process."""
    project = Project(ProjectFolder.create(folder, "Tiny"), InlineEnvironment())
    runs = add_all_stages(project, session)
    for run in runs.values():
        drive_here(project, run)
    counts = {name: len(output) for run in runs.values() for name, output in run.outputs.items()}
    assert min(counts.values()) >= 1, "an empty set would compare equal with anything"
    return project, runs


def tables_of(runs: dict[str, Run]) -> dict[str, pl.DataFrame]:
    """Every output of the runs, sorted by id."""
    return {
        f"{name} {output}": each.to_polars().sort("id")
        for name, run in runs.items()
        for output, each in run.outputs.items()
    }


def files_of(runs: dict[str, Run], raw: Path) -> dict[str, bytes]:
    """Every file that the runs made, below the folders of the runs; where it names the raw folder, that is left out."""
    return {
        f"{name} {path.relative_to(run.folder.files)}": path.read_bytes().replace(os.fsencode(raw), b"")
        for name, run in runs.items()
        for path in sorted(run.folder.files.rglob("*"))
        if path.is_file()
    }
