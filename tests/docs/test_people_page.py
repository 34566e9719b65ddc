"""The settings that the page on people shows are settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from cryoloom.server import SettingsFile

PAGE = (Path(__file__).parents[2] / "docs" / "people.md").read_text(encoding="utf-8")


def test_the_settings_that_are_shown_are_taken() -> None:
    whole, check_in = (tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    shown = SettingsFile.model_validate(whole)
    assert set(whole) == set(SettingsFile.model_fields)
    assert f"`{shown.address}/signed-in`" in PAGE
    SettingsFile.model_validate(whole | check_in)
