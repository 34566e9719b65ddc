"""Do our stacks and STAR file mean to RELION what they mean to us, and is our reconstruction as good as its?

    python bench/reconstruction.py [--full] [--seeds 7201 7202 7203] [--movies 4] [--box 144] [--json FILE]

Simulated movies of the easy tier are summed with their true motion. Particles are extracted at their true positions,
and reconstructed with their true orientations and CTFs, by cryoloom and, from the STAR file and stacks that cryoloom
wrote, by relion_reconstruct. Both maps are compared with the density of the specimen, in a soft sphere.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import reporting
from picking import Field, simulate, whole

from cryoloom.data import OpticsGroup, Particle, Table
from cryoloom.engine.extraction import ExtractionSettings, extract_particles
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.reconstruction import Backprojection
from cryoloom.formats import read_volume, write_stack
from cryoloom.formats.relion import write_particles
from cryoloom.testing.microscope import pseudoprotein


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7201, 7202, 7203])
    parser.add_argument("--movies", type=int)
    parser.add_argument("--box", type=int, default=144)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    movies = options.movies or (10 if options.full else 4)
    warm_up()
    records = []
    for seed in options.seeds:
        records.append({"seed": seed, **compare(simulate("easy", seed, movies), options.box)})
        print(f"{seed} done", file=sys.stderr, flush=True)
    print(f"{movies} movies a seed, box {options.box}.\n")
    headings = ("seed", "particles", "FSC-vs-truth 0.5, cryoloom", "RELION", "ratio", "s, cryoloom", "s, RELION")
    rows = [
        (
            one["seed"],
            one["particles"],
            f"{one['cryoloom']:.2f} Å",
            f"{one['relion']:.2f} Å",
            f"{one['cryoloom'] / one['relion']:.3f}",
            f"{one['cryoloom_seconds']:.1f}",
            f"{one['relion_seconds']:.1f}",
        )
        for one in records
    ]
    print(reporting.table(headings, [*rows, ("wanted", "", "", "", "0.98–1.02", "", "")]))
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n")


def warm_up() -> None:
    small = Backprojection(16, pixel_size=1.0)
    small.insert(np.ones((2, 16, 16)), np.zeros((2, 3)), np.zeros((2, 2)))
    small.map()
    fourier_shell_correlation(np.eye(16), np.eye(16), pixel_size=1.0)


def compare(fields: list[Field], box: int) -> dict:
    pixel_size = fields[0].pixel_size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        particles, images, ctfs = extract(fields, box, folder)
        write_particles(folder / "particles.star", Table.of(particles, "particles"))
        began = time.perf_counter()
        subprocess.run(
            ["relion_reconstruct", "--i", "particles.star", "--ctf", "--o", "relion.mrc"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        relion_seconds = time.perf_counter() - began
        relion = read_volume(folder / "relion.mrc")
    angles = np.array([(one.rot, one.tilt, one.psi) for one in particles])
    shifts = np.array([(one.shift_x, one.shift_y) for one in particles])
    began = time.perf_counter()
    backprojection = Backprojection(box, pixel_size=pixel_size)
    backprojection.insert(images, angles, shifts, ctfs, threads=2)
    ours = backprojection.map(threads=2)
    seconds = time.perf_counter() - began
    truth = pseudoprotein().density_map(box, pixel_size)
    grid = (np.arange(box) - box // 2) * pixel_size
    radius = np.sqrt(grid[:, None, None] ** 2 + grid[:, None] ** 2 + grid**2)
    mask = np.clip((0.5 * fields[0].diameter + 20 - radius) / 20, 0, 1).astype(np.float32)

    def resolution(volume: np.ndarray) -> float:
        return fourier_shell_correlation(volume, truth, pixel_size=pixel_size, mask=mask).resolution(0.5) or np.inf

    return {
        "particles": len(particles),
        "cryoloom": resolution(ours),
        "relion": resolution(relion),
        "cryoloom_seconds": seconds,
        "relion_seconds": relion_seconds,
    }


def extract(fields: list[Field], box: int, folder: Path) -> tuple[list[Particle], np.ndarray, np.ndarray]:
    """Particles of all fields with their true poses, their images, and their CTFs; one stack a field."""
    particles, images, ctfs = [], [], []
    for number, field in enumerate(fields):
        optics = field.truth.transfer
        group = OpticsGroup.describe(
            name="simulated",
            voltage=optics.voltage,
            spherical_aberration=optics.spherical_aberration,
            amplitude_contrast=optics.amplitude_contrast,
        )
        transfer = ContrastTransfer(
            optics.voltage,
            optics.spherical_aberration,
            optics.amplitude_contrast,
            optics.defocus_u,
            optics.defocus_v,
            optics.defocus_angle,
        )
        inside = np.flatnonzero(whole(field.positions, field))
        settings = ExtractionSettings(box_size=box, background_diameter=min(field.pixels, 0.9 * box))
        cut = extract_particles(field.image, field.positions[inside], settings, threads=2)
        stack = f"stack{number}.mrcs"
        write_stack(folder / stack, cut.images, pixel_size=field.pixel_size)
        images.append(cut.images)
        ctfs.append(
            np.broadcast_to(
                transfer_image((box, box), field.pixel_size, transfer), (len(cut.images), box, box // 2 + 1)
            )
        )
        for index, source in enumerate(inside[cut.indices]):
            rot, tilt, psi = field.truth.particles.angles[source]
            particles.append(
                Particle(
                    id=1 + len(particles),
                    file=stack,
                    index=index,
                    pixel_size=field.pixel_size,
                    box_size=box,
                    rot=float(rot),
                    tilt=float(tilt),
                    psi=float(psi),
                    shift_x=float(cut.shifts[index, 0]) * field.pixel_size,
                    shift_y=float(cut.shifts[index, 1]) * field.pixel_size,
                    defocus_u=optics.defocus_u,
                    defocus_v=optics.defocus_v,
                    defocus_angle=optics.defocus_angle,
                ).with_optics(group)
            )
    return particles, np.concatenate(images), np.concatenate(ctfs)


if __name__ == "__main__":
    main()
