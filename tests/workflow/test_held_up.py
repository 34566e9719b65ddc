"""Which runs wait for what does not go on by itself."""

from dataclasses import replace

import pytest

from cryoloom.testing.workflow import SmallProject
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.held_up import held_up
from cryoloom.workflow.run import RunState


@pytest.fixture
def chain(tmp_path):
    """A source, what keeps of it, and what squares that, as the shell would connect them."""
    project = SmallProject.create(tmp_path / "project")
    (tmp_path / "raw").mkdir()
    project.add("test-numbers", folder=str(tmp_path / "raw"))
    project.add("test-keep", numbers="1.numbers")
    project.add("test-square", numbers="2.kept")
    return project


def with_states(project, *states):
    graph = RunGraph.read(project.folder)
    by_number = {entry.number: entry for entry in graph.runs.values()}
    entries = [replace(by_number[number], state=state) for number, state in enumerate(states, start=1)]
    return RunGraph(project.folder, entries), {entry.ulid: entry.number for entry in entries}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("running waiting waiting", {}),
        ("failed waiting waiting", {2: [1], 3: [1]}),
        ("stopped waiting waiting", {2: [1], 3: [1]}),
        ("draft waiting waiting", {2: [1], 3: [1]}),
        ("failed running waiting", {}),
        ("finished failed waiting", {3: [2]}),
        ("failed attention waiting", {2: [1], 3: [1]}),
        ("failed failed waiting", {3: [1, 2]}),
        ("finished waiting waiting", {}),  # it is about to see that its input is complete
        ("finished needs_you waiting", {}),
        ("failed finished finished", {}),
    ],
)
def test_a_run_is_held_up_when_nothing_above_it_moves(chain, states, expected):
    graph, numbers = with_states(chain, *(RunState[word.upper()] for word in states.split()))
    found = {numbers[ulid]: [numbers[one] for one in others] for ulid, others in held_up(graph, numbers).items()}
    assert found == expected
