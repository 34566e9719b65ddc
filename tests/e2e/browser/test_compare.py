"""Runs beside each other: what differs, what they have in common, and their maps seen from the same side."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_particles_of_two_runs_are_compared_and_combined(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    whole, chosen = (study.newest(protocol) for protocol in ("class2d", "select-classes"))
    page.goto(study.address(f"compare?run={whole.ulid}"))
    expect(page.get_by_text("Choose two runs")).to_be_visible()
    looking.check()
    picker = page.get_by_role("combobox", name="Runs to compare")
    picker.fill(f"{chosen.number} ")
    picker.press("ArrowDown")
    picker.press("Enter")
    page.keyboard.press("Escape")
    table = page.get_by_role("region", name="Table of the runs")
    expect(table.get_by_role("link", name=re.compile(f"^{chosen.number} "))).to_be_visible()
    assert page.url.endswith(f"run={whole.ulid}&run={chosen.ulid}")
    counts = [len(run.outputs["particles"]) for run in (whole, chosen)]
    overlap = page.get_by_role("region", name="Table of what is in common")
    expect(overlap.get_by_role("row").nth(2).get_by_role("cell").last).to_have_text(str(counts[1]))
    expect(page.get_by_role("group", name="Classes")).to_have_count(2)
    looking.check("compare")
    page.get_by_role("combobox", name="Measurement").fill("score")
    page.get_by_role("option", name=re.compile("^score")).first.click()
    expect(page.get_by_role("img", name=re.compile("^score"))).to_be_visible()
    rows = list(csv.reader(looking.saved("CSV", "Save: score").read_text(encoding="utf-8").splitlines()))
    assert [re.match(r"\d+", name)[0] for name in rows[0][1:]] == [str(whole.number), str(chosen.number)]
    page.get_by_role("button", name="Keep what is in both").press("Enter")
    expect(page.get_by_role("heading", level=2, name=re.compile("^Combine"))).to_be_visible()
    combined = study.newest("combine")
    assert combined.record.parameters["operation"] == "intersection"
    assert {link.run for link in combined.record.inputs.values()} == {whole.ulid, chosen.ulid}


def test_maps_are_turned_together(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    runs = [study.newest(protocol).ulid for protocol in ("import-volume", "postprocess")]
    page.goto(study.address(f"compare?run={runs[0]}&run={runs[1]}"))
    surfaces = page.locator(".onemap .stage")
    expect(surfaces).to_have_count(2)
    for place in (0, 1):
        expect(surfaces.nth(place)).to_have_attribute("aria-busy", "false", timeout=60_000)
    before = [surfaces.nth(place).screenshot() for place in (0, 1)]
    surfaces.first.press("ArrowRight")
    page.wait_for_timeout(1000)
    for place in (0, 1):
        assert surfaces.nth(place).screenshot() != before[place], f"map {place + 1} did not turn"
    looking.check()
