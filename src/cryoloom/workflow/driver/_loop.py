"""The loop of every driver: requests, work, heartbeat, end."""

from __future__ import annotations

import errno
import signal
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar
from typing import Protocol as Interface

from cryoloom.data import Item, StoredSet
from cryoloom.errors import (
    CryoloomError,
    ParameterError,
    StorageError,
    SupersededError,
    disk_faults_explained,
)
from cryoloom.workflow.driver._attempt import HEARTBEAT_SECONDS, Attempt, claim_attempt
from cryoloom.workflow.driver._inputs import FollowedInput, FollowedRows
from cryoloom.workflow.driver._map import MapDriver
from cryoloom.workflow.driver._source import SourceDriver
from cryoloom.workflow.driver._table import TableDriver
from cryoloom.workflow.driver._whole import WholeDriver
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.lane import TaskReport
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.parameters import validated
from cryoloom.workflow.predicting import predicted_of
from cryoloom.workflow.protocol import DecideProtocol, MapProtocol, SourceProtocol, TableProtocol, WholeProtocol
from cryoloom.workflow.read_only import check_writable
from cryoloom.workflow.run import End, Progress, Request, RequestKind, RunFolder, RunState

if TYPE_CHECKING:
    from cryoloom.workflow.methods import Methods

_PATIENCE_WITH_FULL_DISK = (1.0, 2.0, 4.0, 8.0, 15.0)

FollowedType = TypeVar("FollowedType", bound=FollowedInput)


class ShapeDriver(Interface):
    """What the loop asks of each shape."""

    def step(self) -> float: ...
    def take(self, report: TaskReport) -> None: ...
    def obey(self, request: Request) -> None: ...
    def state(self) -> RunState: ...
    def is_complete(self) -> bool: ...
    def finish(self) -> tuple[RunState, str]: ...
    def progress(self) -> Progress: ...
    def shut_down(self) -> None: ...
    def flush_before_leaving(self) -> None: ...


def drive_run(
    project: Path, run: Path, environment: Environment, *, take_over: bool = False, actor: str = ""
) -> End | None:
    """Carry out one attempt of a run in this process.

    Parameters
    ----------
    project : folder of the project
    run : folder of the run
    environment : protocols, lanes and versions
    take_over : do so although another driver seems alive
    actor : who asked for it

    Returns
    -------
    How the attempt ended, or None if it was interrupted and is to be resumed.

    Raises
    ------
    ProjectError
        If another driver is at work.
    ReadOnlyError
        If a newer cryoloom made the project or the run, or the run's plugin is missing.
    SupersededError
        If another driver took the run over; nothing more was written.
    StorageError
        If the disk does not even take the record of how the attempt ended.
    """
    with disk_faults_explained(project):
        return _claim_and_attend(project, run, environment, take_over=take_over, actor=actor)


def _claim_and_attend(project: Path, run: Path, environment: Environment, *, take_over: bool, actor: str) -> End | None:
    folder = RunFolder(run)
    check_writable(ProjectFolder(project), environment, [folder])
    record = folder.record()
    protocol_class = environment.protocol(record.protocol)
    protocol = protocol_class()
    values = record.parameters
    if protocol_class.version > record.protocol_version:
        values = protocol_class.migrate(record.protocol_version, dict(values))
    parameters = validated(protocol_class.Parameters, values)
    claimed = claim_attempt(
        folder, protocol, parameters, versions=environment.versions(protocol_class), actor=actor, take_over=take_over
    )
    attempt = Attempt(project, folder, claimed, protocol, parameters)
    previous = _interrupt_on_signal(attempt)
    try:
        return _attend(attempt, environment)
    finally:
        attempt.close()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _attend(attempt: Attempt, environment: Environment) -> End | None:
    patience = iter(_PATIENCE_WITH_FULL_DISK)
    while True:
        shape: ShapeDriver | None = None
        try:
            attempt.protocol.check(attempt.parameters)
            shape = _shape(attempt, environment)
            return _drive(attempt, shape)
        except SupersededError:
            _drop(attempt, shape)
            if attempt.is_superseded():
                raise
            attempt.event("reloaded")  # a predecessor's last commit came in between; read it and go on
        except Exception as error:
            _drop(attempt, shape)
            if _is_full_disk(error) and (seconds := next(patience, None)) is not None:
                attempt.wait(seconds)  # space may be freed at this moment; what was not committed is done again
                continue
            attempt.log(str(error) if isinstance(error, CryoloomError) else traceback.format_exc())
            fault = error
            if isinstance(error, OSError) and not isinstance(error, CryoloomError):
                fault = StorageError.explaining(error, attempt.project) or error
            if isinstance(fault, CryoloomError):
                progress = shape.progress() if shape is not None else Progress()
                return attempt.end(RunState.FAILED, progress, str(fault))
            where = f"the log of attempt {attempt.attempt.number} says where"
            attempt.end(RunState.FAILED, Progress(), f"{type(error).__name__}: {error}; {where}.")
            raise


