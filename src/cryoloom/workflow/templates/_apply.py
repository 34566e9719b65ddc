"""Making runs of a workflow: all of them, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryoloom.errors import CryoloomError, ParameterError
from cryoloom.workflow.drafting import Connection, draft
from cryoloom.workflow.person import this_person
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import Annotations, OutputReference, RunFolder, RunRecord
from cryoloom.workflow.templates._document import RunTemplate, WorkflowDocument
from cryoloom.workflow.templates._export import UNKNOWN_FIELDS
from cryoloom.workflow.templates._variables import OMITTED, Substitution, resolve_values, variable_in

if TYPE_CHECKING:
    from cryoloom.workflow.project import Project, Run

_INNER_SOURCE = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)\.([A-Za-z_]\w*)")


def apply_workflow(
    project: Project, document: WorkflowDocument | Mapping[str, Any], values: Mapping[str, Any] | None = None
) -> list[Run]:
    """Add the runs of a workflow to a project, as drafts.

    Everything is checked before the first run is made; if one cannot be made, those before it are taken back.

    Parameters
    ----------
    project : that gets the runs
    document : the workflow
    values : variable → value; of an input, an output of the project (``3.micrographs``)

    Returns
    -------
    The new runs, in the order of the workflow.

    Raises
    ------
    FormatError
        If the document is no workflow.
    ParameterError
        If a variable, an input or a parameter does not fit; the message says in which run.
    NotFoundError
        If a protocol or an output is not there.
    """
    from cryoloom.workflow.project import Run

    if not isinstance(document, WorkflowDocument):
        document = WorkflowDocument.of(document)
    planned = _Application(project, document, values or {}).plan()
    made: list[RunFolder] = []
    try:
        for run in planned:
            folder = project.folder.add_run(run.record)
            made.append(folder)
            if run.annotations != Annotations():
                folder.annotate(run.annotations)
    except BaseException:
        for folder in reversed(made):
            _take_back(folder)
        raise
    by_ulid = {run.record.ulid: folder for run, folder in zip(planned, made, strict=True)}
    names = {run.template.name: run.record.ulid for run in planned}
    return [Run(project, by_ulid[names[template.name]]) for template in document.runs]


@dataclass(frozen=True, slots=True)
class _Planned:
    template: RunTemplate
    record: RunRecord
    annotations: Annotations


class _Application:
    def __init__(self, project: Project, document: WorkflowDocument, values: Mapping[str, Any]) -> None:
        self._project = project
        self._document = document
        self._values = resolve_values(document.variables, values)
        self._substitution = Substitution(self._values)
        self._planned: dict[str, _Planned] = {}

    def plan(self) -> list[_Planned]:
        """The records of all runs, each after those that it reads.

        Raises
        ------
        CryoloomError
            If anything does not fit; nothing has been made.
        """
        for template in self._in_order():
            try:
                self._planned[template.name] = self._plan_run(template)
            except CryoloomError as error:
                raise type(error)(f"Run {template.name!r} of the workflow: {error}", path=error.path) from error
        return list(self._planned.values())

    def _in_order(self) -> list[RunTemplate]:
        templates: dict[str, RunTemplate] = {}
        for template in self._document.runs:
            if template.name in templates:
                raise ParameterError(f"Two runs of the workflow have the name {template.name!r}.")
            templates[template.name] = template
        waiting = {name: self._sources(template, templates) for name, template in templates.items()}
        ordered: list[RunTemplate] = []
        while waiting:
            ready = next((name for name, sources in waiting.items() if not sources & waiting.keys()), None)
            if ready is None:
                raise ParameterError(f"The runs {', '.join(sorted(waiting))} of the workflow wait for each other.")
            ordered.append(templates[ready])
            del waiting[ready]
        return ordered

    def _sources(self, template: RunTemplate, templates: Mapping[str, RunTemplate]) -> set[str]:
        """Names of the runs that must be made first."""
        sources = {template.replaces} if template.replaces else set()
        for source in template.inputs.values():
            inner = _INNER_SOURCE.fullmatch(source)
            if inner is not None:
                sources.add(inner[1])
        for source in sources - templates.keys():
            raise ParameterError(
                f"Run {template.name!r} refers to {source!r}, but the workflow has no run of that name."
            )
        return sources

    def _plan_run(self, template: RunTemplate) -> _Planned:
        protocol = self._project.environment.protocol(template.protocol)
        put_in = self._substitution
        connections = {name: self._connection(source) for name, source in template.inputs.items()}
        record = draft(
            protocol,
            {name: connection for name, connection in connections.items() if connection is not None},
            _migrated(protocol, template, put_in.apply(template.parameters)),
            options=put_in.apply(template.options),
            replaces=None if template.replaces is None else self._planned[template.replaces].record.ulid,
            created_by=this_person(),
        )
        unknown = template.model_extra or {}
        extra: dict[str, Any] = {"template": {"workflow": self._document.name, "run": template.name}}
        if unknown:
            extra[UNKNOWN_FIELDS] = unknown
        annotations = Annotations(
            label=put_in.text(template.label),
            note=put_in.text(template.note),
            tags=[put_in.text(tag) for tag in template.tags],
        )
        return _Planned(template, record.model_copy(update=extra), annotations)

    def _connection(self, source: str) -> Connection | None:
        variable = variable_in(source)
        if variable is not None:
            value = self._substitution.apply(source)
            if value is OMITTED:
                return None
            return self._project.connection(value)
        inner = _INNER_SOURCE.fullmatch(source)
        if inner is None:
            raise ParameterError(f"{source!r} is no input; write name.output, or ${{variable}}.")
        record = self._planned[inner[1]].record
        if inner[2] not in record.output_kinds:
            outputs = ", ".join(record.output_kinds) or "none"
            raise ParameterError(f"{inner[1]!r} ({record.protocol}) has no output {inner[2]!r}; it has {outputs}.")
        return Connection(OutputReference(run=record.ulid, output=inner[2]), record.output_kinds[inner[2]], source)


def _migrated(protocol: type[Protocol], template: RunTemplate, parameters: dict[str, Any]) -> dict[str, Any]:
    if template.version > protocol.version:
        raise ParameterError(
            f"it was made for version {template.version} of {protocol.id}, but version {protocol.version} is "
            "installed; update cryoloom or the plugin."
        )
    if template.version == protocol.version:
        return parameters
    try:
        return protocol.migrate(template.version, parameters)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ParameterError(
            f"its parameters cannot be translated from version {template.version} of {protocol.id} ({error!r})."
        ) from error


def _take_back(folder: RunFolder) -> None:
    """Remove a run that was just made and that nobody can have started."""
    for path in (folder.annotations_file, folder.run_file):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # somebody put something into it; without run.json it is no run
        folder.path.rmdir()
