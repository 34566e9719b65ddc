"""What takes minutes and prints nothing itself is announced."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("target", "slow", "said"),
    [
        ("install", "-m pip install", "Installing Python packages"),
        ("install-test", "-m pip install", "Installing Python packages"),
        ("web", "npm ci", "building the web app"),
    ],
)
def test_slow_steps_are_announced(tmp_path: Path, target: str, slow: str, said: str) -> None:
    words = ["make", "--dry-run", "--always-make", target, f"VENV={tmp_path}"]
    lines = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    step = next(number for number, line in enumerate(lines) if slow in line)
    assert any(line.startswith("echo") and said in line for line in lines[:step])
