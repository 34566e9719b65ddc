"""The phase shift and absorption by everything but particles: ice, carbon film and contaminants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cryoloom.testing.microscope import _kernels as kernels
from cryoloom.testing.microscope._contaminants import (
    ABSORPTION_LENGTHS,
    CARBON_POTENTIAL,
    CARBON_THICKNESS,
    CARBON_TRANSMISSION,
    POTENTIALS,
    Contaminant,
    carbon_amplitude,
)
from cryoloom.testing.microscope._field import Field
from cryoloom.testing.microscope._optics import ContrastTransfer
from cryoloom.testing.microscope._scattering import interaction_constant
from cryoloom.testing.microscope._scene import Scene

EDGE_WIDTH = 15.0
"""Over which the carbon film thins out at a hole's edge, in Å."""


def lasting_ice(
    field: Field, scene: Scene, transfer: ContrastTransfer, static_fraction: float, random: np.random.Generator
) -> NDArray[np.complex64]:
    """Spectra (1 or 2, ky, kx) of the ice's phase shift that is the same in all frames.

    Ice that scatters at several heights has a part that is imaged with the field's defocus and one a quarter wave off
    it, with the power that the heights give to each.
    """
    ice = scene.ice
    x, y = field.offsets()
    thickness = np.sqrt(ice.relative_thickness(x, y))
    amplitude = ice.amplitude(field.table, transfer.voltage) * np.sqrt(static_fraction) / field.sampling
    phases = np.stack([transfer.defocus_phase(field.table**2, depth) for depth in ice.depths])
    powers = [np.mean(np.cos(phases) ** 2, axis=0), np.mean(np.sin(phases) ** 2, axis=0)]
    parts = 2 if ice.spread or ice.tilt else 1
    spectra = np.zeros((parts, field.vertical.size, field.horizontal.size), dtype=np.complex64)
    for share, height in ice.levels(x * np.float32(field.pixel_size), y * np.float32(field.pixel_size)):
        weights = np.sqrt(share) * thickness
        noise = []
        for power in powers[: 1 + ice.spread]:
            white = np.empty(field.shape, dtype=np.float32)
            kernels.fill_white(random.integers(0, 2**63, dtype=np.uint64), white)
            white *= weights
            noise.append(field.transform(white) * field.spread(amplitude * np.sqrt(power)))
        if height == 0.0:
            spectra[: len(noise)] += np.array(noise)
            continue
        turn = transfer.defocus_phase(field.radius.astype(np.float64) ** 2, height).astype(np.float32)
        cosine, sine = np.cos(turn), np.sin(turn)
        spectra[0] += cosine * noise[0]
        spectra[1] += sine * noise[0]
        if len(noise) > 1:
            spectra[0] -= sine * noise[1]
            spectra[1] += cosine * noise[1]
    return spectra


def changing_ice(
    field: Field,
    scene: Scene,
    transfer: ContrastTransfer,
    envelope: NDArray[np.float64],
    changing_fraction: float,
    random: np.random.Generator,
) -> Iterator[NDArray[np.float32]]:
    """Yield the contrast (y, x) on the detector of ice that is another in every frame, two from each transform.

    Parameters
    ----------
    envelope : tabulated at the field's table, the detector's loss included
    changing_fraction : of the ice's power
    """
    from scipy import fft

    ice, shape = scene.ice, (field.height, field.width)
    x = (np.arange(field.width) - field.middle[0])[None, :].astype(np.float32)
    y = (np.arange(field.height) - field.middle[1])[:, None].astype(np.float32)
    thickness = np.sqrt(ice.relative_thickness(x, y))
    vertical, horizontal = fft.fftfreq(shape[0], field.pixel_size), fft.rfftfreq(shape[1], field.pixel_size)
    radius = np.hypot(vertical[:, None], horizontal[None, :])
    scale = 2.0 * np.sqrt(changing_fraction * shape[0] * shape[1]) / field.pixel_size
    amplitude = np.interp(radius, field.table, ice.amplitude(field.table, transfer.voltage) * envelope) * scale
    levels = []
    for share, height in ice.levels(x * np.float32(field.pixel_size), y * np.float32(field.pixel_size)):
        powers = [transfer.evaluate(vertical, horizontal, height + depth) ** 2 for depth in ice.depths]
        strength = (amplitude * np.sqrt(np.mean(powers, axis=0))).astype(np.float32)
        levels.append((np.sqrt(share) * thickness, strength))
    spectrum = np.empty(shape, dtype=np.complex64)
    while True:
        pair = np.zeros((2, *shape), dtype=np.float32)
        for weights, strength in levels:
            kernels.fill_noise(strength, random.integers(0, 2**63, dtype=np.uint64), spectrum)
            noise = fft.ifft2(spectrum)
            pair[0] += weights * noise.real
            pair[1] += weights * noise.imag
        yield pair[0]
        yield pair[1]


