"""What takes space, and people: who works here, their tokens, and who did what; and addresses that lead nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_space_is_freed_after_a_last_question(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address("storage"))
    expect(page.get_by_text("in this project, of which")).to_be_visible()
    looking.check("storage")
    page.get_by_role("checkbox").first.press("Space")
    page.get_by_role("button", name=re.compile("^Free .* …")).press("Enter")
    question = page.get_by_role("dialog", name="Free space")
    expect(question.get_by_role("button", name="Keep everything")).to_be_focused()
    looking.check()
    question.get_by_role("button", name=re.compile("^Free")).press("Enter")
    expect(page.get_by_text(re.compile(r"files? went"))).to_be_visible()
    page.get_by_role("link", name="of all projects").press("Enter")
    expect(page.get_by_role("region", name="Projects").get_by_role("link", name="Tiny")).to_be_visible()
    looking.check()


def test_a_token_is_shown_once(looking: Looking) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto("/account/tokens")
    page.get_by_label("What it is for").fill("Nightly export")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Copy the token “Nightly export” now")).to_be_focused()
    looking.check("tokens")
    page.reload()
    expect(page.get_by_role("cell", name="Nightly export", exact=True)).to_be_visible()
    expect(page.locator(".secret")).to_have_count(0)


def test_whoever_started_the_server_sees_who_did_what(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.address("people"))
    expect(page.get_by_text("nobody else can sign in to it")).to_be_visible()
    looking.check()
    page.goto("/people")
    looking.check()
    page.get_by_role("tab", name="Log").press("Enter")
    expect(page.get_by_role("region", name="Table of acts")).to_be_visible()
    looking.check("log")


def test_an_address_that_leads_nowhere_is_said(looking: Looking) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto("/nowhere/at/all")
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    looking.check()


def test_whoever_is_not_signed_in_is_told_how(looking: Looking) -> None:
    from playwright.sync_api import expect

    page = looking.page
    looking.refusals = {401}
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_role("heading", name="You are not signed in here")).to_be_visible()
    looking.check()
