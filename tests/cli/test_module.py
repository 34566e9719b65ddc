"""The command as a module of Python."""

import subprocess
import sys

from cryoloom import __version__


def test_python_runs_the_package_as_the_command() -> None:
    said = subprocess.run([sys.executable, "-m", "cryoloom", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"cryoloom {__version__}"
