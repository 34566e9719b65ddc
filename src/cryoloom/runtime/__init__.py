"""The composition root: finds protocols and lanes, and starts drivers. Everything is loaded on first use."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.runtime._compiled import use_kernel_cache
    from cryoloom.runtime._environment import InstalledEnvironment
    from cryoloom.runtime._findings import findings_of
    from cryoloom.runtime._plugins import Plugin, checked_plugins
    from cryoloom.runtime._programs import programs_found
    from cryoloom.runtime._project import Project
    from cryoloom.runtime._warm_up import warm_up
    from cryoloom.runtime._workflows import find_workflow, shipped_workflows

__all__ = [
    "InstalledEnvironment",
    "Plugin",
    "Project",
    "checked_plugins",
    "find_workflow",
    "findings_of",
    "programs_found",
    "shipped_workflows",
    "use_kernel_cache",
    "warm_up",
]

_HOMES = {
    "InstalledEnvironment": "_environment",
    "Plugin": "_plugins",
    "Project": "_project",
    "checked_plugins": "_plugins",
    "find_workflow": "_workflows",
    "findings_of": "_findings",
    "programs_found": "_programs",
    "shipped_workflows": "_workflows",
    "use_kernel_cache": "_compiled",
    "warm_up": "_warm_up",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
