"""The composition root: finds protocols and lanes, and starts drivers."""

from typing import TYPE_CHECKING

from cryoloom.runtime._compiled import use_kernel_cache
from cryoloom.runtime._environment import InstalledEnvironment, Project

if TYPE_CHECKING:
    from cryoloom.runtime._findings import findings_of

__all__ = ["InstalledEnvironment", "Project", "findings_of", "use_kernel_cache"]


def __getattr__(name: str) -> object:
    if name == "findings_of":
        from cryoloom.runtime._findings import findings_of

        return findings_of
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
