"""Drives a Whole protocol: rounds on pinned generations, each with one complete result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryoloom.errors import CryoloomError
from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._inputs import FollowedInput
from cryoloom.workflow.driver._ledger import FailedItems
from cryoloom.workflow.driver._outputs import OutputSets
from cryoloom.workflow.driver._pace import Countdown
from cryoloom.workflow.driver._rounds import RoundFolder
from cryoloom.workflow.driver._waiting import waits_for_slots
from cryoloom.workflow.lane import Lane, Priority, Resources, Task, TaskOutcome, TaskPool, TaskReport
from cryoloom.workflow.predicting import as_document, in_words
from cryoloom.workflow.protocol import Prediction, WholeProtocol
from cryoloom.workflow.run import Progress, Request, RequestKind, RunState

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.workflow.methods import Methods

POLL_SECONDS = 0.2
LONG = 3600.0  # seconds, from which on it matters what would make a round shorter


class WholeDriver:
    """The Whole shape of an attempt.

    A round is begun by writing ``inputs.json`` (which pins generations), computed by one task, and ended by
    ``result.json``; then its result is committed. A round without ``result.json`` is continued from its checkpoints, a
    result that was not committed is committed again.

    Parameters
    ----------
    attempt : claimed
    inputs : the connected inputs, the leading one first
    lane : where rounds are computed
    history : tells how the inputs were made, to a protocol that shows it
    foretell : tells what a round on these inputs will take, None if that is too little to matter
    """

    def __init__(
        self,
        attempt: Attempt,
        inputs: Sequence[FollowedInput],
        lane: Lane,
        history: Callable[[], Methods],
        foretell: Callable[[Mapping[str, Snapshot[Any]]], Prediction | None],
    ) -> None:
        assert isinstance(attempt.protocol, WholeProtocol)  # noqa: S101
        self._attempt = attempt
        self._protocol: WholeProtocol = attempt.protocol
        self._inputs = inputs
        self._lane = lane
        self._history = history
        self._foretell = foretell
        self._outputs = OutputSets(attempt)
        self._failed = FailedItems(attempt.folder)
        self._outputs.sweeping.watch(self._failed.writer)
        self._pool: TaskPool | None = None
        self._running: RoundFolder | None = None
        self._countdown = Countdown()
        self._failure = ""
        self._tries = 0
        self._memory = 0
        self._next_poll = 0.0
        self._last: RoundFolder | None = None
        attempt.folder.rounds.mkdir(exist_ok=True)
        rounds = RoundFolder.all(attempt.folder.rounds)
        if rounds:
            self._last = rounds[-1]
            if self._last.is_computed():
                self._publish(self._last)

    def step(self) -> float:
        """Begin a round if one is due; returns the seconds until the next look."""
        moment = time.monotonic()
        if moment >= self._next_poll:
            for followed in self._inputs:
                followed.advance()
            if self._running is None and not self._failure:
                self._begin_round()
            self._next_poll = time.monotonic() + POLL_SECONDS
        return max(0.0, self._next_poll - time.monotonic())

    def take(self, report: TaskReport) -> None:
        """Accept the report of a round."""
        current, self._running = self._running, None
        if current is None:
            return
        if report.outcome is TaskOutcome.RETURNED:
            for listing in report.value["listings"]:
                self._attempt.log(f"Round {current.number}: {listing}")
            for warning in report.value["warnings"]:
                self._attempt.remark(f"Round {current.number}: {warning}")
            self._publish(current)
            self._tries = 0
        elif report.outcome is TaskOutcome.LOST and self._tries < 2:
            self._memory = min(2 * self._memory, self._lane.capacity().memory)
            self._attempt.event("lost", label=f"round {current.number}", because=report.lost_because)
            self._next_poll = 0.0
        elif report.outcome is not TaskOutcome.KILLED:
            failure = report.failure
            self._failure = failure.message if failure is not None else f"its worker was lost: {report.lost_because}"
            self._attempt.log(f"Round {current.number}: {self._failure}\n{failure.detail if failure else ''}".rstrip())

    def obey(self, request: Request) -> None:
        """Do what a person asked."""
        if request.kind is RequestKind.RETRY:
            self._failure, self._tries = "", 0
            self._next_poll = 0.0

    def state(self) -> RunState:
        """Where the run stands, while it is driven."""
        if self._failure:
            return RunState.ATTENTION
        return RunState.RUNNING if self._running is not None else RunState.WAITING

    def is_complete(self) -> bool:
        """The last generation of closed inputs, or a sample, has been computed, or the round has failed so."""
        if self._running is None and not self._failure and self._has_its_sample():
            return True
        if self._running is not None or not all(followed.closed for followed in self._inputs):
            return False
        return bool(self._failure) or (self._last is not None and self._last.covers(self._inputs))

    def finish(self) -> tuple[RunState, str]:
        """Close the outputs, unless the round failed."""
        if self._failure:
            return RunState.FAILED, self._failure
        self._outputs.close()
        left_out = self._failed.count
        return RunState.FINISHED, f"{left_out} items were left out" if left_out else ""

    def progress(self) -> Progress:
        """Rounds done, and how far the present one has come."""
        fraction, message = self._running.progress() if self._running is not None else (0.0, "")
        waits = waits_for_slots(self._pool)
        said = waits or f"{100 * fraction:.0f} % {message}".strip()
        left = self._countdown.seconds_left(fraction) if self._running is not None and not waits else None
        done = 0 if self._last is None else self._last.number - (0 if self._last.is_computed() else 1)
        return Progress(
            done=done,
            in_flight=1 if self._running is not None else 0,
            total=done + (1 if self._running is not None else 0),
            input_closed=all(followed.closed for followed in self._inputs),
            failed=self._failed.count,
            outputs=self._outputs.counts(),
            warnings=self._attempt.remark_count,
            seconds_left=left,
            message=self._failure if self._running is None else said,
        )

    def shut_down(self) -> None:
        """Kill the round; it continues from its last checkpoint."""
        if self._pool is not None:
            self._pool.close(kill=True)
            self._pool = None

    def flush_before_leaving(self) -> None:
        """A result is committed at once when it is there."""

    def _begin_round(self) -> None:
        current = self._last
        if current is None or current.is_computed():
            if not self._is_due():
                return
            current = RoundFolder.begin(self._attempt.folder.rounds, self._inputs, previous=current)
            self._attempt.event("round", number=current.number, generations=current.generations())
            self._last = current
            self._tell_prediction(current)
        self._compute(current)

    def _tell_prediction(self, current: RoundFolder) -> None:
        """Say in the log what the round will take; advice is for a person if the round is long, or does not fit."""
        attempt = self._attempt
        try:
            told = self._foretell(self._pinned(current))
        except CryoloomError as error:
            attempt.log(f"Round {current.number}: what it will take is not known: {error}")
            return
        if told is None:
            return
        attempt.event("prediction", round=current.number, **as_document(told))
        attempt.log(f"Round {current.number}: {in_words(told)}")
        matters = told.seconds > LONG or told.memory > self._lane.capacity().memory
        tell = attempt.remark if matters else attempt.log
        for advice in told.advice:
            tell(f"Round {current.number}: {advice}")

    def _pinned(self, current: RoundFolder) -> dict[str, Snapshot[Any]]:
        generations = current.generations()
        return {
            followed.port.name: followed.stored.at(generations[followed.port.name])
            for followed in self._inputs
            if followed.port.name in generations
        }

    def _is_due(self) -> bool:
        if any(followed.snapshot is None and not followed.port.optional for followed in self._inputs):
            return False
        if self._last is not None and (self._last.covers(self._inputs) or self._has_its_sample()):
            return False
        options = self._attempt.record.options
        closed = all(followed.closed for followed in self._inputs)
        if options.when_closed or (self._last is not None and options.round_every is None):
            return closed
        count = self._inputs[0].count
        before = 0 if self._last is None else self._last.leading_count()
        wanted = options.start_after if self._last is None else before + (options.round_every or 1)
        sample = self._protocol.sample_size(self._attempt.parameters)
        return closed or count >= max(wanted, sample or 0)

    def _has_its_sample(self) -> bool:
        """Whether a round over as many items as the protocol wants has been computed."""
        sample = self._protocol.sample_size(self._attempt.parameters)
        if sample is None or self._last is None or not self._last.is_computed():
            return False
        return self._last.leading_count() >= sample

    def _compute(self, current: RoundFolder) -> None:
        attempt = self._attempt
        try:
            generations = current.generations()
            resources = self._protocol.resources(self._pinned(current), attempt.parameters)
            self._memory = max(self._memory, resources.memory)
            cpu = min(resources.cpu, self._lane.capacity().cpu)
            resources = Resources(cpu, self._memory, resources.gpu)
            if self._pool is None:
                self._pool = self._lane.open_pool(
                    scratch=attempt.folder.scratch,
                    priority=attempt.record.options.priority or Priority.BATCH,
                    workers=1,
                )
            self._tries += 1
            task = Task(
                id=f"{attempt.attempt.number:04d}-round-{current.number:04d}-{self._tries}",
                function="cryoloom.workflow.driver._tasks:compute_round",
                payload={
                    "location": self._protocol.location(),
                    "parameters": attempt.parameters.model_dump(mode="json"),
                    "inputs": {
                        followed.port.name: (str(followed.stored.folder), generations[followed.port.name])
                        for followed in self._inputs
                        if followed.port.name in generations
                    },
                    "project": str(attempt.project),
                    "run": attempt.folder.path.name,
                    "output_kinds": attempt.record.output_kinds,
                    "round_number": current.number,
                    "threads": resources.cpu,
                    "history": self._history() if self._protocol.shows_history else None,
                },
                resources=resources,
                label=f"{self._protocol.id} round {current.number}",
            )
            future = self._pool.submit(task)
        except CryoloomError as error:
            self._failure = str(error)
            return
        self._running, self._countdown = current, Countdown()
        future.add_done_callback(lambda done: attempt.finished_tasks.put(done.result()))

    def _publish(self, current: RoundFolder) -> None:
        self._outputs.replace_all(current.result(self._attempt.record.output_kinds))
        excluded = {key for key, item in self._failed.by_id.items() if item.excluded}
        left_out = [item for item in current.left_out() if item.id not in excluded]
        here = {item.id for item in left_out}
        self._failed.commit(left_out, recovered=self._failed.by_id.keys() - here - excluded)
        self._last = current
