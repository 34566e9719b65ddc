"""Commands about this machine."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryoloom.cli._choices import JsonOption
from cryoloom.cli.output import emit

if TYPE_CHECKING:
    from cryoloom.runtime import Plugin


def doctor(
    folder: Annotated[Path, typer.Argument(help="Where projects would live.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Say what cryoloom finds on this machine: cores, memory, GPUs, disk, programs, plugins; and what it misses.

    Example: cryoloom doctor /data/projects
    """
    import platform

    from cryoloom import __version__
    from cryoloom.lanes.local import LocalLane
    from cryoloom.runtime import checked_plugins, programs_found, use_kernel_cache

    use_kernel_cache()
    plugins = checked_plugins()
    lane = LocalLane()
    capacity = lane.capacity()
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    disk = shutil.disk_usage(existing)
    document: dict[str, Any] = {
        "cryoloom": __version__,
        "python": platform.python_version(),
        "cores": capacity.cpu,
        "memory_bytes": capacity.memory,
        "gpus": list(capacity.gpus),
        "disk_free_bytes": disk.free,
        "programs": programs_found(),
        "plugins": [asdict(plugin) for plugin in plugins],
        "remarks": [
            *_remarks(disk.free, capacity.memory, existing, lane.notice),
            *(f"Plugin {plugin.name}: {plugin.fault}" for plugin in plugins if plugin.fault),
        ],
    }
    found = [f"{label} ({path})" for label, path in document["programs"].items() if path]
    lines = [
        f"cryoloom {__version__}, Python {document['python']}",
        f"cores      {capacity.cpu}",
        f"memory     {capacity.memory / 2**30:.1f} GiB",
        f"GPUs       {', '.join(capacity.gpus) or 'none; everything embedded runs without'}",
        f"disk       {disk.free / 2**30:.0f} GiB free at {existing}",
        f"programs   {', '.join(found) or 'none of those that plugins use'}",
        f"plugins    {', '.join(map(_told, plugins)) or 'none'}",
        *(f"! {remark}" for remark in document["remarks"]),
    ]
    emit(document, as_json=as_json, text="\n".join(lines))


def warm_up(as_json: JsonOption = False) -> None:
    """Compile the computing kernels now, and keep them, so that the first movie of a session does not wait for it.

    Example: cryoloom warm-up
    """
    import sys
    import time

    from cryoloom.runtime import warm_up as compile_kernels

    begin = time.monotonic()
    for stage in compile_kernels():
        sys.stderr.write(f"{stage}: ready\n")
    seconds = time.monotonic() - begin
    emit({"seconds": round(seconds, 1)}, as_json=as_json, text=f"All kernels are compiled ({seconds:.0f} s).")


def _told(plugin: Plugin) -> str:
    return f"{plugin.name} ({plugin.distribution} {plugin.version}{', see below' if plugin.fault else ''})"


def _remarks(free: int, memory: int, folder: Path, notice: str) -> list[str]:
    import os

    remarks = [notice] if notice else []
    if free < 50 * 2**30:
        remarks.append(f"Only {free / 2**30:.0f} GiB are free at {folder}; a session of a day needs more.")
    if memory < 8 * 2**30:
        remarks.append(
            "Less than 8 GiB of memory: movies of large detectors are processed one at a time, or not at all."
        )
    if not os.access(folder, os.W_OK):
        remarks.append(f"{folder} is not writable for you; choose another folder for projects.")
    return remarks