def _drop(attempt: Attempt, shape: ShapeDriver | None) -> None:
    if shape is not None:
        shape.shut_down()
    attempt.forget_reports()


def _is_full_disk(error: Exception) -> bool:
    return any(
        isinstance(fault, OSError) and fault.errno in {errno.ENOSPC, errno.EDQUOT} for fault in (error, error.__cause__)
    )


def _drive(attempt: Attempt, shape: ShapeDriver) -> End | None:
    try:
        while True:
            for request in attempt.new_requests():
                if request.kind is RequestKind.STOP:
                    attempt.stop_requested = True
                else:
                    shape.obey(request)
            if attempt.stop_requested or attempt.interrupted:
                shape.shut_down()
                shape.flush_before_leaving()
                if attempt.stop_requested:
                    return attempt.end(RunState.STOPPED, shape.progress(), "stopped by a person")
                return None
            due = shape.step()
            if shape.is_complete():
                shape.shut_down()
                state, reason = shape.finish()
                if state is RunState.FINISHED:
                    reason = "; ".join(filter(None, (reason, _summary(attempt))))
                return attempt.end(state, shape.progress(), reason)
            attempt.beat(shape.state, shape.progress)
            report = attempt.wait(min(due, HEARTBEAT_SECONDS))
            while report is not None:
                shape.take(report)
                report = attempt.wait(0)
    finally:
        shape.shut_down()


def _summary(attempt: Attempt) -> str:
    stored: dict[str, StoredSet[Item]] = {
        port.name: StoredSet(attempt.folder.outputs / port.name) for port in attempt.protocol.output_ports()
    }
    newest = {name: each.latest() for name, each in stored.items()}
    outputs = {name: snapshot for name, snapshot in newest.items() if snapshot is not None}
    return attempt.protocol.summary(outputs, attempt.parameters)


def _shape(attempt: Attempt, environment: Environment) -> ShapeDriver:
    _know_kinds(attempt, environment)
    protocol = attempt.protocol
    if isinstance(protocol, SourceProtocol):
        return SourceDriver(attempt)
    if isinstance(protocol, MapProtocol):
        return MapDriver(attempt, _follow(attempt, FollowedRows), environment.lane(attempt.record.options.lane))
    if isinstance(protocol, TableProtocol | DecideProtocol):
        return TableDriver(attempt, _follow(attempt, FollowedInput))
    if isinstance(protocol, WholeProtocol):
        lane = environment.lane(attempt.record.options.lane)
        return WholeDriver(
            attempt,
            _follow(attempt, FollowedInput),
            lane,
            lambda: _history(attempt, environment),
            lambda inputs: predicted_of(protocol, inputs, attempt.parameters, environment, lane.capacity()),
        )
    raise ParameterError(f"Protocol {protocol.id} has no shape; derive it from MapProtocol or another of the shapes.")


def _history(attempt: Attempt, environment: Environment) -> Methods:
    from cryoloom.workflow.methods import methods_of_inputs

    return methods_of_inputs(ProjectFolder(attempt.project), environment, attempt.record.ulid)


def _know_kinds(attempt: Attempt, environment: Environment) -> None:
    """A set tool takes items of any kind, also of one that another protocol declares."""
    runs = ProjectFolder(attempt.project)
    for reference in attempt.record.inputs.values():
        kind = runs.find_run(reference.run).record().output_kinds.get(reference.output)
        if kind is not None:
            environment.know_kind(kind)


def _follow(attempt: Attempt, kind: type[FollowedType]) -> Sequence[FollowedType]:
    runs = ProjectFolder(attempt.project)
    followed = []
    for port in attempt.protocol.input_ports():
        reference = attempt.record.inputs.get(port.name)
        if reference is None:
            if not port.optional:
                raise ParameterError(f"Input {port.name} ({port.kind}) is not connected; connect it.")
            continue
        followed.append(kind(port, runs.find_run(reference.run).outputs / reference.output))
    return followed


def _interrupt_on_signal(attempt: Attempt) -> dict[int, Any]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        attempt.interrupt()

    return {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
