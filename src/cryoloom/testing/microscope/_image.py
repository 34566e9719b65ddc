"""The image before electrons are counted: the projected specimen, damaged, imaged and moved, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._motion import Drift
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._parameters import MicroscopeParameters
from cryoloom.testing.microscope._particles import Particles
from cryoloom.testing.microscope._scattering import (
    VOLT_SQUARE_ANGSTROM,
    damage_basis,
    ice_amplitude,
    interaction_constant,
)
from cryoloom.testing.microscope._specimen import Specimen

TABLE_SIZE = 1024
BLUR_STEP = 0.4


class NoiselessImage:
    """The contrast of every frame of one movie.

    The field is sampled at half the pixel size and reaches `margin` pixels beyond the detector, where it is periodic.
    Damage at every dose is a combination of four curves, so four transforms of the field serve all frames: the cost
    is O(N log N) for N samples of the field, plus O(N) a frame.
    """

    oversampling = 2
    margin = 32

    def __init__(
        self,
        *,
        specimen: Specimen,
        particles: Particles,
        transfer: ContrastTransfer,
        drift: Drift,
        parameters: MicroscopeParameters,
        damage_scale: float,
        seed: int,
    ) -> None:
        from scipy import fft

        self._drift, self._detector, self._grid = drift, parameters.detector, parameters.grid
        self._transfer = transfer
        self._random = np.random.default_rng(seed)
        sampling = parameters.detector.pixel_size / self.oversampling
        shape = tuple(
            fft.next_fast_len(self.oversampling * (size + 2 * self.margin), real=True)
            for size in (self._detector.height, self._detector.width)
        )
        frequency = np.linspace(0.0, np.sqrt(0.5) / sampling * 1.001, TABLE_SIZE)
        form_factors, weights = specimen.scattering(frequency)
        atoms = np.zeros((2, *shape), dtype=np.float32)
        kernels.splat_projections(
            specimen.positions / np.float32(sampling),
            weights,
            particles.rotations.astype(np.float32),
            ((particles.positions + self.margin) * self.oversampling).astype(np.float32),
            atoms,
        )
        limit = 0.5 / self._detector.pixel_size
        vertical, horizontal = fft.fftfreq(shape[0], sampling), fft.rfftfreq(shape[1], sampling)
        horizontal = horizontal[horizontal < limit]
        spectrum = fft.fft(fft.rfft(atoms, axis=2, overwrite_x=True)[:, :, : horizontal.size], axis=1)
        ctf = transfer.evaluate(vertical, horizontal)
        ctf *= -2.0 / np.outer(_interpolation(vertical * sampling), _interpolation(horizontal * sampling)).astype(
            np.float32
        )
        spectrum /= np.outer(np.sinc(vertical * sampling) ** 4, np.sinc(horizontal * sampling) ** 4).astype(np.float32)

        envelope = transfer.envelope(frequency)
        phase = interaction_constant(transfer.voltage) * VOLT_SQUARE_ANGSTROM / sampling**2
        dose = np.asarray((np.arange(self._detector.frame_count) + 0.5) * self._detector.dose_per_frame)
        curves, self._frame_weights = damage_basis(frequency, dose, transfer.voltage, damage_scale)
        ice = ice_amplitude(frequency, self._grid.ice_thickness, transfer.voltage) * envelope
        spectra = np.empty((curves.shape[0], *spectrum.shape[1:]), dtype=np.complex64)
        kernels.form_spectra(
            spectrum,
            ctf,
            vertical,
            horizontal,
            limit,
            frequency[1],
            (form_factors * (phase * envelope)).astype(np.float32),
            (ice * np.sqrt(self._grid.ice_static_fraction * shape[0] * shape[1]) / sampling).astype(np.float32),
            curves.astype(np.float32),
            curves[:, 0].astype(np.float32),
            self._random.integers(0, 2**63, dtype=np.uint64),
            spectra,
        )
        spectra = fft.ifft(spectra, axis=1, overwrite_x=True)
        self._fields = fft.irfft(spectra, n=shape[1], axis=2, overwrite_x=True)
        self._ice_table = frequency, ice

    def frames(self) -> Iterator[NDArray[np.float32]]:
        """Yield the contrast (y, x) of each frame about 1; the array is used again for the next."""
        detector = self._detector
        nodes = self._drift.local_at_nodes()
        noise = self._changing_ice()
        field = np.empty(self._fields.shape[1:], dtype=np.float32)
        for frame in range(detector.frame_count):
            kernels.combine(self._fields, self._frame_weights[frame].astype(np.float32), field)
            contrast = next(noise)
            velocity = self._drift.velocities[frame]
            steps = max(1, int(np.ceil(np.linalg.norm(velocity) / BLUR_STEP)))
            for step in range(steps):
                moment = (step + 0.5) / steps - 0.5
                shift = self._drift.shifts[frame] + moment * velocity
                kernels.warp(
                    field,
                    self.oversampling,
                    self.margin,
                    shift,
                    nodes[frame],
                    Drift.node_spacing,
                    1.0 / steps,
                    contrast,
                )
            yield contrast

    def _changing_ice(self) -> Iterator[NDArray[np.float32]]:
        """Yield the ice's noise (y, x) that is another in every frame, two from each transform."""
        from scipy import fft

        detector = self._detector
        shape = detector.height, detector.width
        vertical, horizontal = fft.fftfreq(shape[0], detector.pixel_size), fft.rfftfreq(shape[1], detector.pixel_size)
        frequency, ice = self._ice_table
        radius = np.hypot(vertical[:, None], horizontal[None, :])
        strength = 2.0 * np.abs(self._transfer.evaluate(vertical, horizontal)) * np.interp(radius, frequency, ice)
        changing = (1.0 - self._grid.ice_static_fraction) * shape[0] * shape[1]
        strength = (strength * np.sqrt(changing) / detector.pixel_size).astype(np.float32)
        spectrum = np.empty(shape, dtype=np.complex64)
        while True:
            kernels.fill_noise(strength, self._random.integers(0, 2**63, dtype=np.uint64), spectrum)
            pair = fft.ifft2(spectrum)
            yield pair.real.copy()
            yield pair.imag.copy()


def _interpolation(cycles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transform of the cubic B-spline at the samples: what turns coefficients into values."""
    return (2.0 + np.cos(2.0 * np.pi * cycles)) / 3.0
