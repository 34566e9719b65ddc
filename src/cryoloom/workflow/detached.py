"""Processes that outlive the one that started them."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path


def start_detached(arguments: Sequence[str], output: Path, folder: Path) -> int:
    """Start a program in a session of its own, so that neither terminal nor server takes it along when it ends.

    Parameters
    ----------
    arguments : program and arguments
    output : file that what it prints is appended to
    folder : where it is started

    Returns
    -------
    The process number.
    """
    with output.open("ab") as stream:
        process = subprocess.Popen(
            list(arguments),
            env=os.environ | {"PYDANTIC_DISABLE_PLUGINS": "__all__"},  # looking for plugins costs a tenth of a second
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd=folder,
        )
    threading.Thread(target=process.wait, name=f"reaper of {process.pid}", daemon=True).start()
    return process.pid


def is_running(process: int) -> bool:
    """Whether a process that `start_detached` has started from here has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
