"""The memory that classes, first maps and refinement are predicted to take, against what their own processes take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from phantom_particles import PIXEL, write_particles

from cryoloom.engine.fourier import resample_images
from cryoloom.engine.maps import resample
from cryoloom.formats import read_stack, read_volume, relion, write_stack, write_volume
from cryoloom.protocols.particle_images import read_particle_file

WIDTH = 192.0  # Å, of the images
SIZES = ((64, 300), (96, 48), (128, 60))  # box and number of particles

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
REFERENCE = ("--reference", "large.mrc")
REFINE = ("refine", *REFERENCE, "--accept-symmetry", "--iterations", "2", "--symmetry")
COMMANDS = {
    "class2d": ("class2d", "--classes", "10"),
    "abinitio": ("abinitio", "--iterations", "3", "--runs", "1", "--final-resolution", "8"),
    "class3d": ("class3d", *REFERENCE, "--classes", "2"),
    "refine with symmetry": (*REFINE, "O"),
    "refine without symmetry": (*REFINE, "C1"),
    "refine twice": (*REFINE, "O", "--full-trust"),
}


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[1]} of {size[0]} px")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Particles of a size, and the map that they are of."""
    box, count = request.param
    pixel = WIDTH / box
    folder = tmp_path_factory.mktemp("memory")
    star = write_particles(folder, count=count)
    with read_stack(folder / "particles.mrcs") as stack:
        images = np.stack([stack.section(number) for number in range(count)])
    write_stack(folder / "large.mrcs", resample_images(images, PIXEL, box, pixel), pixel_size=pixel)
    truth = read_volume(folder / "truth.mrc")
    large = resample(truth, pixel_size=PIXEL, new_pixel_size=pixel, box_size=box)
    write_volume(folder / "large.mrc", large, pixel_size=pixel)
    table = read_particle_file(star).table
    frame = table.frame.with_columns(
        file=pl.lit("large.mrcs"),
        box_size=pl.lit(box, table.frame.schema["box_size"]),
        pixel_size=pl.lit(pixel),
        half_set=1 + pl.int_range(pl.len()) % 2,
    )
    relion.write_particles(folder / "large.star", table.with_frame(frame))
    return folder


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_predicted_is_what_is_taken(folder, command):
    tool, *options = command
    shared = ["--diameter", DIAMETER, "--threads", "1", "--overwrite", "--output", "made", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tool, "large.star", *options, *shared],
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
        assert len(told["symmetry_correlations"]) == (1 if command[-1] == "C1" else 24)
    assert 0.5 < predicted / taken < 2.0, (predicted, taken)
