"""A session as one page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.data import StoredSet
from cryoloom.protocols.preflight import Check
from cryoloom.server.documents import value_in_words
from cryoloom.server.models import (
    CheckDocument,
    CountsDocument,
    InputDocument,
    SessionDocument,
    SettingDocument,
    ThresholdsDocument,
)
from cryoloom.server.session._pace import pace_of
from cryoloom.workflow.parameters import describe_parameters

if TYPE_CHECKING:
    from cryoloom.server.session._parts import SessionParts
    from cryoloom.workflow.index import RunEntry
    from cryoloom.workflow.project import Output, Run

_STEPS = (
    "import-movies",
    "import-micrographs",
    "motion",
    "ctf",
    "pick",
    "pick-templates",
    "extract",
    "curate",
    "preflight",
)
_CHOOSES = "select-classes"


def session_document(parts: SessionParts) -> SessionDocument:
    """All that the page of a session shows, but for its exposures one by one."""
    source, entries = parts.source, _entries(parts)
    counts = _counts(parts, entries)
    return SessionDocument(
        source=source.ulid,
        source_number=source.number,
        active=source.state.active,
        started=parts.graph[source.ulid].started,
        runs=[entry.ulid for entry in entries],
        exposures=_link(parts.exposures.micrographs) if parts.exposures else None,
        particles=_link(_of(parts, "particles")),
        classes=_classes(parts),
        maps=_run_of(_of(parts, "volumes")),
        counts=counts,
        pace=pace_of(parts, waiting=_waiting(parts), particles=counts.particles),
        thresholds=_thresholds(parts),
        settings=_settings(source),
        checks=_checks(parts, entries),
    )


def _entries(parts: SessionParts) -> list[RunEntry]:
    """The source and what was made of it, by number."""
    graph = parts.graph
    return sorted(
        (graph[one] for one in (parts.source.ulid, *graph.downstream(parts.source.ulid)) if graph[one].attempt),
        key=lambda entry: entry.number,
    )


def _of(parts: SessionParts, kind: str) -> Output | None:
    return None if parts.exposures is None else parts.exposures.of(kind)


def _count(output: Output | None) -> int:
    return 0 if output is None else int(output.as_document()["count"])


def _counts(parts: SessionParts, entries: list[RunEntry]) -> CountsDocument:
    made = [entry for entry in entries if entry.protocol in _STEPS and parts.graph.replacement(entry.ulid) is None]
    return CountsDocument(
        movies=_count(parts.taken),
        aligned=_count(parts.exposures.micrographs) if parts.exposures else 0,
        failed=sum(int(entry.progress.get(name, 0)) for entry in made for name in ("failed", "excluded")),
        picks=_count(_of(parts, "coordinates")),
        particles=_count(_of(parts, "particles")),
    )


def _waiting(parts: SessionParts) -> int:
    """Movies of which nothing has become yet."""
    if parts.exposures is None:
        return _count(parts.taken)
    aligned = parts.exposures.micrographs
    if aligned.run.ulid == parts.source.ulid:
        return 0
    progress = parts.graph[aligned.run.ulid].progress
    lost = int(progress.get("failed", 0)) + int(progress.get("excluded", 0))
    return _count(parts.taken) - _count(aligned) - lost


def _classes(parts: SessionParts) -> str | None:
    made = _of(parts, "classes2d")
    if made is None:
        return None
    choosing = [one for one in parts.graph.readers(made.run.ulid) if parts.graph[one].protocol == _CHOOSES]
    return max(choosing, key=lambda one: parts.graph[one].number, default=made.run.ulid)


def _thresholds(parts: SessionParts) -> ThresholdsDocument | None:
    run = parts.thresholds
    if run is None:
        return None
    last = run.last_decision()
    condition = run.record.parameters["condition"] if last is None else (last.decision or {}).get("condition", "")
    return ThresholdsDocument(
        run=run.ulid,
        run_number=run.number,
        condition=condition,
        decision=None if last is None else last.ulid,
        by="" if last is None else last.actor,
        at="" if last is None else last.at,
        read_by=sorted(parts.graph[one].number for one in parts.graph.readers(run.ulid)),
    )


def _settings(source: Run) -> list[SettingDocument]:
    """What was stated, as far as it was; the first of a person's concern first."""
    stated = source.record.parameters
    return [
        SettingDocument(label=known.label, value=value_in_words(stated[known.name]), unit=known.unit)
        for known in describe_parameters(source.protocol.Parameters)
        if known.level != "expert" and stated.get(known.name) not in (None, "", [])
    ]


def _checks(parts: SessionParts, entries: list[RunEntry]) -> list[CheckDocument]:
    for entry in reversed(entries):
        if entry.protocol == "preflight":
            stored: StoredSet[Check] = StoredSet(parts.graph.folder(entry.ulid).outputs / "checks")
            found = stored.latest()
            return [] if found is None else [_check(one) for one in found.items()]
    return []


def _check(one: Check) -> CheckDocument:
    return CheckDocument(
        name=one.name, verdict=one.verdict, sentence=one.sentence, stated=one.stated, measured=one.measured
    )


def _link(output: Output | None) -> InputDocument | None:
    return None if output is None else InputDocument(run=output.run.ulid, output=output.name)


def _run_of(output: Output | None) -> str | None:
    return None if output is None else output.run.ulid
