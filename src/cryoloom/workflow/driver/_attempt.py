"""One attempt of a run, as its driver sees it: the claim, the heartbeat, the events, the requests."""

from __future__ import annotations

import errno
import json
import os
import queue
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryoloom.durable import create_json, replace_json, sync_folder
from cryoloom.errors import ProjectError, SupersededError
from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.lane import TaskReport
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import (
    AttemptFolder,
    AttemptRequest,
    End,
    Progress,
    Request,
    RunFolder,
    RunState,
    Status,
    as_document,
    now,
    this_process,
    undriven,
)

HEARTBEAT_SECONDS = 1.0


def claim_attempt(
    folder: RunFolder,
    protocol: Protocol,
    parameters: Any,
    *,
    versions: Mapping[str, str],
    actor: str = "",
    take_over: bool = False,
) -> AttemptFolder:
    """Win the right to drive a run; of several who try at once, one succeeds.

    The attempt's folder is prepared with its request inside and renamed to its number, which the file system refuses if
    somebody else has done so: an attempt is never seen without its request.

    Parameters
    ----------
    folder : of the run
    protocol, parameters : what is run
    versions : of cryoloom, plugin, program and numerical libraries
    actor : who asked for it
    take_over : do so although another driver seems alive; it will notice, and exit

    Raises
    ------
    ProjectError
        If another driver is at work, or was quicker.
    """
    folder.attempts.mkdir(exist_ok=True)
    newest = folder.newest_attempt()
    if newest is not None and not take_over and not undriven([newest]):
        raise ProjectError(f"Run {folder.number} is being driven already; stop it first.", path=folder.path)
    record = folder.record()
    me = this_process()
    attempt = folder.attempt(1 if newest is None else newest.number + 1)
    request = AttemptRequest(
        ulid=record.ulid,
        attempt=attempt.number,
        protocol=protocol.id,
        protocol_version=protocol.version,
        protocol_location=protocol.location(),
        protocol_citations=list(protocol.citations),
        file_categories={name: role.value for name, role in protocol.file_categories.items()},
        parameters=parameters.model_dump(mode="json"),
        inputs=record.inputs,
        options=record.options,
        versions=dict(versions),
        actor=actor,
        host=me.host,
        boot_id=me.boot_id,
        process_id=me.process_id,
        process_started=me.started,
        process_namespace=me.namespace,
    )
    prepared = folder.attempts / f".{new_ulid()}"
    prepared.mkdir()
    create_json(prepared / "request.json", as_document(request))
    begins = f"{now()} {protocol.id}, version {protocol.version}, begins on {me.host}.\n"
    (prepared / attempt.log_file.name).write_text(begins, encoding="utf-8")
    try:
        prepared.rename(attempt.path)
    except OSError as error:
        shutil.rmtree(prepared)
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        raise ProjectError(f"Another driver has just taken run {folder.number}.", path=folder.path) from None
    sync_folder(folder.attempts)
    return attempt


