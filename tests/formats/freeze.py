"""Freeze a small project of the present format, to be opened by every later commit.

    python tests/formats/freeze.py tests/formats/project-1

Run once for each released format; a frozen project is never made anew.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from cryoloom import Project
from cryoloom.formats import write_stack

SESSION = Path(tempfile.gettempdir()) / "cryoloom-frozen-session"


def main(target: Path) -> None:
    shutil.rmtree(SESSION, ignore_errors=True)
    SESSION.mkdir()
    random = np.random.default_rng(5)
    for number in range(1, 4):
        counts = random.poisson(4.0, (4, 64, 64)).astype(np.uint8)
        write_stack(SESSION / f"movie_{number}.mrcs", counts, pixel_size=1.5)
    (SESSION / "movie_4.mrcs").write_bytes(b"cut short")
    project = Project.create(target, "Frozen")
    movies = project.add("import-movies", folder=SESSION, voltage=300, dose_per_frame=1.0, label="Session")
    kept = project.add("filter", items="1.movies", condition="frame_count == 4")
    chosen = project.add("curate", items="2.kept")
    draft = project.add("motion", movies="3.accepted", patches=(3, 3))
    draft.annotate(note="Not started yet.", tags=["later"])
    for run in (movies, kept):
        run.start().wait(60)
    chosen.decide(condition="pixel_size > 1")
    chosen.start().wait(60)
    for path in target.rglob("*.json*"):
        if path.name == "request.json" and path.parent.parent.name == "attempts":
            document = json.loads(path.read_text(encoding="utf-8")) | {"host": "microscope", "boot_id": "frozen"}
            path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for leftover in target.rglob("driver.txt"):
        leftover.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
