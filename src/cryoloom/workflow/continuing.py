"""Which sets of a project continue: of each kind, the one at the end of its way through the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryoloom.data import Item, StoredSet
from cryoloom.errors import ParameterError
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.run import OutputReference, RunState

REPORTED_KINDS = (
    *("micrographs", "ctfs", "coordinates", "particles", "movies", "classes2d", "volumes", "fscs"),
    *("local-resolutions", "half-map-differences", "directional-resolutions", "view-distributions"),
    "model-correlations",
)
"""Kinds of items that a report shows, the one to which the others must fit first."""


@dataclass(frozen=True, slots=True)
class ContinuingSets:
    """One set of each kind, and those that were passed over for them.

    Parameters
    ----------
    chosen : kind of the items → output
    left_out : outputs of these kinds that hold something and that the chosen ones were not made from
    """

    chosen: Mapping[str, OutputReference]
    left_out: tuple[OutputReference, ...]


def continuing_sets(
    graph: RunGraph, kinds: Sequence[str], *, named: Mapping[OutputReference, str] | None = None
) -> ContinuingSets:
    """Choose one set of each kind, such that they belong together.

    A set is followed downstream, through every run that gives such items again: of the alternatives that a run gives,
    such as accepted and rejected items, the first that another run reads continues, and the first if none is read.
    Runs that were replaced, and what was made of nothing but such sets, do not count. Where several sets are left, one
    made from, or into, those chosen before comes first, then the one on whose way the newest run lies; a set that has
    an import in common with these and nothing else belongs to another branch and is not taken.

    Parameters
    ----------
    graph : of the project
    kinds : of items, the one to which the others must fit first
    named : outputs that are to be chosen, with the kinds of their items

    Raises
    ------
    ParameterError
        If two outputs of one kind are named.
    """
    chosen: dict[str, OutputReference] = {}
    for reference, kind in (named or {}).items():
        if kind in chosen:
            raise ParameterError(f"Two sets of {kind} were named; name one of each kind.")
        chosen[kind] = reference
    sets = _Sets(graph)
    for kind in kinds:
        if kind not in chosen:
            found = sets.best(kind, list(chosen.values()))
            if found is not None:
                chosen[kind] = found
    continued = {reference for choice in chosen.values() for reference in sets.upstream(choice)}
    left_out = (one for one, kind in sets.holding.items() if kind in kinds and one not in continued)
    return ContinuingSets(chosen, tuple(left_out))


class _Sets:
    """Outputs of the runs that were started, and how each was made from others."""

    def __init__(self, graph: RunGraph) -> None:
        self._graph = graph
        self._order = [ulid for ulid in graph.upstream(graph.runs) if graph[ulid].attempt]
        self._kinds: dict[OutputReference, str] = {}
        self.holding: dict[OutputReference, str] = {}
        for ulid in self._order:
            for name, kind in graph.folder(ulid).record().output_kinds.items():
                reference = OutputReference(run=ulid, output=name)
                stored: StoredSet[Item] = StoredSet(graph.folder(ulid).outputs / name)
                snapshot = stored.latest()
                if snapshot is not None and (snapshot.count or graph[ulid].state is RunState.FINISHED):
                    self._kinds[reference] = kind
                if snapshot is not None and snapshot.count:
                    self.holding[reference] = kind
        self._read = {source for ulid in self._order for source in self._sources(ulid)}
        self._live = self._find_live()

    def best(self, kind: str, chosen: Sequence[OutputReference]) -> OutputReference | None:
        """The set of that kind that continues and fits to the chosen ones; None if there is none."""
        ends = [one for one in self._live if self._kinds[one] == kind and not self._is_continued(one)]
        related = [one for one in ends if any(self._are_related(one, other) for other in chosen)]
        apart = [one for one in ends if not any(self.upstream(one) & self.upstream(other) for other in chosen)]
        return max(related or apart, key=self._newest, default=None)

    def upstream(self, reference: OutputReference) -> frozenset[OutputReference]:
        """An output and all that it was made from."""
        found = {reference: None}
        waiting = [reference]
        for current in waiting:
            fresh = [one for one in self._sources(current.run) if one not in found]
            found.update(dict.fromkeys(fresh))
            waiting += fresh
        return frozenset(found)

    def _sources(self, ulid: str) -> list[OutputReference]:
        links = self._graph[ulid].inputs.values() if ulid in self._graph else ()
        return [OutputReference(run=link.run, output=link.output) for link in links]

    def _find_live(self) -> list[OutputReference]:
        live: dict[OutputReference, None] = {}
        for ulid in self._order:
            sources = [one for one in self._sources(ulid) if one.run in self._graph]
            if self._graph.replacement(ulid) is not None or (sources and not any(one in live for one in sources)):
                continue
            outputs = [one for one in self._kinds if one.run == ulid]
            for kind in dict.fromkeys(self._kinds[one] for one in outputs):
                live[self._first_read(one for one in outputs if self._kinds[one] == kind)] = None
        return list(live)

    def _first_read(self, alternatives: Iterable[OutputReference]) -> OutputReference:
        ordered = list(alternatives)
        return next((one for one in ordered if one in self._read), ordered[0])

    def _is_continued(self, reference: OutputReference) -> bool:
        kind = self._kinds[reference]
        return any(self._kinds[one] == kind and reference in self._sources(one.run) for one in self._live)

    def _are_related(self, one: OutputReference, other: OutputReference) -> bool:
        """Whether one was made from a set on the way to the other, of the other's kind."""
        return bool(self._way(one) & self.upstream(other) or self._way(other) & self.upstream(one))

    def _way(self, reference: OutputReference) -> frozenset[OutputReference]:
        kind = self._kinds.get(reference)
        return frozenset(one for one in self.upstream(reference) if self._kinds.get(one) == kind)

    def _newest(self, reference: OutputReference) -> tuple[int, int]:
        numbers = [self._graph[ulid].number for ulid in self._graph.downstream(reference.run)]
        own = self._graph[reference.run].number
        return max([own, *numbers]), own
