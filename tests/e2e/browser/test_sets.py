"""Sets: the list of all, the rows of one, its plots, its images; and classes to choose among."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_a_set_is_found_filtered_plotted_and_kept(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address("sets"))
    page.get_by_label("Find sets").fill("ctfs")
    looking.check("sets")
    page.get_by_role("region", name="Sets").get_by_role("link", name="ctfs").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ctfs")
    page.get_by_role("button", name=re.compile("^defocus_u")).first.press("Enter")
    expect(page.get_by_role("columnheader", name=re.compile("^defocus_u"))).to_have_attribute("aria-sort", "ascending")
    looking.check()
    page.get_by_role("button", name="Plot", exact=True).press("Enter")
    panel = page.get_by_role("complementary", name="Plot")
    expect(panel.get_by_role("img", name=re.compile("4 rows"))).to_be_visible()
    looking.check("rows")
    field = page.get_by_label("Filter", exact=True)
    looking.refusals = {422}
    field.fill("defocus_u >")
    field.press("Enter")
    expect(page.get_by_text("'defocus_u >' cannot be read").first).to_be_visible()
    field.fill("defocus_u > 0")
    field.press("Enter")
    page.get_by_role("button", name="Keep as a set").press("Enter")
    page.get_by_label("Name of the set").fill("all that are under focus")
    looking.check()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"Run \d+ keeps them"))).to_be_visible()
    assert study.newest("curate").annotations.label == "all that are under focus"


def test_values_of_a_column_are_bars_that_filter(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(f"{study.of_run('motion', 'outputs/micrographs')}?x=file")
    bars = page.get_by_role("group", name="Values of file")
    expect(bars.get_by_role("button")).to_have_count(4)
    looking.check()
    rows = list(csv.DictReader(looking.saved("CSV", "Save: file").read_text(encoding="utf-8").splitlines()))
    assert {row["rows"] for row in rows} == {"1"}
    assert len(rows) == 4
    bars.get_by_role("button").first.press("Enter")
    expect(page.get_by_label("Filter", exact=True)).to_have_value(re.compile(r'^file == ".+\.mrc"$'))
    expect(bars.get_by_role("button")).to_have_count(1)


def test_particles_are_looked_at(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.of_run("extract", "outputs/particles/images"))
    expect(page.get_by_role("img", name=re.compile("^Particle 1"))).to_have_css(
        "background-image", re.compile("images")
    )
    looking.check("particles")


def test_a_class_is_kept_by_the_keyboard(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.of_run("select-classes", "classes"))
    wall = page.get_by_role("group", name="Classes")
    out = wall.get_by_role("button", pressed=False).first
    name = out.get_attribute("data-class")
    expect(out).to_be_visible()
    looking.check("classes")
    wall.get_by_role("button").first.press("Home")
    while page.evaluate("document.activeElement.dataset.class") != name:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(wall.locator(f"[data-class='{name}']")).to_have_attribute("aria-pressed", "true")
    looking.check()
    page.get_by_role("button", name="Keep these").press("Enter")
    expect(page.get_by_text(re.compile("decided by"))).to_be_visible()
    assert study.newest("select-classes").last_decision() is not None
