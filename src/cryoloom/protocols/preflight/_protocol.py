"""Look at the first movies of a session before the night is spent on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.data import Item, Movie, Snapshot
from cryoloom.protocols.preflight._checks import Check, Verdict, checks_of, in_one_line
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, Output, Stage, WholeProtocol, input_set, output_set
from cryoloom.workflow.workspace import RoundWorkspace

if TYPE_CHECKING:
    from cryoloom.data import Table


class Preflight(WholeProtocol):
    """Check gain orientation, dose, pixel size and Thon rings on the first movies of a session.

    It waits for the movies that it is to look at, or for the end of the session, and looks once. Each check ends with
    *ok*, *look* or *stop*, and says what to do.
    """

    id = "preflight"
    stage = Stage.IMPORT
    judges_inputs = True

    class Inputs:
        """A session."""

        movies: Input[Movie] = input_set("movies, of which the first are looked at")

    class Outputs:
        """What was found."""

        checks: Output[Check] = output_set("one row for each thing that was checked")

    class Parameters(ProtocolParameters):
        """How much is looked at."""

        first: int = parameter(3, label="Movies", help="How many are looked at.", ge=1, le=50)
        threads: int = parameter(1, label="Threads", level=Level.ADVANCED, ge=1, le=64)

    def sample_size(self, parameters: Any) -> int | None:
        """The first movies are enough."""
        first: int = parameters.first
        return first

    def resources(self, inputs: Mapping[str, Snapshot[Any]], parameters: Any) -> Resources:
        """Movies are looked at one by one, so the largest tells."""
        from cryoloom.protocols.motion import CorrectMotion

        motion = CorrectMotion()
        how = CorrectMotion.Parameters(patches=(1, 1), threads=parameters.threads)
        needs = [motion.resources(movie, how).memory for movie in _first(inputs["movies"], parameters.first)]
        return Resources(cpu=parameters.threads, memory=max(needs, default=Resources().memory))

    def compute(
        self, inputs: Mapping[str, Snapshot[Any]], parameters: Any, workspace: RoundWorkspace
    ) -> Mapping[str, Table | Iterable[Item]]:
        """Look at the first movies."""
        from cryoloom.protocols.motion import acquisition_of
        from cryoloom.protocols.preflight._look import look_at

        movies = _first(inputs["movies"], parameters.first)
        if not movies:
            return {"checks": []}
        return {"checks": checks_of(look_at(movies, workspace, acquisition_of), movies[0])}

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """Every verdict, the worst first."""
        return in_one_line([check for check in outputs["checks"].items() if isinstance(check, Check)])

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """Nothing that a paper needs."""
        return ""

    def cautions(self, outputs: Mapping[str, Snapshot[Any]]) -> list[str]:
        """What a person is to look at, or should have stopped for."""
        found = [check for check in outputs["checks"].items() if isinstance(check, Check)]
        return [
            f"{check.name}, {check.verdict}: {check.sentence}"
            for worst in (Verdict.STOP, Verdict.LOOK)
            for check in found
            if check.verdict == worst.value
        ]


def _first(snapshot: Snapshot[Any], count: int) -> list[Movie]:
    movies = sorted((movie for movie in snapshot.items() if isinstance(movie, Movie)), key=lambda movie: movie.file)
    return movies[:count]
