"""Motion correction: from movies to aligned sums.

The protocol is loaded on first use, so that the one-shot tool need not load the workflow.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.protocols.motion._protocol import CorrectMotion

__all__ = ["CorrectMotion"]


def __getattr__(name: str) -> Any:
    if name == "CorrectMotion":
        from cryoloom.protocols.motion._protocol import CorrectMotion

        return CorrectMotion
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
