"""Motion correction beside RELION's: accuracy against the truth, time, memory, and movies of a real micrograph.

    python bench/motion.py [--seeds 401 402 403] [--movies 3] [--only accuracy time real size] [--full]

Everything is measured from outside: movies and gain in files, `cryoloom tool motion --json`, its JSON and its sums.
Errors are root mean squares over frames of (estimated - true) displacement on a 7 × 7 grid of specimen points, in
pixels of the movie, one constant a point removed. The local motion is that of the JSON, which is RELION's model; the
sum itself is made with a finer one. Programs that are timed take turns. `--full` takes more movies, and adds a movie of
the K3's size and an EER movie. Set CRYOLOOM_TEST_DATA to the folder of real data for the movies of a real micrograph.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import reporting
from motion_programs import PATCHES, Cost, correct, cost_of, displacement, motion_command, optics, tell
from motion_size import print_size
from scipy import ndimage
from simulated_guard import relion_displacement, run_motioncorr

from cryoloom.engine.gain import GainOrientation
from cryoloom.engine.motion import MotionSettings
from cryoloom.formats import open_movie, read_image, write_image
from cryoloom.protocols.motion._detector import read_detector
from cryoloom.protocols.motion._files import MovieAcquisition, correct_movie
from cryoloom.testing.microscope import (
    Drift,
    Session,
    count_electrons,
    write_honest_session,
    write_session,
)

PARTS = ("accuracy", "time", "real", "size")
TIMED_MOVIES = 10
REAL = {"pixel_size": 0.8538, "voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1}
REAL_FORMS = (".3f", ".3f", ".3f", ".0f", ".0f", ".0f", ".0f", ".1f")  # of the columns of its table
REAL_DOSE, REAL_FRAMES = 47.6, 32  # e/Å² in all, frames
REFERENCE = {"mean": 10_517.0, "astigmatism": 117.0, "axis": 125.0}
GREY_PER_ELECTRON = 102.0
TILE, TILES = 256, 3  # pixels along the edge of a part whose sum is made with the true motion; so many along the field
BORDER = 48  # pixels that some frames did not see
RESOLUTION = 5.0  # Å
RING = 4  # Fourier pixels


@dataclass
class Errors:
    """Of the movies of one seed, in pixels."""

    uncorrected: list[float] = field(default_factory=list)
    relion: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    patches: list[float] = field(default_factory=list)
    correlations: list[float] = field(default_factory=list)


def main() -> None:
    parser = reporting.options(__doc__)
    reporting.seed_option(parser)
    parser.add_argument("--movies", type=int, help="a seed of the easy tier; by default 3, or 10 with --full")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    if not reporting.has_program("relion_run_motioncorr"):
        print(reporting.not_measured("motion beside RELION", "relion_run_motioncorr is not on the PATH"))
        return
    print(reporting.seeds_line(options.seeds))
    held: list[reporting.Promise] = []
    if "accuracy" in options.only:
        held += print_accuracy(options.seeds, options.movies or (10 if options.full else 3))
    if "time" in options.only:
        held += print_time(options.seeds[0], rounds=5 if options.full else 3)
    if "real" in options.only:
        held += print_real(options.seeds, 3 if options.full else 1)
    if "size" in options.only:
        if options.full:
            held += print_size(options.seeds[0])
        else:
            print(reporting.not_measured("a movie of the K3's size and an EER movie", "only with --full"))
    print(reporting.promises(held))


# Accuracy


def print_accuracy(seeds: list[int], count: int) -> list[reporting.Promise]:
    rows, held = [], []
    for tier in ("easy", "standard", "hard"):
        found = [errors_of(tier, seed, count if tier == "easy" else max(2, count // 2)) for seed in seeds]
        rows.append((tier, sum(len(one.whole) for one in found), *accuracy_cells(found)))
        if tier == "easy":
            held = accuracy_promises(found)
    headings = ("movies", "n", "uncorrected", "RELION global", "global", "5 × 5")
    print(reporting.table((*headings, "worst / mean", "5 × 5 / global", "ring correlation"), rows))
    print(
        "Pixels RMS: the median seed (the worst seed). Ratios are those of the worst movie, to the mean for one\n"
        "motion and for patches. The correlation with the sum of truly moved frames, of one movie a seed, is that of\n"
        "the worst ring up to 5 Å.\n"
    )
    return held


def accuracy_promises(found: list[Errors]) -> list[reporting.Promise]:
    return [
        reporting.promise("easy, global, RMS", max(seed_errors(found, "whole")), ".3f px", most=0.32),
        reporting.promise("easy, 5 × 5, RMS", max(seed_errors(found, "patches")), ".3f px", most=0.26),
        reporting.promise("easy, worst movie / mean, global", worst_to_mean(found, "whole"), ".2f", most=2),
        reporting.promise("easy, worst movie / mean, 5 × 5", worst_to_mean(found, "patches"), ".2f", most=2),
        reporting.promise("easy, 5 × 5 / global, worst movie", worst_of_patches(found), ".2f", most=1.05),
        reporting.promise(
            "easy, ring correlation to 5 Å",
            min(value for one in found for value in one.correlations),
            ".3f",
            least=0.98,
        ),
    ]


def seed_errors(found: list[Errors], name: str) -> list[float]:
    return [float(np.sqrt(np.mean(np.square(getattr(one, name))))) for one in found]


def worst_to_mean(found: list[Errors], name: str) -> float:
    return max(max(values) / float(np.mean(values)) for values in (getattr(one, name) for one in found))


def worst_of_patches(found: list[Errors]) -> float:
    return max(p / w for one in found for p, w in zip(one.patches, one.whole, strict=True))


def accuracy_cells(found: list[Errors]) -> list[str]:
    cells = []
    for name in ("uncorrected", "relion", "whole", "patches"):
        values = seed_errors(found, name)
        cells.append(f"{statistics.median(values):.3f} ({max(values):.3f})")
    spreads = [worst_to_mean(found, name) for name in ("whole", "patches")]
    correlations = [value for one in found for value in one.correlations]
    least = f"{min(correlations):.3f}" if correlations else ""
    return [*cells, ", ".join(f"{spread:.2f}" for spread in spreads), f"{worst_of_patches(found):.2f}", least]


def errors_of(tier: str, seed: int, count: int) -> Errors:
    """Correct the movies of one seed with both programs and hold both against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        tell(f"{tier}, seed {seed}: {count} movies")
        session = write_session(folder, tier=tier, seed=seed, movies=count, threads=2)
        run_motioncorr(session)
        whole, patches = correct(session, 1, "whole"), correct(session, PATCHES, "patches")
        errors = Errors()
        for number, truth in enumerate(session.truths):
            drift = truth.drift
            errors.uncorrected.append(drift.error(np.zeros((drift.frame_count, 2))))
            errors.relion.append(drift.error(relion_displacement(session, session.movies[number])))
            errors.whole.append(drift.error(displacement(whole[number], drift)))
            errors.patches.append(drift.error(displacement(patches[number], drift)))
        if tier == "easy":
            correlation, finer = correlation_with_truth(session)
            errors.correlations.append(correlation)
            tell(f"  the sum's own model is {finer:.3f} px off, that of the JSON {errors.patches[0]:.3f}")
        return errors


