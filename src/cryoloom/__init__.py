"""cryoloom: single-particle cryo-EM from the microscope to a map."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.runtime import Project

__version__ = "0.1.0.dev0"

__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> object:
    if name == "Project":
        from cryoloom.runtime import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
