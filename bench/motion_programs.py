"""Run the programs that `bench/motion.py` compares, and tell what they found and took."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cryoloom.engine.motion import LocalModel, Motion
from cryoloom.testing.microscope import ContrastTransfer, Drift, Session

PATCHES = 5


@dataclass
class Cost:
    """Seconds on the clock, seconds of processors, and peak memory in bytes where it was watched."""

    wall: float
    processor: float
    memory: int = 0


def tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def correct(session: Session, patches: int, name: str, *options: str, voltage: float = 300.0) -> list[dict[str, Any]]:
    """Correct all movies of a session in one command; returns its JSON."""
    done = subprocess.run(motion_command(session, patches, name, *options, voltage=voltage), check=True, stdout=-1)
    documents = json.loads(done.stdout)
    return documents if isinstance(documents, list) else [documents]


def motion_command(
    session: Session, patches: int, name: str, *options: str, voltage: float = 300.0, program: tuple[str, ...] = ()
) -> list[str]:
    begin = program or (sys.executable, "-m", "cryoloom.cli.main")
    command = [*begin, "tool", "motion", *map(str, session.movies), "--pixel-size", str(session.pixel_size)]
    command += ["--voltage", str(voltage), "--dose-per-frame", str(session.dose_per_frame)]
    if session.gain.exists():
        command += ["--gain", str(session.gain), "--gain-orientation", "as-is"]
    command += ["--patches", f"{patches}x{patches}", "--output-folder", str(session.folder / name), "--json"]
    return [*command, *options]


def cost_of(run: Callable[[], Any]) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def motion_of(document: dict[str, Any]) -> Motion:
    model = document["local_model"]
    return Motion(
        np.array(document["global_shifts"]), None if model is None else LocalModel.from_relion(*np.array(model))
    )


def displacement(document: dict[str, Any], drift: Drift) -> np.ndarray:
    """(frame, 49, 2) at the points of the truth's grid; the negative of the shifts that correct it."""
    return -motion_of(document).shifts_at(drift.grid, (drift.height, drift.width))


def optics(spherical_aberration: float, amplitude_contrast: float) -> ContrastTransfer:
    """What RELION is told of a movie that was not simulated with an optics of its own."""
    return ContrastTransfer(*(0.0, 0.0, 0.0, 0.0), 300.0, spherical_aberration, amplitude_contrast, 0.0)
