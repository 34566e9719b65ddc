"""The settings that the guides show are settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from cryoloom.server import OperationFile, SettingsFile
from cryoloom.server.alarms import AlarmLimits

PAGE = (Path(__file__).parents[2] / "docs" / "people.md").read_text(encoding="utf-8")


def test_the_settings_that_are_shown_are_taken() -> None:
    whole, check_in = (tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    shown = SettingsFile.model_validate(whole)
    assert set(whole) == set(SettingsFile.model_fields) - set(OperationFile.model_fields)
    assert f"`{shown.address}/signed-in`" in PAGE
    SettingsFile.model_validate(whole | check_in)


def test_the_settings_of_alarms_that_are_shown_are_all_of_them_with_their_defaults() -> None:
    page = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    told = tomllib.loads(block)
    shown = OperationFile.model_validate(told)
    assert set(told) == set(OperationFile.model_fields)
    assert set(told["alarms"]) == set(AlarmLimits.model_fields)
    assert shown.alarms == AlarmLimits()
    assert shown.mail is not None