class Attempt:
    """The driver's own view of the attempt it has claimed.

    Parameters
    ----------
    project : folder of the project
    folder : of the run
    claimed : the attempt's folder, won by `claim_attempt`
    protocol, parameters : what is run
    """

    def __init__(
        self, project: Path, folder: RunFolder, claimed: AttemptFolder, protocol: Protocol, parameters: Any
    ) -> None:
        self.project = project
        self.folder = folder
        self.attempt = claimed
        self.protocol = protocol
        self.parameters = parameters
        self.record = folder.record()
        self.finished_tasks: queue.SimpleQueue[TaskReport | None] = queue.SimpleQueue()
        self.stop_requested = False
        self.interrupted = False
        self.before_end: Callable[[], None] | None = None
        self._begin = time.monotonic()
        self._heartbeat = 0
        self._last_beat = 0.0
        self._last_state: RunState | None = None
        self._torn = False
        self._events = os.open(claimed.events_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o660)
        self._handled, self._remarks = _told_before(folder)
        for ulid in folder.request_names():
            if ulid not in self._handled and folder.request(ulid).kind == "stop":
                self._mark_handled(ulid)  # it was meant for an earlier attempt
        shutil.rmtree(folder.scratch, ignore_errors=True)

    def is_superseded(self) -> bool:
        """Whether a later attempt has been claimed."""
        return self.folder.attempt(self.attempt.number + 1).path.exists()

    def check_superseded(self) -> None:
        """Stop here if a later attempt has been claimed.

        Raises
        ------
        SupersededError
            Then nothing more may be written.
        """
        if self.is_superseded():
            raise SupersededError(f"Run {self.folder.number} was taken over by another driver.", path=self.folder.path)

    def event(self, kind: str, **details: Any) -> None:
        """Append one line to ``events.jsonl``; on a full disk it may be torn, and the next begins a line of its own."""
        line = (json.dumps({"at": now(), "event": kind, **details}, ensure_ascii=False) + "\n").encode()
        if self._torn:
            line = b"\n" + line
        self._torn = os.write(self._events, line) < len(line)

    def log(self, text: str) -> None:
        """Append to ``log.txt``, with the time."""
        with self.attempt.log_file.open("a", encoding="utf-8") as log:
            log.write(f"{now()} {text}\n")

    def remark(self, sentence: str, listing: str = "") -> None:
        """Tell people something about the run as a whole: in the log, and once for all attempts among its warnings.

        Parameters
        ----------
        sentence : the same whenever it is about the same thing
        listing : what joins it, in place of what joined it before
        """
        self.log(f"{sentence} {listing}".rstrip())
        if self._remarks.get(sentence) != listing:
            self._remarks[sentence] = listing
            self.event("remark", sentence=sentence, **({"listing": listing} if listing else {}))

    @property
    def remark_count(self) -> int:
        """How many different things all attempts have remarked."""
        return len(self._remarks)

    def new_requests(self) -> Iterator[Request]:
        """Requests not yet handled, oldest first; each counts as handled once the caller comes back for the next."""
        for ulid in self.folder.request_names():
            if ulid in self._handled:
                continue
            yield self.folder.request(ulid)
            self._mark_handled(ulid)

    def all_requests(self, *kinds: str) -> list[Request]:
        """Every request of the given kinds, handled or not, oldest first."""
        requests = (self.folder.request(ulid) for ulid in self.folder.request_names())
        return [request for request in requests if request.kind in kinds]

    def _mark_handled(self, ulid: str) -> None:
        self.event("request", ulid=ulid)
        self._handled.add(ulid)

    def beat(self, tell_state: Callable[[], RunState], tell_progress: Callable[[], Progress]) -> None:
        """Write the heartbeat, at most once a second unless the state changed.

        Raises
        ------
        SupersededError
            If a later attempt has been claimed.
        """
        moment = time.monotonic()
        state = tell_state()
        if state == self._last_state and moment - self._last_beat < HEARTBEAT_SECONDS:
            return
        self.check_superseded()
        if state != self._last_state:
            self.event("state", state=state.value)
        self._heartbeat += 1
        self._last_beat, self._last_state = moment, state
        status = Status(heartbeat=self._heartbeat, state=state, progress=tell_progress())
        replace_json(self.attempt.path / "status.json", as_document(status), sync=False)

    def end(self, state: RunState, progress: Progress, reason: str = "") -> End:
        """Write how it ended.

        Raises
        ------
        SupersededError
            If a later attempt has been claimed.
        """
        self.check_superseded()
        if self.before_end is not None:
            self.before_end()
        end = End(state=state, reason=reason, progress=progress, seconds=time.monotonic() - self._begin)
        self.event("end", state=state.value, reason=reason)
        create_json(self.attempt.path / "end.json", as_document(end))
        shutil.rmtree(self.folder.scratch, ignore_errors=True)
        return end

    def wait(self, seconds: float) -> TaskReport | None:
        """Sleep until a task finishes, somebody wakes the driver, or the time is over."""
        try:
            return self.finished_tasks.get(timeout=seconds)
        except queue.Empty:
            return None

    def forget_reports(self) -> None:
        """Drop what tasks of a pool that was closed have reported: their ids may be used again."""
        self.finished_tasks = queue.SimpleQueue()

    def interrupt(self) -> None:
        """Leave soon, without an end, so that the run resumes by itself; safe to call from a signal handler."""
        self.interrupted = True
        self.finished_tasks.put(None)

    def close(self) -> None:
        """Close the event log."""
        os.close(self._events)


def _told_before(folder: RunFolder) -> tuple[set[str], dict[str, str]]:
    """Requests that were handled, and each sentence that was remarked → what it listed last, by the attempts so far."""
    handled: set[str] = set()
    remarks: dict[str, str] = {}
    for number in folder.attempt_numbers():
        for event in read_events(folder.attempt(number).events_file):
            if event.get("event") == "request":
                handled.add(str(event["ulid"]))
            elif event.get("event") == "remark":
                remarks[str(event["sentence"])] = str(event.get("listing", ""))
    return handled, remarks


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Read the events of an attempt; torn lines are ignored."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        yield event
