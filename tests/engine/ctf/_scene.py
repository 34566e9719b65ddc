"""Micrographs of which the transfer function is known, made by code that shares nothing with the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WAVELENGTHS = {200: 0.025079, 300: 0.019687}  # Å


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A field of amorphous matter: lengths in Å, angles in degrees, voltage in kV."""

    shape: tuple[int, int] = (1024, 1024)
    pixel_size: float = 2.0
    voltage: int = 300
    spherical_aberration: float = 2.7
    amplitude_contrast: float = 0.07
    defocus_u: float = 15_000.0
    defocus_v: float = 14_600.0
    defocus_angle: float = 30.0
    phase_shift: float = 0.0
    b_factor: float = 90.0
    scattering: float = 0.2  # power of the specimen over the shot noise, at the crest of a ring
    dose: float = 36.0
    tilt: float = 0.0
    tilt_axis: float = 0.0  # the defocus grows towards axis + 90°
    drift: tuple[float, float] = (0.0, 0.0)  # (x, y) travelled during the exposure, in Å
    ice_ring: float = 0.0  # power at 3.7 Å over the background

    @property
    def mean_defocus(self) -> float:
        return 0.5 * (self.defocus_u + self.defocus_v)


def expose(scene: Scene, seed: int) -> NDArray[np.float32]:
    """Counts of electrons that the scene scatters into the image plane."""
    random = np.random.default_rng(seed)
    height, width = scene.shape
    k_y = np.fft.fftfreq(height, scene.pixel_size)[:, None]
    k_x = np.fft.rfftfreq(width, scene.pixel_size)[None]
    k = np.hypot(k_y, k_x)
    matter = np.fft.rfft2(random.standard_normal(scene.shape))
    # Proteins scatter most at low resolution, and have a hump at 10 Å.
    structure = 1.0 + 4.0 * np.exp(-0.5 * (60.0 * k) ** 2) + 1.5 * np.exp(-0.5 * ((k - 0.1) / 0.02) ** 2)
    matter *= np.sqrt(scene.scattering * structure * np.exp(-0.5 * scene.b_factor * k**2))
    matter *= np.sinc(k_x * scene.drift[0] + k_y * scene.drift[1])

    wavelength = WAVELENGTHS[scene.voltage]

    def image(defocus_change: float) -> NDArray[np.float64]:
        azimuth = np.arctan2(k_y, k_x) - np.radians(scene.defocus_angle)
        defocus = scene.defocus_u * np.cos(azimuth) ** 2 + scene.defocus_v * np.sin(azimuth) ** 2 + defocus_change
        path = 0.5 * defocus * (wavelength * k) ** 2 - 0.25 * scene.spherical_aberration * 1e7 * (wavelength * k) ** 4
        phase = 2 * np.pi / wavelength * path + np.radians(scene.phase_shift) + np.arcsin(scene.amplitude_contrast)
        return np.fft.irfft2(matter * -np.sin(phase), s=scene.shape)

    if scene.tilt == 0.0:
        contrast = image(0.0)
    else:  # slices of equal defocus, blended
        y, x = np.mgrid[:height, :width]
        axis = np.radians(scene.tilt_axis)
        across = (y - height / 2) * np.cos(axis) - (x - width / 2) * np.sin(axis)
        change = across * scene.pixel_size * np.tan(np.radians(scene.tilt))
        levels, step = np.linspace(change.min(), change.max(), 15, retstep=True)
        contrast = sum(np.clip(1 - np.abs(change - level) / step, 0, None) * image(level) for level in levels)
    if scene.ice_ring:
        noise = np.fft.rfft2(random.standard_normal(scene.shape))
        contrast = contrast + np.fft.irfft2(
            noise * np.sqrt(scene.ice_ring) * np.exp(-0.25 * ((k - 1 / 3.7) / 0.006) ** 2), s=scene.shape
        )
    electrons = scene.dose * scene.pixel_size**2
    return random.poisson(np.clip(electrons + np.sqrt(electrons) * contrast, 0, None)).astype(np.float32)
