"""Which run reads which, and which stands in for which."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Self

from cryoloom.workflow.index import RunEntry, read_runs
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import HeartbeatWatch, RunFolder


class RunGraph:
    """The runs of a project as a graph; an edge is a connected input.

    Records that were tampered with may form a loop; every walk visits a run once.

    Parameters
    ----------
    project : folder of the project
    entries : of all its runs
    """

    def __init__(self, project: ProjectFolder, entries: Iterable[RunEntry]) -> None:
        self.project = project
        self.runs: dict[str, RunEntry] = {entry.ulid: entry for entry in entries if entry.ulid}
        self._readers: dict[str, list[str]] = {}
        self._successors: dict[str, list[str]] = {}
        for ulid, entry in self.runs.items():
            for source in dict.fromkeys(link.run for link in entry.inputs.values()):
                self._readers.setdefault(source, []).append(ulid)
            if entry.replaces is not None:
                self._successors.setdefault(entry.replaces, []).append(ulid)

    @classmethod
    def read(cls, project: ProjectFolder, watch: HeartbeatWatch | None = None) -> Self:
        """The graph as the folders of the runs have it, without an index."""
        return cls(project, read_runs(project, watch))

    def __contains__(self, ulid: str) -> bool:
        return ulid in self.runs

    def __getitem__(self, ulid: str) -> RunEntry:
        return self.runs[ulid]

    def folder(self, ulid: str) -> RunFolder:
        """The folder of a run."""
        return RunFolder(self.project.runs / self.runs[ulid].folder)

    def sources(self, ulid: str) -> list[str]:
        """Runs of this project that a run reads, in the order of its inputs."""
        entry = self.runs.get(ulid)
        links = () if entry is None else entry.inputs.values()
        return [source for source in dict.fromkeys(link.run for link in links) if source in self.runs]

    def readers(self, ulid: str) -> list[str]:
        """Runs that read an output of a run."""
        return list(self._readers.get(ulid, ()))

    def upstream(self, ulids: Iterable[str], *, known: Container[str] = ()) -> list[str]:
        """Some runs and everything that they were made from, each after what it reads.

        Parameters
        ----------
        ulids : of the runs
        known : runs that are left out, with everything that only they were made from
        """
        return list(self._ordered(ulids, known))

    def downstream(self, ulid: str) -> list[str]:
        """Everything that was made from a run, near ones first; without the run itself."""
        found = {ulid: None}
        waiting = [ulid]
        for current in waiting:
            fresh = [reader for reader in self.readers(current) if reader not in found]
            found.update(dict.fromkeys(fresh))
            waiting += fresh
        return list(found)[1:]

    def replacement(self, ulid: str) -> str | None:
        """The run that stands in for a run now: the newest that was started, at the end of the chain; None if none."""
        current, seen = ulid, {ulid}
        while True:
            started = [run for run in self._successors.get(current, ()) if self.runs[run].attempt and run not in seen]
            if not started:
                return None if current == ulid else current
            current = max(started, key=lambda run: self.runs[run].number)
            seen.add(current)

    def _ordered(self, ulids: Iterable[str], known: Container[str]) -> Iterator[str]:
        begun: set[str] = set()
        for start in ulids:
            stack: list[tuple[str, bool]] = [(start, False)]
            while stack:
                ulid, sources_done = stack.pop()
                if sources_done:
                    yield ulid
                elif ulid in self.runs and ulid not in begun and ulid not in known:
                    begun.add(ulid)
                    stack.append((ulid, True))
                    stack.extend((source, False) for source in reversed(self.sources(ulid)))
