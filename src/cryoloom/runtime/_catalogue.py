"""Which protocols there are: the embedded ones, and those of installed plugins."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from functools import cache

from cryoloom.errors import NotFoundError
from cryoloom.workflow.protocol import Protocol, Stage

EMBEDDED: Mapping[str, str] = {
    "import-movies": "cryoloom.protocols.imports:ImportMovies",
    "import-micrographs": "cryoloom.protocols.imports:ImportMicrographs",
    "import-ctfs": "cryoloom.protocols.imports:ImportCTFs",
    "import-coordinates": "cryoloom.protocols.imports:ImportCoordinates",
    "import-particles": "cryoloom.protocols.imports:ImportParticles",
    "import-volume": "cryoloom.protocols.imports:ImportVolume",
    "preflight": "cryoloom.protocols.preflight:Preflight",
    "motion": "cryoloom.protocols.motion:CorrectMotion",
    "ctf": "cryoloom.protocols.ctf:EstimateCTF",
    "pick": "cryoloom.protocols.pick:PickParticles",
    "extract": "cryoloom.protocols.extract:ExtractParticles",
    "filter": "cryoloom.protocols.sets:FilterItems",
    "curate": "cryoloom.protocols.sets:Curate",
    "combine": "cryoloom.protocols.sets:CombineItems",
    "split": "cryoloom.protocols.sets:SplitItems",
    "edit": "cryoloom.protocols.sets:EditColumns",
    "group-optics": "cryoloom.protocols.sets:GroupOptics",
    "correct-acquisition": "cryoloom.protocols.acquisition:CorrectAcquisition",
    "export": "cryoloom.protocols.export:ExportStar",
    "report": "cryoloom.protocols.report:Report",
    "join": "cryoloom.protocols.sets:JoinColumns",
}
"""Id → ``module:Class`` of every embedded protocol, so that one can be had without importing the others."""


def load(location: str) -> type[Protocol]:
    """Import the protocol class at ``module:Class``."""
    module, _, name = location.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Protocol)):
        raise TypeError(f"{location} is no protocol")
    return found


@cache
def protocol(protocol_id: str) -> type[Protocol]:
    """The protocol of that id.

    Raises
    ------
    NotFoundError
        If there is none; the message names near ones.
    """
    location = EMBEDDED.get(protocol_id)
    if location is None:
        near = difflib.get_close_matches(protocol_id, EMBEDDED, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`cryoloom protocols` lists what is installed."
        raise NotFoundError(f"There is no protocol {protocol_id!r}; {hint}")
    return load(location)


def protocols() -> dict[str, type[Protocol]]:
    """Every protocol, by id, in the order of their stages."""
    found = {protocol_id: protocol(protocol_id) for protocol_id in EMBEDDED}
    order = list(Stage)
    return dict(sorted(found.items(), key=lambda entry: order.index(entry[1].stage)))
