"""What a Map driver has found out once, before the items that need it; kept in the run for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cryoloom.durable import create_json, read_json
from cryoloom.errors import LaneError
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.lane import Resources, Task, TaskOutcome, TaskPool, TaskReport
from cryoloom.workflow.protocol import MapProtocol
from cryoloom.workflow.run import FORMAT_VERSION, now


@dataclass(slots=True)
class _Wanted:
    """Something to be found out, and the items that wait for it.

    Parameters
    ----------
    held : key → tries so far, in order of arrival
    looked_at : how many of them the last look was given
    final : the last look was told that no more would come
    tries : how often the worker of the present look was started
    task : id of the look that is under way; empty if none is
    failure : why it cannot be found out
    """

    held: dict[int, int]
    looked_at: int = 0
    final: bool = False
    tries: int = 0
    task: str = ""
    failure: str = ""


class Preparations:
    """What is known, what is being found out, and who waits for it.

    Parameters
    ----------
    attempt : of a run of a Map protocol
    """

    def __init__(self, attempt: Attempt) -> None:
        assert isinstance(attempt.protocol, MapProtocol)  # noqa: S101
        self._attempt = attempt
        self._protocol: MapProtocol = attempt.protocol
        self._folder = attempt.folder.prepared
        self._known: dict[str, Mapping[str, Any]] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._told_nothing: set[int] = set()  # keys that are let go unprepared
        for path in sorted(self._folder.glob("[!.]*.json")) if self._folder.is_dir() else ():
            self._read(path)

    @property
    def failure(self) -> str:
        """Why something cannot be found out; empty if all is well."""
        return next((wanted.failure for wanted in self._wanted.values() if wanted.failure), "")

    @property
    def waiting(self) -> int:
        """Number of items that are held."""
        return sum(len(wanted.held) for wanted in self._wanted.values())

    @property
    def is_at_work(self) -> bool:
        """Whether something is being found out, or is still to be."""
        return any(wanted.held and not wanted.failure for wanted in self._wanted.values())

    @property
    def is_looking(self) -> bool:
        """Whether a worker looks at this moment."""
        return any(wanted.task for wanted in self._wanted.values())

    def of(self, key: int, item: Any) -> Mapping[str, Any] | None:
        """What is known for an item: empty if it needs nothing, None if it has to wait."""
        name = self._protocol.preparation(item, self._attempt.parameters)
        if not name or key in self._told_nothing:
            return {}
        return self._known.get(name)

    def hold(self, key: int, item: Any, tries: int) -> None:
        """Keep an item back until what it needs is known."""
        name = self._protocol.preparation(item, self._attempt.parameters)
        self._wanted.setdefault(name, _Wanted({})).held[key] = tries

    def drop(self, key: int) -> None:
        """Forget an item that was withdrawn."""
        for wanted in self._wanted.values():
            wanted.held.pop(key, None)

    def holds(self, key: int) -> bool:
        """Whether an item is held."""
        return any(key in wanted.held for wanted in self._wanted.values())

    def try_again(self) -> None:
        """Look anew for what could not be found out."""
        for wanted in self._wanted.values():
            wanted.failure, wanted.looked_at, wanted.final, wanted.tries = "", 0, False, 0

    def due(self, *, closed: bool) -> list[tuple[str, list[int], bool]]:
        """What is to be looked for now.

        Parameters
        ----------
        closed : no further item will come

        Returns
        -------
        Name, keys of the first items that wait for it, and whether more may come.
        """
        due = []
        for name, wanted in self._wanted.items():
            keys = list(wanted.held)[: self._protocol.prepares_from]
            final = closed or len(keys) == self._protocol.prepares_from
            is_new = len(keys) > wanted.looked_at or (final and not wanted.final)
            if keys and is_new and not wanted.task and not wanted.failure:
                due.append((name, keys, not final))
        return due

    def submit(self, pool: TaskPool, name: str, rows: Sequence[Mapping[str, Any]], payload: dict[str, Any]) -> None:
        """Have a worker find something out.

        Parameters
        ----------
        pool : where
        name : what
        rows : of the first items that wait for it
        payload : what every task of the run is told, with ``more_may_come`` and the ``resources``
        """
        wanted = self._wanted[name]
        resources: Resources = payload.pop("resources")
        wanted.looked_at, wanted.final = len(rows), not payload["more_may_come"]
        wanted.tries += 1
        wanted.task = f"{self._attempt.attempt.number:04d}-prepare-{_file_name(name)}-{len(rows)}-{wanted.tries}"
        label = f"{self._protocol.id} prepares"
        task = Task(
            id=wanted.task,
            function="cryoloom.workflow.driver._tasks:prepare_items",
            payload={**payload, "rows": list(rows), "label": label, "threads": resources.cpu},
            resources=resources,
            label=label,
        )
        try:
            future = pool.submit(task)
        except LaneError as error:
            wanted.task, wanted.failure = "", str(error)
            return
        future.add_done_callback(lambda done: self._attempt.finished_tasks.put(done.result()))

    def take(self, report: TaskReport) -> dict[int, int] | None:
        """Accept the report of a look.

        Returns
        -------
        The items that may go on now, with their tries; None if the report is of another task.
        """
        name = next((name for name, wanted in self._wanted.items() if wanted.task == report.task_id), None)
        if name is None:
            return None
        wanted = self._wanted[name]
        wanted.task = ""
        if report.outcome is TaskOutcome.RETURNED:
            for listing in report.value["listings"]:
                self._attempt.log(listing)
            for warning in report.value["warnings"]:
                self._attempt.remark(warning)
            if report.value["found"] is not None:
                self._keep(name, report.value["found"], report.value["from"])
                return self._wanted.pop(name).held
            if wanted.final:
                self._told_nothing.update(key for key in report.value["from"] if key in wanted.held)
                released = {key: wanted.held.pop(key) for key in report.value["from"] if key in wanted.held}
                wanted.looked_at, wanted.final, wanted.tries = 0, False, 0
                return released
            wanted.tries = 0
        elif report.outcome is TaskOutcome.RAISED and report.failure is not None:
            wanted.failure = report.failure.message or report.failure.kind
            self._attempt.log(f"{wanted.failure}\n{report.failure.detail}".rstrip())
        elif report.outcome is TaskOutcome.LOST and wanted.tries >= 2:
            wanted.failure = f"The worker that looked at the first items was lost twice: {report.lost_because}."
            self._attempt.log(wanted.failure)
        else:
            wanted.looked_at, wanted.final = 0, False
        return {}

    def _keep(self, name: str, found: Mapping[str, Any], items: Sequence[int]) -> None:
        self._attempt.check_superseded()
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{_file_name(name)}.json"
        document = {
            "format_version": FORMAT_VERSION,
            "name": name,
            "found": dict(found),
            "items": [f"{key:016x}" for key in items],
            "made": now(),
        }
        if not path.exists():
            create_json(path, document)
        self._read(path)
        self._attempt.event("prepared", name=name, found=dict(self._known[name]))

    def _read(self, path: Path) -> None:
        document = read_json(path)
        self._known[document["name"]] = document["found"]


def _file_name(name: str) -> str:
    return blake2b(name.encode(), digest_size=8).hexdigest()