def lasting_objects(
    field: Field, scene: Scene, transfer: ContrastTransfer, random: np.random.Generator
) -> NDArray[np.complex64] | None:
    """Spectrum (ky, kx) of the phase shift by carbon and contaminants, or nothing if there are none."""
    if scene.carbon is None and not scene.contaminants:
        return None
    per_volt = interaction_constant(transfer.voltage)
    phase = np.zeros(field.shape, dtype=np.float32)
    for contaminant, thickness, (column, row) in _patches(field, scene):
        kernels.paste(thickness * np.float32(per_volt * POTENTIALS[contaminant.kind]), row, column, phase)
    if scene.carbon is None:
        return field.transform(phase)
    film = _carbon_film(field, scene)
    phase += np.float32(per_volt * CARBON_POTENTIAL * CARBON_THICKNESS) * film
    white = np.empty(field.shape, dtype=np.float32)
    kernels.fill_white(random.integers(0, 2**63, dtype=np.uint64), white)
    white *= np.sqrt(film)
    amplitude = carbon_amplitude(field.table) / field.sampling
    return field.transform(phase) + field.transform(white) * field.spread(amplitude)


def absorption(field: Field, scene: Scene) -> NDArray[np.complex64] | None:
    """Spectrum (ky, kx) of the contrast by lost electrons, or nothing if none are lost."""
    if scene.carbon is None and not scene.contaminants and not any(scene.ice.gradient):
        return None
    x, y = field.offsets()
    transmission = scene.ice.transmission(x, y)
    if scene.carbon is not None:
        transmission *= 1.0 - np.float32(1.0 - CARBON_TRANSMISSION) * _carbon_film(field, scene)
    transmission -= 1.0
    for contaminant, thickness, (column, row) in _patches(field, scene):
        lost = np.exp(-thickness / np.float32(ABSORPTION_LENGTHS[contaminant.kind])) - np.float32(1.0)
        kernels.paste(lost, row, column, transmission)
    return field.transform(transmission)


def _carbon_film(field: Field, scene: Scene) -> NDArray[np.float32]:
    """Thickness (y, x) of the carbon film at every sample, as a share of its full thickness."""
    carbon = scene.carbon
    if carbon is None:
        return np.zeros(field.shape, dtype=np.float32)
    x, y = field.offsets()
    back = np.linalg.inv(field.magnification).astype(np.float32)
    across = back[0, 0] * x + back[0, 1] * y + np.float32(field.middle[0] - carbon.x)
    along = back[1, 0] * x + back[1, 1] * y + np.float32(field.middle[1] - carbon.y)
    beyond = (np.hypot(across, along) - np.float32(carbon.radius)) * np.float32(field.pixel_size / EDGE_WIDTH)
    return np.asarray(0.5 + 0.5 * np.tanh(beyond), dtype=np.float32)


def _patches(field: Field, scene: Scene) -> Iterator[tuple[Contaminant, NDArray[np.float32], tuple[int, int]]]:
    """Yield each contaminant, its thickness (y, x) in Å on a patch, and the column and row of the patch's corner."""
    for contaminant in scene.contaminants:
        x, y = field.samples(np.array([[contaminant.x, contaminant.y]]))[0]
        half = int(1.8 * contaminant.radius / field.sampling)
        column, row = int(x) - half, int(y) - half
        across = (np.arange(2 * half + 1) + column - x)[None, :] * field.sampling
        along = (np.arange(2 * half + 1) + row - y)[:, None] * field.sampling
        yield contaminant, contaminant.thickness(across, along).astype(np.float32), (column, row)
