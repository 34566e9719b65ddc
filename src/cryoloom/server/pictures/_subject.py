"""Which output of a run its picture is made of, and what it then shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryoloom.workflow.protocol import Protocol

_SHOWN = {
    "classes2d": "Its class averages with most particles",
    "volumes": "Central sections of its map",
    "classes3d": "Central sections of its first map",
    "view-distributions": "From where particles are seen, on a map of all directions",
    "directional-resolutions": "Resolution by direction",
    "local-resolutions": "Central sections of local resolution; finer is brighter",
    "half-map-differences": "Central sections of the difference of the half maps",
    "masks": "Central sections of its mask",
    "ctfs": "Power spectrum of its newest micrograph beside the fit",
    "coordinates": "Its newest micrograph with what was picked",
    "micrographs": "Its newest micrograph",
    "movies": "A frame of its newest movie",
    "particles": "Some of its newest particles",
}
"""Kind of a set → what a picture of it shows; what says most of a run comes first."""

_DECLARED: dict[type[Any], dict[str, str]] = {}  # lists of runs ask for it again and again


@dataclass(frozen=True, slots=True)
class Subject:
    """What the picture of a run is made of.

    Parameters
    ----------
    output : name of the output
    kind : of its items
    """

    output: str
    kind: str

    @property
    def words(self) -> str:
        """What the picture shows."""
        return _SHOWN[self.kind]


def subject_of(kinds: Mapping[str, str], counts: Mapping[str, int]) -> Subject | None:
    """The output that says most of a run; None if nothing that can be shown has come yet.

    Parameters
    ----------
    kinds : name of an output → kind of its items
    counts : name of an output → how many items it holds
    """
    held = {kind: name for name, kind in reversed(list(kinds.items())) if counts.get(name)}
    return next((Subject(held[kind], kind) for kind in _SHOWN if kind in held), None)


def picture_words(protocol: type[Protocol], counts: Mapping[str, int]) -> str:
    """What the picture of a run shows; empty if it has none. Costs no system call.

    Parameters
    ----------
    protocol : that it runs
    counts : name of an output → how many items it holds
    """
    subject = subject_of(_declared_kinds(protocol), counts)
    return "" if subject is None else subject.words


def _declared_kinds(protocol: type[Protocol]) -> dict[str, str]:
    if protocol not in _DECLARED:
        _DECLARED[protocol] = {port.name: port.kind for port in protocol.output_ports()}
    return _DECLARED[protocol]
