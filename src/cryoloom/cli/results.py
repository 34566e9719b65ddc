"""Commands that bring results out of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryoloom.cli._choices import JsonOption, ProjectArgument, open_project
from cryoloom.cli._targets import OverwriteOption, check_suffix, check_targets, files_read_by
from cryoloom.cli.output import emit
from cryoloom.errors import InputError


def export(
    project: ProjectArgument,
    outputs: Annotated[list[str], typer.Argument(help="Outputs to write, for instance 5.particles.")],
    to: Annotated[Path | None, typer.Option(help="Folder for the files; by default the project's own.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write sets as STAR files for RELION, which is to be started in the project's folder.

    Micrographs take the CTFs that are given with them. Two sets of one kind get files whose names say which is which.
    Nothing is written of sets that are empty so far, which is said.

    Example: cryoloom export apoferritin 2.micrographs 3.ctfs 5.particles
    """
    from cryoloom.protocols.export import empty_in_words, star_files_of, write_star_files

    opened = open_project(project)
    folder = opened.path if to is None else to.absolute()
    found = [opened.output(name) for name in outputs]
    tables = {str(output): output.latest().table() for output in found}
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; give a folder for the STAR files.", path=folder)
    targets = star_files_of(folder, tables).values()
    if not targets:
        raise InputError(f"{empty_in_words([name for name in tables if not len(tables[name])])}; nothing is written.")
    folder.mkdir(parents=True, exist_ok=True)
    check_targets(targets, inputs=files_read_by(opened), overwrite=overwrite)
    files, remarks = write_star_files(folder, tables, project=opened.path)
    if folder.resolve() != opened.path.resolve():
        remarks.append(f"The files name images by their paths below {opened.path}: start RELION there.")
    text = [f"Wrote {path}" for path in files] + [f"! {remark}" for remark in remarks]
    emit({"files": files, "remarks": remarks}, as_json=as_json, text="\n".join(text))


def report(
    project: ProjectArgument,
    outputs: Annotated[
        list[str] | None,
        typer.Argument(help="Outputs to show, for instance 6.accepted; of other kinds, those that continue."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; report.html in the project.")
    ] = None,
    exposures: Annotated[int, typer.Option(help="How many exposures are shown with pictures.")] = 6,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a page that shows what a session has given, in one file that needs no other.

    Of each kind the set at the end of its way is shown: accepted micrographs rather than all of them, and of two
    branches the newer one. The page and the answer name what is shown and what is not.

    Example: cryoloom report apoferritin --output apoferritin.html
    """
    from cryoloom.protocols.report import write_report
    from cryoloom.runtime import findings_of

    opened = open_project(project)
    target = opened.path / "report.html" if output is None else output
    check_suffix("--output", target, [".html", ".htm"])
    check_targets([target], inputs=files_read_by(opened), overwrite=overwrite)
    findings = findings_of(opened, [opened.output(name) for name in outputs or []])
    write_report(target, findings, shown=exposures)
    document = {
        "report": target,
        "exposures": len(findings.exposures),
        "particles": findings.particle_count,
        "shown": findings.shown,
        "left_out": findings.left_out,
    }
    text = [f"Wrote {target}", *(f"  shows {name}" for name in findings.shown)]
    text += [f"! does not show {name}; name it to see it" for name in findings.left_out]
    emit(document, as_json=as_json, text="\n".join(text))


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file of any known format.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The suffix decides the format.")],
    *,
    pixel_size: Annotated[
        float | None, typer.Option(min=0.01, help="Of images, in Å; in place of the header's.")
    ] = None,
    eer_fractions: Annotated[int | None, typer.Option(min=1, help="Frames that an EER movie is rendered into.")] = None,
    passthrough: Annotated[
        Path | None, typer.Option(help="Of a .cs file: the one with the fields that its job did not change.")
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Convert an image, a movie or a table to another format, and say what that cannot hold.

    Example: cryoloom convert particles.cs particles.star
    """
    from cryoloom.formats import convert as convert_file

    check_targets([target], inputs=[source, passthrough], overwrite=overwrite)
    done = convert_file(source, target, pixel_size=pixel_size, eer_fractions=eer_fractions, passthrough=passthrough)
    document = {"source": source, "target": target, "dropped": list(done.dropped), "remarks": list(done.remarks)}
    text = [f"Wrote {target}", *(f"! {remark}" for remark in (*done.remarks, *done.dropped))]
    emit(document, as_json=as_json, text="\n".join(text))
