"""People change runs from the shell: drafts, notes, decisions, and which items count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.run import RunState

Shell = Callable[..., tuple[str, str]]
Document = Callable[..., Any]


def drive(project: Path, number: int) -> None:
    opened = Project.open(project)
    drive_run(opened.path, opened.run(number).folder.path, opened.environment)


def values(project: Path, output: str, column: str) -> list[Any]:
    return sorted(Project.open(project).output(output).to_polars()[column].to_list())


def test_a_run_that_needs_you_says_how_and_is_decided(project: Path, document: Document, shell: Shell) -> None:
    document("add", project, "curate", "--in", "items=1.movies")
    Project.open(project).run(5).start()
    while Project.open(project).run(5).state is not RunState.NEEDS_YOU:
        assert Project.open(project).run(5).state is not RunState.FAILED
    command = f"cryoloom decide {project} 5"
    (told,) = document("status", project, 5)["runs"]
    assert told["advice"] == f"Run 5 (curate) waits for your decision: {command}"
    assert command in " ".join(shell("status", project)[0].split())

    asked = document(*command.split()[1:])
    assert asked["asked"].keys() == {"condition", "keep", "leave_out"}
    assert asked["decision"] is None
    assert "no parameter" in shell("decide", project, 5, "--set", "threshold=1", expect=1)[1]
    assert "Run 2 (filter) asks for no decision." in shell("decide", project, 2, expect=1)[1]
    said = shell("decide", project, 5, "--set", "condition=fit_resolution < 5", expect=1)[1]
    assert "fit_resolution" in said
    assert document("decide", project, 5)["decision"] is None, "a decision that cannot be applied is not kept"
    decided = document("decide", project, 5, "--set", "condition=size_bytes < 1")
    assert decided["decision"] == {"condition": "size_bytes < 1", "keep": "", "leave_out": ""}
    Project.open(project).run(5).wait(60)
    assert values(project, "5.accepted", "id") == []
    document("decide", project, 5, "--set", "condition=size_bytes > 1")
    Project.open(project).run(5).wait(60)
    assert len(values(project, "5.accepted", "id")) == 3


def test_a_draft_is_changed_and_a_run_that_was_started_is_not(project: Path, document: Document, shell: Shell) -> None:
    changed = document("set", project, 4, "patches=3,2", "--in", "movies=2.rest", "--option", "workers=1")
    assert (changed["parameters"]["patches"], changed["revision"]) == ([3, 2], 2)
    run = Project.open(project).run(4)
    assert run.record.inputs["movies"].run == Project.open(project).run(2).ulid
    assert (run.record.inputs["movies"].output, run.record.options.workers) == ("rest", 1)
    assert "did you mean patches" in shell("set", project, 4, "patche=1,1", expect=1)[1]
    assert "Input movies takes movies" in shell("set", project, 4, "--in", "movies=4.micrographs", expect=1)[1]
    assert "needs the input movies" in shell("set", project, 4, "--in", "movies=none", expect=1)[1]
    assert "has been started" in shell("set", project, 2, "condition=id > 1", expect=1)[1]
    assert Project.open(project).run(4).record.revision == 2


def test_a_draft_neither_reads_itself_nor_pulls_the_ground_from_its_readers(
    project: Path, document: Document, shell: Shell
) -> None:
    document("add", project, "filter", "--in", "items=3.accepted", "--set", "condition=id > 1")
    document("add", project, "filter", "--in", "items=5.kept", "--set", "condition=id > 1")
    said = shell("set", project, 5, "--in", "items=6.rest", expect=1)[1]
    assert "Input items of run 5 would be made of the run's own outputs." in said
    said = shell("set", project, 5, "--in", "items=4.micrographs", expect=1)[1]
    assert "run 6 (filter) reads 5.kept, which would hold micrographs then" in said
    document("set", project, 6, "--in", "items=3.accepted")
    document("set", project, 5, "--in", "items=4.micrographs")
    assert Project.open(project).run(5).record.output_kinds == {"kept": "micrographs", "rest": "micrographs"}


def test_values_that_do_not_fit_are_refused_in_the_units_and_words_of_the_parameters(
    project: Path, document: Document, shell: Shell
) -> None:
    document("add", project, "ctf", "--in", "micrographs=4.micrographs")
    said = shell("set", project, 5, "defocus_range=3,0.4", expect=1)[1]
    assert "The defocus range is 3 to 0.4 µm; give two positive values, the smaller first." in said
    said = shell("add", project, "import-particles", "--set", "path=a.star", expect=1)[1]
    assert "voltage" not in said
    assert "`cryoloom protocols`" in said
    assert "did you mean pixel_size?" in shell("add", project, "import-particles", "--set", "pixel=1", expect=1)[1]
    assert document("set", project, 9, "a=b", expect=1)["error"].startswith("Project")


def test_a_run_is_annotated(project: Path, document: Document) -> None:
    document("annotate", project, 2, "--label", "Good ones", "--tag", "a", "--tag", "b")
    document("annotate", project, 2, "--note", "from the first grid")
    told = document("annotate", project, 2)
    assert told == {"number": 2, "label": "Good ones", "note": "from the first grid", "tags": ["a", "b"]}
    assert document("annotate", project, 2, "--tag", "")["tags"] == []
    assert document("status", project, 2)["runs"][0]["label"] == "Good ones"


def test_a_run_stands_in_for_another(project: Path, document: Document) -> None:
    document("add", project, "filter", "--in", "items=1.movies", "--set", "condition=size_bytes < 1", "--replaces", 2)
    assert Project.open(project).run(5).record.replaces == Project.open(project).run(2).ulid
    assert not Project.open(project).run(3).staleness().stale
    drive(project, 5)
    assert Project.open(project).run(3).staleness().reasons == (
        "Its input items is from run 2 (filter), which run 5 (filter) replaces.",
    )


def test_items_are_excluded_and_included_again(project: Path, document: Document, shell: Shell) -> None:
    drive(project, 4)
    first, second, third = values(project, "4.micrographs", "id")
    told = document("exclude", project, 4, "--item", f"{first:016x}", "--item", second)
    assert told == {"number": 4, "excluded": [f"{first:016x}", f"{second:016x}"]}
    Project.open(project).run(4).wait(60)
    assert values(project, "4.micrographs", "id") == [third]
    text = shell("status", project, 4, "--failed")[0]
    assert f"(id {first:016x}): excluded by a person" in " ".join(text.split())
    document("include", project, 4, "--item", f"{first:016x}")
    Project.open(project).run(4).wait(60)
    assert values(project, "4.micrographs", "id") == [first, third]
    assert "holds no item 0000000000000007" in shell("exclude", project, 4, "--item", 7, expect=1)[1]
    assert "one by one" in shell("exclude", project, 2, "--item", first, expect=1)[1]
    assert "is no id" in shell("exclude", project, 4, "--item", "first", expect=2)[1]


def test_nothing_is_changed_without_anything_to_change(project: Path, document: Document, shell: Shell) -> None:
    document("annotate", project, 2)
    document("decide", project, 3)
    assert "nothing to change" in shell("set", project, 4, expect=2)[1]
    assert Project.open(project).run(2).annotations.revision == 0
    assert Project.open(project).run(3).folder.request_names() == []
    assert Project.open(project).run(4).record.revision == 1
