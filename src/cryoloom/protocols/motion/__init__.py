"""Motion correction: from movies to aligned sums.

The protocol is loaded on first use, so that the one-shot tool need not load the workflow.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.protocols.motion._protocol import CorrectMotion, acquisition_of

__all__ = ["CorrectMotion", "acquisition_of"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from cryoloom.protocols.motion import _protocol

        return getattr(_protocol, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
