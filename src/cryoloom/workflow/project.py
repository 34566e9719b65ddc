"""Projects and runs, as the shell, the web app and Python programs use them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryoloom.data import Item, Snapshot, StoredSet
from cryoloom.errors import NotFoundError, ParameterError, ProjectError
from cryoloom.workflow.drafting import Connection, draft
from cryoloom.workflow.driver import FailedItem
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.layout import ProjectFolder, ProjectRecord
from cryoloom.workflow.parameters import ProtocolParameters, validated
from cryoloom.workflow.person import this_person
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import (
    Annotations,
    HeartbeatWatch,
    OutputReference,
    Request,
    RequestKind,
    RunFolder,
    RunOptions,
    RunStanding,
    RunState,
    standing,
)

if TYPE_CHECKING:
    from cryoloom.workflow.cleaning import CleaningPlan, CleaningResult, RemovalPlan, TrashedRun
    from cryoloom.workflow.index import RunListing
    from cryoloom.workflow.methods import Methods
    from cryoloom.workflow.provenance import Trace
    from cryoloom.workflow.staleness import Staleness
    from cryoloom.workflow.templates import WorkflowDocument

_PATIENCE_WITH_DRIVER = 60.0


class Output:
    """One output of a run: a set that may still be growing.

    Parameters
    ----------
    run : that makes it
    name : of the output
    """

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self._stored: StoredSet[Item] = StoredSet(run.folder.outputs / name)

    def __repr__(self) -> str:
        return f"<output {self.run.number}.{self.name}>"

    @property
    def kind(self) -> str:
        """Kind of its items."""
        return self.run.record.output_kinds[self.name]

    @property
    def reference(self) -> OutputReference:
        """How another run's record names it."""
        return OutputReference(run=self.run.ulid, output=self.name)

    def latest(self) -> Snapshot[Item]:
        """The newest generation.

        Raises
        ------
        NotFoundError
            If nothing has been committed yet.
        """
        snapshot = self._stored.latest()
        if snapshot is None:
            raise NotFoundError(f"Run {self.run.number} has made no {self.name} yet.", path=self._stored.folder)
        return snapshot

    def at(self, generation: int) -> Snapshot[Item]:
        """A former generation, if it is still kept."""
        return self._stored.at(generation)

    def to_polars(self, columns: Sequence[str] | None = None) -> Any:
        """The newest generation as a Polars frame."""
        return self.latest().to_polars(columns=columns)

    def __len__(self) -> int:
        return self.latest().count

    def __iter__(self) -> Iterator[Item]:
        return self.latest().items()


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
        return {port.name: Output(self, port.name) for port in self.protocol.output_ports()}

    @property
    def annotations(self) -> Annotations:
        """What people wrote on it."""
        return self.folder.annotations()

    def annotate(self, **changes: Any) -> Annotations:
        """Change label, note or tags."""
        return self.folder.annotate(self.annotations.model_copy(update=changes))

    def failed_items(self) -> list[FailedItem]:
        """Items that failed or were excluded, with their reasons."""
        stored: StoredSet[FailedItem] = StoredSet(self.folder.failed)
        snapshot = stored.latest()
        return [] if snapshot is None else list(snapshot.items())

    def start(self, *, options: Mapping[str, Any] | None = None) -> Self:
        """Start a driver, which survives this process.

        Parameters
        ----------
        options : of `RunOptions`, changed before the first attempt

        Raises
        ------
        ProjectError
            If it is driven already, or its driver could not begin; the message says why.
        """
        if options and not self.folder.attempt_numbers():
            merged = self.record.options.model_copy(update=dict(options))
            self.record = self.folder.edit(
                self.record.model_copy(update={"options": RunOptions.model_validate(merged.model_dump())})
            )
        if self.state.active:
            raise ProjectError(f"Run {self.number} is {self.state.value} already.", path=self.folder.path)
        before = len(self.folder.attempt_numbers())
        said_before = self.folder.driver_words()
        self.project.environment.start_driver(self.project.folder.path, self.folder.path, actor=this_person())
        deadline = time.monotonic() + _PATIENCE_WITH_DRIVER
        while len(self.folder.attempt_numbers()) == before:
            said = self.folder.driver_words().removeprefix(said_before).strip()
            if said.startswith("cryoloom: "):
                raise ProjectError(f"Run {self.number}: {said.removeprefix('cryoloom: ')}", path=self.folder.path)
            if time.monotonic() > deadline:
                raise ProjectError(
                    f"The driver of run {self.number} has not begun within {_PATIENCE_WITH_DRIVER:g} s. {said[-500:]}",
                    path=self.folder.path,
                )
            time.sleep(0.01)
        return self

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

    def exclude(self, items: Sequence[int]) -> None:
        """Leave items out, and withdraw what was made of them."""
        self.request(RequestKind.EXCLUDE, items=list(items))

    def decide(self, **decision: Any) -> None:
        """Decide; the run applies it to what has come and what comes later."""
        kind = getattr(self.protocol, "Decision", None)
        if kind is None:
            raise ParameterError(f"Run {self.number} ({self.record.protocol}) asks for no decision.")
        made = validated(kind, decision)
        self.request(RequestKind.DECIDE, decision=made.model_dump(mode="json"), generations=self._input_generations())
        if not self.state.active and self.folder.attempt_numbers():
            self.start()

    def request(self, kind: RequestKind, **details: Any) -> Request:
        """Leave a request for the driver."""
        request = Request(kind=kind, actor=this_person(), **details)
        self.folder.add_request(request)
        return request

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
        from cryoloom.workflow.index import ProjectIndex

        size = disk_use(self.project.folder, self.folder)
        ProjectIndex(self.project.folder).remember_disk_use(self.folder, size)
        return size

    def _input_generations(self) -> dict[str, int]:
        generations = {}
        for name, reference in self.record.inputs.items():
            folder = self.project.folder.find_run(reference.run).outputs / reference.output
            stored: StoredSet[Item] = StoredSet(folder)
            generation = stored.newest_generation()
            if generation is not None:
                generations[name] = generation
        return generations


