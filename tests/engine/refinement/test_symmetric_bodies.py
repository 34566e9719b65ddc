"""Bodies of every kind of symmetry are refined to the truth, in the frame of their axes, with any number of threads."""

from functools import cache

import numpy as np
import pytest
from phantom_images import BOX, DIAMETER, PIXEL, body, images_of, poses, turns_of

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.orientations import angular_distance
from cryoloom.engine.refinement import RefinementSettings, refine

SEEDS = {"O": 47}  # of a body that is not nearly its own mirror image, which blobs of so many copies easily are
# An octahedral body of this size looks at 40 Å like its mirror image, and the half sets might choose different ones.
START = {"O": 30.0}


@cache
def refined(group, count, threads):
    """The last state, and the body and the poses that it should have found."""
    volume = body(group, seed=SEEDS.get(group, 5))
    truth = poses(count)
    particles = images_of(volume, *truth, noise=0.7)
    settings = RefinementSettings(
        symmetry=group, initial_resolution=START.get(group, 40.0), shift_radius=15.0, iterations=8, seed=4
    )
    *_, last = refine(particles, np.arange(count) % 2 + 1, volume, settings, threads=threads)
    assert last.finished
    return last, volume, truth


BODIES = [("T", 48), *(pytest.param(*one, marks=pytest.mark.full) for one in [("C1", 200), ("D2", 120), ("O", 60)])]


@pytest.mark.parametrize(("group", "count"), BODIES)
def test_a_body_is_refined_to_the_truth_about_its_axes(group, count):
    last, volume, (rotations, shifts) = refined(group, count, 2)
    errors = angular_distance(last.rotations, rotations, turns_of(group))
    assert np.median(errors) < 2.6  # a detail at the rim moves by less than half a pixel
    assert (errors > 10.0).mean() <= 0.05
    assert np.median(np.hypot(*(last.shifts - shifts).T)) < 0.3 * PIXEL
    sphere = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
    curve = fourier_shell_correlation(last.combined_map, volume, pixel_size=PIXEL, mask=sphere)
    assert np.all(curve.correlation[1:13] > 0.8)  # turned about other axes than the body has, it is no longer like it
    assert last.has_signal
    assert last.resolution < 2.3 * PIXEL


@pytest.mark.parametrize(("group", "count"), [("T", 48), pytest.param("C1", 200, marks=pytest.mark.full)])
def test_other_threads_give_the_same_map_at_the_end(group, count):
    (one, *_), (other, *_) = (refined(group, count, threads) for threads in (1, 2))
    assert one.iteration == other.iteration
    for first, second in zip((*one.half_maps, one.combined_map), (*other.half_maps, other.combined_map), strict=True):
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.9999
    # Means over probable poses, which rounding moves by next to nothing but where two are equally probable.
    assert (angular_distance(one.rotations, other.rotations) < 1e-2).mean() > 0.95
    assert one.resolution == pytest.approx(other.resolution, rel=1e-3)
