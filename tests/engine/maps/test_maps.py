"""Spheres, filters, arithmetic and the maps of models."""

import gemmi
import numpy as np
import pytest

from cryoloom.engine.maps import (
    apply_b_factor,
    combine_maps,
    divide_by_mtf,
    high_pass,
    limit_resolution,
    low_pass,
    model_map,
    soft_sphere,
)
from cryoloom.errors import ParameterError


def test_a_sphere_is_one_inside_nought_outside_and_half_in_the_middle_of_its_edge():
    sphere = soft_sphere(21, 5.0, 4.0)
    assert sphere[10, 10, 15] == 1
    assert sphere[10, 17, 10] == pytest.approx(0.5, abs=1e-6)
    assert sphere[19, 10, 10] == 0


@pytest.fixture
def waves():
    """A slow and a fast wave, 3 and 8 periods in the box of 24 voxels."""
    x = np.arange(24)
    return [np.broadcast_to(np.cos(2 * np.pi * periods * x / 24), (24,) * 3) for periods in (3, 8)]


def test_what_lies_beyond_the_radius_is_left_out_and_all_else_kept(waves):
    slow, fast = waves
    assert abs(limit_resolution(slow + fast, 5.0) - (slow)).max() < 1e-5
    assert abs(limit_resolution(slow + fast, 8.0) - (slow + fast / 2)).max() < 1e-5


def test_low_and_high_pass_divide_a_map_between_them(waves):
    slow, fast = waves
    pixel_size = 1.5
    between = 24 * pixel_size / 5.5
    assert abs(low_pass(slow + fast, between, pixel_size=pixel_size) - (slow)).max() < 1e-5
    assert abs(high_pass(slow + fast + 2, between, pixel_size=pixel_size) - (fast)).max() < 1e-5
    at = 24 * pixel_size / 8
    assert abs(low_pass(slow + fast, at, pixel_size=pixel_size) - (slow + fast / 2)).max() < 1e-5


def test_a_b_factor_scales_amplitudes_by_its_definition(waves):
    _, fast = waves
    sharpened = apply_b_factor(fast, -30.0, pixel_size=1.5)
    assert abs(sharpened - fast * np.exp(30.0 / 4 * (8 / (24 * 1.5)) ** 2)).max() < 1e-4


def test_an_mtf_is_read_in_pixels_of_the_detector(waves):
    slow, fast = waves
    frequency = np.linspace(0, 0.5, 26)
    mtf = 1 - frequency
    # At a pixel size of 3 Å, binned from 1.5 Å, the waves have 3/48 and 8/48 cycles per pixel of the detector.
    found = divide_by_mtf(slow + fast, frequency, mtf, pixel_size=3.0, detector_pixel_size=1.5)
    assert abs(found - (slow / (1 - 3 / 48) + fast / (1 - 8 / 48))).max() < 1e-5


def test_an_mtf_that_cannot_be_divided_by_is_refused(waves):
    for values in ([1.0, 0.0], [1.0, np.nan], [100.0, 50.0]):
        with pytest.raises(ParameterError, match="between"):
            divide_by_mtf(waves[0], np.array([0, 0.5]), np.array(values), pixel_size=1, detector_pixel_size=1)
    with pytest.raises(ParameterError, match="ascending"):
        divide_by_mtf(waves[0], np.array([0.5, 0]), np.ones(2), pixel_size=1, detector_pixel_size=1)


def test_maps_are_combined_voxel_by_voxel():
    a, b = np.full((2, 2, 2), 6.0), np.array([[[0.0, 2.0]] * 2] * 2)
    expected = {"add": (6, 8), "subtract": (6, 4), "multiply": (0, 12), "divide": (0, 3), "mean": (3, 4)}
    expected |= {"minimum": (0, 2), "maximum": (6, 6)}
    for operation, values in expected.items():
        assert tuple(combine_maps([a, b], operation)[0, 0]) == values
    for wrong, says in (([a, a[:1]], "different shapes"), ([], "no map")):
        with pytest.raises(ParameterError, match=says):
            combine_maps(wrong, "add")
    with pytest.raises(ParameterError, match="'power'"):
        combine_maps([a, b], "power")


def test_an_atom_has_its_form_factor_and_its_place():
    box, pixel_size, b_factor = 32, 1.3, 25.0
    place = (20.0, 14.3, 26.1)  # x, y, z
    origin = (1.0, 2.0, 3.0)
    map_of_one = model_map(
        np.array([place]), np.array([16]), np.array([b_factor]), np.array([0.5]),
        box_size=box, pixel_size=pixel_size, origin=origin,
    )  # fmt: skip
    k = np.meshgrid(*[np.fft.fftfreq(box, pixel_size)] * 3, indexing="ij")
    s = np.sqrt(sum(one**2 for one in k))
    coefficients = np.array(gemmi.Element("S").c4322.get_coefs())
    factor = sum(a * np.exp(-(b + b_factor) * s**2 / 4) for a, b in zip(*np.split(coefficients, 2), strict=True))
    phase = sum(one * (where - first) for one, where, first in zip(k[::-1], place, origin, strict=True))
    expected = 0.5 * factor * np.exp(-2j * np.pi * phase) / pixel_size**3
    found = np.fft.fftn(map_of_one)
    held = s < 0.5 / pixel_size
    # The atoms are drawn within a radius that leaves 1e-5 of their peak.
    assert abs(found - expected)[held].max() < 0.01 * abs(expected).max()


def test_a_model_outside_the_map_is_refused():
    with pytest.raises(ParameterError, match="No atom"):
        model_map(np.array([[-50.0, 0, 0]]), np.array([6]), np.ones(1), np.ones(1), box_size=16, pixel_size=1.0)
