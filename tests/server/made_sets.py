"""Sets as no protocol would make them: a row of any kind, with any names of files in it."""

from __future__ import annotations

from typing import Any

from cryoloom.data import (
    CTF,
    Class2D,
    Class3D,
    Coordinate,
    DirectionalResolution,
    HalfMapDifference,
    Item,
    LocalResolution,
    Mask,
    Micrograph,
    Movie,
    Particle,
    SetWriter,
    ViewDistribution,
    Volume,
)
from cryoloom.runtime import Project
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import OutputReference, RunRecord

BOX = 8
ITEM = f"{1:016x}"
EVEN = {"id": 1, "pixel_size": 1.0, "box_size": BOX}
OTHERS: dict[type[Item], dict[str, Any]] = {
    Volume: {**EVEN, "file": "map.mrc"},
    Class3D: {**EVEN, "particle_count": 1, "share": 1.0},
    LocalResolution: {**EVEN, "evaluated": 1.0},
    Mask: EVEN,
    HalfMapDifference: {**EVEN, "resolution": 9.0, "inside": 1.0, "largest": 2.0},
    Class2D: {**EVEN, "index": 0, "particle_count": 1, "share": 1.0},
    Particle: {**EVEN, "index": 0},
    Movie: {"id": 1, "pixel_size": 1.0, "width": BOX, "height": BOX, "frame_count": 1},
    Micrograph: {"id": 1, "pixel_size": 1.0, "width": BOX, "height": BOX, "file": "map.mrc"},
    Coordinate: {"id": 1, "micrograph_id": 1, "x": 1.0, "y": 1.0},
    CTF: {"id": 1, "pixel_size": 1.0, "defocus_u": 1e4, "defocus_v": 1e4, "defocus_angle": 0.0},
    ViewDistribution: {
        "id": 1,
        "particle_count": 1,
        "symmetry": "C1",
        "sampling_compensation": 1.0,
        "poorly_sampled": 0.0,
    },
    DirectionalResolution: {
        "id": 1,
        "area_ratio": 1.0,
        "frequency": (0.1,),
        "mean": (1.0,),
        "deviation": (0.0,),
    },
}
"""Columns of a row of each kind beside the one that is tried."""


def add_run(project: Project, rows: list[Item], **inputs: Run) -> Run:
    """A run that has made a set of these rows."""
    kind = type(rows[0]).kind
    record = RunRecord(
        protocol="made",
        protocol_version=1,
        output_kinds={"made": kind},
        inputs={name: OutputReference(run=run.ulid, output="made") for name, run in inputs.items()},
    )
    run = Run(project, project.folder.add_run(record))
    SetWriter.open(run.folder.outputs / "made", kind).commit(rows)
    return run


def address_of(project: Project, run: Run) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{run.ulid}"
