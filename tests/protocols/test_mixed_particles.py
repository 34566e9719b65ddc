"""Images of unlike pixel sizes, boxes and optics are refined together, each to the truth on its own scale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from simulated_stacks import random_poses, write_images, write_particle_file

from cryoloom.cli.main import main
from cryoloom.data import OpticsGroup
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.orientations import angular_distance, rotation_matrices
from cryoloom.formats import read_particles, write_volume

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "refinement"))

from phantom_images import BOX, DIAMETER, PIXEL, body, turns_of

EACH = 36
FINE_BOX, FINE = 44, 5.0
COARSE_OPTICS = OpticsGroup.describe(name="coarse", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
# So much tilt, were it not known, would move what is seen at 20 Å by half a pixel, and finer details by more.
FINE_OPTICS = OpticsGroup.describe(
    name="fine", voltage=200.0, spherical_aberration=2.7, amplitude_contrast=0.07, beam_tilt_x=75.0, beam_tilt_y=-45.0
)


@pytest.fixture
def star(tmp_path):
    """Particles of two microscopes, those of a grid listed one after the other."""
    angles, shifts = random_poses(2 * EACH)
    kinds = np.zeros(EACH, int)
    coarse = write_images(
        tmp_path / "coarse.mrcs", [body("T")], kinds, angles[:EACH], shifts[:EACH],
        pixel_size=PIXEL, noise=0.7, optics=COARSE_OPTICS,
    )  # fmt: skip
    fine = write_images(
        tmp_path / "fine.mrcs", [body("T", box=FINE_BOX, pixel_size=FINE) * (FINE / PIXEL)], kinds,
        angles[EACH:], shifts[EACH:], pixel_size=FINE, noise=0.7, optics=FINE_OPTICS, first_id=5000, seed=8,
    )  # fmt: skip
    write_volume(tmp_path / "start.mrc", body("T"), pixel_size=PIXEL)
    return write_particle_file(tmp_path / "particles.star", [*coarse, *fine])


@pytest.mark.full
def test_particles_of_two_microscopes_are_refined_together(star, tmp_path, capsys):
    words = ["--reference", tmp_path / "start.mrc", "--symmetry", "T", "--diameter", DIAMETER, "--shift", 15]
    words += ["--trust", "quick"]
    with pytest.raises(SystemExit) as ended:
        main(["tool", "refine", str(star), *map(str, words), "--output", str(tmp_path / "made"), "--json"])
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    told = json.loads(said.out)
    assert (told["box_size"], told["pixel_size"], told["count"]) == (BOX, PIXEL, 2 * EACH)
    assert "were brought to" in said.err
    made = mrcfile.read(told["map"])
    sphere = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
    curve = fourier_shell_correlation(made, body("T"), pixel_size=PIXEL, mask=sphere)
    assert np.all(curve.correlation[1:13] > 0.8)
    frame = read_particles(told["particles"]).table.frame
    angles, shifts = random_poses(2 * EACH)
    truth = {number: row for row, number in enumerate([*range(1000, 1000 + EACH), *range(5000, 5000 + EACH)])}
    rows = np.array([truth[number] for number in frame["id"]])
    turned = angular_distance(
        rotation_matrices(frame.select("rot", "tilt", "psi").to_numpy()), rotation_matrices(angles[rows]), turns_of("T")
    )
    moved = np.hypot(*(frame.select("shift_x", "shift_y").to_numpy() - shifts[rows]).T)
    for pixel_size, box in ((PIXEL, BOX), (FINE, FINE_BOX)):
        mine = (frame["pixel_size"] == pixel_size).to_numpy()
        assert mine.sum() == EACH
        assert set(frame["box_size"].filter(mine)) == {box}  # the images are where they were, and as large
        assert np.median(turned[mine]) < 2.6, pixel_size  # a detail at the rim moves by less than half a pixel
        assert (turned[mine] > 10.0).mean() <= 0.06
        assert np.median(moved[mine]) < 0.3 * PIXEL
