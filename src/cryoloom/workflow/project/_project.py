"""A project, as the shell, the web app and Python programs use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.workflow.drafting import Connection, draft
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.layout import ProjectFolder, ProjectRecord
from cryoloom.workflow.person import this_person
from cryoloom.workflow.project._output import Output
from cryoloom.workflow.project._run import Run
from cryoloom.workflow.read_only import check_writable
from cryoloom.workflow.run import HeartbeatWatch, RunFolder, RunState, undriven

if TYPE_CHECKING:
    from cryoloom.workflow.cleaning import CleaningPlan, CleaningResult, RemovalPlan, Survey, TrashedRun
    from cryoloom.workflow.index import RunListing
    from cryoloom.workflow.provenance import Trace
    from cryoloom.workflow.staleness import Staleness
    from cryoloom.workflow.templates import WorkflowDocument


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

    def interrupted_runs(self) -> list[Run]:
        """Runs whose drivers are gone: by a crash, a kill, a restart of the machine.

        Takes ten seconds if there are drivers that only their heartbeats can tell of, on other machines or from before
        this one was restarted.
        """
        begun = {
            attempt.path: (run, attempt)
            for run in self.runs()
            if (run.state.active or run.state is RunState.INTERRUPTED) and (attempt := run.folder.newest_attempt())
        }
        gone = undriven([attempt for _, attempt in begun.values()])
        return [begun[attempt.path][0] for attempt in gone if attempt.end() is None]

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
        return run.output(name)

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
        ports = {port.name for port in self.environment.protocol(protocol).input_ports()}
        inputs = {name: values.pop(name) for name in list(values) if name in ports}
        return self.draft(protocol, inputs, values, options=options, label=label, replaces=replaces)

    def draft(
        self,
        protocol: str,
        inputs: Mapping[str, Output | str],
        parameters: Mapping[str, Any],
        *,
        options: Mapping[str, Any] | None = None,
        label: str = "",
        replaces: str | None = None,
    ) -> Run:
        """Add a run as `add` does, with inputs and parameters apart, whatever they are called."""
        declared = self.environment.protocol(protocol)
        connections = {name: self.connection(source) for name, source in inputs.items()}
        record = draft(declared, connections, parameters, options=options, replaces=replaces, created_by=this_person())
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

        check_writable(self.folder, self.environment)
        return carry_out(self.folder, plan, actor=this_person(), watch=self._watch)

    def survey(self, on_run: Callable[[int, int], None] | None = None) -> Survey:
        """What takes space, and what could go; see `cryoloom.workflow.cleaning.survey`."""
        from cryoloom.workflow.cleaning import survey

        return survey(self.folder, self.environment, on_run=on_run, watch=self._watch)

    def plan_removal(self, runs: Sequence[str], *, with_readers: bool = False) -> RemovalPlan:
        """Preview the removal of runs, given by ULID, to the trash."""
        from cryoloom.workflow.cleaning import plan_removal

        plan = plan_removal(self.folder, runs, with_readers=with_readers, watch=self._watch)
        self._check_removable(plan)
        return plan

    def remove(self, plan: RemovalPlan) -> list[TrashedRun]:
        """Move runs to the trash, as previewed."""
        from cryoloom.workflow.cleaning import remove

        self._check_removable(plan)
        return remove(self.folder, plan, actor=this_person(), watch=self._watch)

    def trash(self) -> list[TrashedRun]:
        """Runs that were removed."""
        from cryoloom.workflow.cleaning import trashed_runs

        return trashed_runs(self.folder)

    def restore(self, runs: Sequence[str]) -> list[Run]:
        """Bring removed runs, given by ULID, back."""
        from cryoloom.workflow.cleaning import restore

        check_writable(self.folder, self.environment)
        return [Run(self, folder) for folder in restore(self.folder, runs)]

    def connection(self, source: Output | str) -> Connection:
        """How a new run's input is connected to an output, given as such or by name."""
        output = self.output(source) if isinstance(source, str) else source
        return Connection(output.reference, output.kind, str(output))

    def _check_removable(self, plan: RemovalPlan) -> None:
        folders = [RunFolder(self.folder.runs / run.folder) for run in plan.runs]
        check_writable(self.folder, self.environment, folders)
