"""What is equal and what differs between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryoloom.data import Class2D
from cryoloom.errors import CryoloomError
from cryoloom.protocols.resolutions import told_resolution
from cryoloom.server.comparison._overlaid import correlation_of, is_measured
from cryoloom.server.comparison._sets import set_of, shared_kinds
from cryoloom.server.documents import map_entries, value_in_words
from cryoloom.server.maps import maps_of
from cryoloom.server.models import ComparedColumn, ComparedRow, ComparedSet, ComparisonDocument, InputDocument
from cryoloom.workflow.parameters import describe_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryoloom.server._places import Places
    from cryoloom.workflow.project import Output, Run

_FEW = 5  # items of which a histogram says nothing


def comparison_of(runs: Sequence[Run], places: Places) -> ComparisonDocument:
    """What was asked of some runs and what they made, beside each other.

    Parameters
    ----------
    runs : two or more of one project
    places : from which files may be read
    """
    kinds = shared_kinds(runs)
    return ComparisonDocument(
        runs=[run.ulid for run in runs],
        parameters=_parameters(runs),
        inputs=_inputs(runs),
        counts=_counts(runs),
        figures=_figures(runs, places),
        sets=[ComparedSet(kind=kind, outputs=[_link(one) for one in outputs]) for kind, outputs in kinds.items()],
        columns=_columns(kinds),
        has_correlation=sum(correlation_of(run, places) is not None for run in runs) > 1,
        maps=[next(iter(map_entries(run, places)), None) for run in runs],
        classes=[set_of(run, Class2D.kind) is not None for run in runs],
    )


def _row(name: str, label: str, unit: str, values: list[str | None]) -> ComparedRow:
    return ComparedRow(name=name, label=label, unit=unit, values=values, differs=len(set(values)) > 1)


def _parameters(runs: Sequence[Run]) -> list[ComparedRow]:
    """Every parameter that any of the runs has, in the order in which protocols declare them."""
    described: dict[str, tuple[str, str]] = {}
    for run in runs:
        described |= {name: told for name, told in _described(run).items() if name not in described}
    rows = []
    for name, (label, unit) in described.items():
        own = [run.record.parameters for run in runs]
        rows.append(_row(name, label, unit, [value_in_words(one[name]) if name in one else None for one in own]))
    decided = [_decided(run) for run in runs]
    return [*rows, _row("decision", "Decided last", "", decided)] if any(decided) else rows


def _decided(run: Run) -> str | None:
    """The last decision of a person in a run: its condition, or else who took it and when."""
    last = run.last_decision()
    if last is None:
        return None
    return str((last.decision or {}).get("condition") or f"by {last.actor}, {last.at}")


def _described(run: Run) -> dict[str, tuple[str, str]]:
    """Name → label and unit of each parameter; those that the protocol as installed does not have stand by name."""
    known: dict[str, tuple[str, str]] = {}
    try:
        known = {one.name: (one.label, one.unit) for one in describe_parameters(run.protocol.Parameters)}
    except CryoloomError:  # of a plugin that is not installed any more; its values are told all the same
        return {name: (name, "") for name in run.record.parameters}
    return known | {name: (name, "") for name in run.record.parameters if name not in known}


def _inputs(runs: Sequence[Run]) -> list[ComparedRow]:
    names = dict.fromkeys(name for run in runs for name in run.record.inputs)
    return [_row(name, name.replace("_", " "), "", [_given(run, name) for run in runs]) for name in names]


def _given(run: Run, name: str) -> str | None:
    link = run.record.inputs.get(name)
    if link is None:
        return None
    try:
        return f"{run.project.run(link.run).number}.{link.output}"
    except CryoloomError:
        return f"{link.output} of a run that was removed"


def _counts(runs: Sequence[Run]) -> list[ComparedRow]:
    made = [{name: int(output.as_document()["count"]) for name, output in run.outputs.items()} for run in runs]
    names = dict.fromkeys(name for one in made for name in one)
    return [
        _row(name, name.replace("_", " "), "", [str(one[name]) if name in one else None for one in made])
        for name in names
    ]


_TOLD: dict[str, tuple[str, str, Callable[[dict[str, Any]], Any]]] = {
    "resolution": ("Resolution", "", lambda row: told_resolution(row["resolution"], row["pixel_size"])),
    "b_factor": ("B-factor", "Å²", lambda row: f"{row['b_factor']:.0f}".replace("-", "−")),
    "symmetry": ("Symmetry", "", lambda row: row["symmetry"]),
    "particle_count": ("Particles in the map", "", lambda row: f"{row['particle_count']}"),
    "box_size": ("Box", "px", lambda row: f"{row['box_size']}"),
    "pixel_size": ("Pixel size", "Å/px", lambda row: f"{row['pixel_size']:.4g}"),
}


def _figures(runs: Sequence[Run], places: Places) -> list[ComparedRow]:
    """What is known of the first map of each run, as far as any has one."""
    maps = [next(iter(maps_of(run, places)), None) for run in runs]
    rows = []
    for name, (label, unit, told) in _TOLD.items():
        values = [None if one is None or one.row.get(name) in {None, ""} else told(one.row) for one in maps]
        if any(value is not None for value in values):
            rows.append(_row(name, label, unit, values))
    return rows


def _columns(kinds: dict[str, list[Output | None]]) -> list[ComparedColumn]:
    """Measurements that at least two of the sets of a kind hold, of those of more than a few items."""
    found = []
    for kind, outputs in kinds.items():
        many = [output for output in outputs if output is not None and output.as_document()["count"] > _FEW]
        if len(many) < 2:
            continue
        schemas = [output.latest().schema for output in many]
        for column in {one.name: one for schema in reversed(schemas) for one in schema}.values():
            if is_measured(column) and sum(column.name in schema for schema in schemas) > 1:
                told = ComparedColumn(kind=kind, name=column.name, unit=column.unit, meaning=column.meaning)
                found.append(told)
    return found


def _link(output: Output | None) -> InputDocument | None:
    return None if output is None else InputDocument(run=output.run.ulid, output=output.name)
