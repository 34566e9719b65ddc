"""A session: how it goes, what is kept of it, its exposures, and one of them."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_a_threshold_is_moved_by_the_keyboard_and_kept(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address("session"))
    expect(page.get_by_label("Movies", exact=True)).to_contain_text("4")
    looking.check("session")
    defocus = page.get_by_role("slider", name="Defocus, least that is kept")
    defocus.focus()
    defocus.press("PageUp")
    defocus.press("PageUp")
    keep = page.get_by_role("button", name="Keep these thresholds")
    expect(keep).to_be_visible()
    looking.check()
    with page.expect_response(re.compile("/session/thresholds")) as answer:
        keep.press("Enter")
    condition = answer.value.json()["thresholds"]["condition"]
    assert re.fullmatch(r"\(defocus_u \+ defocus_v\) / 2 >= \d+(\.\d+)?", condition)
    expect(page.get_by_text(re.compile("set by"))).to_be_visible()
    decided = study.project.run(5).last_decision()
    assert decided is not None
    assert decided.decision == {"condition": condition, "keep": "", "leave_out": ""}


def test_a_measure_is_saved_as_a_picture_and_as_numbers(looking: Looking, study: Study) -> None:
    page = looking.page
    page.goto(study.address("session"))
    group = "Save: Defocus (µm) by time of day, and how often"
    svg = looking.saved("SVG", group).read_text(encoding="utf-8")
    assert "Defocus (µm) by time of day" in svg
    width, height = re.search(r'width="(\d+)" height="(\d+)"', svg).groups()
    with Image.open(looking.saved("PNG", group)) as picture:
        assert picture.size == (3 * int(width), 3 * int(height))
        assert len(picture.convert("RGB").getcolors(10**7) or []) > 8
    rows = list(csv.DictReader(looking.saved("CSV", group).read_text(encoding="utf-8").splitlines()))
    known = study.newest("ctf").outputs["ctfs"].to_polars()
    expected = sorted((u + v) / 2e4 for u, v in zip(known["defocus_u"], known["defocus_v"], strict=True))
    assert sorted(float(row["Defocus (µm)"]) for row in rows) == pytest.approx(expected, abs=1e-3)


def test_settings_and_preflight_are_told(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address("session?tab=settings"))
    expect(page.get_by_role("heading", name="Preflight")).to_be_visible()
    looking.check()


def test_exposures_are_sorted_and_one_is_looked_at(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.of_run("motion", "outputs/micrographs/exposures"))
    table = page.get_by_role("region", name="Exposures")
    table.get_by_role("button", name=re.compile("^Defocus")).press("Enter")
    expect(table.get_by_role("columnheader", name=re.compile("^Defocus"))).to_have_attribute("aria-sort", "ascending")
    looking.check("exposures")
    table.get_by_role("link").first.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 4")).to_be_visible()
    expect(page.get_by_text(re.compile(r"picks? of run 6"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Power spectrum along its rings"))).to_be_visible()
    drawn = page.get_by_role("region", name=re.compile("^Micrograph")).locator("canvas").first
    shades = Image.open(io.BytesIO(drawn.screenshot())).convert("L").getextrema()
    assert shades[1] - shades[0] > 60, "the micrograph is not drawn"
    looking.check("micrograph")
    name = page.get_by_role("heading", level=1).inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("3 of 4")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(name)
    page.keyboard.press("f")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Picks")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Exposures")).to_be_visible()


def test_drift_and_rings_are_saved_as_numbers(looking: Looking, study: Study) -> None:
    page = looking.page
    page.goto(study.of_run("motion", "outputs/micrographs/exposures"))
    page.get_by_role("region", name="Exposures").get_by_role("link").first.press("Enter")
    drift = page.get_by_role("group", name=re.compile("^Save: .*: drift"))
    drift.wait_for()
    name = drift.get_attribute("aria-label").removeprefix("Save: ")
    rows = list(csv.DictReader(looking.saved("CSV", f"Save: {name}").read_text(encoding="utf-8").splitlines()))
    assert [row["frame"] for row in rows] == [str(number) for number in range(1, 7)]
    assert any(float(row["x (Å)"]) != float(rows[0]["x (Å)"]) for row in rows)
    rings = page.get_by_role("group", name=re.compile("^Save: .*: power spectrum"))
    rings.wait_for()
    name = rings.get_attribute("aria-label")
    heading = looking.saved("CSV", name).read_text(encoding="utf-8").splitlines()[0]
    assert heading == "spatial frequency (1/Å),resolution (Å),measured,fit,agreement"
