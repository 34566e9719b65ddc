"""Maps and masks come to the images' sampling, unless masks were made for images of another width."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, phantom, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.maps import resample, soft_sphere
from cryoloom.errors import InputError
from cryoloom.formats import write_volume
from cryoloom.protocols import reference_maps
from cryoloom.protocols.particle_images import CommonGrid
from cryoloom.protocols.reference_maps import read_mask

GRID = CommonGrid(24, 4.0)


def test_a_mask_as_wide_as_the_images_is_sampled_as_they_are(tmp_path: Path) -> None:
    fine = tmp_path / "fine.mrc"
    write_volume(fine, soft_sphere(48, 16.0, 6.0), pixel_size=2.0)
    mask = read_mask(fine, GRID)
    assert mask.shape == (24, 24, 24)
    assert 0.0 <= mask.min() < mask.max() <= 1.0
    # The fall of the cosine is band-limited by the coarser grid: a few percent at its ends.
    assert np.allclose(mask, soft_sphere(24, 8.0, 3.0), atol=0.05)


def test_a_mask_of_zeros_and_ones_is_sampled_as_the_images_are(tmp_path: Path) -> None:
    """Its corners ring by more than a third in the finer grid, which is no fault of the mask's."""
    sharp = np.zeros((24,) * 3, np.float32)
    sharp[8:17, 8:17, 8:17] = 1.0
    path, finer = tmp_path / "sharp.mrc", CommonGrid(32, 3.0)
    write_volume(path, sharp, pixel_size=4.0)
    rung = resample(sharp, pixel_size=4.0, new_pixel_size=3.0, box_size=32)
    assert rung.max() > 1.3
    mask = read_mask(path, finer)
    assert (mask.min(), mask.max()) == (0.0, 1.0)
    assert np.array_equal(mask, rung.clip(0.0, 1.0))
    write_volume(path, 2.0 * sharp, pixel_size=4.0)
    with pytest.raises(InputError, match="goes from 0 to 2; a mask lies between 0 and 1"):
        read_mask(path, finer)


def test_a_mask_of_another_width_is_refused(tmp_path: Path) -> None:
    for box, pixel_size in ((26, 4.0), (24, 2.0), (20, 4.0)):
        other = tmp_path / f"{box}-{pixel_size}.mrc"
        write_volume(other, np.ones((box,) * 3, np.float32), pixel_size=pixel_size)
        with pytest.raises(InputError, match=f"which is {box * pixel_size:.0f} Å.*which is 96 Å; resample the mask"):
            read_mask(other, GRID)
    assert read_mask(other, CommonGrid(20, 4.0), pixel_size=4.0).shape == (20, 20, 20)


class Begun(BaseException):
    """The reference has been read."""


@pytest.fixture(scope="module")
def mute(tmp_path_factory) -> Path:
    """Particles, their map in a file that does not say its pixel size, and a mask."""
    folder = tmp_path_factory.mktemp("mute")
    write_particles(folder, count=72)
    mrcfile.write(folder / "mute.mrc", phantom())
    write_volume(folder / "mask.mrc", soft_sphere(BOX, 0.25 * BOX, 3.0), pixel_size=PIXEL)
    return folder


@pytest.mark.parametrize("tool", ["refine", "class3d", "ctfrefine", "subtract"])
def test_a_tool_is_told_the_pixel_size_that_a_map_does_not_say(tool, mute, tmp_path, monkeypatch, capsys) -> None:
    words = ["tool", tool, str(mute / "particles.star"), "--reference", str(mute / "mute.mrc")]
    words += ["--output", str(tmp_path / "made"), "--threads", "1"]
    words += {"subtract": ["--mask", str(mute / "mask.mrc")], "ctfrefine": []}.get(tool, ["--diameter", str(DIAMETER)])
    with pytest.raises(SystemExit):
        main(words)
    assert "mute.mrc does not say its pixel size; give --reference-pixel-size." in capsys.readouterr().err
    read = reference_maps.read_reference

    def begun(path, grid, **known):
        assert np.abs(read(path, grid, **known) - phantom()).max() < 1e-4  # as it is, on the grid of the images
        raise Begun

    monkeypatch.setattr(reference_maps, "read_reference", begun)
    with pytest.raises(Begun):
        main([*words, "--reference-pixel-size", str(PIXEL)])
