"""Commands that show what a project holds and how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, RunsArgument, item_ids, open_project
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.data import Table
    from cryoloom.runtime import Project
    from cryoloom.workflow.provenance import Ancestor


def show(
    project: ProjectArgument,
    what: Annotated[str, typer.Argument(metavar="RUN[.OUTPUT]", help="A run, 3, or a set that it made, 3.ctfs.")],
    condition: Annotated[
        str, typer.Option("--filter", help="Only rows that satisfy it: fit_resolution < 6 and score > 0.1.")
    ] = "",
    columns: Annotated[
        str, typer.Option(help="Comma-separated; without it, those that say most, or with --json all.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most so many rows, or warnings; 0: all.")] = 20,
    warnings: Annotated[bool, typer.Option("--warnings", help="What a run warns of, and of which items.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a run (parameters, inputs, standing, whether it is stale or behind, failed items), or the rows of a set.

    With --warnings, what the run found out or warns of is shown instead, for machines without limit.

    Example: cryoloom show apoferritin 3.ctfs --filter "fit_resolution > 8" --columns id,defocus_u,fit_resolution
    """
    from cryoloom.cli._one_run import run_document, run_text

    opened = open_project(project)
    if warnings:
        if "." in what or condition or columns:
            raise typer.BadParameter("--warnings is for a run; --filter and --columns are for a set")
        _show_warnings(opened, what, limit, as_json=as_json)
    elif "." in what:
        names = [name.strip() for name in columns.split(",") if name.strip()]
        _show_rows(opened, what, condition, names, limit, as_json=as_json)
    elif condition or columns:
        raise typer.BadParameter(f"{what} is a run; --filter and --columns are for a set, such as {what}.micrographs")
    else:
        document = run_document(opened.run(what))
        emit(document, as_json=as_json, text=run_text(document))


def trace(
    project: ProjectArgument,
    output: Annotated[str, typer.Argument(metavar="RUN.OUTPUT", help="The set that holds the item, 5.particles.")],
    item: Annotated[str, typer.Argument(help="Id of the item, as `show` lists it.")],
    as_json: JsonOption = False,
) -> None:
    """Follow an item back to what was imported: through which sets, from which files, with which parameters.

    Example: cryoloom trace apoferritin 5.particles 0123456789abcdef
    """
    opened = open_project(project)
    (identity,) = item_ids([item])
    found = opened.trace(output, identity)
    document = {"line": [asdict(one) for one in found.line], "ancestors": [asdict(one) for one in found.ancestors]}
    emit(document, as_json=as_json, text="\n".join(_told_ancestor(one) for one in found.line))


def methods(
    project: ProjectArgument,
    runs: RunsArgument = None,
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print the citations as a BibTeX file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell how results were made, as for the methods section of a paper, with citations and what to be wary of.

    Without runs, the sets that the report shows are told of.

    Example: cryoloom methods apoferritin 5
    """
    from cryoloom.workflow.continuing import REPORTED_KINDS, continuing_sets
    from cryoloom.workflow.graph import RunGraph
    from cryoloom.workflow.methods import methods_of

    opened = open_project(project)
    graph = RunGraph.read(opened.folder)
    if runs:
        chosen = [opened.run(number).ulid for number in runs]
    else:
        chosen = [reference.run for reference in continuing_sets(graph, REPORTED_KINDS).chosen.values()]
    told = methods_of(graph, opened.environment, chosen)
    text = [told.text or "Nothing was run."]
    text += ["", *(f"Cite {citation}" for citation in told.citations)]
    text += ["", *(f"! {remark}" for remark in told.remarks)]
    emit(
        asdict(told) | {"bibtex": told.bibtex},
        as_json=as_json,
        text=told.bibtex if bibtex else "\n".join(text).rstrip(),
    )


def _show_rows(project: Project, name: str, condition: str, columns: list[str], limit: int, *, as_json: bool) -> None:
    from cryoloom.cli._rows import chosen_columns, row_documents
    from cryoloom.data import Table, column_documents, counted, filter_by, parse_condition

    output = project.output(name)
    snapshot = output.latest()
    table = snapshot.table()
    if not len(table) and (columns or condition):  # of its columns those are known that its kind declares
        project.environment.know_kind(output.kind)
        table = Table.of([], output.kind)
    matching = filter_by(table, condition) if condition else table
    rows = matching.with_frame(matching.frame.head(limit)) if limit else matching
    if as_json:
        rows = chosen_columns(rows, columns) if columns else rows
        document = {
            "set": str(output),
            "kind": output.kind,
            "generation": snapshot.generation,
            "closed": snapshot.closed,
            "count": len(table),
            "matching": len(matching),
            "columns": column_documents(rows.schema),
            "rows": row_documents(rows),
        }
        emit(document, as_json=True, text="")
        return
    which = f"{len(matching)} of {len(table)} match" if condition else counted(len(table), output.kind)
    told = f"{which}; {len(rows)} shown (--limit)." if len(rows) < len(matching) else f"{which}."
    wanted = parse_condition(condition, table.schema).columns if condition else ()
    _print_rows(rows, columns, wanted, told)


def _print_rows(rows: Table, columns: list[str], wanted: Sequence[str], told: str) -> None:
    from rich.console import Console

    from cryoloom.cli._rows import chosen_columns, columns_for_people, shown_rows, with_crossings

    console = Console()
    rows = with_crossings(rows)
    shown = columns or columns_for_people(rows, console.width, wanted)
    if len(rows):
        console.print(shown_rows(chosen_columns(rows, shown), None if columns else console.width))
    more = [column for column in rows.frame.columns if column not in shown]
    told += f" More columns (--columns): {', '.join(more)}." if more and not columns else ""
    console.print(told, style="dim", highlight=False, markup=False)


def _show_warnings(project: Project, number: str, limit: int, *, as_json: bool) -> None:
    from cryoloom.workflow.warned import by_sentence

    run = project.run(number)
    found = run.warnings()
    document = {
        "number": run.number,
        "protocol": run.record.protocol,
        "warnings": [
            {
                "item": None if one.item is None else f"{one.item:016x}",
                "label": one.label,
                "sentence": one.sentence,
                "listing": one.listing,
            }
            for one in found
        ],
    }
    told = by_sentence(found)
    shown = list(told.items())[: limit or None]
    lines = [f"{', '.join(labels)}: {sentence}" if labels else sentence for sentence, labels in shown]
    lines += [f"{len(told) - len(shown)} more (--limit)."] if len(shown) < len(told) else []
    emit(document, as_json=as_json, text="\n".join(lines) or f"Run {run.number} warns of nothing.")


def _told_ancestor(ancestor: Ancestor) -> str:
    files = ", ".join(ancestor.files.values())
    version = f", version {ancestor.protocol_version}" if ancestor.protocol_version else ""
    return f"{ancestor.number}.{ancestor.output}  {ancestor.item}  ({ancestor.protocol}{version})  {files}".rstrip()
