"""What the tests of file formats share: real data, and the programs that act as witnesses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("CRYOLOOM_TEST_DATA")
    if not folder:
        pytest.skip("needs real data: set CRYOLOOM_TEST_DATA")
    return Path(folder)


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., str]:
    """Run an external program in the test's folder and return what it printed."""

    def run(program: str, *arguments: object) -> str:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")
        completed = subprocess.run(
            [program, *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    return run
