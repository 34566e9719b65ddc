"""Which sets tell of the same exposures."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from cryoloom.errors import NotFoundError
from cryoloom.workflow.continuing import continuing_sets
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.run import OutputReference

if TYPE_CHECKING:
    from cryoloom.data import CTF, Item, Micrograph, Snapshot
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.project import Output, Project

KINDS = ("micrographs", "ctfs", "coordinates", "movies", "particles", "classes2d", "volumes")
_KEPT = 32

_chosen: OrderedDict[tuple[object, ...], Mapping[str, OutputReference]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class ExposureSets:
    """Micrographs, and what belongs to them.

    Parameters
    ----------
    micrographs : whose exposures are looked at
    others : kind of the items → the set of that kind that belongs to them; only those of which something is there
    """

    micrographs: Output
    others: Mapping[str, Output]

    def of(self, kind: str) -> Output | None:
        """The set of a kind; None if there is none."""
        return self.micrographs if kind == "micrographs" else self.others.get(kind)

    def latest(self, kind: str) -> Snapshot[Item] | None:
        """The newest generation of the set of a kind; None if nothing has come."""
        output = self.of(kind)
        return None if output is None or not output.as_document()["generation"] else output.latest()

    def micrograph(self, exposure: int) -> Micrograph:
        """The micrograph of an exposure.

        Raises
        ------
        NotFoundError
            If the set does not hold it.
        """
        micrographs = self.micrographs.latest()
        for found in micrographs.items_of(micrographs.rows([exposure])):
            return cast("Micrograph", found)
        raise NotFoundError(f"{self.micrographs} does not hold this micrograph, or not any more.")

    def ctf(self, exposure: int) -> CTF:
        """What was fitted to an exposure.

        Raises
        ------
        NotFoundError
            If nothing was, or it is not known any more.
        """
        fitted = self.latest("ctfs")
        for found in () if fitted is None else fitted.items_of(fitted.rows([exposure])):
            return cast("CTF", found)
        raise NotFoundError("The CTF of this micrograph has not been estimated.")


def exposure_sets(micrographs: Output) -> ExposureSets:
    """Find the sets that tell of the exposures of some micrographs.

    Raises
    ------
    NotFoundError
        If the set holds no micrographs.
    """
    if micrographs.kind != "micrographs":
        raise NotFoundError(f"{micrographs} holds {micrographs.kind}, and no micrographs to look at one by one.")
    project = micrographs.run.project
    chosen = continuing(project, micrographs.reference)
    others = {
        kind: project.run(reference.run).output(reference.output)
        for kind, reference in chosen.items()
        if kind != "micrographs"
    }
    return ExposureSets(micrographs, others)


def continuing(project: Project, micrographs: OutputReference | None = None) -> Mapping[str, OutputReference]:
    """Kind → set, as `continuing_sets` chooses; remembered until a run is added, begins, ends or makes its first item.

    Parameters
    ----------
    project : any
    micrographs : to which the others must fit; None takes those that continue
    """
    entries = project.listing().runs
    key = (str(project.path), micrographs, *map(_what_counts, entries))
    with _lock:
        if key in _chosen:
            _chosen.move_to_end(key)
            return _chosen[key]
    graph = RunGraph(project.folder, entries)
    found = continuing_sets(graph, KINDS, named={} if micrographs is None else {micrographs: "micrographs"}).chosen
    with _lock:
        _chosen[key] = found
        while len(_chosen) > _KEPT:
            _chosen.popitem(last=False)
    return found


def _what_counts(entry: RunEntry) -> tuple[object, ...]:
    held = sorted(name for name, count in entry.progress.get("outputs", {}).items() if count)
    links = sorted((name, link.run, link.output) for name, link in entry.inputs.items())
    return entry.ulid, entry.attempt, entry.replaces, entry.state, tuple(held), tuple(links)
