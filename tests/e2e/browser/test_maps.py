"""A map: its surface, its slices, and the curves that tell how far to believe it."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from conftest import Study
    from looking import Looking


def test_a_map_is_drawn_and_its_curves_are_saved(looking: Looking, study: Study) -> None:
    from playwright.sync_api import expect

    page = looking.page
    page.goto(study.of_run("postprocess", "maps"))
    surface = page.locator(".viewer .stage")
    expect(surface).to_have_attribute("aria-busy", "false", timeout=60_000)
    expect(page.get_by_role("region", name="Slices")).to_be_visible()
    before = surface.screenshot()
    colours = Image.open(io.BytesIO(before)).convert("RGB").getcolors(10**7)
    assert colours is not None
    assert len(colours) > 50, "the surface is not drawn"
    surface.press("ArrowRight")
    page.wait_for_timeout(500)
    assert surface.screenshot() != before, "it does not turn"
    expect(page.get_by_role("img", name=re.compile("^Fourier"))).to_be_visible()
    looking.check("map")
    group = page.get_by_role("group", name=re.compile("^Save: Fourier")).get_attribute("aria-label")
    rows = list(csv.reader(looking.saved("CSV", group).read_text(encoding="utf-8").splitlines()))
    assert "1/Å" in rows[0][0]
    assert "resolution in Å" in looking.saved("SVG", group).read_text(encoding="utf-8")
