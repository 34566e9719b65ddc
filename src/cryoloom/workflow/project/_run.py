"""A run, as the shell, the web app and Python programs use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, cast

from cryoloom.data import Item, StoredSet
from cryoloom.errors import NotFoundError, ParameterError, ProjectError
from cryoloom.workflow.detached import is_running
from cryoloom.workflow.drafting import options_of
from cryoloom.workflow.driver import FailedItem, missing_files
from cryoloom.workflow.parameters import ProtocolParameters, validated
from cryoloom.workflow.person import this_person
from cryoloom.workflow.project._editing import edited
from cryoloom.workflow.project._output import Output
from cryoloom.workflow.protocol import DecideProtocol, MapProtocol, Protocol, chooses_members
from cryoloom.workflow.read_only import check_writable
from cryoloom.workflow.run import (
    Annotations,
    HeartbeatWatch,
    Request,
    RequestKind,
    RunFolder,
    RunOptions,
    RunStanding,
    RunState,
    standing,
    undriven,
)

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.workflow.driver import MissingFiles
    from cryoloom.workflow.methods import Methods
    from cryoloom.workflow.project._project import Project
    from cryoloom.workflow.staleness import Staleness
    from cryoloom.workflow.warned import RunWarning

_PATIENCE_WITH_DRIVER = 600.0  # seconds; on a machine that is busy beyond measure a program loads for minutes


class Run:
    """One step of a project.

    Parameters
    ----------
    project : it belongs to
    folder : where it lies
    """

    def __init__(self, project: Project, folder: RunFolder) -> None:
        self.project = project
        self.folder = folder
        self.record = folder.record()
        self._watch = HeartbeatWatch()

    def __repr__(self) -> str:
        return f"<run {self.number} {self.record.protocol} {self.state.value}>"

    @property
    def number(self) -> int:
        """The label people use."""
        return self.folder.number

    @property
    def ulid(self) -> str:
        """The identity."""
        return self.record.ulid

    @property
    def protocol(self) -> type[Protocol]:
        """What it runs."""
        return self.project.environment.protocol(self.record.protocol)

    @property
    def parameters(self) -> ProtocolParameters:
        """Validated parameters."""
        return validated(self.protocol.Parameters, self.record.parameters)

    @property
    def standing(self) -> RunStanding:
        """Where it stands now."""
        return standing(self.folder, self._watch)

    @property
    def state(self) -> RunState:
        """The state it is in now."""
        return self.standing.state

    @property
    def outputs(self) -> Mapping[str, Output]:
        """Declared outputs by name, whether or not they exist yet."""
        return {name: Output(self, name) for name in self.record.output_kinds}

    def output(self, name: str) -> Output:
        """One of them.

        Raises
        ------
        NotFoundError
            If the run has none of that name.
        """
        outputs = self.outputs
        if name not in outputs:
            raise NotFoundError(
                f"Run {self.number} ({self.record.protocol}) has no output {name!r}; "
                f"it has {', '.join(outputs) or 'none'}."
            )
        return outputs[name]

    @property
    def annotations(self) -> Annotations:
        """What people wrote on it."""
        return self.folder.annotations()

    def annotate(self, **changes: Any) -> Annotations:
        """Change label, note or tags.

        Raises
        ------
        ReadOnlyError
            If the run can only be read; as for everything that changes a run.
        """
        self.check_writable()
        return self.folder.annotate(self.annotations.model_copy(update=changes))

    def failed_items(self) -> list[FailedItem]:
        """Items that failed or were excluded, with their reasons."""
        stored: StoredSet[FailedItem] = StoredSet(self.folder.failed)
        snapshot = stored.latest()
        return [] if snapshot is None else list(snapshot.items())

    def warnings(self) -> list[RunWarning]:
        """What its protocol wants people to know; see `warnings_of`."""
        from cryoloom.workflow.warned import warnings_of

        return warnings_of(self.folder)

    def start(self, *, options: Mapping[str, Any] | None = None) -> Self:
        """Start a driver, which survives this process, and wait until it has begun.

        Parameters
        ----------
        options : of `RunOptions`, changed before the first attempt

        Raises
        ------
        ParameterError
            If its protocol cannot honour an option.
        ProjectError
            If it is driven already, or its driver could not begin; the message says why.
        """
        self.launch(options=options)()
        return self

    def launch(self, *, options: Mapping[str, Any] | None = None) -> Callable[[], None]:
        """Start a driver as `start` does, without waiting.

        Returns
        -------
        Waits until the driver has begun.
        """
        self.check_writable()
        if options and not self.folder.attempt_numbers():
            former = self.record.options
            known = {name: getattr(former, name) for name in RunOptions.model_fields}
            changed = former.model_copy(update=dict(options_of(self.protocol, {**known, **options})))
            self.record = self.folder.edit(self.record.model_copy(update={"options": changed}))
        newest = self.folder.newest_attempt()
        if newest is not None and self.state.active and not undriven([newest]):
            raise ProjectError(f"Run {self.number} is {self.state.value} already.", path=self.folder.path)
        before = len(self.folder.attempt_numbers())
        said_before = self.folder.driver_words()
        process = self.project.environment.start_driver(self.project.folder.path, self.folder.path, actor=this_person())
        return lambda: self._wait_for_driver(process, before, said_before)

    def _wait_for_driver(self, process: int, before: int, said_before: str) -> None:
        deadline = time.monotonic() + _PATIENCE_WITH_DRIVER
        while True:
            was_alive = is_running(process)  # asked first: what has ended since may have begun before
            if len(self.folder.attempt_numbers()) > before:
                return
            said = self.folder.driver_words().removeprefix(said_before).strip()
            if said.startswith("cryoloom: "):
                raise ProjectError(f"Run {self.number}: {said.removeprefix('cryoloom: ')}", path=self.folder.path)
            if not was_alive:
                raise ProjectError(
                    f"The driver of run {self.number} ended before it had begun. {said[-500:]}".rstrip(),
                    path=self.folder.path,
                )
            if time.monotonic() > deadline:
                raise ProjectError(
                    f"The driver of run {self.number} (process {process}) has been loading for "
                    f"{_PATIENCE_WITH_DRIVER:g} s and may still begin: see `cryoloom status`, or end that process.",
                    path=self.folder.path,
                )
            time.sleep(0.01)

    def resume(self) -> Self:
        """Go on where it stopped, was interrupted, failed, or where its inputs have grown since it finished."""
        return self.start()

    def stop(self) -> None:
        """Ask the driver to stop; items in flight are done again when the run resumes."""
        self.request(RequestKind.STOP)

    def close(self) -> None:
        """Tell a source that nothing more will come."""
        self.request(RequestKind.CLOSE)

    def retry(self, items: Sequence[int] | None = None) -> None:
        """Try failed items again: these, or all."""
        self.request(RequestKind.RETRY, items=None if items is None else list(items))
        if not self.state.active:
            self.start()

    def missing_files(self) -> MissingFiles:
        """Files that the run's items name and that were cleaned away or are gone; see `missing_files`."""
        return missing_files(self.folder)

    def rebuild(self) -> MissingFiles:
        """Make items again whose files are gone; their rows stay, and what comes out otherwise is warned of.

        Returns
        -------
        What is gone; if it is nothing, nothing is done.
        """
        gone = self.missing_files()
        if gone.items:
            self._ask_to_apply(RequestKind.REBUILD)
        return gone

    def exclude(self, items: Sequence[int]) -> None:
        """Leave items of the leading input out, and withdraw what was made of them.

        Raises
        ------
        ParameterError
            If the run does not process items one by one.
        NotFoundError
            If the input does not hold one of them.
        """
        self._check_items(items)
        self._ask_to_apply(RequestKind.EXCLUDE, items=list(items))

    def include(self, items: Sequence[int]) -> None:
        """Take items in again that were excluded; raises what `exclude` does."""
        self._check_items(items)
        self._ask_to_apply(RequestKind.INCLUDE, items=list(items))

    def decide(self, decision: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        """Decide; the run applies it to what has come and what comes later, and keeps what it chooses of what is there.

        Parameters
        ----------
        decision : values of the protocol's own decision by name
        values : more of them

        Raises
        ------
        ParameterError
            If the run asks for no such decision, or it does not fit what has come.
        """
        self.check_writable()
        made = validated(self.decision_kind, {**(decision or {}), **values})
        snapshots = self._input_snapshots()
        protocol = cast("DecideProtocol", self.protocol())
        seen = len(snapshots) == len(self.record.inputs) and all(snapshot.count for snapshot in snapshots.values())
        if seen:
            protocol.check_decision(made, snapshots)
        self._ask_to_apply(
            RequestKind.DECIDE,
            decision=made.model_dump(mode="json"),
            generations={name: snapshot.generation for name, snapshot in snapshots.items()},
            pins=self._sets_of(snapshots) if seen and chooses_members(type(protocol)) else None,
        )

    @property
    def decision_kind(self) -> type[ProtocolParameters]:
        """What a person decides.

        Raises
        ------
        ParameterError
            If the run asks for no decision.
        """
        if not issubclass(self.protocol, DecideProtocol):
            raise ParameterError(f"Run {self.number} ({self.record.protocol}) asks for no decision.")
        return self.protocol.Decision

    def last_decision(self) -> Request | None:
        """What was decided last, by whom and when; None if nobody has decided."""
        return self.folder.last_request(RequestKind.DECIDE)

    def edit(
        self,
        parameters: Mapping[str, Any] | None = None,
        /,
        *,
        options: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Self:
        """Change a draft.

        Parameters
        ----------
        parameters : by name
        options : of `RunOptions`
        inputs : an `Output`, ``"3.micrographs"``, or None to take one off, by name
        values : of more parameters, by name

        Raises
        ------
        ParameterError
            If anything does not fit.
        ReadOnlyError
            If the run was started: make a new one, which replaces it.
        """
        self.check_writable()
        self.record = self.folder.edit(edited(self, inputs or {}, {**(parameters or {}), **values}, options or {}))
        return self

    def request(self, kind: RequestKind, **details: Any) -> Request:
        """Leave a request for the driver; to stop, a run does not need its plugin."""
        self.check_writable(needs_protocol=kind is not RequestKind.STOP)
        request = Request(kind=kind, actor=this_person(), **details)
        self.folder.add_request(request)
        return request

    def _ask_to_apply(self, kind: RequestKind, **details: Any) -> None:
        """Leave a request, and see to it that it is applied also if the run has ended."""
        self.request(kind, **details)
        if not self.state.active and self.folder.attempt_numbers():
            self.start()

    def _check_items(self, items: Sequence[int]) -> None:
        self.check_writable()
        if not issubclass(self.protocol, MapProtocol):
            raise ParameterError(
                f"Run {self.number} ({self.record.protocol}) does not process items one by one, so none can be "
                "excluded; choose with `filter` or `curate`."
            )
        reference = self.record.inputs[self.protocol.input_ports()[0].name]
        source = self.project.run(reference.run).outputs[reference.output]
        held = {row["id"] for row in source.latest().rows(list(items)).iter_rows(named=True)}
        unknown = [item for item in items if item not in held]
        if unknown:
            raise NotFoundError(f"{source}, which run {self.number} reads, holds no item {unknown[0]:016x}.")

    def check_writable(self, *, needs_protocol: bool = True) -> None:
        """Refuse to change a run that can only be read; see `cryoloom.workflow.read_only`."""
        check_writable(self.project.folder, self.project.environment, [self.folder], needs_protocol=needs_protocol)

    def wait(
        self, timeout: float | None = None, *, on_progress: Callable[[RunStanding], None] | None = None
    ) -> RunStanding:
        """Wait until the run ends.

        Parameters
        ----------
        timeout : seconds; None waits for ever
        on_progress : called about ten times a second

        Raises
        ------
        TimeoutError
            If it has not ended by then.
        ProjectError
            If it failed or its driver is gone.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            now = self.standing
            if on_progress is not None:
                on_progress(now)
            if now.state in {RunState.FAILED, RunState.INTERRUPTED}:
                raise ProjectError(f"Run {self.number} {now.state.value}: {now.reason}", path=self.folder.path)
            if not now.state.active and now.state is not RunState.DRAFT:
                return now
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"Run {self.number} is still {now.state.value} after {timeout:g} s.")
            time.sleep(0.02)

    def staleness(self) -> Staleness:
        """Whether it would be made otherwise now, why, and how many items it is behind."""
        return self.project.staleness([self.ulid])[0]

    def methods(self) -> Methods:
        """The methods section of what it holds: text, citations, versions and remarks, from the first import on."""
        from cryoloom.workflow.graph import RunGraph
        from cryoloom.workflow.methods import methods_of

        return methods_of(RunGraph.read(self.project.folder), self.project.environment, [self.ulid])

    def measure_disk_use(self) -> int:
        """Bytes that it takes on the disk; lists remember them until it changes."""
        from cryoloom.workflow.cleaning import disk_use

        size = disk_use(self.project.folder, self.folder)
        self.remember_disk_use(size)
        return size

    def remember_disk_use(self, size: int) -> None:
        """Let lists show the bytes that it was found to take on the disk, until it changes."""
        from cryoloom.workflow.index import ProjectIndex

        ProjectIndex(self.project.folder).remember_disk_use(self.folder, size)

    def _sets_of(self, snapshots: Mapping[str, Snapshot[Item]]) -> dict[str, str]:
        """Name of an input → its set, relative to the project."""
        path = self.project.folder.path
        return {name: snapshot.folder.relative_to(path).as_posix() for name, snapshot in snapshots.items()}

    def _input_snapshots(self) -> dict[str, Snapshot[Item]]:
        snapshots = {}
        for name, reference in self.record.inputs.items():
            folder = self.project.folder.find_run(reference.run).outputs / reference.output
            stored: StoredSet[Item] = StoredSet(folder)
            snapshot = stored.latest()
            if snapshot is not None:
                snapshots[name] = snapshot
        return snapshots
