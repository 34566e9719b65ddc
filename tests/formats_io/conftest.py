"""What the tests of file formats share: the programs that act as witnesses."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


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
