"""Is the simulated set honest? Its uncorrected motion, and what RELION's global correction makes of it.

    python bench/simulated_guard.py [--full] [--tier easy] [--seeds 101 102 103] [--specimen t20s --structures DIR]

Uncorrected motion should be 1.27 ± 0.15 px and RELION 3.1.3's global result 0.35 to 0.60 px: root mean square over
frames of (estimated - true) displacement on a 7 × 7 grid of specimen points, one constant a point removed. Otherwise
the set is too easy, or wrong.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import reporting

from cryoloom.testing.microscope import ContrastTransfer, Session, load_specimen, write_session

UNCORRECTED = (1.12, 1.42)
OF_RELION = (0.35, 0.60)


def run_motioncorr(
    session: Session, patches: int = 1, threads: int = 2, *, optics: ContrastTransfer | None = None, options: str = ""
) -> float:
    """Run RELION's own motion correction on a session, into its folder ``Motion``; return the seconds it took."""
    optics = optics or session.truths[0].transfer
    group = f"{session.pixel_size} {optics.voltage} {optics.spherical_aberration} {optics.amplitude_contrast}"
    star = (
        "\ndata_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographOriginalPixelSize #3\n"
        "_rlnVoltage #4\n_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\n"
        f"simulated 1 {group}\n\n"
        "\ndata_movies\n\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\n"
    )
    star += "".join(f"movies/{movie.name} 1\n" for movie in session.movies)
    (session.folder / "movies.star").write_text(star)
    command = (
        f"relion_run_motioncorr --i movies.star --o Motion/ --use_own --j {threads} --bfactor 150 "
        f"--patch_x {patches} --patch_y {patches} {'--gainref gain.mrc' if session.gain.exists() else ''} "
        f"--dose_per_frame {session.dose_per_frame} --dose_weighting {options}"
    )
    began = time.perf_counter()
    subprocess.run(command.split(), cwd=session.folder, check=True, capture_output=True)
    return time.perf_counter() - began


def relion_displacement(session: Session, movie: Path) -> np.ndarray:
    """Displacement (frame, 2) in pixels that RELION found: the negative of the shifts that it applies."""
    text = (session.folder / "Motion" / "movies" / f"{movie.stem}.star").read_text()
    table = text.split("data_global_shift")[1].split("data_")[0]
    rows = [line.split() for line in table.splitlines() if re.match(r"\s*\d+\s+-?\d", line)]
    return -np.array([[float(row[1]), float(row[2])] for row in rows])


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--tier", default="easy")
    reporting.seed_option(parser)
    parser.add_argument("--movies", type=int, help="a seed; by default 4, or 10 with --full")
    parser.add_argument("--specimen", default="pseudoprotein")
    parser.add_argument("--structures", type=Path)
    options = parser.parse_args()
    movies = options.movies or (10 if options.full else 4)
    specimen = load_specimen(options.specimen, options.structures)
    rows, all_uncorrected, all_relion = [], [], []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            session = write_session(folder, tier=options.tier, seed=seed, movies=movies, specimen=specimen, threads=2)
            seconds = run_motioncorr(session) / movies
            drifts = [truth.drift for truth in session.truths]
            none = [drift.error(np.zeros((drift.frame_count, 2))) for drift in drifts]
            relion = [
                drift.error(relion_displacement(session, movie))
                for movie, drift in zip(session.movies, drifts, strict=True)
            ]
            best = [drift.error(drift.global_shifts) for drift in drifts]
        cells = [f"{np.mean(one):.3f} ({max(one):.3f})" for one in (none, relion, best)]
        rows.append((seed, *cells, f"{seconds:.2f} s"))
        all_uncorrected.append(float(np.mean(none)))
        all_relion.append(float(np.mean(relion)))
        print(f"guard, seed {seed} done", file=sys.stderr, flush=True)
    print(f"{options.tier}, {specimen.name}, {movies} movies a seed: pixels RMS, the mean (the worst movie).\n")
    headings = ("seed", "uncorrected", "RELION global", "best that a global shift can do", "RELION, a movie")
    print(reporting.table(headings, rows))
    print(
        reporting.promises(
            reporting.promise(f"{name}, the {end.__name__} of the seeds", end(values), ".3f px", least=least, most=most)
            for name, values, (least, most) in (
                ("uncorrected", all_uncorrected, UNCORRECTED),
                ("RELION's global result", all_relion, OF_RELION),
            )
            for end in (min, max)
        )
    )


if __name__ == "__main__":
    main()
