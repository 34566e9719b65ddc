"""Whether a run would be made otherwise today, and how many items it is behind; nothing is ever recomputed here.

A digest of protocol, version, effective parameters and inputs is taken twice: of what was run, and of what would be run
now. Where they differ, the run is *stale*, and sentences say why. An input that has grown is no such difference: it
makes the run *behind*.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryoloom.errors import CryoloomError, ParameterError
from cryoloom.workflow.behind import items_behind
from cryoloom.workflow.environment import Environment
from cryoloom.workflow.graph import RunGraph
from cryoloom.workflow.index import InputLink
from cryoloom.workflow.making import attempts_that_made
from cryoloom.workflow.parameters import validated
from cryoloom.workflow.protocol import Protocol
from cryoloom.workflow.run import AttemptRequest


@dataclass(frozen=True, slots=True)
class Staleness:
    """How the result of a run compares with what would be made now.

    Parameters
    ----------
    run, number : ULID and label of the run
    stale : it would be made otherwise now
    reasons : why, a sentence each
    behind : items of its inputs that it has not taken in
    cannot_tell : why it cannot be compared, for instance because its plugin is missing; empty if it can
    digest_made, digest_now : of what was run, and of what would be run; empty for a draft
    """

    run: str
    number: int
    stale: bool
    reasons: tuple[str, ...]
    behind: int
    cannot_tell: str
    digest_made: str
    digest_now: str


def staleness_of(graph: RunGraph, environment: Environment, runs: Iterable[str] | None = None) -> list[Staleness]:
    """Compare runs with what would be made now.

    Parameters
    ----------
    graph : of the project
    environment : tells the protocols that are installed
    runs : ULIDs; all if not given

    Returns
    -------
    One for each run, in the order asked for, or by number.
    """
    comparison = _Comparison(graph, environment)
    return [comparison.of(ulid) for ulid in (graph.runs if runs is None else runs)]


@dataclass(frozen=True, slots=True)
class _Compared:
    made: str
    now: str
    reasons: tuple[str, ...] = ()
    cannot_tell: str = ""


_LOOP = _Compared("loop", "loop")


class _Comparison:
    """Compares runs and, through their inputs, everything that they were made from; each once."""

    def __init__(self, graph: RunGraph, environment: Environment) -> None:
        self._graph = graph
        self._environment = environment
        self._compared: dict[str, _Compared] = {}
        self._corrections = self._find_corrections()

    def of(self, ulid: str) -> Staleness:
        """The comparison of one run."""
        entry = self._graph[ulid]
        compared = self._compare(ulid)
        behind, cannot_tell = 0, compared.cannot_tell
        if entry.attempt and not cannot_tell:
            try:
                behind = items_behind(self._graph, ulid, self._environment.protocol(entry.protocol))
            except (CryoloomError, OSError) as error:
                cannot_tell = str(error)
        draft = entry.attempt == 0
        return Staleness(
            run=ulid,
            number=entry.number,
            stale=compared.made != compared.now,
            reasons=compared.reasons,
            behind=behind,
            cannot_tell=cannot_tell,
            digest_made="" if draft else compared.made,
            digest_now="" if draft else compared.now,
        )

    def _find_corrections(self) -> dict[tuple[str, str], str]:
        """Run and output → the newest run that puts it right."""
        found: dict[tuple[str, str], str] = {}
        for ulid, entry in sorted(self._graph.runs.items(), key=lambda run: run[1].number):
            if not entry.attempt or self._graph.replacement(ulid) is not None:
                continue
            try:
                corrects = self._environment.protocol(entry.protocol).corrects
            except CryoloomError:
                continue  # a run whose plugin is missing is told of where it is compared
            link = entry.inputs.get(corrects)
            if link is not None:
                found[link.run, link.output] = ulid
        return found

    def _correction(self, ulid: str, link: InputLink) -> str | None:
        """The run that puts right what a run reads; None if nothing does, or the run does so itself."""
        correction = self._corrections.get((link.run, link.output))
        if correction is None or self._environment.protocol(self._graph[ulid].protocol).corrects:
            return None
        return correction

    def _compare(self, ulid: str) -> _Compared:
        for source in self._graph.upstream([ulid], known=self._compared):  # so nothing recurses deeply
            if source not in self._compared:
                self._compared[source] = _LOOP
                self._compared[source] = self._newly_compared(source)
        return self._compared[ulid]

    def _newly_compared(self, ulid: str) -> _Compared:
        entry = self._graph[ulid]
        if not entry.attempt:
            return _Compared(ulid, ulid)
        try:
            makings = attempts_that_made(self._graph.folder(ulid))
            protocol = self._environment.protocol(entry.protocol)
        except (CryoloomError, OSError) as error:
            return _Compared(ulid, ulid, cannot_tell=str(error))
        made_inputs, now_inputs, reasons = self._compare_inputs(ulid)
        recipes = [_Recipe.made(request, protocol) for request in makings]
        try:
            wanted = _Recipe.now(self._graph, ulid, protocol)
        except ParameterError as error:
            wanted = _Recipe(protocol.version, None)
            reasons = (f"Its parameters do not fit {protocol.id} version {protocol.version}: {error}", *reasons)
        reasons = (*_differences(recipes, wanted, protocol), *reasons)
        return _Compared(
            made=_digest(protocol.id, recipes, made_inputs),
            now=_digest(protocol.id, [wanted], now_inputs),
            reasons=reasons,
        )

    def _compare_inputs(self, ulid: str) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
        made: dict[str, Any] = {}
        now: dict[str, Any] = {}
        reasons = []
        for name, link in self._graph[ulid].inputs.items():
            if link.run not in self._graph:
                made[name], now[name] = [link.run, link.output], None
                reasons.append(f"The run that its input {name} came from was removed.")
                continue
            source = self._compare(link.run)
            made[name] = [link.run, link.output, source.made]
            correction = self._correction(ulid, link)
            if correction is not None:
                corrected = self._environment.protocol(self._graph[correction].protocol).corrects
                now[name] = [correction, corrected, self._compare(correction).now]
                reasons.append(
                    f"Its input {name} is from {self._graph[link.run].title}, "
                    f"which {self._graph[correction].title} corrects."
                )
                continue
            current = self._graph.replacement(link.run) or link.run
            now[name] = [current, link.output, self._compare(current).now]
            if current != link.run:
                reasons.append(
                    f"Its input {name} is from {self._graph[link.run].title}, "
                    f"which {self._graph[current].title} replaces."
                )
            elif source.made != source.now:
                reasons.append(f"Its input {name} is from {self._graph[link.run].title}, which is stale.")
        return made, now, tuple(reasons)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A version and effective parameters; None for parameters that cannot be had."""

    version: int
    parameters: Mapping[str, Any] | None

    @classmethod
    def made(cls, request: AttemptRequest, protocol: type[Protocol]) -> _Recipe:
        """What an attempt ran; a parameter that was added to this version since takes its default."""
        parameters: Mapping[str, Any] = request.parameters
        if request.protocol_version == protocol.version:
            try:
                parameters = validated(protocol.Parameters, dict(parameters)).model_dump(mode="json")
            except ParameterError:
                parameters = request.parameters
        return cls(request.protocol_version, parameters)

    @classmethod
    def now(cls, graph: RunGraph, ulid: str, protocol: type[Protocol]) -> _Recipe:
        """What would be run now."""
        record = graph.folder(ulid).record()
        values = dict(record.parameters)
        if record.protocol_version < protocol.version:
            values = protocol.migrate(record.protocol_version, values)
        return cls(protocol.version, validated(protocol.Parameters, values).model_dump(mode="json"))


def _differences(makings: list[_Recipe], wanted: _Recipe, protocol: type[Protocol]) -> list[str]:
    sentences = []
    for made in makings:
        part = "made it" if len(makings) == 1 else "made a part of it"
        if made.version != wanted.version:
            sentences.append(
                f"Version {made.version} of {protocol.id} {part}; version {wanted.version} is installed now."
            )
        elif wanted.parameters is not None and made.parameters is not None:
            names = sorted(made.parameters.keys() | wanted.parameters.keys())
            sentences += [
                f"Parameter {name} was {_shown(made.parameters, name)}; it is {_shown(wanted.parameters, name)} now."
                for name in names
                if _shown(made.parameters, name) != _shown(wanted.parameters, name)
            ]
    return list(dict.fromkeys(sentences))


def _shown(parameters: Mapping[str, Any], name: str) -> str:
    return json.dumps(parameters[name], ensure_ascii=False) if name in parameters else "not there"


def _digest(protocol: str, recipes: list[_Recipe], inputs: Mapping[str, Any]) -> str:
    told = sorted({json.dumps([recipe.version, recipe.parameters], sort_keys=True) for recipe in recipes})
    return sha256(json.dumps([protocol, told, inputs], sort_keys=True).encode()).hexdigest()
