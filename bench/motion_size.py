"""A movie of the K3's size and an EER movie: time, and peak memory against what the protocol declares."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import reporting
from motion_programs import PATCHES, Cost, cost_of, displacement, motion_command, optics, tell
from simulated_guard import relion_displacement, run_motioncorr

from cryoloom.data import Movie
from cryoloom.formats import open_movie
from cryoloom.protocols.motion import CorrectMotion
from cryoloom.testing.eer import ElectronEvents, write_eer
from cryoloom.testing.microscope import Drift, MicroscopeParameters, Session, SimulatedMicroscope, write_session

EER_FRACTIONS, EER_RAW_FRAMES = 40, 13  # and raw frames in each

# Peak memory is that of the program alone: what `resource` tells includes that of the process it was forked from.
WATCHED = """
import sys
from pathlib import Path
from cryoloom.cli.main import main
try:
    main(sys.argv[2:])
except SystemExit as end:
    if end.code:
        raise
status = Path("/proc/self/status").read_text()
Path(sys.argv[1]).write_text(status.split("VmHWM:")[1].split()[0])
"""


def print_size(seed: int) -> list[reporting.Promise]:
    rows: list[tuple[object, ...]] = []
    held: list[reporting.Promise] = []
    for write in (write_k3, write_eer_movie):
        with tempfile.TemporaryDirectory() as folder:
            row, promised = size_row(*write(Path(folder), seed))
            rows.append(row)
            held += promised
    headings = (
        "movie",
        "5 × 5",
        "CTF",
        "peak memory",
        "declared",
        "error",
        "RELION 5 × 5",
        "its error",
        "movies an hour",
    )
    print(reporting.table(headings, rows))
    print("Two threads each, warm caches; errors in pixels. Movies an hour on one core, by processor time with CTF.\n")
    return held


def size_row(
    session: Session, drift: Drift, options: list[str], relions_options: str
) -> tuple[tuple[str, ...], list[reporting.Promise]]:
    document: dict[str, Any] = {}
    motion = cost_watched(session, options, document)
    sum_file = document["aligned"]
    command = [sys.executable, "-m", "cryoloom.cli.main", "tool", "ctf", sum_file, "--voltage", "300", "--cs", "2.7"]
    fit = cost_of(lambda: subprocess.run([*command, "--amplitude-contrast", "0.07"], check=True, stdout=-1, stderr=-1))
    with open_movie(session.movies[0], eer_fractions=drift.frame_count) as movie:
        item = Movie(
            id=1,
            file=str(session.movies[0]),
            frame_count=movie.frame_count,
            width=drift.width,
            height=drift.height,
            bytes_per_pixel=movie.dtype.itemsize,
            pixel_size=session.pixel_size,
            dose_per_frame=session.dose_per_frame,
        )
        name = f"{movie.header.format}, {drift.width} × {drift.height} × {movie.frame_count}"
    declared = CorrectMotion().resources(item, CorrectMotion.Parameters(threads=2)).memory
    relion = cost_of(lambda: run_motioncorr(session, PATCHES, optics=optics(2.7, 0.07), options=relions_options))
    found = relion_displacement(session, session.movies[0])
    row = (
        name,
        f"{motion.wall:.1f} s",
        f"{fit.wall:.1f} s",
        f"{motion.memory / 1e9:.2f} GB",
        f"{declared / 1e9:.2f} GB ({100 * (declared / motion.memory - 1):+.0f} %)",
        f"{drift.error(displacement(document, drift)):.3f}",
        f"{relion.wall:.1f} s",
        f"{drift.error(found):.3f} (its global part)",
        f"{3600 / (motion.processor + fit.processor):.0f}",
    )
    return row, [
        reporting.promise(f"{name}: motion", motion.wall, ".1f s", most=90),
        reporting.promise("… CTF", fit.wall, ".1f s", most=5),
        reporting.promise("… peak memory", motion.memory / 1e9, ".2f GB", most=6),
        reporting.promise("… declared memory, off", 100 * abs(declared / motion.memory - 1), ".0f %", most=20),
    ]


def cost_watched(session: Session, options: list[str], document: dict[str, Any]) -> Cost:
    """Run once to warm up and once for the record; the JSON goes into ``document``."""
    note = session.folder / "peak"
    program = (sys.executable, "-c", WATCHED, str(note))
    command = motion_command(session, PATCHES, "watched", *options, program=program)
    for _ in range(2):
        cost = cost_of(lambda: document.update(json.loads(subprocess.run(command, check=True, stdout=-1).stdout)))
    return replace(cost, memory=1024 * int(note.read_text()))


def write_k3(folder: Path, seed: int) -> tuple[Session, Drift, list[str], str]:
    tell("size: simulating a movie of the K3's size")
    parameters = MicroscopeParameters.of_tier("easy").resized(
        width=5760, height=4092, frame_count=50, particle_count=170
    )
    parameters = parameters.changed(pixel_size=0.83, dose_per_frame=1.0)
    session = write_session(folder, seed=seed, movies=1, parameters=parameters)
    return session, session.truths[0].drift, [], ""


def write_eer_movie(folder: Path, seed: int) -> tuple[Session, Drift, list[str], str]:
    """Electrons of simulated fractions, shared out to raw frames, of which a pixel holds one at most."""
    tell("size: simulating an EER movie")
    parameters = MicroscopeParameters.of_tier("easy").resized(
        width=4096, height=4096, frame_count=EER_FRACTIONS, particle_count=100
    )
    parameters = parameters.changed(pixel_size=0.74, dose_per_frame=1.0, gain_spread=0.0, hot_pixel_count=0)
    exposure = SimulatedMicroscope("easy", seed=seed, parameters=parameters).expose(seed=1)
    random = np.random.default_rng(seed)

    def raw_frames() -> Any:
        for counts in exposure.counts:
            pixels = random.permutation(np.repeat(np.arange(counts.size), counts.ravel()))
            for part in np.array_split(pixels, EER_RAW_FRAMES):
                rows, columns = np.divmod(np.unique(part), counts.shape[1])
                inside = random.integers(0, 4, (2, len(rows)))
                yield ElectronEvents(4 * rows + inside[0], 4 * columns + inside[1])

    (folder / "movies").mkdir()
    movie = folder / "movies" / "movie.eer"
    write_eer(movie, raw_frames(), shape=exposure.counts.shape[1:], pixel_size=0.74)
    session = Session(
        folder=folder,
        movies=(movie,),
        gain=folder / "gain.mrc",
        pixel_size=0.74,
        dose_per_frame=1.0,
        truths=(),
        truth_folder=folder,
    )
    return (
        session,
        exposure.truth.drift,
        ["--eer-fractions", str(EER_FRACTIONS)],
        f"--eer_grouping {EER_RAW_FRAMES} --eer_upsampling 1",
    )
