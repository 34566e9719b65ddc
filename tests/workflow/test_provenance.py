"""An item is followed back to the movie it came from, through every kind of step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from cryoloom.data import Coordinate, Micrograph, Movie, Particle, child_id, digest, quantised_position
from cryoloom.errors import NotFoundError
from cryoloom.protocols.sets import CombineItems, FilterItems
from cryoloom.testing.workflow import SmallEnvironment, SmallProject
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.project import Run
from cryoloom.workflow.protocol import (
    Found,
    Input,
    MapProtocol,
    Output,
    Protocol,
    SourceProtocol,
    WholeProtocol,
    input_set,
    output_set,
)
from cryoloom.workflow.provenance import Trace, trace
from cryoloom.workflow.run import RequestKind


class Movies(SourceProtocol):
    """Movies that nobody took."""

    id = "movies"

    class Outputs:
        movies: Output[Movie] = output_set()

    class Parameters(ProtocolParameters):
        count: int = parameter(2, label="Count")

    def look(self, parameters: Any, context: Any) -> Found:
        known = context.known["movies"]
        movies = [
            Movie(
                id=digest("movie", bytes([n])), file=f"/raw/{n}.tif", frame_count=1, width=9, height=9, pixel_size=1.0
            )
            for n in range(parameters.count)
        ]
        return Found(items={"movies": [movie for movie in movies if movie.id not in known]}, exhausted=True)


class Align(MapProtocol):
    """A micrograph of each movie."""

    id = "align"

    class Inputs:
        movies: Input[Movie] = input_set()

    class Outputs:
        micrographs: Output[Micrograph] = output_set()

    def process(self, movie: Movie, /, parameters: Any, workspace: Any) -> Micrograph:
        return Micrograph(
            id=movie.id,
            parent_id=movie.id,
            file=f"runs/aligned/{Path(movie.file).stem}.mrc",
            movie_file=movie.file,
            width=9,
            height=9,
            pixel_size=1.0,
        )


class Pick(MapProtocol):
    """Two positions in each micrograph."""

    id = "pick"

    class Inputs:
        micrographs: Input[Micrograph] = input_set()

    class Outputs:
        coordinates: Output[Coordinate] = output_set()

    class Parameters(ProtocolParameters):
        x: float = parameter(1.0, label="First position")

    def process(self, micrograph: Micrograph, /, parameters: Any, workspace: Any) -> Sequence[Coordinate]:
        return [
            Coordinate(
                id=child_id(micrograph.id, quantised_position(x, 5.0)),
                parent_id=micrograph.id,
                micrograph_id=micrograph.id,
                x=x,
                y=5.0,
                micrograph_file=micrograph.file,
            )
            for x in (parameters.x, parameters.x + 4)
        ]


class Extract(MapProtocol):
    """A particle at each position."""

    id = "extract"

    class Inputs:
        micrographs: Input[Micrograph] = input_set()
        coordinates: Input[Coordinate] = input_set(grouped_by="micrograph_id")

    class Outputs:
        particles: Output[Particle] = output_set()

    def process(
        self, micrograph: Micrograph, /, parameters: Any, workspace: Any, *, coordinates: Sequence[Coordinate]
    ) -> Sequence[Particle]:
        return [
            Particle(
                id=child_id(coordinate.id, "particle"),
                parent_id=coordinate.id,
                micrograph_id=micrograph.id,
                file="runs/particles/stack.mrcs",
                index=index,
                pixel_size=1.0,
                box_size=4,
                x=coordinate.x,
                y=coordinate.y,
                micrograph_file=micrograph.file,
            )
            for index, coordinate in enumerate(coordinates)
        ]


class Refine(WholeProtocol):
    """Particles with a pose, and their mean position as another particle."""

    id = "refine"

    class Inputs:
        particles: Input[Particle] = input_set()

    class Outputs:
        refined: Output[Particle] = output_set()
        mean: Output[Coordinate] = output_set()

    def compute(self, inputs: Mapping[str, Any], parameters: Any, workspace: Any) -> Mapping[str, Any]:
        particles = list(inputs["particles"].items())
        mean = Coordinate(id=1, micrograph_id=0, x=sum(one.x for one in particles) / len(particles), y=0.0)
        return {"refined": particles, "mean": [mean]}


class Environment(SmallEnvironment):
    def protocols(self) -> Mapping[str, type[Protocol]]:
        mine = (Movies, Align, Pick, Extract, Refine, FilterItems, CombineItems)
        return {protocol.id: protocol for protocol in mine}


class Session:
    def __init__(self, folder: Path) -> None:
        small = SmallProject.create(folder / "project")
        self.project = SmallProject(small.folder, Environment())
        self.run("movies")
        self.run("align", movies="1.movies")
        self.run("pick", micrographs="2.micrographs")
        self.run("extract", micrographs="2.micrographs", coordinates="3.coordinates")

    def run(self, protocol: str, **values: Any) -> Run:
        run = self.project.add(protocol, **values)
        self.project.drive(run)
        return run

    def trace(self, reference: str, item: int) -> Trace:
        return trace(RunGraph.read(self.project.folder), self.project.output(reference).reference, item)

    def ids(self, reference: str) -> list[int]:
        return [item.id for item in self.project.output(reference)]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def line(traced: Trace) -> list[tuple[int, str]]:
    return [(ancestor.number, ancestor.output) for ancestor in traced.line]


def test_a_particle_is_followed_to_its_movie(session: Session) -> None:
    particle = list(session.project.output("4.particles"))[3]
    traced = session.trace("4.particles", particle.id)
    assert line(traced) == [(4, "particles"), (3, "coordinates"), (2, "micrographs"), (1, "movies")]
    first, pick, micrograph, movie = traced.line
    assert first.item == f"{particle.id:016x}"
    assert (pick.item, movie.item) == (f"{particle.parent_id:016x}", f"{particle.micrograph_id:016x}")  # type: ignore[attr-defined]
    assert movie.files == {"file": micrograph.files["movie_file"]}
    assert first.files == {"file": "runs/particles/stack.mrcs", "micrograph_file": micrograph.files["file"]}
    assert (pick.protocol, pick.protocol_version, pick.parameters, pick.attempt) == ("pick", 1, {"x": 1.0}, 1)
    assert first.by == ("parent_id", "micrograph_id")
    assert len(traced.ancestors) == 4  # the micrograph is reached in two ways and told once
    assert [traced.ancestors[place].output for place in first.made_from] == ["coordinates", "micrographs"]
    assert movie.made_from == ()
    assert asdict(traced)["ancestors"][0]["item"] == first.item


def test_set_operations_are_passed_through(session: Session) -> None:
    session.run("pick", micrographs="2.micrographs", x=2.0)
    session.run("combine", first="3.coordinates", second="5.coordinates", operation="union")
    session.run("filter", items="6.items", condition="x > 1.5")
    kept = list(session.project.output("7.kept"))
    assert sorted({item.x for item in kept}) == [2.0, 5.0, 6.0]  # type: ignore[attr-defined]
    for item in kept:
        picked = 5 if item.x in {2.0, 6.0} else 3  # type: ignore[attr-defined]
        traced = session.trace("7.kept", item.id)
        assert line(traced) == [
            (7, "kept"),
            (6, "items"),
            (picked, "coordinates"),
            (2, "micrographs"),
            (1, "movies"),
        ]
        assert traced.line[2].parameters == {"x": 2.0 if picked == 5 else 1.0}
        assert list(traced.line[1].whole_inputs.values()) == [4]  # the other set of the union does not hold it


def test_an_item_in_both_sets_of_a_union_comes_from_both(session: Session) -> None:
    session.run("pick", micrographs="2.micrographs")
    session.run("combine", first="3.coordinates", second="5.coordinates", operation="union")
    traced = session.trace("6.items", session.ids("6.items")[0])
    assert sorted(traced.ancestors[place].number for place in traced.ancestors[0].made_from) == [3, 5]
    assert traced.line[-1].number == 1


def test_what_was_made_of_a_whole_set_says_how_many_items(session: Session) -> None:
    session.run("refine", particles="4.particles")
    traced = session.trace("5.mean", 1)
    assert len(traced.ancestors) == 1
    assert traced.ancestors[0].whole_inputs == {"particles": 4}
    particle = session.ids("5.refined")[0]
    assert line(session.trace("5.refined", particle))[:2] == [(5, "refined"), (4, "particles")]


def test_what_a_round_read_is_found_although_it_was_withdrawn_since(session: Session) -> None:
    session.run("refine", particles="4.particles")
    movie = session.ids("1.movies")[0]
    lost = next(item.id for item in session.project.output("4.particles") if item.micrograph_id == movie)  # type: ignore[attr-defined]
    extract = session.project.run(4)
    extract.request(RequestKind.EXCLUDE, items=[movie])
    session.project.drive(extract)
    assert lost not in session.ids("4.particles")
    traced = session.trace("5.refined", lost)
    newest = session.project.output("4.particles").latest().generation
    assert line(traced) == [(5, "refined"), (4, "particles"), (3, "coordinates"), (2, "micrographs"), (1, "movies")]
    assert traced.line[1].generation < newest


def test_an_item_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(NotFoundError, match="4.particles holds no item 0000000000000007"):
        session.trace("4.particles", 7)


def test_the_attempt_that_made_an_item_is_told(session: Session) -> None:
    pick = session.project.run(3)
    first, second = session.ids("1.movies")
    pick.request(RequestKind.EXCLUDE, items=[second])
    session.project.drive(pick)
    pick.request("include", items=[second])  # type: ignore[arg-type]
    session.project.drive(pick)
    attempts = {
        item.micrograph_id: session.trace("3.coordinates", item.id).ancestors[0].attempt  # type: ignore[attr-defined]
        for item in session.project.output("3.coordinates")
    }
    assert attempts == {first: 1, second: 3}
