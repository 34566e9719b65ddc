"""Drives a source: looks again and again, commits what it found, closes when nothing more can come."""

from __future__ import annotations

import time
from collections.abc import Mapping

from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._items import FailedItem
from cryoloom.workflow.driver._ledger import FailedItems
from cryoloom.workflow.driver._outputs import OutputSets
from cryoloom.workflow.driver._pace import Pace
from cryoloom.workflow.lane import TaskReport
from cryoloom.workflow.protocol import Found, SourceProtocol
from cryoloom.workflow.run import Progress, Request, RequestKind, RunState
from cryoloom.workflow.workspace import SourceContext

_SHARE_OF_REST = 4.0  # a slow file system is looked at less often


class SourceDriver:
    """The Source shape of an attempt."""

    def __init__(self, attempt: Attempt) -> None:
        assert isinstance(attempt.protocol, SourceProtocol)  # noqa: S101
        self._attempt = attempt
        self._protocol: SourceProtocol = attempt.protocol
        self._outputs = OutputSets(attempt)
        self._failed = FailedItems(attempt.folder)
        self._outputs.sweeping.watch(self._failed.writer)
        self._context = SourceContext(
            attempt.project,
            attempt.folder.path.name,
            {name: self._outputs.ids(name) for name in self._outputs.names},
            self._outputs.rows,
            closing=bool(attempt.all_requests(RequestKind.CLOSE)),
            categories=frozenset(attempt.protocol.file_categories),
        )
        self._waiting = 0
        self._exhausted = False
        self._next_look = 0.0
        self._pace = Pace()

    def step(self) -> float:
        """Look once, if it is time; returns the seconds until the next look."""
        moment = time.monotonic()
        if moment >= self._next_look and not self._exhausted:
            found = self._protocol.look(self._attempt.parameters, self._context)
            self._commit(found)
            while self._context.remarks:
                self._attempt.remark(self._context.remarks.pop(0))
            self._waiting = found.waiting
            self._exhausted = found.exhausted
            took = time.monotonic() - moment
            self._next_look = time.monotonic() + max(self._protocol.poll_seconds, _SHARE_OF_REST * took)
        return 0.0 if self._exhausted else max(0.0, self._next_look - time.monotonic())

    def take(self, report: TaskReport) -> None:
        """A source hands out no tasks."""

    def obey(self, request: Request) -> None:
        """Do what a person asked."""
        if request.kind is RequestKind.CLOSE:
            self._context.closing = True
        elif request.kind is RequestKind.RETRY:
            wanted = request.items
            chosen = [
                key
                for key, failure in self._failed.by_id.items()
                if (not failure.excluded if wanted is None else key in wanted)
            ]
            self._failed.commit(recovered=chosen)
            self._context.retry.update(chosen)

    def state(self) -> RunState:
        """Where the run stands, while it is driven."""
        return RunState.ATTENTION if self._failed.count else RunState.RUNNING

    def is_complete(self) -> bool:
        """Nothing more can come."""
        return self._exhausted

    def finish(self) -> tuple[RunState, str]:
        """Close the outputs."""
        self._outputs.close()
        failed = self._failed.count
        if self._failed.by_id and not any(self._outputs.counts().values()):
            first = min(self._failed.by_id.values(), key=lambda failure: failure.excluded)
            return RunState.FAILED, f"Nothing could be imported: {first.label}: {first.reason}"
        remarks = [f"{failed} items failed" if failed else ""]
        remarks += [f"{self._failed.excluded_count} left out"] if self._failed.excluded_count else []
        return RunState.FINISHED, "; ".join(filter(None, remarks))

    def progress(self) -> Progress:
        """Counts and rate."""
        counts = self._outputs.counts()
        done = max(counts.values(), default=0)
        return Progress(
            done=done,
            failed=self._failed.count,
            excluded=self._failed.excluded_count,
            total=done + self._failed.count + self._waiting,
            waiting=self._waiting,
            input_closed=self._exhausted,
            outputs=counts,
            warnings=self._attempt.remark_count,
            items_per_hour=self._pace.per_hour(),
        )

    def shut_down(self) -> None:
        """A source holds nothing."""

    def flush_before_leaving(self) -> None:
        """Everything found is committed at once."""

    def _commit(self, found: Found) -> None:
        rows: dict[str, object] = {name: [item.to_row() for item in items] for name, items in found.items.items()}
        rows.update(found.tables)
        optics = {group.id: group for group in found.optics_groups}
        for table in found.tables.values():
            optics.update(table.optics_groups)
        self._outputs.commit(rows, found.withdrawn, list(optics.values()))  # type: ignore[arg-type]
        recovered = set(found.recovered)
        for name, items in found.items.items():
            ids = {item.id for item in items}
            self._context.known[name] |= ids
            recovered |= ids
            self._pace.add(len(ids))
        for name, table in found.tables.items():
            self._context.known[name].update(table.frame["id"].to_list())
        withdrawn: Mapping[str, object] = found.withdrawn
        for name in withdrawn:
            self._context.known[name].difference_update(found.withdrawn[name])
        failures = [FailedItem(id=f.id, label=f.label, reason=f.reason, excluded=f.left_out) for f in found.failures]
        self._failed.commit(failures, recovered)
        for failure in failures:
            self._attempt.log(f"{failure.label}: {failure.reason}")
