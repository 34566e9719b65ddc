"""The model of the rings."""

import numpy as np
import pytest

from cryoloom.engine.ctf._rings import Defocus, RingModel
from cryoloom.engine.optics import ContrastTransfer, transfer_function

MODEL = RingModel(voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.07, extent=700.0)


def test_rings_are_the_square_of_the_transfer_function():
    transfer = ContrastTransfer(300.0, 2.7, 0.07, 15_000.0, 14_000.0, 30.0, phase_shift=40.0)
    frequencies = np.linspace(0.03, 0.25, 40)
    for azimuth in (0.0, 0.7, 2.0):
        ctf = transfer_function(frequencies * np.sin(azimuth), frequencies * np.cos(azimuth), transfer)
        defocus = Defocus(14_500.0, 500.0 * np.cos(np.radians(60.0)), 500.0 * np.sin(np.radians(60.0)), 40.0)
        along = defocus.mean + defocus.deviation(np.array([azimuth]))
        np.testing.assert_allclose(MODEL.rings(frequencies, along, 40.0), 2.0 * ctf**2 - 1.0, atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 45.0, 89.0, 91.0, 179.0])
def test_components_of_the_astigmatism_give_back_its_size_and_angle(angle):
    defocus = Defocus(1e4, 250.0 * np.cos(np.radians(2 * angle)), 250.0 * np.sin(np.radians(2 * angle)))
    assert defocus.half_difference == pytest.approx(250.0)
    assert defocus.angle == pytest.approx(angle, abs=1e-9)
    assert defocus.deviation(np.radians([angle, angle + 90.0])) == pytest.approx([250.0, -250.0])


@pytest.mark.parametrize("frequency", [0.05, 0.12, 0.2])
def test_visibility_is_what_a_hann_window_leaves_of_a_ripple(frequency):
    """The spectrum of a tile is the true one convolved with the squared transform of its window."""
    pixels, defocus = 1400, np.array([30_000.0])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(pixels) + 0.5) / pixels)
    density = MODEL.ring_density(np.array([frequency]), defocus)[0]
    # A ripple of that density multiplies the autocorrelation of the window at that lag, in a tile of 700 Å.
    lag = round(density / 700.0 * pixels)
    kept = np.sum(window[lag:] * window[: pixels - lag]) / np.sum(window**2)
    assert MODEL.visibility(np.array([frequency]), defocus)[0] == pytest.approx(kept, abs=2e-3)  # the lag is rounded


def test_ring_density_counts_the_rings():
    frequencies = np.linspace(0.1, 0.2, 100_001)
    ctf = MODEL.rings(frequencies, np.array([25_000.0]))
    minima = np.count_nonzero((ctf[1:-1] < ctf[:-2]) & (ctf[1:-1] < ctf[2:]))
    density = MODEL.ring_density(frequencies, np.array([25_000.0]))
    assert minima == pytest.approx(np.trapezoid(density, frequencies), abs=1.0)
