"""Drives Table and Decide protocols: applies the rule again whenever an input changes, and commits the difference."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cryoloom.workflow.driver._attempt import Attempt
from cryoloom.workflow.driver._decision import HoldingDecision, choose_members
from cryoloom.workflow.driver._inputs import FollowedInput, generations_of
from cryoloom.workflow.driver._outputs import OutputSets
from cryoloom.workflow.lane import TaskReport
from cryoloom.workflow.protocol import DecideProtocol, TableProtocol
from cryoloom.workflow.run import Progress, Request, RequestKind, RunState
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from cryoloom.data import Table

POLL_SECONDS = 0.2


class TableDriver:
    """The Table and Decide shapes of an attempt.

    Parameters
    ----------
    attempt : claimed
    inputs : the connected inputs
    """

    def __init__(self, attempt: Attempt, inputs: Sequence[FollowedInput]) -> None:
        assert isinstance(attempt.protocol, TableProtocol | DecideProtocol)  # noqa: S101
        self._attempt = attempt
        self._protocol: TableProtocol | DecideProtocol = attempt.protocol
        self._inputs = inputs
        self._outputs = OutputSets(attempt)
        self._decision = HoldingDecision.read(attempt)
        self._dirty = True
        self._applied = any(self._outputs.counts().values())
        self._next_poll = 0.0

    def step(self) -> float:
        """Apply the rule if anything has changed; returns the seconds until the next look."""
        moment = time.monotonic()
        if moment >= self._next_poll:
            changed = [followed.advance() for followed in self._inputs]
            self._dirty = self._dirty or any(changed)
            if self._dirty and self._can_apply():
                self._apply()
                self._dirty, self._applied = False, True
            self._next_poll = time.monotonic() + POLL_SECONDS
        return max(0.0, self._next_poll - time.monotonic())

    def take(self, report: TaskReport) -> None:
        """A table is made by the driver itself."""

    def obey(self, request: Request) -> None:
        """Do what a person asked."""
        if request.kind is RequestKind.DECIDE:
            self._decision = HoldingDecision.read(self._attempt)
            self._dirty = True
            self._next_poll = 0.0
            self._attempt.event("decision", by=request.actor, decision=request.decision)

    def state(self) -> RunState:
        """Where the run stands, while it is driven."""
        if isinstance(self._protocol, DecideProtocol) and self._decision is None:
            return RunState.NEEDS_YOU
        return RunState.RUNNING if self._dirty and self._can_apply() else RunState.WAITING

    def is_complete(self) -> bool:
        """Every input is closed and the rule has been applied to the last of it."""
        return not self._dirty and all(followed.closed for followed in self._inputs)

    def finish(self) -> tuple[RunState, str]:
        """Close the outputs."""
        self._outputs.close()
        return RunState.FINISHED, ""

    def progress(self) -> Progress:
        """Counts."""
        leading = self._inputs[0].count if self._inputs else 0
        return Progress(
            done=0 if self._dirty else leading,
            total=leading,
            input_closed=all(followed.closed for followed in self._inputs),
            generations={} if self._dirty else generations_of(self._inputs),
            outputs=self._outputs.counts(),
        )

    def shut_down(self) -> None:
        """Nothing runs elsewhere."""

    def flush_before_leaving(self) -> None:
        """Everything is committed at once."""

    def _can_apply(self) -> bool:
        if isinstance(self._protocol, DecideProtocol) and self._decision is None:
            return False
        options = self._attempt.record.options
        if options.when_closed and not all(followed.closed for followed in self._inputs):
            return False
        if any(followed.snapshot is None for followed in self._inputs):
            return False
        leading = self._inputs[0]
        return self._applied or leading.closed or leading.count >= options.start_after

    def _apply(self) -> None:
        tables = {followed.port.name: followed.table() for followed in self._inputs if followed.snapshot is not None}
        if isinstance(self._protocol, DecideProtocol):
            made = self._decided(self._protocol, tables)
        else:
            resolve = partial(resolve_in_project, self._attempt.project)
            made = self._protocol.transform(tables, self._attempt.parameters, resolve)
        self._outputs.replace_all(made)

    def _decided(self, protocol: DecideProtocol, tables: Mapping[str, Table]) -> Mapping[str, Table]:
        decision = self._decision
        assert decision is not None, "nothing is applied before something is decided"  # noqa: S101
        parameters = self._attempt.parameters
        members = choose_members(self._attempt, protocol, decision, self._inputs, tables)
        made = (
            protocol.apply_to_members(tables, parameters, members.read())
            if members is not None and protocol.keeps_to_members(parameters)
            else protocol.apply(tables, parameters, decision.content)
        )
        for remark in protocol.remarks(tables, parameters, decision.content):
            self._attempt.remark(remark.sentence, remark.listing)
        return made
