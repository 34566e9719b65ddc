"""Rows that are kept as a set: by a run that says who chose what, and only of rows that are still what was seen."""

from __future__ import annotations

import time

import pytest
from starlette.testclient import TestClient

from cryoloom.data import Item, Particle, SetWriter, StoredSet
from cryoloom.runtime import Project


def address_of(project: Project) -> str:
    return f"/api/projects/{project.record.ulid}/runs/{project.run(2).ulid}/outputs/particles/subset"


def generation_of(project: Project) -> int:
    return project.output("2.particles").latest().generation


def accepted(project: Project, number: int, count: int) -> set[int]:
    """What a run has accepted, when it is so many."""
    stored: StoredSet[Item] = StoredSet(project.run(number).folder.outputs / "accepted")
    deadline = time.monotonic() + 120
    while True:
        snapshot = stored.latest()
        found = set() if snapshot is None else set(snapshot.to_polars(["id"])["id"])
        if len(found) == count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ({"condition": "class_number == 2 and score > 0.9"}, {103, 104}),
        ({"chosen": [f"{100:016x}", f"{111:016x}"], "condition": "class_number == 2"}, {100, 111}),
    ],
    ids=["condition", "one-by-one"],
)
def test_what_was_chosen_is_kept_by_a_run_that_says_so(
    browser: TestClient, classified: Project, chosen: dict[str, object], kept: set[int]
) -> None:
    seen = generation_of(classified)
    answer = browser.post(address_of(classified), json={**chosen, "generation": seen, "label": "The good ones"})
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert (run["protocol"], run["title"]) == ("curate", "The good ones")
    assert run["inputs"] == {"items": {"run": classified.run(2).ulid, "output": "particles"}}
    assert accepted(classified, run["number"], len(kept)) == kept
    decision = classified.run(run["number"]).last_decision()
    assert decision is not None
    assert decision.generations == {"items": seen}
    assert decision.actor


def test_rows_that_have_only_been_added_do_no_harm(browser: TestClient, classified: Project) -> None:
    seen = generation_of(classified)
    writer = SetWriter.open(classified.run(2).folder.outputs / "particles", Particle.kind)
    known = next(iter(classified.output("2.particles")))
    assert isinstance(known, Particle)
    more = Particle(id=900, file=known.file, index=1, pixel_size=2.0, box_size=32, class_number=2, score=1.0)
    writer.commit([more], reopen=True)
    question = {"condition": "class_number == 2 and score > 0.9", "generation": seen}
    answer = browser.post(address_of(classified), json=question)
    assert answer.status_code == 201, answer.text
    assert accepted(classified, answer.json()["number"], 3) == {103, 104, 900}


def test_rows_that_have_changed_are_to_be_looked_at_again(browser: TestClient, classified: Project) -> None:
    seen = generation_of(classified)
    output = classified.output("2.particles")
    for change in ("replaced", "withdrawn"):
        writer = SetWriter.open(output.run.folder.outputs / "particles", Particle.kind)
        items = list(output)
        if change == "replaced":
            writer.commit(items[:1], reopen=True)
        else:
            writer.commit([], withdraw=[items[0].id], reopen=True)
        answer = browser.post(address_of(classified), json={"condition": "score > 0.9", "generation": seen})
        assert (answer.status_code, "has changed" in answer.json()["message"]) == (409, True), change
        seen = generation_of(classified)
    ahead = browser.post(address_of(classified), json={"condition": "score > 0.9", "generation": seen + 1})
    assert ahead.status_code == 409
    assert len(classified.runs()) == 3  # nothing was added


def test_what_cannot_be_kept_is_said_and_leaves_no_run(browser: TestClient, classified: Project) -> None:
    seen = generation_of(classified)
    for question, said in (
        ({}, "Nothing is chosen"),
        ({"condition": "score > 9"}, "nothing to keep"),
        ({"condition": "scores > 9"}, "no column 'scores'"),
        ({"condition": "score"}, "not a condition"),
        ({"chosen": [f"{100:016x}", f"{7:016x}"]}, "does not hold all"),
    ):
        answer = browser.post(address_of(classified), json={**question, "generation": seen})
        assert (answer.status_code, said in answer.json()["message"]) == (422, True), answer.text
    for question in ({"chosen": ["7"]}, {"chosen": [f"{100:016x}"] * 151}, {"condition": "x" * 4001}):
        assert browser.post(address_of(classified), json={**question, "generation": seen}).status_code == 422
    assert len(classified.runs()) == 3
