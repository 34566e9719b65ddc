"""What a project holds, and how it came about, is shown for people and as one JSON document."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cryoloom.cli._progress import entries_of, shown
from cryoloom.data import SetWriter, counted
from cryoloom.runtime import Project
from cryoloom.workflow.driver import LedgerEntry, drive_run
from cryoloom.workflow.run import RequestKind

Shell = Callable[..., tuple[str, str]]
Document = Callable[..., Any]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def drive(project: Path, number: int) -> None:
    opened = Project.open(project)
    drive_run(opened.path, opened.run(number).folder.path, opened.environment)


def replace_filter(project: Path, document: Document) -> None:
    """Run 5 stands in for run 2, so what reads that is stale."""
    document("add", project, "filter", "--in", "items=1.movies", "--set", "condition=frame_count < 1", "--replaces", 2)
    drive(project, 5)


def test_a_run_is_shown_whole(project: Path, document: Document, shell: Shell) -> None:
    replace_filter(project, document)
    document("annotate", project, 3, "--label", "Good ones", "--note", "by eye", "--tag", "a")
    told = document("show", project, 3)
    expected = {
        "number": 3,
        "protocol": "curate",
        "protocol_version": 1,
        "state": "finished",
        "label": "Good ones",
        "note": "by eye",
        "tags": ["a"],
        "parameters": {"condition": "frame_count > 1", "undecided": "wait"},
        "inputs": {"items": "2.kept"},
        "stale": True,
        "stale_because": ["Its input items is from run 2 (filter), which run 5 (filter) replaces."],
        "behind": 0,
        "cannot_tell": "",
        "read_by": [4],
        "replaced_by": None,
        "failed_items": [],
    }
    assert {name: told[name] for name in expected} == expected
    outputs = {name: (output["kind"], output["count"], output["closed"]) for name, output in told["outputs"].items()}
    assert outputs == {"accepted": ("movies", 3, True), "rejected": ("movies", 0, True)}
    assert (document("show", project, 2)["replaced_by"], document("show", project, 5)["replaces"]) == (5, 2)
    text = squeezed(shell("show", project, 3)[0])
    for part in ("Good ones", "by eye", "stale Its input items", "items = 2.kept", "3.accepted: 3 movies"):
        assert part in text
    (failed,) = document("show", project, 1)["failed_items"]
    assert failed["label"] == "movie_4.tif"
    assert failed["id"] in shell("show", project, 1)[0]
    assert "has no run 9" in shell("show", project, 9, expect=1)[1]


def test_the_status_tells_what_is_stale_and_behind(project: Path, document: Document, shell: Shell) -> None:
    runs = document("status", project)["runs"]
    assert [(run["number"], run["stale"], run["behind"]) for run in runs[:3]] == [(n, False, 0) for n in (1, 2, 3)]
    assert "stale" not in runs[3], "a draft has nothing to compare"
    replace_filter(project, document)
    document("add", project, "filter", "--in", "items=3.accepted", "--set", "condition=frame_count > 1")
    drive(project, 6)
    Project.open(project).run(3).request(RequestKind.DECIDE, decision={"condition": "frame_count > 5"})
    drive(project, 3)
    assert [run.get("behind") for run in document("status", project)["runs"]] == [0, 0, 0, None, 0, 3]
    assert [run.get("stale") for run in document("status", project)["runs"]] == [
        *(False, False, True, None, False, True),
    ]
    assert "stale, behind by 3" in squeezed(shell("status", project, 6)[0])


def test_warnings_are_shown_with_the_items_that_they_are_about(project: Path, document: Document, shell: Shell) -> None:
    folder = Project.open(project).run(1).folder
    with folder.attempt(1).events_file.open("a", encoding="utf-8") as events:
        events.write('{"event": "remark", "sentence": "The gain lies flip-y."}\n')
    writer = SetWriter.open(folder.ledger, kind=LedgerEntry.kind)
    told = {1: ("Ice.", "Drift of 3 Å."), 2: ("Ice.",), 3: ()}
    writer.commit(
        upsert=[LedgerEntry(id=key, digest=key, label=f"m{key}", warnings=found) for key, found in told.items()]
    )
    assert document("show", project, 1, "--warnings") == {
        "number": 1,
        "protocol": "import-movies",
        "warnings": [
            {"item": None, "label": "", "sentence": "The gain lies flip-y.", "listing": ""},
            {"item": f"{1:016x}", "label": "m1", "sentence": "Ice.", "listing": ""},
            {"item": f"{1:016x}", "label": "m1", "sentence": "Drift of 3 Å.", "listing": ""},
            {"item": f"{2:016x}", "label": "m2", "sentence": "Ice.", "listing": ""},
        ],
    }
    assert shell("show", project, 1, "--warnings")[0].splitlines() == [
        "The gain lies flip-y.",
        "m1, m2: Ice.",
        "m1: Drift of 3 Å.",
    ]
    assert shell("show", project, 1, "--warnings", "--limit", 1)[0].splitlines()[-1] == "2 more (--limit)."
    assert document("show", project, 1)["warning_count"] == 4
    assert "4 warnings" in shell("show", project, 1)[0]
    assert shell("show", project, 2, "--warnings")[0] == "Run 2 warns of nothing.\n"
    assert "--warnings is for a run" in shell("show", project, "1.movies", "--warnings", expect=2)[1]


def test_rows_of_a_set_are_chosen_and_limited(project: Path, document: Document, shell: Shell) -> None:
    told = document("show", project, "1.movies")
    assert (told["set"], told["kind"], told["count"], told["matching"], told["closed"]) == (
        *("1.movies", "movies"),
        *(3, 3, True),
    )
    items = {f"{movie.id:016x}": movie for movie in Project.open(project).output("1.movies")}
    assert {row["id"]: row["file"] for row in told["rows"]} == {key: movie.file for key, movie in items.items()}  # type: ignore[attr-defined]
    assert {column["name"]: column["unit"] for column in told["columns"]}["pixel_size"] == "Å/px"

    first = min(movie.file for movie in items.values())  # type: ignore[attr-defined]
    chosen = document("show", project, "1.movies", "--filter", f'file == "{first}"', "--columns", "file,id")
    assert chosen["matching"] == 1
    assert list(chosen["rows"][0]) == ["file", "id"]
    assert chosen["rows"][0]["file"] == first
    assert len(document("show", project, "1.movies", "--limit", 2)["rows"]) == 2
    assert len(document("show", project, "1.movies", "--limit", 0)["rows"]) == 3

    text = squeezed(shell("show", project, "1.movies", "--columns", "id,pixel_size", "--limit", 1)[0])
    assert "id pixel_size [Å/px] " in text
    assert "3 movies; 1 shown (--limit)." in text
    assert "More columns (--columns)" in squeezed(shell("show", project, "1.movies")[0])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("1.movies", "--columns", "fil"), 1, "no column 'fil'; did you mean file"),
        (("1.movies", "--filter", "no_such > 1"), 1, "no_such"),
        (("1.movie",), 1, "has no output 'movie'; it has movies"),
        (("4.micrographs",), 1, "has made no micrographs yet"),
        (("1", "--filter", "id > 1"), 2, "for a set"),
    ],
)
def test_what_cannot_be_shown_is_said(
    project: Path, shell: Shell, words: tuple[str, ...], status: int, said: str
) -> None:
    assert said in squeezed(shell("show", project, *words, "--json", expect=status)[1].replace("│", " "))


def test_an_item_is_traced_to_what_was_imported(project: Path, document: Document, shell: Shell) -> None:
    row = document("show", project, "3.accepted")["rows"][0]
    told = document("trace", project, "3.accepted", row["id"])
    assert [(one["number"], one["output"]) for one in told["line"]] == [(3, "accepted"), (2, "kept"), (1, "movies")]
    assert {one["item"] for one in told["line"]} == {row["id"]}
    lines = shell("trace", project, "3.accepted", row["id"])[0].splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith(f"1.movies  {row['id']}  (import-movies, version ")
    assert row["file"] in lines[-1]
    assert "holds no item" in shell("trace", project, "3.accepted", "7", expect=1)[1]


def test_methods_are_told_of_what_the_report_shows_or_of_runs(project: Path, document: Document, shell: Shell) -> None:
    replace_filter(project, document)
    assert [step["number"] for step in document("methods", project)["steps"]] == [1, 5]
    told = document("methods", project, 3)
    assert [step["number"] for step in told["steps"]] == [1, 2, 3]
    assert "3 movies were recorded at 300 kV" in told["text"]
    text = shell("methods", project, 3)[0]
    assert told["text"] in text
    assert "! Run 3 (curate) is stale: " in text
    assert shell("methods", project, 3, "--bibtex")[0].strip() == told["bibtex"].strip()


def test_rows_of_files_are_read_at_the_width_of_a_small_screen(
    project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names are whole, and where they lie is told once."""
    monkeypatch.setenv("COLUMNS", "80")
    raw = Path(Project.open(project).output("1.movies").latest().to_polars()["file"][0]).parent
    said = shell("show", project, "1.movies")[0]
    for number in (1, 2, 3):
        assert f"movie_{number}.tif" in said
    assert "".join(f"file below {raw}".split()) in "".join(said.split())
    assert all(len(line) <= 80 for line in said.splitlines())


