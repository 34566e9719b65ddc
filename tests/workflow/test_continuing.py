"""Of each kind, the set that continues is found by its way through the graph, whatever the order of the runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from cryoloom.data import Item, SetWriter, item_class
from cryoloom.errors import ParameterError
from cryoloom.workflow.continuing import continuing_sets
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import AttemptRequest, End, OutputReference, RunOptions, RunRecord, RunState, as_document

KINDS = ("micrographs", "ctfs", "coordinates", "particles", "movies")


class Sketch:
    """A project of runs that only look as if they had been driven.

    Parameters
    ----------
    path : of the project
    """

    def __init__(self, path: Path) -> None:
        self.folder = ProjectFolder.create(path)
        self.ulids: dict[int, str] = {}

    def add(
        self,
        outputs: Mapping[str, tuple[str, int]],
        *inputs: str,
        replaces: int | None = None,
        state: RunState | None = RunState.FINISHED,
    ) -> int:
        """A run with outputs (name → kind and number of items) that reads others (``3.accepted``)."""
        links = dict(enumerate(self.reference(text) for text in inputs))
        record = RunRecord(
            protocol="sketch",
            protocol_version=1,
            inputs={f"input_{number}": link for number, link in links.items()},
            output_kinds={name: kind for name, (kind, _) in outputs.items()},
            replaces=None if replaces is None else self.ulids[replaces],
        )
        folder = self.folder.add_run(record)
        self.ulids[folder.number] = record.ulid
        if state is None:
            return folder.number
        attempt = folder.attempt(1)
        attempt.path.mkdir(parents=True)
        request = AttemptRequest(
            ulid=record.ulid,
            attempt=1,
            protocol="sketch",
            protocol_version=1,
            protocol_location="",
            parameters={},
            inputs=record.inputs,
            options=RunOptions(),
            versions={},
        )
        (attempt.path / "request.json").write_text(json.dumps(as_document(request)), encoding="utf-8")
        if state is RunState.FINISHED:
            end = End(state=state)
            (attempt.path / "end.json").write_text(json.dumps(as_document(end)), encoding="utf-8")
        for name, (kind, count) in outputs.items():
            writer = SetWriter.open(folder.outputs / name, kind=kind)
            writer.commit(upsert=[ITEMS[kind](id=number + 1) for number in range(count)])
        return folder.number

    def reference(self, text: str) -> OutputReference:
        number, _, name = text.partition(".")
        return OutputReference(run=self.ulids[int(number)], output=name)

    def chosen(self, *named: str) -> dict[str, str]:
        """Kind → the output that continues, by its label; ``left`` → those left out."""
        graph = RunGraph.read(self.folder)
        kinds = {
            self.reference(text): graph.folder(self.reference(text).run).record().output_kinds[text.partition(".")[2]]
            for text in named
        }
        found = continuing_sets(graph, KINDS, named=kinds)
        labels = {kind: self.label(reference) for kind, reference in found.chosen.items()}
        return labels | {"left": " ".join(self.label(reference) for reference in found.left_out)}

    def label(self, reference: OutputReference) -> str:
        number = next(number for number, ulid in self.ulids.items() if ulid == reference.run)
        return f"{number}.{reference.output}"


def _bare(kind_name: str) -> type[Item]:
    """A kind of items that have nothing but an identity."""

    class Bare(Item):
        """An item."""

        kind = f"bare-{kind_name}"

    return item_class(Bare)


ITEMS = {kind: _bare(kind) for kind in KINDS}


@pytest.fixture
def sketch(tmp_path: Path) -> Sketch:
    """1 movies → 2 micrographs → 3 ctfs and 4 coordinates → 5 particles."""
    sketch = Sketch(tmp_path / "project")
    sketch.add({"movies": ("movies", 3)})
    sketch.add({"micrographs": ("micrographs", 3)}, "1.movies")
    sketch.add({"ctfs": ("ctfs", 3)}, "2.micrographs")
    sketch.add({"coordinates": ("coordinates", 3)}, "2.micrographs")
    sketch.add({"particles": ("particles", 3)}, "2.micrographs", "3.ctfs", "4.coordinates")
    return sketch


STAGES = {
    "movies": "1.movies",
    "micrographs": "2.micrographs",
    "ctfs": "3.ctfs",
    "coordinates": "4.coordinates",
    "particles": "5.particles",
}


def curated(accepted: int, rejected: int) -> dict[str, tuple[str, int]]:
    return {"accepted": ("micrographs", accepted), "rejected": ("micrographs", rejected)}


def test_a_line_of_stages_continues_in_each(sketch: Sketch) -> None:
    assert sketch.chosen() == {**STAGES, "left": ""}


@pytest.mark.parametrize("accepted", [0, 2])
def test_what_a_person_accepted_continues_and_what_was_rejected_is_left(sketch: Sketch, accepted: int) -> None:
    sketch.add(curated(accepted, 3 - accepted), "2.micrographs", "3.ctfs")
    assert sketch.chosen() == {**STAGES, "micrographs": "6.accepted", "left": "6.rejected"}


def test_a_person_who_has_not_decided_yet_holds_nothing_up(sketch: Sketch) -> None:
    sketch.add(curated(0, 0), "2.micrographs", state=RunState.NEEDS_YOU)
    assert sketch.chosen() == {**STAGES, "left": ""}


def test_a_draft_does_not_count(sketch: Sketch) -> None:
    sketch.add({"micrographs": ("micrographs", 0)}, "2.micrographs", state=None)
    assert sketch.chosen() == {**STAGES, "left": ""}


def test_the_alternative_that_is_read_continues(sketch: Sketch) -> None:
    sketch.add({"kept": ("micrographs", 1), "rest": ("micrographs", 2)}, "2.micrographs")
    sketch.add({"items": ("micrographs", 2)}, "6.rest")
    assert sketch.chosen() == {**STAGES, "micrographs": "7.items", "left": "6.kept"}


def test_what_is_made_of_rejected_items_does_not_continue(sketch: Sketch) -> None:
    sketch.add(curated(2, 1), "2.micrographs")
    sketch.add({"ctfs": ("ctfs", 2)}, "6.accepted")
    sketch.add({"ctfs": ("ctfs", 1)}, "6.rejected")
    assert sketch.chosen() == {**STAGES, "micrographs": "6.accepted", "ctfs": "7.ctfs", "left": "6.rejected 8.ctfs"}


def test_of_two_branches_the_newer_is_chosen_and_nothing_of_the_other(sketch: Sketch) -> None:
    sketch.add({"micrographs": ("micrographs", 3)}, "1.movies")
    assert sketch.chosen() == {
        "movies": "1.movies",
        "micrographs": "6.micrographs",
        "left": "2.micrographs 3.ctfs 4.coordinates 5.particles",
    }
    sketch.add({"ctfs": ("ctfs", 3)}, "6.micrographs")
    assert sketch.chosen()["ctfs"] == "7.ctfs"
    sketch.add({"particles": ("particles", 2)}, "5.particles")
    assert sketch.chosen() == {**STAGES, "particles": "8.particles", "left": "6.micrographs 7.ctfs"}


def test_a_named_set_decides_which_branch_is_shown(sketch: Sketch) -> None:
    sketch.add({"micrographs": ("micrographs", 3)}, "1.movies")
    sketch.add({"ctfs": ("ctfs", 3)}, "6.micrographs")
    assert sketch.chosen("2.micrographs") == {**STAGES, "left": "6.micrographs 7.ctfs"}
    assert sketch.chosen("5.particles") == {**STAGES, "left": "6.micrographs 7.ctfs"}
    with pytest.raises(ParameterError, match="Two sets of micrographs were named"):
        sketch.chosen("2.micrographs", "6.micrographs")


def test_a_replaced_run_gives_way_to_the_one_that_replaces_it(sketch: Sketch) -> None:
    sketch.add({"ctfs": ("ctfs", 3)}, "2.micrographs", replaces=3)
    sketch.add({"ctfs": ("ctfs", 1)}, "3.ctfs")
    assert sketch.chosen() == {**STAGES, "ctfs": "6.ctfs", "left": "7.ctfs"}


def test_an_import_that_stands_apart_is_taken_for_want_of_another(sketch: Sketch) -> None:
    sketch.add({"micrographs": ("micrographs", 3)}, "1.movies", replaces=2)
    sketch.add({"ctfs": ("ctfs", 3)})
    assert sketch.chosen() == {
        "movies": "1.movies",
        "micrographs": "6.micrographs",
        "ctfs": "7.ctfs",
        "left": "2.micrographs 3.ctfs 4.coordinates 5.particles",
    }


def test_a_project_without_micrographs_shows_what_it_has(tmp_path: Path) -> None:
    sketch = Sketch(tmp_path / "project")
    assert sketch.chosen() == {"left": ""}
    sketch.add({"particles": ("particles", 2)})
    sketch.add({"first": ("particles", 1), "second": ("particles", 1)}, "1.particles")
    assert sketch.chosen() == {"particles": "2.first", "left": "2.second"}
