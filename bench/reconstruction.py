"""Do our stacks and STAR file mean to RELION what they mean to us, and is our reconstruction as good as its?

    python bench/reconstruction.py [--full] [--seeds 7201 7202 7203] [--movies 8] [--json FILE]

Movies go through a project: import, motion, CTF, picking, extraction, export. The particles that were found get their
true orientations and places in the sums; all else, CTFs included, is as it was found. From the exported STAR file and
stacks, `cryoloom tool reconstruct` and `relion_reconstruct` make maps, each a program of its own from start to end,
RELION's by the fixed command of `peers/relion.py`. Both are scored against the truth by `map_truth.py`. *Behind*: the
most by which our correlation with the truth lies below RELION's, of RELION's, in the shells where that is above 0.2;
*ahead*: the most by which it lies above. With --full a seed of the other tiers is reported beside.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import map_truth
import numpy as np
import reporting
from peers import relion

from cryoloom.formats import read_star, read_volume
from cryoloom.protocols.export import write_star_files
from cryoloom.runtime import Project
from cryoloom.testing.microscope import Session, load_specimen, with_true_poses, write_session

BOX, SIZE = 144, 108  # pixels cut, and what they are scaled to
NEAR = 18.0  # pixels from a true centre: a fifth of the diameter
TOLD = 0.2  # correlation with the truth from which RELION's curve counts
BEHIND, FASTER = 0.01, 3.0  # of RELION's correlation; times its speed


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    parser.add_argument("--movies", type=int, help="a seed; by default 8, or 12 with --full")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    movies = options.movies or (12 if options.full else 8)
    compiled = reporting.compiled()
    cases = [("easy", seed) for seed in options.seeds]
    cases += [(tier, options.seeds[0]) for tier in ("standard", "hard") if options.full]
    records = []
    for tier, seed in cases:
        with tempfile.TemporaryDirectory(prefix="cryoloom-reconstruction-") as folder:
            records.append({"tier": tier, "seed": seed, **compare(Path(folder), tier, seed, movies)})
        print(f"reconstruction, {tier}, seed {seed} done: {records[-1]}", file=sys.stderr, flush=True)
    print(f"{movies} movies a seed, boxes of {BOX} scaled to {SIZE} pixels; {records[0]['build']}.\n")
    print(compiled)
    headings = ("tier, seed", "particles", "FSC-vs-truth 0.5, cryoloom", "RELION", "behind", "ahead")
    headings += ("least correlation of the maps", "s, cryoloom (one thread)", "s, RELION")
    print(reporting.table(headings, map(row, records)))
    print(reporting.promises(promised([one for one in records if one["tier"] == "easy"])))
    if options.json is not None:
        options.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def row(one: dict) -> tuple:
    return (
        f"{one['tier']}, {one['seed']}",
        one["particles"],
        f"{one['cryoloom']:.2f} Å",
        f"{one['relion']:.2f} Å",
        f"{one['behind']:.1%}",
        f"{one['ahead']:.1%}",
        f"{one['agreement']:.3f}",
        f"{one['seconds']:.1f} ({one['seconds_of_one_thread']:.1f})",
        f"{one['relion_seconds']:.1f}",
    )


def promised(records: list[dict]) -> list[reporting.Promise]:
    worst = 100 * max(one["behind"] for one in records)
    speed = min(one["relion_seconds"] / one["seconds"] for one in records)
    alone = min(one["relion_seconds"] / one["seconds_of_one_thread"] for one in records)
    return [
        reporting.promise("correlation with the truth behind RELION's", worst, ".2f %", most=100 * BEHIND),
        reporting.promise("times RELION's speed, two threads", speed, ".1f", least=FASTER),
        reporting.promise("times RELION's speed, one thread", alone, ".1f", least=FASTER),
    ]


def compare(folder: Path, tier: str, seed: int, movies: int) -> dict:
    """Resolutions in Å at which both maps correlate by 0.5 with the truth, and the seconds that they took."""
    microscope = write_session(folder / "microscope", tier=tier, seed=seed, movies=movies, threads=2)
    project = process(folder / "project", microscope)
    truths = {movie.stem: truth for movie, truth in zip(microscope.movies, microscope.truths, strict=True)}
    particles = project.output("5.particles").latest().table()
    micrographs = project.output("2.micrographs").latest().table()
    posed = with_true_poses(particles, micrographs, project.path, truths, within=NEAR)
    (star,), _ = write_star_files(project.path, {"5.particles": posed}, project=project.path)
    made = relion.reconstruct(star, cache=folder / "relion")
    seconds = [reconstruct(star, folder / f"threads{threads}.mrc", threads) for threads in (1, 2)]
    pixel_size = float(read_star(star)["optics"]["rlnImagePixelSize"][0])
    truth = load_specimen("pseudoprotein").density_map(SIZE, pixel_size)
    ours, theirs = (
        map_truth.score_map(read_volume(file), truth, pixel_size, aligned=True)
        for file in (folder / "threads2.mrc", made.folder / "run.mrc")
    )
    mask = map_truth.truth_mask(truth, pixel_size)
    maps = [read_volume(file) * mask for file in (folder / "threads2.mrc", made.folder / "run.mrc")]
    both = map_truth.shell_correlation(*maps, pixel_size).correlation
    told = first_shells_above(theirs.curve.correlation, TOLD)
    difference = ours.curve.correlation[told] / theirs.curve.correlation[told] - 1.0
    return {
        "particles": len(posed),
        "cryoloom": ours.resolution,
        "relion": theirs.resolution,
        "behind": max(0.0, float(-difference.min())),
        "ahead": max(0.0, float(difference.max())),
        "agreement": float(both[first_shells_above(theirs.curve.correlation, 0.5)].min()),
        "seconds": seconds[1],
        "seconds_of_one_thread": seconds[0],
        "relion_seconds": made.seconds,
        "build": made.version,
    }


def first_shells_above(correlation: np.ndarray, threshold: float) -> slice:
    """From the first after the origin to the last before the curve falls below the threshold."""
    below = np.flatnonzero(correlation[1:] < threshold) + 1
    return slice(1, below[0] if below.size else None)


def reconstruct(star: Path, target: Path, threads: int) -> float:
    """Seconds in which our program makes the map of a particle STAR file."""
    command = [sys.executable, "-m", "cryoloom", "tool", "reconstruct", str(star), "--output", str(target)]
    began = time.perf_counter()
    subprocess.run([*command, "--threads", str(threads)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


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


if __name__ == "__main__":
    main()