class Project:
    """A folder of runs that feed each other.

    Parameters
    ----------
    folder : of the project
    environment : protocols, lanes, and somebody to start drivers
    """

    def __init__(self, folder: ProjectFolder, environment: Environment) -> None:
        self.folder = folder
        self.environment = environment
        self._watch = HeartbeatWatch()

    def __repr__(self) -> str:
        return f"<project {self.folder.path}>"

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder.path

    @property
    def record(self) -> ProjectRecord:
        """Name, creation and notes."""
        return self.folder.record()

    def runs(self) -> list[Run]:
        """Every run, by number."""
        return [Run(self, folder) for folder in self.folder.run_folders()]

    def listing(self) -> RunListing:
        """Every run with its state, counts and label; quick also for thousands."""
        from cryoloom.workflow.index import ProjectIndex

        return ProjectIndex(self.folder).list(self._watch)

    def run(self, reference: str | int) -> Run:
        """A run by number or ULID."""
        return Run(self, self.folder.find_run(reference))

    def output(self, reference: str) -> Output:
        """An output by name, ``3.micrographs``.

        Raises
        ------
        NotFoundError
            If there is no such run or output.
        """
        number, _, name = reference.partition(".")
        run = self.run(number)
        outputs = run.outputs
        if not name and len(outputs) == 1:
            name = next(iter(outputs))
        if name not in outputs:
            raise NotFoundError(
                f"Run {run.number} ({run.record.protocol}) has no output {name!r}; "
                f"it has {', '.join(outputs) or 'none'}."
            )
        return outputs[name]

    def add(
        self,
        protocol: str,
        *,
        options: Mapping[str, Any] | None = None,
        label: str = "",
        replaces: str | None = None,
        **values: Any,
    ) -> Run:
        """Add a run as a draft.

        Parameters
        ----------
        protocol : id
        options : of `RunOptions`
        label : what people call it
        replaces : ULID of the run it stands in for
        values : inputs (an `Output`, or ``"3.micrographs"``) and parameters by name

        Raises
        ------
        ParameterError
            If an input or parameter does not fit; the message says which and why.
        """
        declared = self.environment.protocol(protocol)
        ports = {port.name for port in declared.input_ports()}
        inputs = {name: self.connection(values.pop(name)) for name in list(values) if name in ports}
        record = draft(declared, inputs, values, options=options, replaces=replaces, created_by=this_person())
        run = Run(self, self.folder.add_run(record))
        if label:
            run.annotate(label=label)
        return run

    def apply(self, document: WorkflowDocument | Mapping[str, Any], /, **values: Any) -> list[Run]:
        """Add the runs of a workflow as drafts, all or none; see `apply_workflow`."""
        from cryoloom.workflow.templates import apply_workflow

        return apply_workflow(self, document, values)

    def staleness(self, runs: Sequence[str] | None = None) -> list[Staleness]:
        """Whether runs, given by ULID, would be made otherwise now; see `staleness_of`."""
        from cryoloom.workflow.graph import RunGraph
        from cryoloom.workflow.staleness import staleness_of

        return staleness_of(RunGraph.read(self.folder, self._watch), self.environment, runs)

    def trace(self, output: Output | str, item: int) -> Trace:
        """Where an item of an output comes from, back to what was imported."""
        from cryoloom.workflow.graph import RunGraph
        from cryoloom.workflow.provenance import trace

        found = self.output(output) if isinstance(output, str) else output
        return trace(RunGraph.read(self.folder), found.reference, item)

    def plan_cleaning(self, **asked: Any) -> CleaningPlan:
        """Preview a cleaning by ``categories``, ``roles`` and ``runs``; see `cryoloom.workflow.cleaning`."""
        from cryoloom.workflow.cleaning import plan_cleaning

        return plan_cleaning(self.folder, self.environment, watch=self._watch, **asked)

    def clean(self, plan: CleaningPlan) -> CleaningResult:
        """Carry out a cleaning that was previewed."""
        from cryoloom.workflow.cleaning import carry_out

        return carry_out(self.folder, plan, actor=this_person(), watch=self._watch)

    def plan_removal(self, runs: Sequence[str], *, with_readers: bool = False) -> RemovalPlan:
        """Preview the removal of runs, given by ULID, to the trash."""
        from cryoloom.workflow.cleaning import plan_removal

        return plan_removal(self.folder, runs, with_readers=with_readers, watch=self._watch)

    def remove(self, plan: RemovalPlan) -> list[TrashedRun]:
        """Move runs to the trash, as previewed."""
        from cryoloom.workflow.cleaning import remove

        return remove(self.folder, plan, actor=this_person(), watch=self._watch)

    def trash(self) -> list[TrashedRun]:
        """Runs that were removed."""
        from cryoloom.workflow.cleaning import trashed_runs

        return trashed_runs(self.folder)

    def restore(self, runs: Sequence[str]) -> list[Run]:
        """Bring removed runs, given by ULID, back."""
        from cryoloom.workflow.cleaning import restore

        return [Run(self, folder) for folder in restore(self.folder, runs)]

    def connection(self, source: Output | str) -> Connection:
        """How a new run's input is connected to an output, given as such or by name."""
        output = self.output(source) if isinstance(source, str) else source
        return Connection(output.reference, output.kind, f"{output.run.number}.{output.name}")


__all__ = ["Output", "Project", "Run"]
