"""Writing runs of a project as a workflow that can be applied elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cryoloom.errors import CryoloomError, NotFoundError, ParameterError
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import InputLink
from cryoloom.workflow.parameters import ParameterDescription, describe_parameters
from cryoloom.workflow.run import RunRecord
from cryoloom.workflow.templates._document import RunTemplate, Variable, WorkflowDocument
from cryoloom.workflow.templates._variables import escape

if TYPE_CHECKING:
    from cryoloom.workflow.project import Project

_ACQUISITION = frozenset({"kV", "mm", "Å/px", "e/Å²"})
"""Units of what a source is told of the microscope and the exposure."""
UNKNOWN_FIELDS = "template_fields"
"""Field of a run's record that keeps what a workflow said of it and this version does not know."""


def export_workflow(
    project: Project,
    runs: Iterable[str] | None = None,
    *,
    name: str = "",
    description: str = "",
    variables: Mapping[str, str] | None = None,
    as_is: bool = False,
) -> WorkflowDocument:
    """The workflow of some runs: protocols, parameters, labels, options, and what feeds what.

    An input from a run that is left out becomes a variable that must be given. So does what belongs to the session and
    not to the way in which it is processed: every path, and what a source was told of the microscope and the exposure.
    The value that it had is kept as an example only, lest another session be processed with the dose of this one.

    Parameters
    ----------
    project : to which the runs belong
    runs : numbers or ULIDs; all if not given
    name, description : for people
    variables : name of a variable → ``3.voltage``, a parameter of a run that is to be given when the workflow is used,
        and that is the run's own if it is not
    as_is : keep paths and acquisition as they are, to process the same session again

    Raises
    ------
    NotFoundError
        If there is no such run or parameter.
    """
    graph = RunGraph.read(project.folder)
    chosen = list(graph.runs) if runs is None else [project.run(reference).ulid for reference in runs]
    return _Export(project, graph, chosen).document(name, description, variables or {}, as_is=as_is)


class _Export:
    def __init__(self, project: Project, graph: RunGraph, chosen: list[str]) -> None:
        self._project = project
        self._graph = graph
        self._order = [ulid for ulid in graph.upstream(chosen) if ulid in set(chosen)]
        self._records = {ulid: graph.folder(ulid).record() for ulid in self._order}
        self._names = self._name_runs()
        self._variables: dict[str, Variable] = {}
        self._inputs: dict[InputLink, str] = {}

    def document(self, name: str, description: str, variables: Mapping[str, str], *, as_is: bool) -> WorkflowDocument:
        """All of it."""
        replaced = [self._declare(variable, reference) for variable, reference in variables.items()]
        if not as_is:
            replaced += self._declare_session({(run, parameter) for run, parameter, _ in replaced})
        runs = [self._template(ulid, {p: v for run, p, v in replaced if run == ulid}) for ulid in self._order]
        return WorkflowDocument(name=name, description=description, variables=self._variables, runs=runs)

    def _name_runs(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for ulid in self._order:
            base = re.sub(r"[^A-Za-z0-9_-]+", "-", self._records[ulid].protocol)[:56]
            base = base if base[:1].isalpha() or base[:1] == "_" else f"run-{base}"
            names[ulid] = _free(base, names.values(), "-")
        return names

    def _declare(self, variable: str, reference: str) -> tuple[str, str, str]:
        """Make a parameter a variable; returns run, parameter and what stands in its place."""
        number, _, parameter = reference.partition(".")
        run = self._project.run(number)
        if run.ulid not in self._records:
            raise NotFoundError(f"Variable {variable}: run {run.number} is not among the exported runs.")
        described = {known.name: known for known in describe_parameters(run.protocol.Parameters)}
        if parameter not in described:
            raise NotFoundError(
                f"Variable {variable}: run {run.number} ({run.record.protocol}) has no parameter {parameter!r}; "
                f"it has {', '.join(described) or 'none'}."
            )
        if not variable.isidentifier() or not variable.isascii():
            raise ParameterError(f"{variable!r} is no name for a variable; use letters, digits and _.")
        known = described[parameter]
        self._variables[variable] = Variable.model_validate(
            {
                "type": known.kind,
                "label": known.label,
                "help": known.help,
                "unit": known.unit,
                "default": run.record.parameters.get(parameter),
                "choices": list(known.choices),
            }
        )
        return run.ulid, parameter, f"${{{variable}}}"

    def _declare_session(self, declared: set[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """Make variables of what belongs to the session; returns run, parameter and what stands in its place."""
        replaced = []
        for ulid in self._order:
            record = self._records[ulid]
            for known in self._described(record):
                value = record.parameters.get(known.name)
                belongs = known.kind == "path" or (not record.inputs and known.unit in _ACQUISITION)
                if not belongs or value is None or value == known.default or (ulid, known.name) in declared:
                    continue
                variable = _free(known.name, self._variables, "_")
                self._variables[variable] = Variable.model_validate(
                    {
                        "type": known.kind,
                        "label": known.label,
                        "help": known.help,
                        "unit": known.unit,
                        "required": True,
                        "example": value,
                    }
                )
                replaced.append((ulid, known.name, f"${{{variable}}}"))
        return replaced

    def _described(self, record: RunRecord) -> list[ParameterDescription]:
        """Parameters of a run; none of one whose protocol is not installed, which is written as it is."""
        try:
            protocol = self._project.environment.protocol(record.protocol)
        except CryoloomError:
            return []
        return describe_parameters(protocol.Parameters)

    def _template(self, ulid: str, replaced: Mapping[str, str]) -> RunTemplate:
        record, annotations = self._records[ulid], self._graph.folder(ulid).annotations()
        unknown: dict[str, Any] = (record.model_extra or {}).get(UNKNOWN_FIELDS, {})
        inputs = {name: self._source(record, name) for name in record.inputs}
        return RunTemplate.model_validate(
            {
                **unknown,
                "name": self._names[ulid],
                "protocol": record.protocol,
                "version": record.protocol_version,
                "label": escape(annotations.label),
                "note": escape(annotations.note),
                "tags": escape(annotations.tags),
                "parameters": {**escape(record.parameters), **replaced},
                "inputs": inputs,
                "options": escape(record.options.model_dump(mode="json", exclude_none=True)),
                "replaces": self._names.get(record.replaces or ""),
            }
        )

    def _source(self, record: RunRecord, name: str) -> str:
        """What an input is connected to: another run of the workflow, or a variable."""
        link = InputLink(record.inputs[name].run, record.inputs[name].output)
        if link.run in self._names:
            return f"{self._names[link.run]}.{link.output}"
        if link not in self._inputs:
            variable = _free(re.sub(r"\W+", "_", name, flags=re.ASCII)[:56], self._variables, "_")
            self._inputs[link] = variable
            outside = self._graph.runs.get(link.run)
            self._variables[variable] = Variable(
                type="input",
                label=name if outside is None else f"{link.output} of {outside.title}",
                required=True,
                kind="" if outside is None else self._graph.folder(link.run).record().output_kinds.get(link.output, ""),
            )
        return f"${{{self._inputs[link]}}}"


def _free(base: str, taken: Iterable[str], separator: str) -> str:
    taken = set(taken)
    candidates = (base if number == 1 else f"{base}{separator}{number}" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken)
