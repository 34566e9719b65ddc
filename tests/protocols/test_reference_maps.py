"""Masks come to the images' sampling, unless they were made for images of another width."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cryoloom.engine.maps import soft_sphere
from cryoloom.errors import InputError
from cryoloom.formats import write_volume
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


def test_a_mask_of_another_width_is_refused(tmp_path: Path) -> None:
    for box, pixel_size in ((26, 4.0), (24, 2.0), (20, 4.0)):
        other = tmp_path / f"{box}-{pixel_size}.mrc"
        write_volume(other, np.ones((box,) * 3, np.float32), pixel_size=pixel_size)
        with pytest.raises(InputError, match=f"which is {box * pixel_size:.0f} Å.*which is 96 Å; resample the mask"):
            read_mask(other, GRID)
    assert read_mask(other, CommonGrid(20, 4.0), pixel_size=4.0).shape == (20, 20, 20)
