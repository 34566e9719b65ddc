"""From a writer's last byte to a CTF that another process can read, on an idle lane with default settings.

    python bench/latency.py [--full] [--movies 9] [--stall 3] [--edge 768] [--frames 12]

Simulated movies are written one at a time, each when the results of the former are there: in turn by ``cp``, by
``rsync --inplace`` and by a writer that stalls in the middle; none of them renames. The last byte is seen by watching
the file's size; the CTF by reading the set, as any other process would. What the same movie takes in `tool motion` and
`tool ctf`, run just before with warm caches, is subtracted; stricter rows subtract the computation alone.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reporting
import tifffile

from cryoloom.runtime import Project, use_kernel_cache
from cryoloom.testing.microscope import MicroscopeParameters, Session, write_session
from cryoloom.workflow.project import Output, Run

DISTINCT = 3
POLL = 0.005


@dataclass(frozen=True)
class Passage:
    """One movie's way; moments in seconds after the writer's last byte.

    Parameters
    ----------
    writer : how it was written
    imported, aligned, fitted : when its row could be read in the set of movies, of micrographs, of CTFs
    tools : seconds of `tool motion` and `tool ctf`, process start included
    computed : seconds of the same work in a warm process
    worked : seconds that the two tasks took in their workers
    """

    writer: str
    imported: float
    aligned: float
    fitted: float
    tools: float
    computed: float
    worked: float


class LastByte(threading.Thread):
    """Sees when a file reaches its full size."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(daemon=True)
        self._path, self._size = path, size
        self.moment = 0.0
        self.start()

    def run(self) -> None:
        while not (self._path.exists() and self._path.stat().st_size == self._size):
            time.sleep(0.001)
        self.moment = time.monotonic()


