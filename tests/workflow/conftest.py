"""Drivers that a failing test leaves behind are ended."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True)
def no_driver_is_left(tmp_path: Path) -> Generator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any(argument.startswith(str(tmp_path)) for argument in arguments):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
