"""Do our stacks and STAR file mean to RELION what they mean to us, and is our reconstruction as good as its?

    python bench/reconstruction.py [--full] [--seeds 7201 7202 7203] [--movies 8] [--json FILE]

Movies of the easy tier go through a project: import, motion, CTF, picking, extraction, export. The particles that were
found get their true orientations and places in the sums; all else, CTFs included, is as it was found. From the exported
STAR file and stacks, cryoloom and relion_reconstruct reconstruct; both maps are compared with the density of the
specimen, and with each other up to where RELION's correlates with the density by 0.5, in a soft sphere. Where the curve
is flat, a small difference of correlation is a large one of resolution: so both are told.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import reporting

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.optics import ContrastTransfer, transfer_image
from cryoloom.engine.reconstruction import Backprojection
from cryoloom.formats import read_stack, read_star, read_volume
from cryoloom.protocols.export import write_star_files
from cryoloom.runtime import Project
from cryoloom.testing.microscope import Session, load_specimen, with_true_poses, write_session

if TYPE_CHECKING:
    import polars as pl

BOX, SIZE = 144, 108  # pixels cut, and what they are scaled to
NEAR = 18.0  # pixels from a true centre: a fifth of the diameter


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    parser.add_argument("--movies", type=int, help="a seed; by default 8, or 12 with --full")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    movies = options.movies or (12 if options.full else 8)
    warm_up()
    records = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(prefix="cryoloom-reconstruction-") as folder:
            records.append({"seed": seed, **compare(Path(folder), seed, movies)})
        print(f"reconstruction, seed {seed} done", file=sys.stderr, flush=True)
    print(f"{movies} movies a seed, boxes of {BOX} scaled to {SIZE} pixels.\n")
    headings = ("seed", "particles", "FSC-vs-truth 0.5, cryoloom", "RELION", "ratio", "mean difference of the curves")
    headings += ("least correlation of the maps", "s, cryoloom", "s, RELION")
    rows = [
        (
            one["seed"],
            one["particles"],
            f"{one['cryoloom']:.2f} Å",
            f"{one['relion']:.2f} Å",
            f"{one['cryoloom'] / one['relion']:.3f}",
            f"{one['difference']:+.3f}",
            f"{one['agreement']:.3f}",
            f"{one['cryoloom_seconds']:.1f}",
            f"{one['relion_seconds']:.1f}",
        )
        for one in records
    ]
    print(reporting.table(headings, rows))
    ratios = [one["cryoloom"] / one["relion"] for one in records]
    print(
        reporting.promises(
            reporting.promise(
                f"resolution, ours / RELION's, the {end.__name__}", end(ratios), ".3f", least=0.98, most=1.02
            )
            for end in (min, max)
        )
    )
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n")


def warm_up() -> None:
    """Compile before anything is timed."""
    small = Backprojection(16, pixel_size=1.0)
    small.insert(np.ones((2, 16, 16)), np.zeros((2, 3)), np.zeros((2, 2)))
    small.map()
    fourier_shell_correlation(np.eye(16), np.eye(16), pixel_size=1.0)


def compare(folder: Path, seed: int, movies: int) -> dict:
    """Resolutions in Å at which both maps correlate by 0.5 with the truth, and the seconds that they took."""
    microscope = write_session(folder / "microscope", seed=seed, movies=movies, threads=2)
    project = process(folder / "project", microscope)
    truths = {movie.stem: truth for movie, truth in zip(microscope.movies, microscope.truths, strict=True)}
    particles = project.output("5.particles").latest().table()
    micrographs = project.output("2.micrographs").latest().table()
    posed = with_true_poses(particles, micrographs, project.path, truths, within=NEAR)
    (star,), _ = write_star_files(project.path, {"5.particles": posed}, project=project.path)

    began = time.perf_counter()
    command = ["relion_reconstruct", "--i", star.name, "--ctf", "--o", "relion.mrc"]
    subprocess.run(command, cwd=project.path, check=True, stdout=subprocess.DEVNULL)
    relion_seconds = time.perf_counter() - began
    began = time.perf_counter()
    ours, pixel_size = reconstruct(star)
    seconds = time.perf_counter() - began

    specimen = load_specimen("pseudoprotein")
    truth = specimen.density_map(SIZE, pixel_size)
    radius = pixel_size * np.sqrt(sum((axis - SIZE // 2) ** 2 for axis in np.mgrid[:SIZE, :SIZE, :SIZE]))
    mask = np.clip((0.5 * specimen.diameter + 20 - radius) / 20, 0, 1).astype(np.float32)

    theirs = read_volume(project.path / "relion.mrc")
    curves = [fourier_shell_correlation(volume, truth, pixel_size=pixel_size, mask=mask) for volume in (ours, theirs)]
    both = fourier_shell_correlation(ours, theirs, pixel_size=pixel_size, mask=mask)
    resolved = slice(int(np.argmax(curves[1].correlation < 0.5)) or None)
    return {
        "particles": len(posed),
        "cryoloom": curves[0].resolution(0.5) or np.inf,
        "relion": curves[1].resolution(0.5) or np.inf,
        "difference": float((curves[0].correlation - curves[1].correlation)[resolved].mean()),
        "agreement": float(both.correlation[resolved].min()),
        "cryoloom_seconds": seconds,
        "relion_seconds": relion_seconds,
    }


def process(folder: Path, microscope: Session) -> Project:
    """Put a session that is complete through every stage."""
    told = json.loads((microscope.truth_folder / "session.json").read_text(encoding="utf-8"))
    optics, diameter = told["parameters"]["optics"], told["specimen"]["diameter"]
    project = Project.create(folder)
    project.add(
        "import-movies",
        folder=microscope.folder / "movies",
        voltage=optics["voltage"],
        spherical_aberration=optics["spherical_aberration"],
        amplitude_contrast=optics["amplitude_contrast"],
        pixel_size=microscope.pixel_size,
        dose_per_frame=microscope.dose_per_frame,
        gain=microscope.gain,
    )
    project.add("motion", movies="1.movies")
    project.add("ctf", micrographs="2.micrographs")
    project.add("pick", micrographs="2.micrographs", diameter=diameter)
    project.add(
        "extract",
        micrographs="2.micrographs",
        ctfs="3.ctfs",
        coordinates="4.coordinates",
        diameter=diameter,
        box_size=BOX,
        output_size=SIZE,
    )
    for run in project.runs():
        run.start().wait(3600)
    return project


def reconstruct(star: Path) -> tuple[np.ndarray, float]:
    """The map that cryoloom makes of a particle STAR file, from what RELION is told of it too; and its pixel size."""
    tables = read_star(star)
    rows = tables["particles"]
    (optics,) = tables["optics"].iter_rows(named=True)
    pixel_size = float(optics["rlnImagePixelSize"])
    names = [name.split("@") for name in rows["rlnImageName"]]
    with contextlib.ExitStack() as opened:
        stacks = {one: opened.enter_context(read_stack(star.parent / one)) for one in {stack for _, stack in names}}
        images = np.array([stacks[stack][int(index) - 1] for index, stack in names])
    constants = [float(optics[f"rln{name}"]) for name in ("Voltage", "SphericalAberration", "AmplitudeContrast")]
    defoci = columns(rows, "DefocusU", "DefocusV", "DefocusAngle")
    ctfs = np.array([transfer_image((SIZE, SIZE), pixel_size, ContrastTransfer(*constants, *one)) for one in defoci])
    angles, shifts = columns(rows, "AngleRot", "AngleTilt", "AnglePsi"), columns(rows, "OriginXAngst", "OriginYAngst")
    backprojection = Backprojection(SIZE, pixel_size=pixel_size)
    backprojection.insert(images, angles, shifts, ctfs, threads=2)
    return backprojection.map(threads=2), pixel_size


def columns(rows: pl.DataFrame, *names: str) -> np.ndarray:
    return rows.select(f"rln{name}" for name in names).to_numpy().astype(np.float64)


if __name__ == "__main__":
    main()
