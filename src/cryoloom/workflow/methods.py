"""The methods section of a paper, from what was really run: sentences, citations, versions, and what to be wary of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryoloom.data import Snapshot, counted
from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.workflow.citations import Citation, cited
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import RunEntry
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.making import attempts_that_made, newest_outputs, outputs_are_closed
from cryoloom.workflow.parameters import validated
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import AttemptRequest, RequestKind, RunFolder, RunState
from cryoloom.workflow.staleness import staleness_of

_READ = 240  # characters of a decision that are told


@dataclass(frozen=True, slots=True)
class Step:
    """One run in the history of a result.

    Parameters
    ----------
    run, number, protocol : of the run
    protocol_versions : that made what it holds
    counts : name of an output → items in it
    sentence : for the methods section; empty for a draft
    remarks : what a careful author should know
    """

    run: str
    number: int
    protocol: str
    protocol_versions: tuple[int, ...]
    counts: Mapping[str, int]
    sentence: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Methods:
    """How a result was made.

    Parameters
    ----------
    text : a paragraph
    steps : every run, each after what it reads
    citations : each once, in the order of the steps
    versions : program or library → versions that were used
    remarks : those of all steps
    """

    text: str
    steps: tuple[Step, ...]
    citations: tuple[Citation, ...]
    versions: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]

    @property
    def bibtex(self) -> str:
        """The citations as a BibTeX file."""
        return "\n".join(citation.bibtex for citation in self.citations)


def methods_of(graph: RunGraph, environment: Environment, runs: Iterable[str]) -> Methods:
    """Tell how runs came to what they hold, from the first import on.

    Versions, parameters and citations are those of the attempts that made what is there, not of what is installed now.

    Parameters
    ----------
    graph : of the project
    environment : tells the protocols that are installed
    runs : ULIDs; the runs that they were made from are added
    """
    order = graph.upstream(runs)
    staleness = dict(zip(order, staleness_of(graph, environment, order), strict=True))
    made = {ulid: attempts_that_made(graph.folder(ulid)) for ulid in order}
    steps = []
    for ulid in order:
        compared = staleness[ulid]
        remarks = [
            *_remarks_on_state(graph[ulid], graph.folder(ulid)),
            *_remarks_on_versions(graph[ulid], made[ulid]),
            *(f"{_capital(graph[ulid])} is stale: {reason}" for reason in compared.reasons),
        ]
        judges = [
            reader for reader in graph.readers(ulid) if reader not in order and _judges(graph[reader], environment)
        ]
        remarks += [remark for judge in (ulid, *judges) for remark in _cautions(graph, judge, environment)]
        if compared.behind:
            remarks.append(f"{_capital(graph[ulid])} is behind its inputs by {compared.behind}.")
        steps.append(_step(graph, ulid, made[ulid], environment, remarks))
    requests = [request for ulid in order for request in made[ulid]]
    versions = _versions(requests)
    sentences = [step.sentence for step in steps if step.sentence]
    if versions:
        told = ", ".join(f"{name} {' and '.join(numbers)}" for name, numbers in versions.items())
        sentences.append(f"Versions: {told}.")
    return Methods(
        text=" ".join(sentences),
        steps=tuple(steps),
        citations=cited((text, request.protocol) for request in requests for text in request.protocol_citations),
        versions=versions,
        remarks=tuple(remark for step in steps for remark in step.remarks),
    )


def methods_of_inputs(project: ProjectFolder, environment: Environment, run: str) -> Methods:
    """Tell how what a run reads was made.

    Parameters
    ----------
    project : of the run
    environment : tells the protocols that are installed
    run : its ULID
    """
    graph = RunGraph.read(project)
    return methods_of(graph, environment, graph.sources(run))


def _step(
    graph: RunGraph, ulid: str, made: Sequence[AttemptRequest], environment: Environment, remarks: Sequence[str]
) -> Step:
    entry = graph[ulid]
    outputs = newest_outputs(graph.folder(ulid)) if made else {}
    counts = {name: 0 if snapshot is None else snapshot.count for name, snapshot in outputs.items()}
    return Step(
        run=ulid,
        number=entry.number,
        protocol=entry.protocol,
        protocol_versions=tuple(sorted({request.protocol_version for request in made})),
        counts=counts,
        sentence=_sentences(made[-1], counts, outputs, environment) + _decision(graph.folder(ulid)) if made else "",
        remarks=tuple(remarks),
    )


def _sentences(
    request: AttemptRequest,
    counts: Mapping[str, int],
    outputs: Mapping[str, Snapshot[Any] | None],
    environment: Environment,
) -> str:
    try:
        protocol = environment.protocol(request.protocol)
        values: dict[str, Any] = dict(request.parameters)
        if request.protocol_version < protocol.version:
            values = protocol.migrate(request.protocol_version, values)
        parameters = validated(protocol.Parameters, values)
    except (NotFoundError, ParameterError):
        return _sentence_without_protocol(request, counts)
    speaker = _as_it_was_run(protocol, request.protocol_version)()
    filled = {name: snapshot for name, snapshot in outputs.items() if snapshot is not None and snapshot.count}
    told = (speaker.methods(parameters, counts), speaker.particulars(parameters, filled))
    return " ".join(sentence for sentence in told if sentence)


def _decision(folder: RunFolder) -> str:
    """The decision that a person made last, as a further sentence; empty if nobody decided anything."""
    last = folder.last_request(RequestKind.DECIDE)
    if last is None:
        return ""
    return f" A person decided: {decision_in_words(last.decision or {})}."


def decision_in_words(decision: Mapping[str, Any]) -> str:
    """What a person set, in words; what was left empty sets nothing."""
    told = [f"{name} = {_shortened(str(value))}" for name, value in decision.items() if value not in ("", None, [])]
    return ", ".join(told) or "nothing was set"


def _shortened(value: str) -> str:
    """A value, as far as somebody reads it: many identities tell nothing more than a few."""
    return value if len(value) <= _READ else f"{value[:_READ]} … ({len(value)} characters in all)"


def _as_it_was_run(protocol: type[Protocol], version: int) -> type[Protocol]:
    """The protocol, as it speaks of itself in the version that was run."""
    if protocol.version == version:
        return protocol
    return type(protocol.__name__, (protocol,), {"version": version, "__module__": protocol.__module__})


def _sentence_without_protocol(request: AttemptRequest, counts: Mapping[str, int]) -> str:
    made = " and ".join(counted(count, name) for name, count in counts.items()) or "nothing"
    values = ", ".join(f"{name} = {value}" for name, value in request.parameters.items())
    with_values = f" with {values}" if values else ""
    return f"Protocol {request.protocol} version {request.protocol_version}{with_values} gave {made}."


def _remarks_on_state(entry: RunEntry, folder: RunFolder) -> list[str]:
    title = _capital(entry)
    if entry.state is None:
        return [f"{title} cannot be read: {entry.problem}"]
    if entry.state is RunState.DRAFT:
        return [f"{title} is a draft; nothing was run."]
    if entry.state is RunState.FAILED:
        return [f"{title} failed: {entry.reason}"]
    settled = entry.state is RunState.FINISHED or outputs_are_closed(folder)
    remarks = [] if settled else [f"{title} is {entry.state.value}; numbers may change."]
    for name, what in (("failed", "failed"), ("excluded", "were excluded")):
        count = int(entry.progress.get(name, 0))
        if count and (name == "failed" or entry.inputs):  # what a source left out was none of its items
            remarks.append(f"{title}: {count} of {entry.progress.get('total', 0)} items {what}.")
    return remarks


def _judges(entry: RunEntry, environment: Environment) -> bool:
    try:
        return environment.protocol(entry.protocol).judges_inputs
    except NotFoundError:
        return False


def _cautions(graph: RunGraph, ulid: str, environment: Environment) -> list[str]:
    """What the protocol of a run would have an author know of what came out."""
    entry = graph[ulid]
    outputs = newest_outputs(graph.folder(ulid))
    try:
        protocol = environment.protocol(entry.protocol)
    except NotFoundError:
        return []
    if not outputs or any(snapshot is None for snapshot in outputs.values()):
        return []
    told = protocol().cautions({name: snapshot for name, snapshot in outputs.items() if snapshot is not None})
    return [f"{_capital(entry)}: {caution}" for caution in told]


def _remarks_on_versions(entry: RunEntry, made: Sequence[AttemptRequest]) -> list[str]:
    versions = sorted({request.protocol_version for request in made})
    if len(versions) <= 1:
        return []
    return [f"{_capital(entry)} was made by versions {' and '.join(map(str, versions))} of its protocol."]


def _capital(entry: RunEntry) -> str:
    return entry.title[0].upper() + entry.title[1:]


def _versions(requests: Iterable[AttemptRequest]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for request in requests:
        for name, version in request.versions.items():
            found.setdefault(name, {})[version] = None
    return {name: tuple(versions) for name, versions in found.items()}
