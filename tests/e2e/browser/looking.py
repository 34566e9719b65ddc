"""A page as a person sees it, and what nobody should have to see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request, Response

SERIOUS = {"serious", "critical"}


class Looking:
    """Looks at pages of the app, and notes whatever goes wrong in them.

    Parameters
    ----------
    page : of the browser
    axe : the program that checks whether everybody can use a page
    shots : folder of the pictures of the guide, if they are to be made
    """

    def __init__(self, page: Page, axe: str, shots: Path | None) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.refusals: set[int] = set()
        """Statuses of refusals that a test provokes."""
        self._axe = axe
        self._shots = shots
        page.on("pageerror", lambda error: self.wrong.append(f"the page made a mistake: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1":
            self.wrong.append(f"asked for {request.url}, which is not on this machine")

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not any(f"status of {status} " in said.text for status in self.refusals):
            self.wrong.append(said.text)

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.refusals:
            self.wrong.append(f"{response.status} {response.request.method} {response.url}")

    def check(self, picture: str = "") -> None:
        """All of what is shown can be used by everybody, light and dark, and nothing is wider than the window.

        Parameters
        ----------
        picture : name that it has in the guide, if it is shown there
        """
        from playwright.sync_api import expect

        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)  # what is former is dimmed
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_selector(f"html[data-mantine-color-scheme={scheme}]")
            violations = self._violations()
            assert not violations, f"in the {scheme} theme: {violations}"
            if picture and self._shots:
                self._shots.mkdir(parents=True, exist_ok=True)
                self.page.screenshot(path=self._shots / f"{picture}-{scheme}.png")
        self.page.emulate_media(color_scheme="light")
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window

    def _violations(self) -> list[tuple[str, Any]]:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(self._axe)
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(told => told.violations)")
        return [
            (one["id"], [(node["target"], node["failureSummary"]) for node in one["nodes"]])
            for one in found
            if one["impact"] in SERIOUS
        ]

    def saved(self, press: str, within: str) -> Path:
        """What a button saves, by its word and the name of the group in which it stands."""
        with self.page.expect_download() as saving:
            self.page.get_by_role("group", name=within).get_by_text(press, exact=True).click()
        return Path(saving.value.path())