def correlation_with_truth(session: Session) -> tuple[float, float]:
    """Hold our sum of the first movie, with patches, against one that is made with its true motion.

    Parts of the sum, all over the field, are made again by splines of degree five, moved by the truth. At each point
    as much is taken off the truth as makes both motions equal on average: a sum may be aligned to any frame.

    Returns
    -------
    Lowest correlation of the rings up to 5 Å, and the error of the motion that the sum was made with, in pixels
    """
    drift = session.truths[0].drift
    acquisition = MovieAcquisition(pixel_size=session.pixel_size, voltage=300.0, dose_per_frame=session.dose_per_frame)
    with open_movie(session.movies[0]) as movie:
        detector = read_detector(movie, gain_file=session.gain, orientation=GainOrientation.AS_IS)
        gain = detector.gain
        frames = [frame * gain for frame in movie.frames(threads=2)]
    made = correct_movie(
        session.movies[0],
        session.folder / "again.mrc",
        acquisition,
        MotionSettings(patches=(PATCHES, PATCHES)),
        detector=detector,
        threads=2,
    )
    shape = drift.height, drift.width
    total = np.sum(frames, axis=0)
    hot = (gain == 0.0) | (total > np.median(total) + 9.0 * np.sqrt(np.median(total)))
    at = np.linspace(BORDER, np.array(total.shape) - BORDER - TILE, TILES).astype(int)
    corners = [(int(y), int(x)) for y in at[:, 0] for x in at[:, 1]]
    nodes = np.arange(0, TILE + 1, 32)
    moved = []
    for y, x in corners:
        points = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2) + np.array([x, y], float)
        truth = drift.displacement(points)
        rest = truth + made.motion.shifts_at(points, shape)
        moved.append(truth - rest.mean(axis=0))

    def moved_back(index: int) -> list[np.ndarray]:
        frame = np.where(hot, ndimage.median_filter(frames[index], 5), frames[index])
        splines = ndimage.spline_filter(frame, order=5, output=np.float32, mode="grid-wrap")
        tiles = []
        for (top, left), displaced in zip(corners, moved, strict=True):
            fields = displaced[index].T.reshape(2, len(nodes), len(nodes))
            rows, columns = np.indices((TILE, TILE))
            x, y = (ndimage.map_coordinates(one, (rows / 32.0, columns / 32.0), order=3) for one in fields)
            places = top + rows + y, left + columns + x
            tiles.append(ndimage.map_coordinates(splines, places, order=5, mode="grid-wrap", prefilter=False))
        return tiles

    with ThreadPoolExecutor(2) as pool:
        true_sums = np.sum(list(pool.map(moved_back, range(len(frames)))), axis=0)
    ours = read_image(made.aligned)
    own_sums = np.stack([ours[y : y + TILE, x : x + TILE] for y, x in corners])
    rings = ring_correlation(own_sums, true_sums)
    correlation = float(rings[2 : int(session.pixel_size / RESOLUTION * TILE / RING)].min())
    return correlation, drift.error(-made.motion.shifts_at(drift.grid, shape))


