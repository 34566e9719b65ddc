"""Projects, and the runs of one: looked at in three ways, found by a few letters, and one added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_projects_are_listed_and_one_is_made(looking: Looking) -> None:
    from playwright.sync_api import expect

    page = looking.page
    expect(page.get_by_role("link", name="Tiny")).to_be_visible()
    expect(page.get_by_role("heading", name="This machine")).to_be_visible()
    looking.check("projects")
    page.get_by_role("button", name="New project").press("Enter")
    page.get_by_label("Name").fill("β-galactosidase")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="β-galactosidase")).to_be_visible()
    looking.check()


def test_a_run_is_found_in_the_graph_the_table_and_the_cards(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address())
    card = page.get_by_role("group", name=re.compile("Run 4, CTF"))
    expect(card).to_be_visible()
    expect(page.get_by_text("Live")).to_be_visible()
    card.click()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_role("heading", name=re.compile("CTF"))).to_be_visible()
    looking.check("workflow")
    for tab in ("Inputs", "Outputs", "Log", "Methods"):
        inspector.get_by_role("tab", name=tab).click()
        expect(inspector.get_by_role("tabpanel", name=tab)).not_to_be_empty()
        looking.check()
    page.get_by_role("radiogroup", name="View").get_by_text("Table").click()
    table = page.get_by_role("grid", name="Runs")
    table.focus()
    table.press("Home")
    expect(table.locator("tr[aria-selected=true]")).to_have_attribute("data-run", study.project.runs()[-1].ulid)
    looking.check()
    page.get_by_role("radiogroup", name="View").get_by_text("Cards").click()
    looking.check()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find runs and commands").fill("motion")
    looking.check()
    page.keyboard.press("Enter")
    expect(inspector.get_by_role("heading", name=re.compile("Motion"))).to_be_visible()


def test_a_run_is_added_by_the_keyboard_and_started(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address())
    page.get_by_role("button", name="Add run").press("Enter")
    page.get_by_label("Find a protocol").fill("filter")
    expect(page.get_by_role("heading", name="Sets")).to_be_visible()
    looking.check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Add: Filter")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("^items")).press("ArrowDown")
    looking.check()
    page.get_by_role("option", name=re.compile("^4 CTF, ctfs")).click()
    page.get_by_label(re.compile("^Condition")).fill("defocus_u > 0")
    page.get_by_role("button", name="Create draft").press("Enter")
    start = page.get_by_role("button", name="Start run")
    expect(start).to_be_enabled()
    looking.check()
    start.press("Enter")
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector.get_by_text("Finished").first).to_be_visible()
    assert len(study.newest("filter").outputs["kept"]) == 4
