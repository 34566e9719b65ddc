"""A RELION file of simulated particles with known poses, small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cryoloom.data import OpticsGroup, Particle, Table
from cryoloom.engine.fsc import ShellCorrelation
from cryoloom.engine.likelihood import NoiseSpectrum
from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.projection import project_volume
from cryoloom.engine.refinement import RefinementState
from cryoloom.formats import relion, write_stack, write_volume
from cryoloom.protocols.particle_images import LoadedParticles

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 120.0, 200


def phantom() -> np.ndarray:
    """Blobs of unequal weight without symmetry, within the diameter."""
    random = np.random.default_rng(5)
    positions = random.normal(size=(14, 3)) * [5.0, 3.5, 2.5]
    grid = np.arange(BOX) - BOX // 2
    x, y, z = (np.exp(-((grid - p[:, None]) ** 2) / (2 * 1.2**2)) for p in positions.T)
    return np.einsum("p,pz,py,px->zyx", random.uniform(0.5, 1.5, 14), z, y, x).astype(np.float32)


def write_particles(folder: Path, *, count: int = COUNT, noise: float = 1.5) -> Path:
    """Write truth.mrc, particles.mrcs and particles.star with true poses; returns the last."""
    random = np.random.default_rng(6)
    angles = np.stack(
        [
            random.uniform(0, 360, count),
            np.degrees(np.arccos(random.uniform(-1, 1, count))),
            random.uniform(0, 360, count),
        ],
        axis=1,
    )
    shifts = random.normal(0, 5, size=(count, 2))
    defocus = random.uniform(1e4, 2.5e4, count)
    transfers = [ContrastTransfer(300.0, 2.7, 0.1, d, d - 300, 30.0) for d in defocus]
    ctfs = np.stack([transfer_image((BOX, BOX), PIXEL, transfer) for transfer in transfers])
    truth = phantom()
    images = project_volume(truth, angles, shifts, ctfs, pixel_size=PIXEL)
    images += random.normal(0, noise * images.std(), images.shape).astype(np.float32)
    write_volume(folder / "truth.mrc", truth, pixel_size=PIXEL)
    write_stack(folder / "particles.mrcs", images.astype(np.float32), pixel_size=PIXEL)
    optics = OpticsGroup.describe(
        name="one",
        voltage=300.0,
        spherical_aberration=2.7,
        amplitude_contrast=0.1,
        extra={"rlnMicrographPixelSize": 1.0},
    )
    rows = [
        Particle(
            id=1000 + index,
            micrograph_id=1,
            x=200.0 * (index % 20),
            y=200.0 * (index // 20),
            file="particles.mrcs",
            index=index,
            pixel_size=PIXEL,
            box_size=BOX,
            defocus_u=defocus[index],
            defocus_v=defocus[index] - 300,
            defocus_angle=30.0,
            rot=angles[index, 0],
            tilt=angles[index, 1],
            psi=angles[index, 2],
            shift_x=shifts[index, 0],
            shift_y=shifts[index, 1],
        ).with_optics(optics)
        for index in range(count)
    ]
    star = folder / "particles.star"
    relion.write_particles(star, Table.of(rows, "particles"))
    return star


def true_state(particles: LoadedParticles, halves: np.ndarray) -> RefinementState:
    """A refinement that has found the poses that particles come with, and these half maps."""
    count, nothing = len(particles), np.zeros(BOX // 2 + 1)
    noise = NoiseSpectrum.of_images(np.asarray(particles.images.images)).shared_by(1)
    assert particles.angles is not None
    return RefinementState(
        iteration=5,
        finished=True,
        rotations=rotation_matrices(particles.angles),
        shifts=particles.shifts,
        spread=np.zeros(count),
        scale=np.ones(count),
        log_likelihood=np.arange(count, dtype=np.float64),
        half_maps=halves,
        combined_map=halves.mean(axis=0),
        references=np.stack([phantom()] * 2),
        noise=(noise, noise),
        curve=ShellCorrelation(nothing, nothing, nothing.astype(np.int64)),
        radius=14,
        compared=14,
        has_signal=True,
        everywhere=False,
        moved=0.0,
        shifted=0.0,
        jumped=0.0,
        best_shell=13.0,
        stalled=2,
        ending=True,
    )
