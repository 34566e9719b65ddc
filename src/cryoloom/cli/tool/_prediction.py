"""What a tool will take, said before it begins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cryoloom.workflow.durations import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryoloom.protocols.particle_images import CommonGrid
    from cryoloom.workflow.protocol import Protocol


def foretell(
    protocol: type[Protocol],
    seconds: float,
    memory: int,
    *,
    at_most: bool = False,
    smaller: tuple[CommonGrid, Callable[[int], int]] | None = None,
    how: str = "With --box {box}",
    also: Sequence[str] = (),
) -> dict[str, Any]:
    """Say on standard error what it will take, whether that fits, and, over a day, what does the same on a GPU.

    Parameters
    ----------
    protocol : that does the same as the tool
    seconds : on this machine
    memory : at its peak, in bytes
    at_most : it may end sooner
    smaller : sampling of the images, and the memory that a smaller box would need
    how : such a box is had
    also : further advice, one sentence each

    Returns
    -------
    The same for a document
    """
    from cryoloom.protocols.particle_images import advice_on_box
    from cryoloom.runtime import InstalledEnvironment
    from cryoloom.workflow.predicting import advice_on

    about = "up to about" if at_most else "about"
    words = f"This will take {about} {duration(seconds)} and {memory / 2**30:.1f} GB of memory."
    environment = InstalledEnvironment()
    capacity = environment.lane("local").capacity()
    own = [] if smaller is None else advice_on_box(*smaller, capacity.memory, how=how)
    advice = [*also, *advice_on(seconds, memory, protocol, environment, capacity, own)]
    sys.stderr.write(" ".join([words, *advice]) + "\n")
    return {"seconds": round(seconds, 1), "memory": memory, "advice": advice}