def ring_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of stacks (n, size, size) of images, over all of them."""
    size = first.shape[-1]
    window = np.hanning(size)[:, None] * np.hanning(size)[None, :]
    one, two = (np.fft.rfft2((stack - stack.mean(axis=(1, 2), keepdims=True)) * window) for stack in (first, second))
    radius = size * np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    ring = (radius / RING).astype(int).ravel()
    powers = ((one * two.conj()).real, np.abs(one) ** 2, np.abs(two) ** 2)
    both, own, other = (np.bincount(ring, power.sum(axis=0).ravel()) for power in powers)
    return both / np.sqrt(own * other)


# Time


def print_time(seed: int, rounds: int) -> list[reporting.Promise]:
    """Ten movies in one command, both programs in turn."""
    programs: dict[str, Callable[[Session], Any]] = {
        "RELION, 1 × 1, `--j 2`": run_motioncorr,
        "cryoloom, global": lambda session: correct(session, 1, "timed"),
        "cryoloom, 5 × 5": lambda session: correct(session, PATCHES, "timed"),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        tell(f"time: simulating {TIMED_MOVIES} movies")
        session = write_session(folder, seed=seed, movies=TIMED_MOVIES, threads=2)
        one = replace(session, movies=session.movies[:1])
        warm = [cost_of(lambda: correct(one, PATCHES, "timed")) for _ in range(2)][1]
        cold = cost_without_kernels(one)
        for number in range(rounds):
            for name, run in programs.items():
                tell(f"time: round {number + 1} of {rounds}, {name}")
                costs[name].append(cost_of(lambda run=run: run(session)))
    base = costs[next(iter(programs))]
    rows, held = [], []
    for (name, mine), limit in zip(costs.items(), (None, 1.0, 2.0), strict=True):
        seconds = [f"{statistics.median(getattr(one, kind) for one in mine):.1f} s" for kind in ("wall", "processor")]
        ratio = statistics.median(one.wall / other.wall for one, other in zip(mine, base, strict=True))
        rows.append((name, *seconds, f"{ratio:.2f}"))
        if limit is not None:
            held.append(reporting.promise(f"time of ten movies, {name}, of RELION's", ratio, ".2f", most=limit))
    headings = ("ten movies, 1536² × 24, in one command", "clock", "processor", "of RELION's clock")
    print(reporting.table(headings, rows))
    print(
        f"Medians of {rounds} rounds in turn, warm caches, output included. The first movie after an installation\n"
        f"takes {cold.wall - warm.wall:.0f} s more, in which kernels are compiled and kept.\n"
    )
    return held


def cost_without_kernels(session: Session) -> Cost:
    with tempfile.TemporaryDirectory() as cache:
        command = motion_command(session, PATCHES, "timed")
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        return cost_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment))


# Movies of a real micrograph


def print_real(seeds: list[int], movies: int) -> list[reporting.Promise]:
    """Movies made of the electrons of `fei-extended`, whose true motion is known."""
    path = reporting.real_data("micrographs/fei-extended.mrc.bz2")
    if path is None:
        print(reporting.not_measured("movies of a real micrograph", "set CRYOLOOM_TEST_DATA to the real data"))
        return []
    electrons = count_electrons(read_image(path), GREY_PER_ELECTRON)
    found: list[list[float]] = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            tell(f"real micrograph, seed {seed}: {movies} movies")
            found += honest_movies(Path(folder), electrons, seed, movies)
    rows = [
        (name, *("–" if np.isnan(value) else f"{value:{form}}" for value, form in zip(values, REAL_FORMS, strict=True)))
        for name, values in (
            ("median movie", np.median(found, axis=0)),
            ("lowest", np.min(found, axis=0)),
            ("highest", np.max(found, axis=0)),
        )
    ]
    headings = (f"{len(found)} movies of the real micrograph", "RELION global", "global", "5 × 5")
    headings += ("mean defocus", "U − V", "axis", "quadrants off", "ice ring")
    print(reporting.table(headings, rows))
    print(
        f"{REAL_FRAMES} frames each. Motion in pixels RMS against the truth, whole field and local part together; the\n"
        "CTF, in Å, is that of the plain sum. With the rings as high as they are fitted here, no estimate\n"
        "can know either component of its astigmatism better than to 62 Å (the bound of Cramér and Rao), nor the axis\n"
        "of 117 Å better than to 15°: of several movies, one or another has to lie outside of 80 Å and 20°.\n"
    )
    relion, whole, _, mean, astigmatism, axis, quadrants, ring = np.array(found).T
    turned = np.abs((axis - REFERENCE["axis"] + 90.0) % 180.0 - 90.0)
    return [
        reporting.promise("real micrograph, global / RELION's, worst movie", (whole / relion).max(), ".2f", most=1),
        reporting.promise("… global, worst movie", whole.max(), ".3f px", most=0.5),
        reporting.promise(
            "… mean defocus, off, worst movie", np.abs(mean - REFERENCE["mean"]).max(), ".0f Å", most=120
        ),
        reporting.promise(
            "… U − V, off, median movie", abs(np.median(astigmatism) - REFERENCE["astigmatism"]), ".0f Å", most=80
        ),
        reporting.promise(
            "… U − V, off, worst movie", np.abs(astigmatism - REFERENCE["astigmatism"]).max(), ".0f Å", most=80
        ),
        reporting.promise("… axis, off, worst movie", turned.max(), ".0f °", most=20),
        reporting.promise("… quadrants, off, worst movie", quadrants.max(), ".0f Å", most=200),
        reporting.promise("… movies without the ice ring", np.isnan(ring).sum(), ".0f", most=0),
    ]


def honest_movies(folder: Path, electrons: np.ndarray, seed: int, count: int) -> list[list[float]]:
    """The figures of each movie of one seed, in the order of the table."""
    made = write_honest_session(
        folder, electrons, pixel_size=REAL["pixel_size"], frame_count=REAL_FRAMES, movies=count, seed=seed
    )
    session = Session(
        folder=folder,
        movies=tuple(sorted((folder / "movies").iterdir())),
        gain=folder / "gain.mrc",
        pixel_size=REAL["pixel_size"],
        dose_per_frame=REAL_DOSE / REAL_FRAMES,
        truths=(),
        truth_folder=folder,
    )
    run_motioncorr(session, optics=optics(REAL["spherical_aberration"], REAL["amplitude_contrast"]))
    whole, patches = correct(session, 1, "whole"), correct(session, PATCHES, "patches")
    return [
        real_figures(*one, relion_displacement(session, movie), truth.drift)
        for *one, movie, truth in zip(whole, patches, session.movies, made, strict=True)
    ]


def fit_with_quadrants(micrograph: Path) -> list[dict[str, Any]]:
    """`cryoloom tool ctf` of an aligned sum, and of its four quadrants."""
    image = read_image(micrograph)
    files = [micrograph]
    for index, (rows, columns) in enumerate(np.ndindex(2, 2)):
        height, width = (size // 2 for size in image.shape)
        part = image[rows * height : (rows + 1) * height, columns * width : (columns + 1) * width]
        files.append(micrograph.with_name(f"quadrant_{index}.mrc"))
        write_image(files[-1], np.ascontiguousarray(part), pixel_size=REAL["pixel_size"])
    command = [sys.executable, "-m", "cryoloom.cli.main", "tool", "ctf", *map(str, files), "--json"]
    command += ["--voltage", str(REAL["voltage"]), "--cs", str(REAL["spherical_aberration"])]
    command += ["--amplitude-contrast", str(REAL["amplitude_contrast"])]
    return list(json.loads(subprocess.run(command, check=True, stdout=-1).stdout))


def real_figures(whole: dict[str, Any], patches: dict[str, Any], relion: np.ndarray, drift: Drift) -> list[float]:
    fit, *quadrants = fit_with_quadrants(Path(patches["aligned"]))
    mean = 0.5 * (fit["defocus_u"] + fit["defocus_v"])
    return [
        *(drift.error(one) for one in (relion, displacement(whole, drift), displacement(patches, drift))),
        mean,
        fit["defocus_u"] - fit["defocus_v"],
        fit["defocus_angle"],
        max(abs(0.5 * (part["defocus_u"] + part["defocus_v"]) - mean) for part in quadrants),
        np.nan if fit["ice_ring"] is None else fit["ice_ring"]["resolution"],
    ]


if __name__ == "__main__":
    main()