def write(writer: str, source: Path, target: Path, stall: float) -> None:
    if writer == "cp":
        subprocess.run(["cp", str(source), str(target)], check=True)
    elif writer == "rsync":
        subprocess.run(["rsync", "-a", "--inplace", str(source), str(target)], check=True)
    else:
        content = source.read_bytes()
        with target.open("wb") as stream:
            stream.write(content[: len(content) // 2])
            stream.flush()
            time.sleep(stall)
            stream.write(content[len(content) // 2 :])


def unlike_others(movie: Path, number: int, folder: Path) -> Path:
    """A copy with one electron more: a movie whose bytes came before is not imported again."""
    frames = tifffile.imread(movie)
    frames[0, 0, number] += 1
    copy = folder / f"movie_{number:04d}.tif"
    tifffile.imwrite(copy, frames, compression="lzw", photometric="minisblack", metadata=None)
    return copy


def wait_for_count(output: Output, count: int, deadline: float) -> float:
    while time.monotonic() < deadline:
        if output.latest().count >= count:
            return time.monotonic()
        time.sleep(POLL)
    raise TimeoutError(f"{output} has not reached {count} items; run {output.run.number} is {output.run.state.value}")


def tool_seconds(session: Session, movie: Path, folder: Path, optics: dict[str, Any]) -> float:
    """Seconds of the two commands."""
    aligned = folder / "tool.mrc"
    program = [sys.executable, "-m", "cryoloom.cli.main", "tool"]
    voltage = ["--voltage", str(optics["voltage"])]
    motion = ["motion", str(movie), "--dose-per-frame", str(session.dose_per_frame), "--gain", str(session.gain)]
    ctf = ["ctf", str(aligned), "--cs", str(optics["spherical_aberration"])]
    ctf += ["--amplitude-contrast", str(optics["amplitude_contrast"])]
    pixel_size = ["--pixel-size", str(session.pixel_size)]
    began = time.monotonic()
    for command in ([*motion, "--output", str(aligned)], ctf):
        subprocess.run([*program, *command, *voltage, *pixel_size], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def computed_seconds(session: Session, movie: Path, folder: Path, optics: dict[str, Any]) -> float:
    """Seconds of the same work in this process, which has done it before."""
    from cryoloom.engine.ctf import estimate_ctf
    from cryoloom.engine.motion import MotionSettings
    from cryoloom.formats import read_image
    from cryoloom.protocols.motion._detector import read_detector
    from cryoloom.protocols.motion._files import MovieAcquisition, correct_movie

    acquisition = MovieAcquisition(
        pixel_size=session.pixel_size, voltage=optics["voltage"], dose_per_frame=session.dose_per_frame
    )
    began = time.monotonic()
    with acquisition.open(movie) as opened:
        detector = read_detector(opened, gain_file=session.gain, orientation=None, defects_file=None, eer_upsampling=1)
    made = correct_movie(movie, folder / "here.mrc", acquisition, MotionSettings(patches=(5, 5)), detector=detector)
    estimate_ctf(
        read_image(made.aligned),
        pixel_size=session.pixel_size,
        voltage=optics["voltage"],
        spherical_aberration=optics["spherical_aberration"],
        amplitude_contrast=optics["amplitude_contrast"],
    )
    return time.monotonic() - began


def start(folder: Path, session: Session, optics: dict[str, Any]) -> tuple[Project, list[Run]]:
    project = Project.create(folder / "project")
    (folder / "raw").mkdir()
    movies = project.add(
        "import-movies",
        folder=folder / "raw",
        expect_more=True,
        voltage=optics["voltage"],
        spherical_aberration=optics["spherical_aberration"],
        amplitude_contrast=optics["amplitude_contrast"],
        pixel_size=session.pixel_size,
        dose_per_frame=session.dose_per_frame,
        gain=session.gain,
    )
    motion = project.add("motion", movies=movies.outputs["movies"])
    ctf = project.add("ctf", micrographs=motion.outputs["micrographs"])
    runs = [movies, motion, ctf]
    for run in runs:
        run.start()
    for run in runs:
        while not all((run.folder.outputs / name / "manifest-000001.json").exists() for name in run.outputs):
            time.sleep(0.05)
    return project, runs


def worker_seconds(runs: list[Run], item: int) -> float:
    from cryoloom.data import StoredSet

    seconds = 0.0
    for run in runs:
        snapshot = StoredSet(run.folder.ledger).latest()
        assert snapshot is not None
        seconds += float(snapshot.rows([item])["seconds"][0])
    return seconds


def measure(folder: Path, *, movies: int, stall: float, edge: int, frames: int) -> list[Passage]:
    parameters = MicroscopeParameters.of_tier("easy").resized(width=edge, height=edge, frame_count=frames)
    session = write_session(folder / "microscope", parameters=parameters, movies=DISTINCT, seed=20260101)
    optics = json.loads((session.truth_folder / "session.json").read_text(encoding="utf-8"))["parameters"]["optics"]
    for measured in (tool_seconds, computed_seconds):
        measured(session, session.movies[0], folder, optics)  # caches are warm from here on
    _, runs = start(folder, session, optics)
    outputs = [next(iter(run.outputs.values())) for run in runs]
    passages = []
    try:
        writers = ["cp", "rsync" if reporting.has_program("rsync") else "cp", "stalling"]
        for number in range(movies):
            writer = writers[number % 3]
            source = unlike_others(session.movies[number // 3 % DISTINCT], number, folder)
            tools = tool_seconds(session, source, folder, optics)
            computed = computed_seconds(session, source, folder, optics)
            target = folder / "raw" / f"movie_{number:04d}.tif"
            last_byte = LastByte(target, source.stat().st_size)
            write(writer, source, target, stall)
            seen = [wait_for_count(output, number + 1, time.monotonic() + 120) for output in outputs]
            last_byte.join()
            (item,) = (movie.id for movie in outputs[0] if movie.file == str(target))
            (ctf,) = (ctf for ctf in outputs[2] if ctf.id == item)
            assert ctf.defocus_u > 0
            moments = [moment - last_byte.moment for moment in seen]
            passages.append(Passage(writer, *moments, tools, computed, worker_seconds(runs[1:], item)))
        failed = [failure for run in runs for failure in run.failed_items()]
        assert not failed, f"a half file was read: {failed}"
    finally:
        for run in runs:
            run.stop()
        for run in runs:
            while run.state.active:
                time.sleep(0.05)
    return passages


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--movies", type=int, help="by default 9, or 50 with --full")
    parser.add_argument("--stall", type=float, help="seconds; by default 3, or 20 with --full")
    parser.add_argument("--edge", type=int, help="of the movies, in pixels; by default 768, or 1536 with --full")
    parser.add_argument("--frames", type=int, help="by default 12, or 24 with --full")
    options = parser.parse_args()
    quick = {"movies": 9, "stall": 3.0, "edge": 768, "frames": 12}
    full = {"movies": 50, "stall": 20.0, "edge": 1536, "frames": 24}
    for name, value in (full if options.full else quick).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if not reporting.has_program("rsync"):
        print(reporting.not_measured("movies written by rsync", "there is no rsync; apt install rsync"))
    use_kernel_cache()
    with tempfile.TemporaryDirectory(prefix="cryoloom-latency-") as folder:
        passages = measure(
            Path(folder), movies=options.movies, stall=options.stall, edge=options.edge, frames=options.frames
        )
    print(f"{len(passages)} movies of {options.edge}² × {options.frames}, stalls of {options.stall:g} s.\n")
    rows = []
    held = []
    for label, values, promised in (
        ("movie imported", [p.imported for p in passages], False),
        ("micrograph readable", [p.aligned for p in passages], False),
        ("CTF readable", [p.fitted for p in passages], False),
        ("… minus `tool motion` + `tool ctf`", [p.fitted - p.tools for p in passages], True),
        ("… minus the computation alone, in a warm process", [p.fitted - p.computed for p in passages], True),
        ("… minus what the tasks took in their workers", [p.fitted - p.worked for p in passages], False),
        ("`tool motion` + `tool ctf`", [p.tools for p in passages], False),
        ("the computation alone", [p.computed for p in passages], False),
    ):
        high = sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
        rows.append((label, f"{statistics.median(values):.2f}", f"{high:.2f}", f"{values[0]:.2f}"))
        if promised:
            held.append(reporting.promise(f"{label}, median", statistics.median(values), ".2f s", most=3))
            held.append(reporting.promise(f"{label}, 95th percentile", high, ".2f s", most=6))
    headings = ("seconds after the writer's last byte", "median", "95th percentile", "first movie")
    print(reporting.table(headings, rows))
    rows = []
    for writer in dict.fromkeys(p.writer for p in passages):
        values = [p.fitted for p in passages if p.writer == writer]
        rows.append((writer, len(values), f"{statistics.median(values):.2f}", f"{max(values):.2f}"))
    print(reporting.table(("writer", "movies", "CTF readable, median", "slowest"), rows))
    print("No movie failed: no half file was read.\n")
    print(reporting.promises(held))


if __name__ == "__main__":
    main()
