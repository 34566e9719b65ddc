"""What a tool will take, said before it begins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cryoloom.cli.output import duration

if TYPE_CHECKING:
    from cryoloom.workflow.protocol import WholeProtocol


def foretell(protocol: type[WholeProtocol], seconds: float, memory: int, *, at_most: bool = False) -> dict[str, Any]:
    """Say on standard error what it will take, whether that fits, and, over a day, what does the same on a GPU.

    Parameters
    ----------
    protocol : that does the same as the tool
    seconds : on this machine
    memory : at its peak, in bytes
    at_most : it may end sooner

    Returns
    -------
    The same for a document
    """
    from cryoloom.runtime import InstalledEnvironment
    from cryoloom.workflow.predicting import advice_on

    about = "up to about" if at_most else "about"
    words = f"This will take {about} {duration(seconds)} and {memory / 2**30:.1f} GB of memory."
    environment = InstalledEnvironment()
    advice = advice_on(seconds, memory, protocol, environment, environment.lane("local").capacity())
    sys.stderr.write(" ".join([words, *advice]) + "\n")
    return {"seconds": round(seconds, 1), "memory": memory, "advice": advice}
