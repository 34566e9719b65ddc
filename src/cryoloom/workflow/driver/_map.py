"""Drives a Map protocol: follows its inputs, keeps the lane busy, commits finished items in small batches."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryoloom.data import Column, Item, OpticsGroup
from cryoloom.errors import LaneError
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._batch import Batch
from cryoloom.workflow.driver._groups import Groups
from cryoloom.workflow.driver._inputs import FollowedRows, generations_of
from cryoloom.workflow.driver._items import FailedItem, LedgerEntry
from cryoloom.workflow.driver._ledger import FailedItems, Ledger, children_text
from cryoloom.workflow.driver._outputs import OutputSets
from cryoloom.workflow.driver._pace import Pace
from cryoloom.workflow.driver._preparations import Preparations
from cryoloom.workflow.driver._rebuilding import Rebuilding
from cryoloom.workflow.driver._submitted import Submitted
from cryoloom.workflow.driver._waiting import waits_for_slots
from cryoloom.workflow.lane import Lane, Priority, Resources, Task, TaskOutcome, TaskPool, TaskReport
from cryoloom.workflow.protocol import MapProtocol
from cryoloom.workflow.run import Progress, Request, RequestKind, RunState

POLL_SECONDS = 0.2


class MapDriver:
    """The Map shape of an attempt.

    Parameters
    ----------
    attempt : claimed
    inputs : the connected inputs, the leading one first
    lane : where the items are processed
    """

    def __init__(self, attempt: Attempt, inputs: Sequence[FollowedRows], lane: Lane) -> None:
        assert isinstance(attempt.protocol, MapProtocol)  # noqa: S101
        self._attempt = attempt
        self._protocol: MapProtocol = attempt.protocol
        self._inputs = inputs
        self._lane = lane
        self._groups = Groups(inputs)
        self._outputs = OutputSets(attempt)
        self._ledger = Ledger(attempt.folder)
        self._failed = FailedItems(attempt.folder)
        self._preparations = Preparations(attempt)
        self._outputs.sweeping.watch(self._ledger.writer, self._failed.writer)
        self._pool: TaskPool | None = None
        self._capacity = 0
        self._workers = attempt.record.options.workers
        self._pending: dict[int, int] = {}  # key → tries so far, in order of arrival
        self._memory: dict[int, int] = {}  # key → bytes granted after the worker was lost
        self._in_flight: dict[str, Submitted] = {}
        self._batch = Batch()
        self._next_poll = 0.0
        self._pace = Pace()
        self._forget_what_is_missing()
        self._unchecked = {*self._ledger.made, *self._failed.by_id}  # their inputs may have gone between attempts
        self._excluded = self._read_exclusions()
        self._rebuilding = Rebuilding(attempt, self._ledger)
        if self._rebuilding.is_wanted():
            self._rebuild()

    # -- what the loop asks ------------------------------------------------------------------------------------------

    def step(self) -> float:
        """Do what can be done now; returns the seconds until the next thing is due."""
        moment = time.monotonic()
        if moment >= self._next_poll:
            touched = self._groups.advance()
            if not self._groups.ready:
                self._unchecked |= touched
                touched = set()
            elif self._unchecked and all(followed.snapshot is not None for followed in self._inputs):
                touched |= self._unchecked
                self._unchecked = set()
            self._consider(touched)
            self._next_poll = time.monotonic() + POLL_SECONDS
        self._fill_lane()
        if self._batch and (self._batch.is_due or not self._in_flight):
            self._flush()
            self._fill_lane()
        return max(0.0, min(self._next_poll - time.monotonic(), self._batch.seconds_left))

    def take(self, report: TaskReport) -> None:
        """Accept the report of a finished task."""
        released = self._preparations.take(report)
        if released is not None:
            self._pending = released | self._pending
            return
        submitted = self._in_flight.pop(report.task_id, None)
        if submitted is None:
            return
        if submitted.key in self._excluded or self._groups.digest(submitted.key) != submitted.digest:
            self._consider([submitted.key])  # its inputs have changed meanwhile
        elif report.outcome is TaskOutcome.RETURNED:
            self._batch.add(submitted, report)
        elif report.outcome is TaskOutcome.KILLED:
            self._consider([submitted.key])
        elif report.outcome is TaskOutcome.LOST and submitted.tries < 2:
            self._memory[submitted.key] = self._doubled(submitted.memory)
            self._pending[submitted.key] = submitted.tries
            self._attempt.event("lost", label=submitted.label, because=report.lost_because)
        else:
            self._fail(submitted, report)

    def obey(self, request: Request) -> None:
        """Do what a person asked."""
        if request.kind is RequestKind.RETRY:
            self._preparations.try_again()
            self._retry(request.items)
        elif request.kind is RequestKind.REBUILD:
            self._rebuild()
        elif request.kind in {RequestKind.EXCLUDE, RequestKind.INCLUDE}:
            self._exclude(request)
        elif request.kind is RequestKind.WORKERS and request.workers:
            self._workers = request.workers
            if self._pool is not None:
                self._pool.resize(request.workers)

    def state(self) -> RunState:
        """Where the run stands, while it is driven."""
        if self._failed.count or self._preparations.failure:
            return RunState.ATTENTION
        busy = self._in_flight or self._batch or self._preparations.is_looking
        return RunState.RUNNING if busy or (self._pending and self._may_start()) else RunState.WAITING

    def is_complete(self) -> bool:
        """Every input is closed, and everything in it is done or has failed."""
        return (
            all(followed.closed for followed in self._inputs)
            and not self._pending
            and not self._preparations.is_at_work
            and not self._in_flight
            and not self._batch
        )

    def finish(self) -> tuple[RunState, str]:
        """Close the outputs; called once when complete."""
        self._outputs.close()
        failed = self._failed.count
        if self._preparations.failure:
            return RunState.FAILED, self._preparations.failure
        if failed and not self._ledger.made:
            first = next(failure.reason for failure in self._failed.by_id.values() if not failure.excluded)
            return RunState.FAILED, f"All {failed} items failed; the first: {first}"
        remarks = [f"{failed} items failed" if failed else "", self._rebuilding.remark]
        return RunState.FINISHED, "; ".join(remark for remark in remarks if remark)

    def progress(self) -> Progress:
        """Counts and rate."""
        done = len(self._ledger.made)
        left = len(self._pending) + len(self._in_flight) + self._preparations.waiting
        waiting = self._groups.count - done - len(self._failed.by_id) - left - len(self._batch.results)
        return Progress(
            done=done,
            failed=self._failed.count,
            excluded=self._failed.excluded_count,
            in_flight=len(self._in_flight),
            total=self._groups.count,
            waiting=max(0, waiting),
            input_closed=all(followed.closed for followed in self._inputs),
            generations=generations_of(self._inputs),
            outputs=self._outputs.counts(),
            items_per_hour=self._pace.per_hour(),
            seconds_left=self._pace.seconds_for(left),
            warnings=self._ledger.warning_count + self._attempt.remark_count,
            message=self._preparations.failure or waits_for_slots(self._pool),
        )

    def shut_down(self) -> None:
        """Kill what runs, keep what is finished."""
        if self._pool is not None:
            self._pool.close(kill=True)
            self._pool = None

    def flush_before_leaving(self) -> None:
        """Commit what is finished; the rest is done by the next attempt."""
        if self._batch:
            self._flush()

    # -- what needs to be done ---------------------------------------------------------------------------------------

    def _consider(self, keys: Iterable[int]) -> None:
        for key in keys:
            digest = None if key in self._excluded else self._groups.digest(key)
            made = self._ledger.made.get(key)
            failure = self._failed.by_id.get(key)
            if made is not None and made.digest != digest:
                self._rebuilding.forget(key)
            if self._batch.settles(key, digest):
                self._pending.pop(key, None)
            elif digest is None:
                self._pending.pop(key, None)
                self._preparations.drop(key)
                self._kill(key)
                if made is not None or (failure is not None and not (failure.excluded and key in self._excluded)):
                    self._batch.withdraw(key)
            elif made is not None and made.digest == digest and key not in self._rebuilding:
                self._pending.pop(key, None)
            elif failure is not None and failure.digest == digest:
                continue
            else:
                self._enqueue(key)

    def _enqueue(self, key: int) -> None:
        if not self._preparations.holds(key) and all(submitted.key != key for submitted in self._in_flight.values()):
            self._pending.setdefault(key, 0)

    def _rebuild(self) -> None:
        """Make what has lost its files again; it counts as done all the while."""
        for key in self._rebuilding.begin():
            self._enqueue(key)

    def _kill(self, key: int) -> None:
        for task_id, submitted in self._in_flight.items():
            if submitted.key == key and self._pool is not None:
                self._pool.kill(task_id)

    def _retry(self, items: Sequence[int] | None) -> None:
        chosen = [
            key
            for key, failure in self._failed.by_id.items()
            if not failure.excluded and (items is None or key in items)
        ]
        self._failed.commit(recovered=chosen)
        self._consider([*chosen, *self._batch.forget_failures(None if items is None else {*items})])

    def _exclude(self, request: Request) -> None:
        keys = request.items or []
        if request.kind is RequestKind.INCLUDE:
            self._excluded.difference_update(keys)
            self._failed.commit(recovered=keys)
        else:
            self._excluded.update(keys)
            for key in keys:
                reason = "excluded by a person"
                self._batch.fail(FailedItem(id=key, label=f"{key:016x}", reason=reason, excluded=True))
        self._consider(keys)

    def _read_exclusions(self) -> set[int]:
        excluded: set[int] = set()
        for request in self._attempt.all_requests(RequestKind.EXCLUDE, RequestKind.INCLUDE):
            keys = request.items or []
            if request.kind is RequestKind.EXCLUDE:
                excluded.update(keys)
            else:
                excluded.difference_update(keys)
        return excluded

    def _forget_what_is_missing(self) -> None:
        """Items that the ledger knows, but whose rows a killed driver did not come to commit, are done again."""
        newest = self._ledger.newest_entries()
        missing = [
            key for key in newest if key in self._ledger.made and not self._outputs.hold(key, self._ledger.made[key].of)
        ]
        if missing:
            self._outputs.withdraw({name: self._children(missing, name) for name in self._outputs.names})
            self._ledger.commit(forget=missing)

    def _children(self, keys: Iterable[int], output: str) -> list[int]:
        return [child for key in keys if key in self._ledger.made for child in self._ledger.made[key].of(output, key)]

    # -- handing out -------------------------------------------------------------------------------------------------

    def _may_start(self) -> bool:
        options = self._attempt.record.options
        if not self._groups.ready:
            return False
        if options.when_closed:
            return all(followed.closed for followed in self._inputs)
        has_begun = self._pool is not None or bool(self._ledger.made)
        return has_begun or self._groups.count >= options.start_after or self._inputs[0].closed

    def _fill_lane(self) -> None:
        if not (self._pending or self._preparations.is_at_work) or not self._may_start():
            return
        if self._pool is None:
            self._pool = self._lane.open_pool(
                scratch=self._attempt.folder.scratch,
                priority=self._attempt.record.options.priority or Priority.LIVE,
                workers=self._workers,
            )
            self._capacity = self._lane.capacity().cpu
        most = 2 * (self._workers or self._capacity) + 14
        while self._pending and len(self._in_flight) <= most // 2:  # to look up many rows costs hardly more than one
            keys = list(self._pending)[: most - len(self._in_flight)]
            rows = self._rows(keys)
            for key in keys:
                self._submit(key, self._pending.pop(key), rows[key])
        self._prepare()

    def _prepare(self) -> None:
        """Have found out what items wait for."""
        leading = self._inputs[0].port.name
        for name, keys, more_may_come in self._preparations.due(closed=self._inputs[0].closed):
            rows = self._rows(keys)
            found = [rows[key][leading] for key in keys if rows[key][leading] is not None]
            if len(found) < len(keys):
                continue  # some were withdrawn since; the next look at the inputs will say so
            items = [self._item(row) for row in found]
            assert self._pool is not None  # noqa: S101
            payload = self._common_payload() | {
                "more_may_come": more_may_come,
                "resources": self._protocol.resources(items[0], self._attempt.parameters),
            }
            self._preparations.submit(self._pool, name, found, payload)

    def _rows(self, keys: list[int]) -> dict[int, dict[str, Any]]:
        rows: dict[int, dict[str, Any]] = {key: {} for key in keys}
        for followed in self._inputs:
            port = followed.port
            if port.shared:
                for key in keys:
                    rows[key][port.name] = followed.all_rows()
                continue
            for key in keys:
                rows[key][port.name] = [] if port.grouped_by else None
            for row in followed.rows_of(keys).iter_rows(named=True):
                if port.grouped_by:
                    rows[row[port.grouped_by]][port.name].append(row)
                else:
                    rows[row["id"]][port.name] = row
        return rows

    def _submit(self, key: int, tries: int, rows: Mapping[str, Any]) -> None:
        attempt = self._attempt
        leading_port = self._inputs[0].port
        leading_row = rows[leading_port.name]
        digest = self._groups.digest(key)
        if leading_row is None or digest is None:
            return  # withdrawn since; the next look at the inputs will say so
        label = label_of(leading_row)
        item = self._item(leading_row)
        prepared = self._preparations.of(key, item)
        if prepared is None:
            self._preparations.hold(key, item, tries)
            return
        counts = {
            followed.port.name: len(rows[followed.port.name]) for followed in self._inputs if followed.port.grouped_by
        }
        resources = self._protocol.resources_given(item, attempt.parameters, counts)
        memory = self._memory.pop(key, resources.memory)
        resources = Resources(resources.cpu, memory, resources.gpu)
        submitted = Submitted(key, digest, label, memory, tries + 1)
        task = Task(
            id=f"{attempt.attempt.number:04d}-{key:016x}-{tries + 1}-{digest & 0xFFFF:04x}",
            function="cryoloom.workflow.driver._tasks:process_item",
            payload={
                **self._common_payload(),
                "rows": dict(rows),
                "label": label,
                "key": key,
                "threads": resources.cpu,
                "prepared": prepared,
            },
            resources=resources,
            label=f"{self._protocol.id} {label}",
        )
        assert self._pool is not None  # noqa: S101
        self._in_flight[task.id] = submitted
        try:
            future = self._pool.submit(task)
        except LaneError as error:
            del self._in_flight[task.id]
            self._note_failure(FailedItem(id=key, label=label, reason=str(error), digest=digest, tries=tries + 1))
            return
        future.add_done_callback(lambda done: attempt.finished_tasks.put(done.result()))

    def _item(self, row: Mapping[str, Any]) -> Item:
        """A leading item."""
        optics = {group.id: group for group in self._inputs[0].optics_groups}
        return self._inputs[0].port.item.from_row(row, optics.get(row.get("optics_group", 0)))

    def _common_payload(self) -> dict[str, Any]:
        """What every task of the run is told."""
        optics = {group.id: group for followed in self._inputs for group in followed.optics_groups}
        return {
            "location": self._protocol.location(),
            "parameters": self._attempt.parameters.model_dump(mode="json"),
            "kinds": {followed.port.name: followed.port.kind for followed in self._inputs},
            "leading": self._inputs[0].port.name,
            "optics_groups": [group.to_json() for group in optics.values()],
            "project": str(self._attempt.project),
            "run": self._attempt.folder.path.name,
        }

    def _doubled(self, memory: int) -> int:
        return min(2 * memory, self._lane.capacity().memory)

    # -- taking in ---------------------------------------------------------------------------------------------------

    def _fail(self, submitted: Submitted, report: TaskReport) -> None:
        failure = submitted.failure(report)
        self._note_failure(failure)
        self._attempt.log(f"{failure.label}: {failure.reason}\n{failure.detail}".rstrip())

    def _note_failure(self, failure: FailedItem) -> None:
        if failure.id in self._rebuilding:
            self._rebuilding.give_up(failure.id, failure.label, failure.reason)
            return
        self._batch.fail(failure)

    def _flush(self) -> None:
        self._attempt.check_superseded()
        names = self._outputs.names
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        gone = self._batch.withdrawals
        withdrawn: dict[str, list[int]] = {name: self._children(gone, name) for name in names}
        optics = {group.id: group for followed in self._inputs for group in followed.optics_groups}
        schemas = {
            followed.port.name: followed.snapshot.schema for followed in self._inputs if followed.snapshot is not None
        }
        inherited: dict[str, Column] = {}
        entries = []
        for key, (submitted, report) in self._batch.results.items():
            is_as_before, remark = self._rebuilding.confirm(key, submitted.digest, report.value["content"])
            if is_as_before:
                continue
            for listing in report.value["listings"]:
                self._attempt.log(f"{submitted.label}: {listing}")
            warnings = [*report.value["warnings"], *([remark] if remark else [])]
            made: dict[str, list[int]] = {}
            for name in names:
                rows[name] += report.value["outputs"][name]
                made[name] = [row["id"] for row in report.value["outputs"][name]]
                former = self._ledger.made.get(key)
                if former is not None:
                    withdrawn[name] += sorted(set(former.of(name, key)) - set(made[name]))
            for column, source in report.value["inherited"].items():
                inherited.setdefault(column, schemas[source][column])
            optics.update({group["id"]: OpticsGroup.from_json(group) for group in report.value["optics_groups"]})
            entries.append(
                LedgerEntry(
                    id=key,
                    digest=submitted.digest,
                    children=children_text(key, made, names),
                    content=report.value["content"],
                    attempt=self._attempt.attempt.number,
                    seconds=report.seconds,
                    peak_memory=report.peak_memory,
                    host=report.host,
                    label=submitted.label,
                    warnings=tuple(warnings),
                )
            )
        failed = self._batch.failures.keys() - gone
        for name in names:
            withdrawn[name] += self._children(failed, name)
        self._pace.add(len(entries))
        self._ledger.commit(entries, forget=gone | failed)
        self._failed.commit(self._batch.failures.values(), recovered=gone | {entry.id for entry in entries})
        self._outputs.commit(rows, withdrawn, list(optics.values()), list(inherited.values()))
        self._batch = Batch()


def label_of(row: Mapping[str, Any]) -> str:
    """What a person calls an item: the name of the movie or of the file that it comes from, or its id."""
    for name in ("movie_file", "micrograph_file", "file"):
        if row.get(name):
            return Path(str(row[name])).stem
    return f"{row['id']:016x}"
