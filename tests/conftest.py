"""Two tiers, and what may be missing.

``pytest`` runs the short tier; ``pytest --full`` the long one as well. A test that needs something this machine lacks
is skipped by name; with ``--no-skips`` (continuous integration) such a skip is a failure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # for `phantoms` and `served` in tests

settings.register_profile("cryoloom", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("cryoloom")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long tests as well")
    parser.addoption("--no-skips", action="store_true", help="a skipped test is a failed test")
    parser.addoption("--screenshots", metavar="FOLDER", help="keep the pictures of the guide to the web app there")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    short = [item for item in items if item.get_closest_marker("full") is None]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full") is not None])
    items[:] = short


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and nothing may be skipped here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of real data; without it the test is skipped."""
    folder = os.environ.get("CRYOLOOM_TEST_DATA", "")
    if not folder:
        pytest.skip("needs real data: set CRYOLOOM_TEST_DATA to their folder")
    return Path(folder)
