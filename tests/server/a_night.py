"""A session of twelve hours whose sets are written as drivers write them, by a clock that is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cryoloom.data import CTF, Micrograph, Movie, OpticsGroup, SetWriter
from cryoloom.durable import replace_json
from cryoloom.runtime import Project
from cryoloom.workflow.driver._attempt import claim_attempt
from cryoloom.workflow.project import Run
from cryoloom.workflow.run import Progress, RunState, Status, as_document

BEGINNING = 1_800_000_000.0  # seconds since 1970
EVERY = 20.0  # seconds between two movies
PER_SQUARE = 60  # exposures
TERABYTE = 10**12
OPTICS = OpticsGroup.describe(name="night", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)


@dataclass
class Night:
    """A microscope, and what becomes of its movies; its squares, stalls and disk are as a test wants them.

    Parameters
    ----------
    project : that processes it
    now : the clock
    bad_squares : numbers of squares in crystalline ice
    stalls : from when to when, in hours, no movie comes
    full_from, full_to : hours between which the disk is nearly full
    """

    project: Project
    now: float = BEGINNING
    bad_squares: frozenset[int] = frozenset()
    stalls: tuple[tuple[float, float], ...] = ()
    full_from: float = np.inf
    full_to: float = np.inf
    taken: int = 0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(12))

    def __post_init__(self) -> None:
        raw = self.project.path.parent / "raw"
        raw.mkdir(exist_ok=True)
        add = self.project.add
        movies = add("import-movies", folder=raw, expect_more=True, voltage=300.0, pixel_size=1.0, dose_per_frame=1.0)
        motion = add("motion", movies="1.movies")
        self.runs: list[Run] = [movies, motion, add("ctf", micrographs="2.micrographs")]
        self.writers = []
        for run, name in zip(self.runs, ("movies", "micrographs", "ctfs"), strict=True):
            claim_attempt(run.folder, run.protocol(), run.parameters, versions={}, actor="ana")
            writer = SetWriter.open(run.folder.outputs / name, name)
            writer.commit()
            self.writers.append(writer)
            self.say(run, RunState.RUNNING, {name: 0})

    @property
    def hours(self) -> float:
        return (self.now - BEGINNING) / 3600

    def disk(self, _folder: Path) -> tuple[int, int]:
        """Free and total bytes."""
        full = self.full_from <= self.hours < self.full_to
        return (TERABYTE // 100 if full else 4 * TERABYTE), 10 * TERABYTE

    def go_on(self, seconds: float) -> None:
        """The clock goes on, and what the microscope writes meanwhile is processed."""
        came = []
        for moment in np.arange(self.now, self.now + seconds, EVERY):
            hour = (moment - BEGINNING) / 3600
            if not any(begin <= hour < end for begin, end in self.stalls):
                came.append(self.exposure(float(moment)))
        self.now += seconds
        if came:
            for run, writer, rows in zip(self.runs, self.writers, zip(*came, strict=True), strict=True):
                writer.commit(list(rows))
                self.say(run, RunState.RUNNING, {writer.folder.name: writer.count})

    def say(self, run: Run, state: RunState, outputs: dict[str, int]) -> None:
        """What the heartbeat of its driver tells."""
        status = Status(heartbeat=self.taken, state=state, progress=Progress(outputs=outputs))
        replace_json(run.folder.newest_attempt().path / "status.json", as_document(status), sync=False)

    def exposure(self, moment: float) -> tuple[Movie, Micrograph, CTF]:
        """One movie, its sum and its fit: most are good, one in twenty is not, and those of bad squares are not."""
        self.taken += 1
        number = self.taken
        square = number // PER_SQUARE
        random = self.random
        bad = square in self.bad_squares
        odd = random.random() < 0.05
        poor = bad and random.random() < 0.95
        image = {"width": 4096, "height": 4096, "pixel_size": 1.0}
        astigmatism = 250 * abs(random.normal()) + (1500 if random.random() < 0.02 else 0)
        movie = Movie(
            id=number, file=f"/raw/shot_{number:05d}.eer", frame_count=40, dose_per_frame=1.0, size_bytes=10**9,
            modified_ns=int(moment * 1e9), grid_square=f"GridSquare_{square}", **image,
        )  # fmt: skip
        micrograph = Micrograph(
            id=number, parent_id=number, file=f"runs/2/{number}.mrc", movie_file=movie.file,
            motion_total=float(random.lognormal(2.7, 0.4) + (80 if random.random() < 0.03 else 0)), **image,
        )  # fmt: skip
        ctf = CTF(
            id=number, parent_id=number, defocus_u=15000.0 + astigmatism, defocus_v=15000.0, defocus_angle=0.0,
            fit_resolution=float(random.uniform(9, 16) if poor or odd else random.uniform(3, 6)),
            ice_ring=float(random.uniform(0.15, 0.5)) if bad and random.random() < 0.85 else None,
            ice_thickness_relative=float(random.lognormal(-4, 0.2) * (1.5 if bad else 1)), pixel_size=1.0,
        )  # fmt: skip
        return movie.with_optics(OPTICS), micrograph.with_optics(OPTICS), ctf.with_optics(OPTICS)
