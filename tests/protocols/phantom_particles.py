"""A RELION file of simulated particles with known poses, small enough for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from phantoms import found_state, uneven

from cryoloom.data import OpticsGroup, Particle, Table
from cryoloom.engine.fourier import resample_images
from cryoloom.engine.maps import resample, soft_sphere
from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.projection import project_volume
from cryoloom.engine.refinement import RefinementState
from cryoloom.formats import read_stack, relion, write_image, write_stack, write_volume
from cryoloom.protocols.particle_images import LoadedParticles, read_particle_file

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 120.0, 200
WIDTH, FIELD = BOX * PIXEL, 3000  # Å, of the images, and pixels of 1 Å


def phantom() -> np.ndarray:
    """Blobs of unequal weight without symmetry, within the diameter."""
    return uneven(np.random.default_rng(5))


def write_particles(
    folder: Path, *, count: int = COUNT, noise: float = 1.5, truth: np.ndarray | None = None, pixel: float = PIXEL
) -> Path:
    """Write truth.mrc, particles.mrcs and particles.star with true poses; returns the last."""
    truth = phantom() if truth is None else truth
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
    ctfs = np.stack([transfer_image((BOX, BOX), pixel, transfer) for transfer in transfers])
    images = project_volume(truth, angles, shifts, ctfs, pixel_size=pixel)
    images += random.normal(0, noise * images.std(), images.shape).astype(np.float32)
    found = {"defocus_u": defocus, "defocus_v": defocus - 300, "defocus_angle": np.full(count, 30.0)}
    return write_set(folder, images, truth, pixel, {**found, **poses_of(angles, shifts)})


def poses_of(angles: np.ndarray, shifts: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of angles (n, 3) in degrees and shifts (n, 2) in Å."""
    return {
        "rot": angles[:, 0],
        "tilt": angles[:, 1],
        "psi": angles[:, 2],
        "shift_x": shifts[:, 0],
        "shift_y": shifts[:, 1],
    }


def write_set(
    folder: Path, images: np.ndarray, truth: np.ndarray, pixel: float, columns: dict[str, np.ndarray], **optics: Any
) -> Path:
    """Write truth.mrc, particles.mrcs and particles.star; returns the last.

    Parameters
    ----------
    images : (n, y, x)
    truth : (z, y, x)
    pixel : in Å
    columns : of particles, each (n,)
    optics : what the one optics group has beside voltage and the like
    """
    write_volume(folder / "truth.mrc", truth, pixel_size=pixel)
    write_stack(folder / "particles.mrcs", images.astype(np.float32), pixel_size=pixel)
    group = OpticsGroup.describe(
        name="one",
        voltage=300.0,
        spherical_aberration=2.7,
        amplitude_contrast=0.1,
        extra={"rlnMicrographPixelSize": 1.0},
        **optics,
    )
    rows = [
        Particle(
            id=1000 + index,
            micrograph_id=1,
            x=200.0 * (1 + index % 20),
            y=200.0 * (index // 20),
            file="particles.mrcs",
            index=index,
            pixel_size=pixel,
            box_size=images.shape[-1],
            **{name: values[index].item() for name, values in columns.items()},
        ).with_optics(group)
        for index in range(len(images))
    ]
    star = folder / "particles.star"
    relion.write_particles(star, Table.of(rows, "particles"))
    return star


def write_larger_particles(folder: Path, *, box: int, count: int) -> Path:
    """Write large.star, large.mrcs and large.mrc, the same in larger boxes, and what else tools want to read.

    That is mask.mrc, the halves half1.mrc and half2.mrc of that map with finer detail, and field.mrc, a micrograph of
    noise.
    """
    pixel = WIDTH / box
    table = read_particle_file(write_particles(folder, count=count)).table
    with read_stack(folder / "particles.mrcs") as stack:
        images = np.stack([stack.section(number) for number in range(count)])
    write_stack(folder / "large.mrcs", resample_images(images, PIXEL, box, pixel), pixel_size=pixel)
    large = resample(phantom(), pixel_size=PIXEL, new_pixel_size=pixel, box_size=box)
    write_volume(folder / "large.mrc", large, pixel_size=pixel)
    mask, random = soft_sphere(box, 0.15 * box, 0.05 * box), np.random.default_rng(7)
    write_volume(folder / "mask.mrc", mask, pixel_size=pixel)
    faint = 0.1 * large.std()
    detailed = large + faint * mask * random.standard_normal(mask.shape, np.float32)
    for half in ("half1.mrc", "half2.mrc"):
        noise = 0.1 * faint * random.standard_normal(mask.shape, np.float32)
        write_volume(folder / half, (detailed + noise).astype(np.float32), pixel_size=pixel)
    write_image(folder / "field.mrc", random.standard_normal((FIELD, FIELD), np.float32), pixel_size=1.0)
    x, y = random.uniform(0.1 * FIELD, 0.9 * FIELD, (2, count))
    frame = table.frame.with_columns(
        file=pl.lit("large.mrcs"),
        micrograph_file=pl.lit("field.mrc"),
        box_size=pl.lit(box, table.frame.schema["box_size"]),
        pixel_size=pl.lit(pixel),
        half_set=1 + pl.int_range(pl.len()) % 2,
        x=pl.Series(x),
        y=pl.Series(y),
    )
    star = folder / "large.star"
    relion.write_particles(star, table.with_frame(frame))
    return star


def true_state(particles: LoadedParticles, halves: np.ndarray) -> RefinementState:
    """A refinement that has found the poses that particles come with, and these half maps."""
    assert particles.angles is not None
    known = {"iteration": 5, "log_likelihood": np.arange(len(particles), dtype=np.float64)}
    known |= {"references": np.stack([phantom()] * 2)}
    return found_state(particles.images, rotation_matrices(particles.angles), particles.shifts, halves, **known)
