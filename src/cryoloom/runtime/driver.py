"""``python -m cryoloom.runtime.driver PROJECT RUN [ACTOR]``: the process that drives one run."""

from __future__ import annotations

import gc
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Drive a run until it ends; returns the exit status."""
    gc.disable()  # what is imported stays; looking through it for garbage takes a tenth of the start
    from cryoloom.errors import CryoloomError
    from cryoloom.runtime._compiled import use_kernel_cache
    from cryoloom.runtime._environment import InstalledEnvironment
    from cryoloom.workflow.driver import drive_run

    gc.freeze()
    gc.enable()
    use_kernel_cache()
    project, run = Path(arguments[0]), Path(arguments[1])
    actor = arguments[2] if len(arguments) > 2 else ""
    try:
        drive_run(project, run, InstalledEnvironment(), actor=actor)
    except CryoloomError as error:
        sys.stderr.write(f"cryoloom: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
