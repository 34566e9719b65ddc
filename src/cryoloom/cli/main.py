"""The `cryoloom` command: finds a command's module when it is called, and turns errors into exit statuses.

Exit status 0: done. 1: the data, the parameters or the place are at fault. 2: the command line is at fault.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import core

from cryoloom.cli import output

TOOLS: Mapping[str, str] = {
    "motion": "cryoloom.cli.tool.motion:motion",
    "ctf": "cryoloom.cli.tool.ctf:ctf",
    "pick": "cryoloom.cli.tool.pick:pick",
    "extract": "cryoloom.cli.tool.extract:extract",
    "abinitio": "cryoloom.cli.tool.abinitio:abinitio",
    "class2d": "cryoloom.cli.tool.class2d:class2d",
    "class3d": "cryoloom.cli.tool.class3d:class3d",
    "refine": "cryoloom.cli.tool.refine:refine",
    "ctfrefine": "cryoloom.cli.tool.ctfrefine:ctfrefine",
    "subtract": "cryoloom.cli.tool.subtract:subtract",
    "reconstruct": "cryoloom.cli.tool.reconstruct:reconstruct",
    "project": "cryoloom.cli.tool.project:project",
    "fsc": "cryoloom.cli.tool.fsc:fsc",
    "mask": "cryoloom.cli.tool.mask:mask",
    "postprocess": "cryoloom.cli.tool.postprocess:postprocess",
    "localres": "cryoloom.cli.tool.localres:localres",
    "directions": "cryoloom.cli.tool.directions:directions",
    "difference": "cryoloom.cli.tool.difference:difference",
    "views": "cryoloom.cli.tool.views:views",
    "model-fsc": "cryoloom.cli.tool.model_fsc:model_fsc",
    "resample": "cryoloom.cli.tool.resample:resample",
    "invert-hand": "cryoloom.cli.tool.invert_hand:invert_hand",
    "fit-map": "cryoloom.cli.tool.fit_map:fit_map",
    "expand-symmetry": "cryoloom.cli.tool.expand_symmetry:expand_symmetry",
    "change-box": "cryoloom.cli.tool.change_box:change_box",
    "symmetry": "cryoloom.cli.tool.symmetry:symmetry",
    "filter-map": "cryoloom.cli.tool.filter_map:filter_map",
    "combine-maps": "cryoloom.cli.tool.combine_maps:combine_maps",
    "simulate": "cryoloom.cli.tool.simulate:simulate",
}

COMMANDS: Mapping[str, str | Mapping[str, str]] = {
    "new": "cryoloom.cli.project:new",
    "protocols": "cryoloom.cli.project:protocols",
    "add": "cryoloom.cli.project:add",
    "set": "cryoloom.cli.changing:set_draft",
    "annotate": "cryoloom.cli.changing:annotate",
    "run": "cryoloom.cli.running:run",
    "status": "cryoloom.cli.running:status",
    "show": "cryoloom.cli.showing:show",
    "trace": "cryoloom.cli.showing:trace",
    "methods": "cryoloom.cli.showing:methods",
    "stop": "cryoloom.cli.running:stop",
    "resume": "cryoloom.cli.running:resume",
    "retry": "cryoloom.cli.running:retry",
    "decide": "cryoloom.cli.changing:decide",
    "exclude": "cryoloom.cli.changing:exclude",
    "include": "cryoloom.cli.changing:include",
    "close": "cryoloom.cli.running:close",
    "rm": "cryoloom.cli.cleaning:rm",
    "restore": "cryoloom.cli.cleaning:restore",
    "clean": "cryoloom.cli.cleaning:clean",
    "rebuild": "cryoloom.cli.rebuilding:rebuild",
    "apply": "cryoloom.cli.workflows:apply",
    "export-workflow": "cryoloom.cli.workflows:export_workflow",
    "export": "cryoloom.cli.results:export",
    "report": "cryoloom.cli.results:report",
    "convert": "cryoloom.cli.results:convert",
    "demo": "cryoloom.cli.demo:demo",
    "serve": "cryoloom.cli.serving:serve",
    "doctor": "cryoloom.cli.machine:doctor",
    "warm-up": "cryoloom.cli.machine:warm_up",
    "tool": TOOLS,
}

GROUP_HELP: Mapping[str, str] = {
    "tool": "One stage on its own: files in, files out.",
}


def command_of(name: str, target: str) -> Any:
    """Import the module of a command and build its parser; a tool takes the options that all tools take.

    Parameters
    ----------
    name : of the command
    target : its module and function, as `COMMANDS` gives them
    """
    module_name, function_name = target.split(":")
    function = getattr(importlib.import_module(module_name), function_name)
    if target in TOOLS.values():
        from cryoloom.cli.tool._options import with_common_options

        function = with_common_options(function)
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command(name)(function)
    command = typer.main.get_command(application)
    command.name = name
    return command


class _CommandsOnDemand(core.TyperGroup):
    """A group whose commands are imported when they are called or listed."""

    def __init__(self, name: str, targets: Mapping[str, str | Mapping[str, str]], help_text: str) -> None:
        super().__init__(name=name, help=help_text, no_args_is_help=True, rich_markup_mode="rich")
        self._targets = targets

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # Typer vendors click's class
        """Names in the order in which a newcomer needs them."""
        return [*self._targets, *super().list_commands(ctx)]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Import the command's module and build its parser."""
        target = self._targets.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        if isinstance(target, Mapping):
            return _CommandsOnDemand(cmd_name, target, GROUP_HELP[cmd_name])
        return command_of(cmd_name, target)


def _show_version(wanted: bool) -> None:
    if wanted:
        from cryoloom import __version__

        typer.echo(f"cryoloom {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Single-particle cryo-EM from the microscope to a map."""


def _application() -> core.TyperGroup:
    described = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    described.callback()(_root)
    group = _CommandsOnDemand("cryoloom", COMMANDS, inspect.cleandoc(_root.__doc__ or ""))
    group.params = typer.main.get_group(described).params
    return group


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the shell command and leave with its exit status."""
    gc.set_threshold(20_000)  # libraries being loaded make many objects and no garbage; looking for it takes a quarter
    from cryoloom.errors import CryoloomError, disk_faults_explained, wrong_paths_explained
    from cryoloom.runtime import use_kernel_cache

    words = sys.argv[1:] if arguments is None else list(arguments)
    output.begin()
    use_kernel_cache()
    try:
        with wrong_paths_explained(), disk_faults_explained(Path.cwd()):
            _application()(args=words, prog_name="cryoloom")
    except CryoloomError as error:
        output.emit_error(str(error), listing=error.listing, figures=error.figures, as_json="--json" in words)
        sys.exit(1)


if __name__ == "__main__":
    main()
