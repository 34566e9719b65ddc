"""Protocols that take the place of others in benchmarks of the runtime, and the driver process that runs them.

    python bench/stand_ins.py PROJECT RUN [ACTOR]

The stand-ins of motion, CTF, picking and extraction have the ports, the parameters and the rows of the real ones, but
wait instead of computing and write no image.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryoloom.data import CTF, Coordinate, Micrograph, Movie, Particle, child_id, half_set_of
from cryoloom.protocols.ctf import EstimateCTF
from cryoloom.protocols.extract import ExtractParticles
from cryoloom.protocols.motion import CorrectMotion
from cryoloom.protocols.pick import PickParticles
from cryoloom.runtime import InstalledEnvironment
from cryoloom.workflow.detached import start_detached
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.protocol import Input, MapProtocol, Output, Protocol, Stage, input_set, output_set
from cryoloom.workflow.run import RunFolder
from cryoloom.workflow.workspace import Workspace

SECONDS, PICKS = "CRYOLOOM_BENCH_SECONDS", "CRYOLOOM_BENCH_PICKS"
"""Environment variables: how long a movie takes in all stages together, and how many particles it shows."""

_SHARES = {"motion": 0.6, "ctf": 0.15, "pick": 0.1, "extract": 0.15}


def wait(protocol: Protocol) -> None:
    """Take the stage's share of a movie's time."""
    time.sleep(_SHARES[protocol.id] * float(os.environ[SECONDS]))


class NoOp(MapProtocol):
    """Pass each movie on as it is."""

    id = "no-op"
    stage = Stage.SETS

    class Inputs:
        """Movies."""

        movies: Input[Movie] = input_set("movies")

    class Outputs:
        """The same movies."""

        movies: Output[Movie] = output_set("the same movies")

    def process(self, movie: Movie, /, parameters: Any, workspace: Workspace) -> Movie:
        """Do nothing."""
        return movie


class ReplayedMotion(CorrectMotion):
    """Motion correction that waits."""

    def resources(self, movie: Movie, parameters: Any) -> Resources:
        """One core."""
        return Resources()

    def process(self, movie: Movie, /, parameters: Any, workspace: Workspace) -> Micrograph:
        """Make up a micrograph."""
        wait(self)
        return Micrograph(
            id=movie.id,
            parent_id=movie.id,
            file=f"{workspace.run}/files/micrographs/{workspace.stem}.mrc",
            dose_weighted_file=f"{workspace.run}/files/micrographs/{workspace.stem}_dose_weighted.mrc",
            movie_file=movie.file,
            width=4092,
            height=5760,
            pixel_size=movie.pixel_size,
            total_dose=50.0,
            motion_file=f"{workspace.run}/files/motion/{workspace.stem}.star",
            motion_total=12.5,
            motion_early=7.5,
            motion_late=5.0,
            local_motion=True,
        ).with_optics(movie.optics)


class ReplayedCTF(EstimateCTF):
    """CTF estimation that waits."""

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """One core."""
        return Resources()

    def process(self, micrograph: Micrograph, /, parameters: Any, workspace: Workspace) -> CTF:
        """Make up a CTF."""
        wait(self)
        return CTF(
            id=micrograph.id,
            parent_id=micrograph.id,
            defocus_u=15_000.0 + micrograph.id % 5_000,
            defocus_v=14_500.0 + micrograph.id % 5_000,
            defocus_angle=45.0,
            score=0.2,
            fit_resolution=4.0,
            pixel_size=micrograph.pixel_size,
        ).with_optics(micrograph.optics)


class ReplayedPicking(PickParticles):
    """Picking that waits."""

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """One core."""
        return Resources()

    def process(
        self, micrograph: Micrograph, /, parameters: Any, workspace: Workspace, **_: Any
    ) -> Sequence[Coordinate]:
        """Make up positions."""
        wait(self)
        return [
            Coordinate(
                id=child_id(micrograph.id, f"pick {number}"),
                parent_id=micrograph.id,
                micrograph_id=micrograph.id,
                x=100.0 + 10.0 * number,
                y=200.0 + 7.0 * number,
                score=1.0 / (1 + number),
                diameter=150.0,
                micrograph_file=micrograph.file,
            )
            for number in range(int(os.environ[PICKS]))
        ]


class ReplayedExtraction(ExtractParticles):
    """Extraction that waits."""

    def resources(self, micrograph: Micrograph, parameters: Any) -> Resources:
        """One core."""
        return Resources()

    def process(
        self,
        micrograph: Micrograph,
        /,
        parameters: Any,
        workspace: Workspace,
        *,
        coordinates: Sequence[Coordinate],
        ctfs: CTF | None = None,
    ) -> Sequence[Particle]:
        """Make up particles."""
        wait(self)
        assert ctfs is not None
        return [
            Particle(
                id=child_id(coordinate.id, "particle"),
                parent_id=coordinate.id,
                micrograph_id=micrograph.id,
                file=f"{workspace.run}/files/particles/{workspace.stem}.mrcs",
                index=index,
                pixel_size=1.7,
                box_size=128,
                x=coordinate.x,
                y=coordinate.y,
                micrograph_file=micrograph.file,
                half_set=half_set_of(coordinate.id),
                shift_x=0.1,
                shift_y=-0.1,
                defocus_u=ctfs.defocus_u,
                defocus_v=ctfs.defocus_v,
                defocus_angle=ctfs.defocus_angle,
                score=coordinate.score,
            ).with_optics(micrograph.optics)
            for index, coordinate in enumerate(coordinates)
        ]


STAND_INS: dict[str, type[Protocol]] = {
    each.id: each for each in (NoOp, ReplayedMotion, ReplayedCTF, ReplayedPicking, ReplayedExtraction)
}


class EnvironmentOfStandIns(InstalledEnvironment):
    """What is installed on this machine, but for the stand-ins."""

    def protocol(self, protocol_id: str) -> type[Protocol]:
        """The protocol of that id."""
        return STAND_INS.get(protocol_id) or super().protocol(protocol_id)

    def start_driver(self, project: Path, run: Path, *, actor: str) -> int:
        """Start a driver as the installed one is started; and the installed one itself for what has no stand-in."""
        if RunFolder(run).record().protocol not in STAND_INS:
            return super().start_driver(project, run, actor=actor)
        return start_detached([sys.executable, __file__, str(project), str(run), actor], run / "driver.txt", project)


if __name__ == "__main__":
    from stand_ins import EnvironmentOfStandIns as Environment  # by the name under which workers import it

    drive_run(Path(sys.argv[1]), Path(sys.argv[2]), Environment(), actor=sys.argv[3])
