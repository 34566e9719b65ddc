"""All there is to say of one run, for machines and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cryoloom.data import counted
from cryoloom.workflow import predicting
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.protocol import Prediction

if TYPE_CHECKING:
    from cryoloom.runtime import Project
    from cryoloom.workflow.project import Run


def run_document(run: Run) -> dict[str, Any]:
    """All there is to say of a run, for machines."""
    from cryoloom.cli._progress import as_document, entries_of, failed_item_documents

    project = cast("Project", run.project)
    (entry,) = entries_of(project, [run.number])
    graph = RunGraph.read(project.folder)
    record, annotations, staleness = run.record, run.annotations, run.staleness()
    prediction = predicting.told_at_begin(run.folder) if entry.state is not None and entry.state.active else None
    return as_document(project, entry, staleness) | {
        "protocol_version": record.protocol_version,
        "note": annotations.note,
        "tags": annotations.tags,
        "parameters": record.parameters,
        "inputs": {
            name: f"{_number(graph, link.run) or 'removed'}.{link.output}" for name, link in record.inputs.items()
        },
        "outputs": {name: output.as_document() for name, output in run.outputs.items()},
        "options": record.options.model_dump(mode="json"),
        "replaces": _number(graph, record.replaces),
        "replaced_by": _number(graph, graph.replacement(run.ulid)),
        "read_by": [graph[reader].number for reader in graph.readers(run.ulid)],
        "created": record.created,
        "created_by": record.created_by,
        "started": entry.started,
        "ended": entry.ended,
        "seconds": entry.seconds,
        "cleaned": list(entry.cleaned),
        "folder": run.folder.path,
        "prediction": None if prediction is None else dict(predicting.as_document(prediction)),
        "warning_count": len(run.warnings()),
        "failed_items": failed_item_documents(run),
    }


def _number(graph: RunGraph, ulid: str | None) -> int | None:
    return graph[ulid].number if ulid is not None and ulid in graph else None


def run_text(document: dict[str, Any]) -> str:
    """The same for people."""
    state = document["state"] + (f": {document['reason']}" if document["reason"] else "")
    lines = [f"run {document['number']} ({document['protocol']}, version {document['protocol_version']})"]
    lines += [f"{name:<10}{document[name]}" for name in ("label", "note") if document[name]]
    lines += [f"tags      {', '.join(document['tags'])}"] if document["tags"] else []
    lines += [f"state     {state}", f"folder    {document['folder']}"]
    lines += [f"stale     {reason}" for reason in document["stale_because"]]
    lines += [f"behind    by {document['behind']}"] if document["behind"] else []
    lines += [f"!         {document['cannot_tell']}"] if document["cannot_tell"] else []
    lines += [
        f"{name.replace('_', ' '):<12}run {document[name]}" for name in ("replaces", "replaced_by") if document[name]
    ]
    lines += [f"cleaned   {', '.join(document['cleaned'])}"] if document["cleaned"] else []
    if document["prediction"]:
        told = Prediction(**document["prediction"])
        lines.append(f"predicted {' '.join([predicting.in_words(told), *told.advice])}")
    lines += ["", "Inputs", *(f"  {name} = {source}" for name, source in document["inputs"].items())]
    lines += ["", "Outputs"]
    for name, output in document["outputs"].items():
        held = counted(output["count"], output["kind"])
        lines.append(f"  {document['number']}.{name}: {held}{'' if output['closed'] else ', open'}")
    lines += ["", "Parameters", *(f"  {name} = {_value(value)}" for name, value in document["parameters"].items())]
    if document["warning_count"]:
        lines += ["", f"{counted(document['warning_count'], 'warnings')}: `cryoloom show` with --warnings tells"]
    if document["failed_items"]:
        lines += ["", "Failed or excluded"]
        lines += [f"  {item['label']} (id {item['id']}): {item['reason']}" for item in document["failed_items"]]
    lines += ["", document["advice"]] if document["advice"] else []
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "none" if value is None else str(value)
