"""Versions of everything that a result depends on."""

from __future__ import annotations

import platform
from importlib import metadata

from cryoloom import __version__
from cryoloom.runtime._plugins import plugin_of
from cryoloom.workflow.protocol import Protocol

_LIBRARIES = ("numpy", "scipy", "numba", "polars", "tifffile", "imagecodecs", "mrcfile")


def versions(protocol: type[Protocol]) -> dict[str, str]:
    """Name → version of cryoloom, the protocol's distribution, Python and the numerical libraries."""
    found = {"cryoloom": __version__, "python": platform.python_version()}
    found.update({name: metadata.version(name) for name in _LIBRARIES})
    plugin = plugin_of(protocol.id)
    if plugin is not None:
        found[plugin.distribution] = plugin.version
    return found
