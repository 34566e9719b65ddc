"""Versions of everything that a result depends on."""

from __future__ import annotations

import platform
import re
from importlib import metadata

from cryoloom import __version__
from cryoloom.runtime._plugins import plugin_of
from cryoloom.workflow.protocol import Protocol

_LIBRARIES = ("numpy", "scipy", "numba", "polars", "tifffile", "imagecodecs", "mrcfile")


def versions(protocol: type[Protocol]) -> dict[str, str]:
    """Name → version of cryoloom, the protocol's distribution, Python and the numerical libraries."""
    found = {"cryoloom": __version__, "python": platform.python_version()}
    found.update({name: _version_of(name) for name in _LIBRARIES})
    plugin = plugin_of(protocol.id)
    if plugin is not None:
        found[plugin.distribution] = plugin.version
    return found


def _version_of(distribution: str) -> str:
    """Its version; `metadata.version` would parse a long file of which this is one line."""
    described = metadata.distribution(distribution)
    told = re.search(r"^Version: *(\S+)", described.read_text("METADATA") or "", re.MULTILINE)
    return told[1] if told else described.version
