"""Freeze a small project of the present format, to be opened by every later commit.

    python tests/formats/freeze.py tests/formats/session-1

Run once for each released format; a frozen project is never made anew. ``project-1`` was made by an earlier version of
this script.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from cryoloom.formats import write_tiff_movie
from cryoloom.protocols.pictures import write_png
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.run import RequestKind

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))

from tiny_session import InlineEnvironment, TinySession, add_all_stages, write_tiny_session

SESSION = Path(tempfile.gettempdir()) / "cryoloom-frozen-session"


def main(target: Path) -> None:
    shutil.rmtree(SESSION, ignore_errors=True)
    session = write_tiny_session(SESSION)
    square = next(session.raw.iterdir())
    (square / "FoilHole_1005_Data_1_fractions.tif").write_bytes(b"cut short")
    unlit = np.zeros((6, 256, 256), np.uint8)
    write_tiff_movie(square / "FoilHole_1006_Data_1_fractions.tif", unlit, pixel_size=4.0)
    project = Project(ProjectFolder.create(target, "Frozen session"), InlineEnvironment())
    freeze(project, session)
    project.clean(project.plan_cleaning(categories=["micrographs", "particles"]))
    project.add("report", micrographs="5.accepted", ctfs="4.ctfs", label="To do", options={"start_after": 2})
    for picture in target.rglob("*.png"):
        write_png(picture, np.zeros((1, 1), np.uint8))  # the project is to be small
    for path in target.rglob("request.json"):
        document = json.loads(path.read_text(encoding="utf-8")) | {"host": "microscope", "boot_id": "frozen"}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def freeze(project: Project, session: TinySession) -> None:
    """Every shape of protocol, an item that fails, one that is excluded, and a decision that is taken again."""
    runs = add_all_stages(project, session)
    runs["movies"].annotate(label="Session", note="A movie is cut short, another has no electrons.", tags=["tiny"])
    *stages, last = runs.values()
    for run in stages:
        drive(project, run)
    first, *_ = runs["motion"].outputs["micrographs"].latest().to_polars().sort("movie_file")["id"]
    runs["ctf"].request(RequestKind.EXCLUDE, items=[first])
    runs["curate"].request(RequestKind.DECIDE, decision={"condition": "defocus_u < 20000"})
    for run in (runs["ctf"], runs["curate"], runs["pick"], runs["extract"], last):
        drive(project, run)
    drive(project, project.add("preflight", movies="1.movies", first=2))


def drive(project: Project, run: Run) -> None:
    end = drive_run(project.path, run.folder.path, project.environment)
    print(run.number, run.record.protocol, end and end.state.value, end and end.reason)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
