"""Stacks of projections of any map, of several kinds if need be, and the RELION file that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cryoloom.data import OpticsGroup, Particle, Table
from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.projection import project_volume
from cryoloom.formats import relion, write_stack

OPTICS = OpticsGroup.describe(
    name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1, detector_pixel_size=1.0
)


def random_poses(count: int, *, seed: int = 6, scatter: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) rot, tilt and psi of all orientations alike, and (n, 2) shifts in Å."""
    random = np.random.default_rng(seed)
    angles = random.uniform(-180, 180, (count, 3))
    angles[:, 1] = np.degrees(np.arccos(random.uniform(-1, 1, count)))
    return angles, random.normal(0, scatter, (count, 2))


def write_images(
    stack: Path,
    volumes: Sequence[np.ndarray],
    kinds: np.ndarray,
    angles: np.ndarray,
    shifts: np.ndarray,
    *,
    pixel_size: float,
    noise: float,
    first_id: int = 1000,
    optics: OpticsGroup = OPTICS,
    seed: int = 7,
) -> list[Particle]:
    """Write images, each of the map of its kind, with noise of a standard deviation relative to theirs.

    The transfer of the optics, its beam tilt included, is put into them; the particles are told without poses.
    """
    random = np.random.default_rng(seed)
    count, box = len(kinds), len(volumes[0])
    defocus = random.uniform(1e4, 2e4, count)
    microscope = (optics.voltage, optics.spherical_aberration, optics.amplitude_contrast)
    transfers = [ContrastTransfer(*microscope, d, d - 300, 30.0) for d in defocus]
    ctfs = np.stack([transfer_image((box, box), pixel_size, transfer) for transfer in transfers])
    images = np.empty((count, box, box), np.float32)
    for kind, volume in enumerate(volumes):
        mine = np.flatnonzero(kinds == kind)
        images[mine] = project_volume(volume, angles[mine], shifts[mine], ctfs[mine], pixel_size=pixel_size)
    images = tilted(images, optics, pixel_size)
    images += random.normal(0, noise * images.std(), images.shape)
    write_stack(stack, images.astype(np.float32), pixel_size=pixel_size)
    return [
        Particle(
            id=first_id + index,
            micrograph_id=1,
            x=200.0 * (index % 20),
            y=200.0 * (first_id + index // 20),
            file=stack.name,
            index=index,
            pixel_size=pixel_size,
            box_size=box,
            defocus_u=defocus[index],
            defocus_v=defocus[index] - 300,
            defocus_angle=30.0,
        ).with_optics(optics)
        for index in range(count)
    ]


def tilted(images: np.ndarray, optics: OpticsGroup, pixel_size: float) -> np.ndarray:
    """Images with the phases of coma that a beam tilt makes: -2π Cs λ² k² (k · tilt)."""
    voltage = 1e3 * optics.voltage
    wavelength = 12.2643 / np.sqrt(voltage * (1 + 0.978466e-6 * voltage))
    ky, kx = np.meshgrid(*[np.fft.fftfreq(images.shape[-1], pixel_size)] * 2, indexing="ij")
    along = 1e-3 * (kx * optics.beam_tilt_x + ky * optics.beam_tilt_y)
    phase = -2 * np.pi * 1e7 * optics.spherical_aberration * wavelength**2 * (kx**2 + ky**2) * along
    return np.fft.ifft2(np.fft.fft2(images) * np.exp(1j * phase)).real.astype(np.float32)


def write_particle_file(star: Path, rows: Sequence[Particle]) -> Path:
    """Write the RELION file of such particles."""
    relion.write_particles(star, Table.of(list(rows), "particles"))
    return star