def test_what_a_run_says_at_length_stands_below_the_table(project: Path, shell: Shell) -> None:
    opened = Project.open(project)
    reason = "This is a sentence that is much too long to stand beside what was made."
    entries = [replace(entry, reason=reason) for entry in entries_of(opened, [1])]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(shown(opened, entries, {}))
    *listed, below = console.export_text().splitlines()
    assert "much too long" not in "".join(listed)
    assert below == f"Run 1 (import-movies): {reason}"


def test_one_thing_is_one_thing() -> None:
    assert [counted(count, "micrographs") for count in (0, 1, 2)] == ["0 micrographs", "1 micrograph", "2 micrographs"]
    assert counted(1, "accepted") == "1 accepted"
    assert [counted(1, "classes"), counted(2, "classes")] == ["1 class", "2 classes"]
    assert [counted(1, "classes2d"), counted(12, "classes2d")] == ["1 2D class", "12 2D classes"]


def test_columns_of_a_set_without_rows_are_those_of_its_kind(project: Path, document: Document, shell: Shell) -> None:
    folder = Project.open(project).run(4).folder.outputs / "micrographs"
    SetWriter.open(folder, kind="micrographs").commit(upsert=[])
    assert document("show", project, "4.micrographs", "--columns", "width,motion_total")["rows"] == []
    assert document("show", project, "4.micrographs", "--filter", "motion_total < 30")["matching"] == 0
    assert "0 micrographs" in shell("show", project, "4.micrographs", "--columns", "width")[0]
