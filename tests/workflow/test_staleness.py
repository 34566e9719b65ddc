"""A run is stale when it would be made otherwise now, behind when its inputs have grown; each with its reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cryoloom.errors import NotFoundError
from cryoloom.testing.workflow import SmallEnvironment, SmallProject, Square
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.making import attempts_that_made
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import RunState
from cryoloom.workflow.staleness import Staleness, staleness_of


class RenamedSquare(Square):
    """Square, in a version that calls a parameter otherwise."""

    version = 2

    class Parameters(ProtocolParameters):
        duration: float = parameter(0.0, label="Seconds")
        write: bool = parameter(True, label="Write")

    @classmethod
    def migrate(cls, version: int, parameters: dict[str, Any]) -> dict[str, Any]:
        assert version == 1
        return {"duration": parameters["seconds"], "write": parameters["write"]}

    def process(self, number: Any, /, parameters: Any, workspace: Any) -> Any:
        return super().process(number, parameters.model_copy(update={"seconds": parameters.duration}), workspace)


class WiderSquare(Square):
    """Square, with a parameter that was added without changing any result."""

    class Parameters(Square.Parameters):
        more: int = parameter(3, label="More")


class StricterSquare(Square):
    """Square, in a version that its old parameters do not fit."""

    version = 3

    class Parameters(ProtocolParameters):
        wholly_new: int = parameter(label="New")


class ChangedEnvironment(SmallEnvironment):
    """The small protocols, some of them replaced by others, some not there."""

    def __init__(self, *changed: type[Protocol], missing: str = "") -> None:
        super().__init__()
        self._changed = {protocol.id: protocol for protocol in changed}
        self._missing = missing

    def protocol(self, protocol_id: str) -> type[Protocol]:
        if protocol_id == self._missing:
            raise NotFoundError(f"The plugin of {protocol_id} is not installed.")
        return super().protocol(protocol_id)

    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {**super().protocols(), **self._changed}


class Session:
    """Numbers → squares → their mean, and numbers of at least 2."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.project = SmallProject.create(folder / "project")
        self.source = self.project.add("test-numbers", folder=str(self.raw), expected=1)
        self.grow(1, 2)
        self.squares = self.project.add("test-square", numbers="1.numbers")
        self.mean = self.project.add("test-mean", numbers="2.squares", iterations=2)
        self.kept = self.project.add("test-keep", numbers="1.numbers", at_least=2)
        for run in (self.squares, self.mean, self.kept):
            self.project.drive(run)

    def grow(self, *values: int) -> None:
        for value in values:
            (self.raw / f"number_{value}.txt").write_text(str(value), encoding="utf-8")
        self.project.drive(self.source)

    def with_environment(self, environment: SmallEnvironment) -> SmallProject:
        return SmallProject(self.project.folder, environment)

    def all(self, environment: SmallEnvironment | None = None) -> list[Staleness]:
        graph = RunGraph.read(self.project.folder)
        return staleness_of(graph, environment or self.project.environment)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_what_was_just_run_is_neither_stale_nor_behind_and_nothing_is_touched(session: Session) -> None:
    session.project.add("test-mean", numbers="2.squares")
    before = {path: path.lstat().st_mtime_ns for path in session.project.path.rglob("*")}
    found = session.all()
    assert [(one.number, one.stale, one.reasons, one.behind, one.cannot_tell) for one in found] == [
        (number, False, (), 0, "") for number in (1, 2, 3, 4, 5)
    ]
    assert all(one.digest_made == one.digest_now != "" for one in found[:4])
    assert found[4].digest_made == ""  # a draft
    assert {path: path.lstat().st_mtime_ns for path in session.project.path.rglob("*")} == before


def test_a_newer_version_makes_a_run_stale_and_what_was_made_from_it(session: Session) -> None:
    source, squares, mean, kept = session.all(ChangedEnvironment(RenamedSquare))
    assert (source.stale, kept.stale) == (False, False)
    assert squares.stale
    assert squares.reasons == ("Version 1 of test-square made it; version 2 is installed now.",)
    assert squares.digest_made != squares.digest_now
    assert mean.stale
    assert mean.reasons == ("Its input numbers is from run 2 (test-square), which is stale.",)


def test_an_older_version_makes_a_run_stale_too(session: Session) -> None:
    again = session.with_environment(ChangedEnvironment(RenamedSquare))
    run = again.add("test-square", numbers="1.numbers", replaces=None)
    again.drive(run)
    assert session.all()[4].reasons[0] == "Version 2 of test-square made it; version 1 is installed now."


def test_a_replaced_input_makes_a_run_stale_once_the_replacement_was_started(session: Session) -> None:
    project = session.project
    second = project.add("test-square", numbers="1.numbers", write=False, replaces=session.squares.ulid)
    assert not session.all()[2].stale
    project.drive(second)
    assert session.all()[2].reasons == (
        "Its input numbers is from run 2 (test-square), which run 5 (test-square) replaces.",
    )
    third = project.add("test-square", numbers="1.numbers", replaces=second.ulid)
    project.drive(third)
    assert session.all()[2].reasons == (
        "Its input numbers is from run 2 (test-square), which run 6 (test-square) replaces.",
    )
    assert not session.all()[1].stale  # the replaced run itself is what it was


