"""The memory that 2D classification and refinement are predicted to take, against what processes of their own take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from phantom_particles import write_particles

from cryoloom.engine.fourier import resample_images
from cryoloom.engine.maps import resample
from cryoloom.formats import read_stack, read_volume, relion, write_stack, write_volume
from cryoloom.protocols.particle_images import read_particle_file

BOX, PIXEL, COUNT = 96, 2.0, 24

# The system's own peak of the new program: `resource` would count that of the process it was forked from.
PROGRAM = """
import sys
from pathlib import Path
from cryoloom.cli.main import main
try:
    main(["tool", *sys.argv[1:]])
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print(1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]), file=sys.stderr)
"""
DIAMETER = "120"
REFINE = ("refine", "--reference", "large.mrc", "--symmetry", "O", "--accept-symmetry", "--iterations", "2")
CLASS2D = ("class2d", "--classes", "10")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few particles in a large box, so that maps and averages lead."""
    folder = tmp_path_factory.mktemp("memory")
    star = write_particles(folder, count=COUNT)
    with read_stack(folder / "particles.mrcs") as stack:
        images = np.stack([stack.section(number) for number in range(COUNT)])
    write_stack(folder / "large.mrcs", resample_images(images, 6.0, BOX, PIXEL), pixel_size=PIXEL)
    truth = read_volume(folder / "truth.mrc")
    large = resample(truth, pixel_size=6.0, new_pixel_size=PIXEL, box_size=BOX)
    write_volume(folder / "large.mrc", large, pixel_size=PIXEL)
    table = read_particle_file(star).table
    frame = table.frame.with_columns(
        file=pl.lit("large.mrcs"),
        box_size=pl.lit(BOX, table.frame.schema["box_size"]),
        pixel_size=pl.lit(PIXEL),
        half_set=1 + pl.int_range(pl.len()) % 2,
    )
    relion.write_particles(folder / "large.star", table.with_frame(frame))
    return folder


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("tool", [REFINE, CLASS2D], ids=lambda tool: tool[0])
def test_what_is_predicted_is_what_is_taken(folder, tool):
    command = [*tool, "--diameter", DIAMETER, "--threads", "1", "--overwrite", "--output", "made", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command[0], "large.star", *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    taken = int(done.stderr.splitlines()[-1])
    told = json.loads(done.stdout)
    predicted = told["predicted"]["memory"]
    if "trust" in told:
        assert "trust page" in (folder / told["trust"]).read_text(encoding="utf-8")
        assert len(told["symmetry_correlations"]) == 24
    assert 0.5 < predicted / taken < 2.0, (predicted, taken)
