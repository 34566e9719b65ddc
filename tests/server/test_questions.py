"""Every question that the contract allows to be put wrongly is answered by a sentence, never by a fault."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from cryoloom.runtime import Project
from cryoloom.server import ServerSettings, create_application

HOSTILE = (
    "", " ", "-1", "0", "7", str(2**31), str(2**63), str(2**64), "1" + "0" * 5000, "1e400", "nan", "inf", "null",
    "true", "\0", "\ud7ff\U0010ffff", "../..", "%2e%2e", "x" * 5000, "self", "id", "file", "[]", "{}", '"', "0" * 16,
    "f" * 16, "id in (1, 'a')", "id // 0", "file + 1 > 2", "id < 1 and", "score ** score > id", "(" * 300,
    "not " * 900 + "True",
)  # fmt: skip
SPARED = {"/api/projects/{project}/events", "/api/storage-events"}  # streams, which have no end


def asked_by_reading(settings: ServerSettings) -> list[tuple[str, dict[str, Any]]]:
    """Address and parameter of everything that is only read; project and run, which all share, once."""
    told = create_application(settings).openapi()["paths"]
    found: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for address, acts in told.items():
        for parameter in acts.get("get", {}).get("parameters", []) if address not in SPARED else []:
            name = parameter["name"]
            found[("" if name in {"project", "run"} else address, name)] = (address, parameter)
    return list(found.values())


def test_nothing_that_is_read_ends_in_a_fault(
    browser: TestClient, settings: ServerSettings, classified: Project
) -> None:
    run = classified.run(2)
    usual = {
        "project": classified.record.ulid,
        "run": run.ulid,
        "output": "particles",
        "item": f"{100:016x}",
        "curve": "fsc",
        "protocol": "ctf",
    }
    tried = 0
    for address, parameter in asked_by_reading(settings):
        for value in HOSTILE:
            inside = usual | ({parameter["name"]: quote(value, safe="")} if parameter["in"] == "path" else {})
            if parameter["in"] == "path" and (not value or "/" in value):
                continue  # another address
            if parameter["in"] == "header" and not (value.isascii() and value.isprintable()):
                continue  # no browser sends it
            query = {parameter["name"]: value} if parameter["in"] == "query" else {}
            headers = {parameter["name"]: value} if parameter["in"] == "header" else {}
            answer = browser.get(address.format(**inside), params=query, headers=headers)
            assert answer.status_code < 500, (address, parameter["name"], value[:60], answer.text[:300])
            tried += 1
    assert tried > 500


NAMES = ("self", "protocol", "label", "options", "replaces", "inputs", "parameters", "values", "decision", "")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_an_input_or_parameter_is_taken_for_something_else(
    browser: TestClient, classified: Project, name: str
) -> None:
    runs = f"/api/projects/{classified.record.ulid}/runs"
    link = {"run": classified.run(2).ulid, "output": "particles"}
    draft = classified.add("abinitio", particles="2.particles", diameter=30.0)
    for address, ask, question in (
        (runs, browser.post, {"protocol": "ctf", "parameters": {name: 1}}),
        (runs, browser.post, {"protocol": "ctf", "inputs": {name: link}}),
        (runs, browser.post, {"protocol": "abinitio", "inputs": {"particles": link}, "parameters": {"particles": 7}}),
        (runs, browser.post, {"protocol": "ctf", "options": {name: 1}}),
        (f"{runs}/{draft.ulid}", browser.patch, {"parameters": {name: 1}}),
        (f"{runs}/{draft.ulid}", browser.patch, {"inputs": {name: link}}),
        (f"{runs}/{draft.ulid}", browser.patch, {"options": {name: 1}}),
        (f"{runs}/{classified.run(3).ulid}/decision", browser.put, {"decision": {name: 1}, "generations": {}}),
    ):
        answer = ask(address, json=question)
        assert answer.status_code in {404, 409, 422}, (question, answer.text)
        assert answer.json()["message"]


def test_a_link_to_what_is_no_run_is_refused(browser: TestClient, classified: Project) -> None:
    for run, output in (("1", ""), ("x" * 5000, "particles"), ("\0", "\0"), (classified.run(2).ulid, "../particles")):
        question = {"protocol": "class2d", "inputs": {"particles": {"run": run, "output": output}}}
        answer = browser.post(f"/api/projects/{classified.record.ulid}/runs", json=question)
        assert answer.status_code in {404, 422}, (run, output, answer.text)


def test_a_project_whose_name_is_too_long_for_the_disk_is_refused(browser: TestClient) -> None:
    answer = browser.post("/api/projects", json={"name": "𓀀" * 120})
    assert (answer.status_code, "too long" in answer.json()["message"]) == (422, True)


def test_a_page_beyond_the_end_is_empty_and_one_beyond_all_numbers_is_refused(
    browser: TestClient, classified: Project
) -> None:
    rows = f"/api/projects/{classified.record.ulid}/runs/{classified.run(2).ulid}/outputs/particles/rows"
    for sort in ("", "id"):
        beyond = browser.get(rows, params={"offset": 2**53, "sort": sort})
        assert (beyond.status_code, beyond.json()["rows"]) == (200, [])
        assert browser.get(rows, params={"offset": 2**63, "sort": sort}).status_code == 422


def test_a_sheet_is_no_larger_than_a_browser_draws(browser: TestClient, classified: Project) -> None:
    images = f"/api/projects/{classified.record.ulid}/runs/{classified.run(2).ulid}/outputs/particles/images"
    for columns in (1, 12):
        answer = browser.get(images, params={"size": 512, "columns": columns})
        assert (answer.status_code, "4096 pixels along an edge" in answer.json()["message"]) == (422, True)
        assert browser.get(images, params={"size": 512, "columns": columns, "limit": 8}).status_code == 200


def test_images_are_drawn_one_at_a_time(
    browser: TestClient, classified: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sheet of twelve, no more than one image is held beside its tile while the next is read."""
    import weakref

    from cryoloom.formats import ImageStack

    held: list[weakref.ref[Any]] = []
    most: list[int] = []
    read = ImageStack.__getitem__

    def watched(stack: ImageStack, index: int) -> Any:
        image = read(stack, index)
        held.append(weakref.ref(image))
        most.append(sum(one() is not None for one in held))
        return image

    monkeypatch.setattr(ImageStack, "__getitem__", watched)
    answer = browser.get(
        f"/api/projects/{classified.record.ulid}/runs/{classified.run(2).ulid}/outputs/particles/images"
    )
    assert (answer.status_code, len(held)) == (200, 12)
    assert max(most) <= 2  # the one that was read, and the one that was drawn before
