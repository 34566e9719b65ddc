"""Spheres and filters of maps."""

import numpy as np
import pytest

from cryoloom.engine.maps import limit_resolution, soft_sphere


def test_a_sphere_is_one_inside_nought_outside_and_half_in_the_middle_of_its_edge():
    sphere = soft_sphere(21, 5.0, 4.0)
    assert sphere[10, 10, 15] == 1
    assert sphere[10, 17, 10] == pytest.approx(0.5, abs=1e-6)
    assert sphere[19, 10, 10] == 0


def test_what_lies_beyond_the_radius_is_left_out_and_all_else_kept():
    box = 24
    x = np.arange(box)
    slow, fast = np.cos(2 * np.pi * 3 * x / box), np.cos(2 * np.pi * 8 * x / box)
    volume = np.broadcast_to(slow + fast, (box,) * 3)
    assert limit_resolution(volume, 5.0) == pytest.approx(np.broadcast_to(slow, (box,) * 3), abs=1e-5)
    assert limit_resolution(volume, 8.0) == pytest.approx(np.broadcast_to(slow + fast / 2, (box,) * 3), abs=1e-5)
