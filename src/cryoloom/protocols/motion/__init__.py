"""Motion correction: from movies to aligned sums.

Everything is loaded on first use, so that the one-shot tool need not load the workflow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.protocols.motion._detector import read_detector
    from cryoloom.protocols.motion._files import MovieAcquisition
    from cryoloom.protocols.motion._frames import read_frames
    from cryoloom.protocols.motion._orientation import score_pooled
    from cryoloom.protocols.motion._protocol import CorrectMotion, acquisition_of

__all__ = ["CorrectMotion", "MovieAcquisition", "acquisition_of", "read_detector", "read_frames", "score_pooled"]

_PLACES = {
    "CorrectMotion": "_protocol",
    "MovieAcquisition": "_files",
    "acquisition_of": "_protocol",
    "read_detector": "_detector",
    "read_frames": "_frames",
    "score_pooled": "_orientation",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
