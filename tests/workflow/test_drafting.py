"""What does not fit a protocol's declaration is refused before a run is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryoloom.errors import ParameterError
from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.drafting import Connection, draft
from cryoloom.workflow.run import OutputReference


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    project = SmallProject.create(tmp_path / "project")
    project.add("test-numbers", folder=str(tmp_path))
    return project


@pytest.mark.parametrize(
    ("protocol", "values", "message"),
    [
        ("test-square", {}, r"test-square needs the input numbers \(test-numbers\); connect it"),
        ("test-square", {"numbers": "1.numbers", "seconds": "long"}, r"seconds \(Seconds\) cannot be 'long'"),
        ("test-square", {"numbers": "1.numbers", "second": 1}, "no parameter 'second'; did you mean seconds"),
        ("test-square", {"numbers": "1.number"}, "Run 1 .* has no output 'number'; it has numbers"),
        ("test-square", {"numbers": "1.numbers", "options": {"workers": 0}}, "Option workers cannot be 0"),
        ("test-square", {"numbers": "1.numbers", "options": {"worker": 2}}, "no option 'worker'; did you mean workers"),
        ("test-square", {"numbers": "1", "options": {"round_every": 3}}, "work in rounds; test-square does not"),
        ("test-keep", {"numbers": "1", "options": {"round_every": 3}}, "work in rounds; test-keep does not"),
        (
            "test-numbers",
            {"folder": "/", "options": {"start_after": 3}},
            "start_after waits for an input; test-numbers",
        ),
        ("test-numbers", {"folder": "/", "options": {"when_closed": True}}, "when_closed waits for an input"),
    ],
)
def test_what_does_not_fit_is_refused(
    project: SmallProject, protocol: str, values: dict[str, object], message: str
) -> None:
    with pytest.raises((ParameterError, LookupError), match=message):
        project.add(protocol, **values)  # type: ignore[arg-type]
    assert [run.number for run in project.runs()] == [1]


def test_an_input_that_the_protocol_does_not_have_is_refused(project: SmallProject) -> None:
    connection = Connection(OutputReference(run="X", output="numbers"), "test-numbers", "1.numbers")
    with pytest.raises(ParameterError, match="test-square has no input 'number'; it has numbers"):
        draft(project.environment.protocol("test-square"), {"number": connection}, {})


def test_a_run_is_not_started_with_an_option_that_means_nothing_to_it(project: SmallProject) -> None:
    run = project.add("test-square", numbers="1", options={"workers": 3})
    with pytest.raises(ParameterError, match="test-square does not"):
        run.start(options={"round_every": 4})
    assert run.folder.attempt_numbers() == []
    assert project.run(run.number).record.options.workers == 3


def test_options_given_as_text_are_understood(project: SmallProject) -> None:
    run = project.add("test-square", numbers="1", options={"workers": "3", "priority": "batch"})
    assert (run.record.options.workers, run.record.options.priority.value) == (3, "batch")