def test_a_removed_input_makes_a_run_stale(session: Session) -> None:
    shutil.rmtree(session.squares.folder.path)
    mean = session.all()[1]
    assert mean.number == 3
    assert mean.stale
    assert mean.reasons == ("The run that its input numbers came from was removed.",)


def test_an_input_that_has_grown_makes_a_run_behind_and_not_stale(session: Session) -> None:
    session.grow(3, 5, 7)
    source, squares, mean, kept = session.all()
    assert [one.stale for one in (source, squares, mean, kept)] == [False] * 4
    assert (source.behind, squares.behind, mean.behind, kept.behind) == (0, 3, 0, 3)
    session.project.drive(session.squares)
    assert [one.behind for one in session.all()] == [0, 0, 3, 3]
    session.project.drive(session.mean)
    session.project.drive(session.kept)
    assert [one.behind for one in session.all()] == [0, 0, 0, 0]


def test_withdrawn_items_make_a_run_behind(session: Session) -> None:
    project = session.project
    chosen = project.add("test-choose", numbers="1.numbers")
    chosen.decide(at_least=0)
    project.drive(chosen)
    squares = project.add("test-square", numbers="5.chosen")
    project.drive(squares)
    assert session.all()[5].behind == 0
    chosen.request("decide", decision={"at_least": 2})  # type: ignore[arg-type]
    project.drive(chosen)
    assert session.all()[5].behind == 1
    project.drive(squares)
    assert session.all()[5].behind == 0


def test_a_run_that_was_cut_off_is_behind_by_what_its_ledger_does_not_hold(session: Session) -> None:
    (session.squares.folder.attempt(1).path / "end.json").unlink()
    assert session.squares.state is not RunState.FINISHED
    assert session.all()[1].behind == 0
    session.grow(3, -5)
    assert session.all()[1].behind == 2


def test_a_run_that_two_versions_made_says_so(session: Session) -> None:
    session.grow(3)
    newer = session.with_environment(ChangedEnvironment(RenamedSquare))
    newer.drive(newer.run(2))
    assert [request.attempt for request in attempts_that_made(session.squares.folder)] == [1, 2]
    squares = session.all(newer.environment)[1]  # type: ignore[arg-type]
    assert squares.reasons == ("Version 1 of test-square made a part of it; version 2 is installed now.",)


def test_an_attempt_that_found_nothing_to_do_made_nothing(session: Session) -> None:
    newer = session.with_environment(ChangedEnvironment(RenamedSquare))
    newer.drive(newer.run(2))
    assert session.squares.folder.attempt_numbers() == [1, 2]
    assert [request.attempt for request in attempts_that_made(session.squares.folder)] == [1]
    assert session.all(newer.environment)[1].stale  # type: ignore[arg-type]


def test_a_round_is_owed_to_the_attempt_that_began_it(session: Session) -> None:
    session.project.drive(session.mean)
    session.grow(3)
    session.project.drive(session.squares)
    session.project.drive(session.mean)
    session.project.drive(session.mean)
    for number in session.mean.folder.attempt_numbers():
        path = session.mean.folder.attempt(number).path / "request.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**document, "versions": {"numpy": f"2.{number}"}}), encoding="utf-8")
    assert [request.attempt for request in attempts_that_made(session.mean.folder)] == [3]


def test_parameters_that_differ_from_what_was_run_are_named_with_both_values(session: Session) -> None:
    path = session.squares.folder.run_file
    document = json.loads(path.read_text(encoding="utf-8"))
    document["parameters"]["seconds"] = 0.25
    path.write_text(json.dumps(document), encoding="utf-8")
    assert session.all()[1].reasons == ("Parameter seconds was 0.0; it is 0.25 now.",)


def test_a_parameter_that_was_added_to_a_version_makes_nothing_stale(session: Session) -> None:
    assert [one.stale for one in session.all(ChangedEnvironment(WiderSquare))] == [False] * 4


def test_parameters_that_no_longer_fit_are_a_reason(session: Session) -> None:
    squares = session.all(ChangedEnvironment(StricterSquare))[1]
    assert squares.stale
    assert squares.reasons[0] == "Version 1 of test-square made it; version 3 is installed now."
    assert squares.reasons[1].startswith("Its parameters do not fit test-square version 3: There is no parameter")


def test_without_its_plugin_it_cannot_be_told(session: Session) -> None:
    _, squares, mean, _ = session.all(ChangedEnvironment(missing="test-square"))
    assert (squares.stale, squares.cannot_tell) == (False, "The plugin of test-square is not installed.")
    assert (mean.stale, mean.cannot_tell) == (False, "")


def test_records_that_lead_back_to_themselves_do_not_hang(session: Session) -> None:
    path = session.source.folder.run_file
    document = json.loads(path.read_text(encoding="utf-8"))
    document["inputs"] = {"numbers": {"run": session.mean.ulid, "output": "means"}}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert [one.number for one in session.all()] == [1, 2, 3, 4]
