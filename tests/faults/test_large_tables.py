"""STAR files of very many lines: a good one is imported whole, a bad line is named by its number, in bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.formats import write_stack
from cryoloom.runtime import Project
from cryoloom.workflow.run import RunState

SHORT, LONG = 50_000, 1_000_000

HEAD = """# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
1 opticsGroup1 300 2.7 0.1 1.0 64


# version 30001

data_particles

loop_
_rlnImageName #1
_rlnMicrographName #2
_rlnOpticsGroup #3
_rlnDefocusU #4
_rlnDefocusV #5
_rlnDefocusAngle #6
_rlnAngleRot #7
_rlnMyOwn #8
"""

DRIVE = """
import json, re, sys
from pathlib import Path
from cryoloom.runtime import InstalledEnvironment
from cryoloom.workflow.driver import drive_run
end = drive_run(Path(sys.argv[1]), Path(sys.argv[2]), InstalledEnvironment())
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 2**10
print(json.dumps({"state": end.state.value, "reason": end.reason, "peak": peak}))
"""

PROGRAM, TIMES_THE_FILE = 200 * 2**20, 6
"""Memory: what a driver takes that imports nothing; and the text, its columns and the table, held at the same time."""


def columns_of(rows: int) -> pl.DataFrame:
    """Particles of 300 on each micrograph."""
    random = np.random.default_rng(6)
    number = np.arange(rows)
    micrograph = pl.Series(number // 300).cast(pl.String).str.zfill(6)
    defocus = random.uniform(8000.0, 24000.0, rows).round(2)
    return pl.DataFrame(
        {
            "image": pl.Series(number % 300 + 1).cast(pl.String) + "@Extract/job007/exposure_" + micrograph + ".mrcs",
            "micrograph": "MotionCorr/job002/exposure_" + micrograph + ".mrc",
            "group": np.ones(rows, np.int64),
            "defocus_u": defocus,
            "defocus_v": defocus - 100.0,
            "defocus_angle": random.uniform(0.0, 180.0, rows).round(3),
            "rot": random.uniform(-180.0, 180.0, rows).round(3),
            "own": random.normal(size=rows).round(6),
        }
    )


def write(path: Path, rows: int) -> pl.DataFrame:
    table = columns_of(rows)
    body = table.write_csv(separator=" ", include_header=False, float_precision=6)
    path.write_text(f"{HEAD}{body}\n", encoding="utf-8")
    return table


def imported(folder: Path, star: Path) -> tuple[Project, dict[str, object]]:
    """A project whose import was driven in a process of its own, and how that ended."""
    project = Project.create(folder)
    run = project.add("import-particles", file=star)
    command = [sys.executable, "-c", DRIVE, str(project.path), str(run.folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return project, json.loads(done.stdout)


@pytest.mark.parametrize("rows", [SHORT, pytest.param(LONG, marks=pytest.mark.full)])
def test_every_line_of_a_good_file_is_imported(tmp_path: Path, rows: int) -> None:
    star = tmp_path / "particles.star"
    written = write(star, rows)
    write_stack(tmp_path / "stack.mrcs", np.zeros((300, 8, 8), np.float32), pixel_size=1.0)
    (tmp_path / "Extract" / "job007").mkdir(parents=True)
    for name in written["image"].str.split("@").list.last().unique():
        os.link(tmp_path / "stack.mrcs", tmp_path / name)
    project, end = imported(tmp_path / "project", star)
    assert end["state"] == RunState.FINISHED.value, end
    found = project.output("1.particles").latest().to_polars()
    assert found["id"].n_unique() == found.height == rows
    names = (found["index"] + 1).cast(pl.String) + "@" + found["file"].str.strip_prefix(f"{tmp_path}/")
    assert names.equals(written["image"], check_names=False)
    for ours, theirs in (("defocus_u", "defocus_u"), ("rot", "rot"), ("rlnMyOwn", "own")):
        assert np.allclose(found[ours], written[theirs], rtol=0, atol=1e-6)
    assert end["peak"] < PROGRAM + TIMES_THE_FILE * star.stat().st_size


@pytest.mark.parametrize("rows", [SHORT, pytest.param(LONG, marks=pytest.mark.full)])
@pytest.mark.parametrize(
    ("bad", "phrase"),
    [
        ("1@a.mrcs b.mrc 1 10000 9900", "line {line} has 5 values, but the table has 8 columns"),
        ("1@a.mrcs b.mrc 1 far 9900 0 0 0", "'far' in column _rlnDefocusU, row {row}, is no number"),
    ],
    ids=["too short", "no number"],
)
def test_one_bad_line_among_many_is_named(tmp_path: Path, rows: int, bad: str, phrase: str) -> None:
    star = tmp_path / "particles.star"
    write(star, rows)
    lines = star.read_text(encoding="utf-8").splitlines()
    row = 2 * rows // 3
    line = HEAD.count("\n") + row
    lines[line - 1] = bad
    star.write_text("\n".join([*lines, ""]), encoding="utf-8")
    project, end = imported(tmp_path / "project", star)
    assert end["state"] == RunState.FAILED.value
    reason = str(end["reason"])
    assert star.name in reason
    assert phrase.format(line=line, row=row) in reason
    assert len(reason) < 300
    assert len(project.output("1.particles").latest()) == 0, "half a file is no set of particles"
    assert end["peak"] < PROGRAM + TIMES_THE_FILE * star.stat().st_size
