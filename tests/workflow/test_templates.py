"""A workflow that was exported gives equal runs where it is applied; a bad one gives none, and a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.errors import CryoloomError, FormatError, NotFoundError, ParameterError
from cryoloom.testing.workflow import SmallEnvironment, SmallProject, Square
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.project import Project, Run
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import RunRecord
from cryoloom.workflow.templates import (
    WorkflowDocument,
    _read,
    _variables,
    apply_workflow,
    export_workflow,
    parse_workflow,
    read_workflow,
)


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """A source, three runs of its numbers, a description of all, and a run that replaces another."""
    project = SmallProject.create(tmp_path / "project")
    project.add("test-numbers", folder="/data/$${x}/${y}", expected=3, label="session ${today}")
    first = project.add("test-square", numbers="1.numbers", seconds=0.5, options={"workers": 2})
    project.add("test-split", numbers="1.numbers", options={"priority": "batch", "start_after": 5})
    second = project.add("test-square", numbers="1.numbers", replaces=first.ulid)
    second.annotate(note="slower was no better", tags=["trial", "$"])
    project.add("test-describe", numbers="1.numbers", squares="4.squares", ones="3.ones")
    project.add("test-mean", numbers="5.descriptions", iterations=7)
    return project


@pytest.fixture
def other(tmp_path: Path) -> SmallProject:
    return SmallProject.create(tmp_path / "other")


def told(runs: list[Run]) -> list[dict[str, Any]]:
    """What matters of runs, with places in the list instead of identities."""
    place = {run.ulid: index for index, run in enumerate(runs)}
    return [
        {
            **run.record.model_dump(
                mode="json",
                include={"protocol", "protocol_version", "parameters", "options", "output_kinds", "created_by"},
            ),
            "inputs": {name: (place[link.run], link.output) for name, link in run.record.inputs.items()},
            "replaces": place.get(run.record.replaces or ""),
            "annotations": run.annotations.model_dump(include={"label", "note", "tags"}),
        }
        for run in runs
    ]


def workflow(*runs: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"format": "cryoloom-workflow", "format_version": 1, "runs": list(runs), **fields}


NUMBERS = {"name": "numbers", "protocol": "test-numbers", "parameters": {"folder": "/data"}}
SQUARE = {"name": "squares", "protocol": "test-square", "inputs": {"numbers": "numbers.numbers"}}


def test_an_exported_workflow_gives_equal_runs(project: SmallProject, other: SmallProject, tmp_path: Path) -> None:
    document = export_workflow(project, name="a session", description="as of today")
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(document.as_json()), encoding="utf-8")
    read = read_workflow(path)
    assert read == document
    runs = apply_workflow(other, read)
    assert told(runs) == told(project.runs())
    assert [run.number for run in runs] == [1, 2, 3, 4, 5, 6]
    assert runs[0].record.parameters["folder"] == "/data/$${x}/${y}"
    assert runs[0].annotations.label == "session ${today}"
    assert not {run.ulid for run in runs} & {run.ulid for run in project.runs()}
    assert export_workflow(other, name="a session", description="as of today") == document


def test_an_input_from_outside_becomes_a_variable(project: SmallProject) -> None:
    document = export_workflow(project, ["5", "6"])
    assert [(name, v.type, v.kind, v.required) for name, v in document.variables.items()] == [
        ("numbers", "input", "test-numbers", True),
        ("squares", "input", "test-numbers", True),
        ("ones", "input", "test-numbers", True),
    ]
    assert document.variables["squares"].label == "squares of run 4 (test-square)"
    with pytest.raises(ParameterError, match=r"needs a value for squares \(squares of run 4 .*\), ones \("):
        apply_workflow(project, document, {"numbers": "1.numbers"})
    described, mean = apply_workflow(
        project, document, {"numbers": "1.numbers", "squares": project.output("2.squares"), "ones": "3"}
    )
    assert described.record.inputs["squares"].run == project.run(2).ulid
    assert mean.record.inputs["numbers"].run == described.ulid
    assert len(project.runs()) == 8


def test_a_parameter_becomes_a_variable_with_its_declaration(project: SmallProject, other: SmallProject) -> None:
    document = export_workflow(project, ["1", "2"], variables={"folder": "1.folder", "wait": "2.seconds"})
    assert document.variables["wait"].model_dump() == {
        "type": "number",
        "label": "Seconds",
        "help": "How long each takes.",
        "unit": "",
        "default": 0.5,
        "required": False,
        "example": None,
        "choices": [],
        "kind": "",
    }
    numbers, squares = apply_workflow(other, document, {"folder": "/other", "wait": "0.25"})
    assert numbers.record.parameters == {"folder": "/other", "expected": 3}
    assert squares.record.parameters["seconds"] == 0.25
    unchanged = apply_workflow(other, document)
    assert [run.record.parameters for run in unchanged] == [run.record.parameters for run in project.runs()[:2]]
    for variables, message in (
        ({"wait": "2.second"}, "has no parameter 'second'; it has seconds, write"),
        ({"wait": "3.seconds"}, "run 3 is not among the exported runs"),
    ):
        with pytest.raises(NotFoundError, match=message):
            export_workflow(project, ["1", "2"], variables=variables)


def test_values_are_put_in_with_their_types(other: SmallProject) -> None:
    document = workflow(
        {**NUMBERS, "parameters": {"folder": "${root}/grid ${grid}/${voltage} kV/$${x}", "expected": "${count}"}},
        {
            **SQUARE,
            "label": "grid ${grid}",
            "note": "${voltage}",
            "tags": ["${grid}", "kept"],
            "parameters": {"write": "${write}", "seconds": "${pause}"},
            "options": {"workers": "${workers}", "priority": "${priority}"},
        },
        variables={
            "root": {"type": "path", "default": "/data"},
            "grid": {"type": "integer", "required": True},
            "voltage": {"type": "number", "unit": "kV", "default": 300.0},
            "count": {"type": "integer", "default": 12},
            "write": {"type": "boolean", "default": True},
            "workers": {"type": "integer"},
            "priority": {"type": "choice", "choices": ["live", "batch"], "default": "live"},
            "pause": {"type": "number"},
        },
    )
    numbers, squares = apply_workflow(
        other, document, {"grid": "3", "write": "no", "workers": 4, "priority": "batch", "root": Path("/raw")}
    )
    assert numbers.record.parameters == {"folder": "/raw/grid 3/300 kV/${x}", "expected": 12}
    assert squares.record.parameters == {"write": False, "seconds": 0.0}  # without a value, the protocol's default
    assert (squares.record.options.workers, squares.record.options.priority.value) == (4, "batch")
    annotations = squares.annotations
    assert (annotations.label, annotations.note, annotations.tags) == ("grid 3", "300", ["3", "kept"])
    assert squares.record.model_extra == {"template": {"workflow": "", "run": "squares"}}


def test_an_optional_input_can_be_left_out(other: SmallProject) -> None:
    document = workflow(
        NUMBERS,
        SQUARE,
        {
            "name": "all",
            "protocol": "test-describe",
            "inputs": {"numbers": "numbers.numbers", "squares": "squares.squares", "ones": "${ones}"},
        },
        variables={"ones": {"type": "input"}},
    )
    assert list(apply_workflow(other, document)[2].record.inputs) == ["numbers", "squares"]


def test_runs_may_stand_in_any_order(other: SmallProject) -> None:
    squares, numbers = apply_workflow(other, workflow(SQUARE, NUMBERS))
    assert (numbers.number, squares.number) == (1, 2)
    assert squares.record.inputs["numbers"].run == numbers.ulid


@pytest.mark.parametrize(
    ("document", "values", "message"),
    [
        (workflow(NUMBERS, variables={"a": {}}), {"b": 1}, "no variable 'b'; it has a"),
        (workflow({**NUMBERS, "label": "${nam}"}, variables={"name": {}}), {}, "no variable 'nam'; there are name"),
        (workflow({**NUMBERS, "protocol": "test-number"}), {}, "Run 'numbers' of the workflow: .*'test-number'"),
        (workflow(NUMBERS, {**SQUARE, "parameters": {"second": 1}}), {}, "Run 'squares'.*no parameter 'second'"),
        (workflow(NUMBERS, {**SQUARE, "options": {"worker": 1}}), {}, "no option 'worker'"),
        (workflow(NUMBERS, {**SQUARE, "inputs": {"number": "numbers.numbers"}}), {}, "no input 'number'"),
        (workflow(NUMBERS, {**SQUARE, "inputs": {"numbers": "numbers.number"}}), {}, "no output 'number'; it has numb"),
        (workflow(NUMBERS, {**SQUARE, "inputs": {"numbers": "1.numbers"}}), {}, "'1.numbers' is no input"),
        (workflow(NUMBERS, {**SQUARE, "inputs": {"numbers": "other.numbers"}}), {}, "no run of that name"),
        (workflow(NUMBERS, {**SQUARE, "inputs": {}}), {}, "needs the input numbers"),
        (workflow(NUMBERS, NUMBERS), {}, "Two runs of the workflow have the name 'numbers'"),
        (workflow({**SQUARE, "inputs": {"numbers": "squares.squares"}}), {}, "wait for each other"),
        (workflow(NUMBERS, {**SQUARE, "version": 9}), {}, "made for version 9 of test-square, but version 1 is inst"),
        (workflow({**NUMBERS, "parameters": {}}), {}, r"Run 'numbers' of the workflow: folder \(Folder\) has no value"),
        (workflow({**NUMBERS, "replaces": "nobody"}), {}, "refers to 'nobody'"),
        (
            workflow(
                NUMBERS,
                {"name": "mean", "protocol": "test-mean", "inputs": {"numbers": "numbers.numbers"}},
                {**SQUARE, "inputs": {"numbers": "mean.means"}},
            ),
            {},
            "Input numbers takes test-numbers, but mean.means holds test-batches",
        ),
        (
            workflow(variables={"a": {"type": "number", "unit": "kV"}}),
            {"a": "high"},
            "a takes a number in kV; 'high' is",
        ),
        (workflow(variables={"a": {"type": "number"}}), {"a": "nan"}, "takes a number; 'nan' is none"),
        (workflow(variables={"a": {"type": "number"}}), {"a": True}, "takes a number; True is none"),
        (workflow(variables={"a": {"type": "integer"}}), {"a": 1.5}, "takes a whole number; 1.5 is none"),
        (workflow(variables={"a": {"type": "boolean"}}), {"a": "maybe"}, "takes true or false; 'maybe' is none"),
        (workflow(variables={"a": {"choices": ["x", "y"]}}), {"a": "z"}, "cannot be 'z'; choose one of x, y"),
        (workflow(variables={"a": {"type": "integer", "default": "many"}}), {}, "takes a whole number; 'many' is none"),
        (workflow({**NUMBERS, "label": "a ${a}"}, variables={"a": {"type": "list"}}), {"a": "1,2"}, "a is a list"),
        (
            workflow({**SQUARE, "inputs": {"numbers": "${a}"}}, variables={"a": {"type": "input"}}),
            {"a": "9"},
            "no run 9",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_made(
    other: SmallProject, document: dict[str, Any], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(CryoloomError, match=message):
        apply_workflow(other, document, values)
    assert list(other.folder.runs.iterdir()) == []


def test_a_failure_half_way_takes_everything_back(other: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    add_run = ProjectFolder.add_run

    def disk_full_at_the_second(self: ProjectFolder, record: RunRecord) -> Any:
        if record.protocol == "test-square":
            raise OSError(28, "No space left on device")
        return add_run(self, record)

    monkeypatch.setattr(ProjectFolder, "add_run", disk_full_at_the_second)
    with pytest.raises(OSError, match="No space"):
        apply_workflow(other, workflow({**NUMBERS, "label": "first"}, SQUARE))
    assert other.runs() == []
    assert [path.name for path in other.folder.runs.iterdir()] == [".numbers"]


class RenamedSquare(Square):
    """Square, in a version that calls a parameter otherwise."""

    version = 2

    class Parameters(ProtocolParameters):
        duration: float = parameter(0.0, label="Seconds")

    @classmethod
    def migrate(cls, version: int, parameters: dict[str, Any]) -> dict[str, Any]:
        assert version == 1
        return {"duration": parameters["seconds"]}


class NewerEnvironment(SmallEnvironment):
    def protocols(self) -> Mapping[str, type[Protocol]]:
        return {**super().protocols(), "test-square": RenamedSquare}


def test_parameters_of_an_older_version_are_translated(other: SmallProject) -> None:
    newer = Project(other.folder, NewerEnvironment())
    _, squares = apply_workflow(newer, workflow(NUMBERS, {**SQUARE, "parameters": {"seconds": 0.5}}))
    assert (squares.record.protocol_version, squares.record.parameters) == (2, {"duration": 0.5})
    with pytest.raises(ParameterError, match="cannot be translated from version 1 of test-square"):
        apply_workflow(newer, workflow(NUMBERS, SQUARE))
    assert len(other.runs()) == 2


def test_unknown_fields_survive(other: SmallProject) -> None:
    document = workflow(
        {**NUMBERS, "position": {"x": 3, "y": [4, "${not substituted}"]}, "colour": "green"},
        variables={"a": {"default": "1", "widget": "slider"}},
        author="somebody",
    )
    parsed = WorkflowDocument.of(document).as_json()
    assert parsed["author"] == "somebody"
    assert parsed["variables"]["a"]["widget"] == "slider"
    apply_workflow(other, document)
    again = export_workflow(other).as_json()
    assert again["runs"][0]["position"] == {"x": 3, "y": [4, "${not substituted}"]}
    assert again["runs"][0]["colour"] == "green"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet="${}ax", max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_escaped_comes_back_as_it_was(value: Any) -> None:
    assert _variables.Substitution({}).apply(_variables.escape(value)) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (b"{" * 100_000, "not valid JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not valid JSON|nested more than"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[]", "This is no workflow file"),
        (b'{"format": "cryoloom-set"}', "This is no workflow file"),
        (b'{"format": "cryoloom-workflow", "format_version": 2}', "written by a newer cryoloom"),
        (b'{"format": "cryoloom-workflow", "format": "cryoloom-workflow"}', "'format' stands twice"),
        (b'{"format": "cryoloom-workflow", "x": NaN}', "NaN is no number"),
        (b'{"format": "cryoloom-workflow", "x": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"format": "cryoloom-workflow", "x": ' + b"[" * 50 + b"]" * 50 + b"}", "nested more than 32 deep"),
        (b'{"format": "cryoloom-workflow", "runs": {}}', "The workflow's runs is wrong"),
        (b'{"format": "cryoloom-workflow", "runs": [{"name": "../x", "protocol": "ctf"}]}', "runs.0.name is wrong"),
        (b'{"format": "cryoloom-workflow", "runs": [{"name": "x", "protocol": 7}]}', "runs.0.protocol is wrong"),
        (b'{"format": "cryoloom-workflow", "variables": {"x": {"type": "code"}}}', "variables.x.type is wrong"),
        (b'{"format": "cryoloom-workflow", "x": "' + b"y" * _read.MOST_BYTES + b'"}', "at most 4194304 bytes"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "workflow.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_workflow(path)
    with pytest.raises(FormatError, match=message):
        parse_workflow(content)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(FormatError, match="is no file"):
            read_workflow(path)
    with pytest.raises(NotFoundError, match="There is no file"):
        read_workflow(tmp_path / "nothing")


def test_variables_cannot_make_a_workflow_explode(other: SmallProject) -> None:
    document = workflow({**NUMBERS, "note": "${a}" * 100_000}, variables={"a": {"default": "x" * 100_000}})
    with pytest.raises(ParameterError, match="more than 16777216 bytes"):
        apply_workflow(other, document)
    many = workflow({**NUMBERS, "parameters": {"folder": ["${a}"] * 300}}, variables={"a": {"default": "x" * 100_000}})
    with pytest.raises(ParameterError, match="more than 16777216 bytes"):
        apply_workflow(other, many)
    assert other.runs() == []
