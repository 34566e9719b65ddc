"""A small session: three micrographs with rings and dark discs, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cryoloom.engine.optics import ContrastTransfer, transfer_function
from cryoloom.formats import write_image
from cryoloom.runtime import Project
from cryoloom.testing.workflow import InlineLane
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.project import Run

EDGE, PIXEL = 320, 3.0
ACQUISITION = {"voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1}
DEFOCUS = (15000.0, 17000.0, 19000.0)


def transfer_of(defocus: float) -> ContrastTransfer:
    return ContrastTransfer(**ACQUISITION, defocus_u=defocus + 300, defocus_v=defocus - 300, defocus_angle=30.0)


def image_of(defocus: float, seed: int) -> np.ndarray:
    """Noise and dark discs that were seen through a microscope."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:EDGE, :EDGE]
    discs = sum(np.hypot(y - 60 - 100 * row, x - 50 - 70 * column) < 16 for row in range(3) for column in range(4))
    k = np.fft.fftfreq(EDGE, PIXEL)
    seen = transfer_function(k[:, None], np.fft.rfftfreq(EDGE, PIXEL)[None], transfer_of(defocus))
    image = np.fft.irfft2(np.fft.rfft2(random.normal(size=(EDGE, EDGE)) + 3 * discs) * seen, (EDGE, EDGE))
    return (100 - 10 * image + random.normal(size=(EDGE, EDGE))).astype(np.float32)


def make_session(root: Path) -> Path:
    """A folder with a project in which three micrographs were imported, their CTFs fitted, and particles picked."""
    (root / "raw").mkdir()
    for number, defocus in enumerate(DEFOCUS, 1):
        write_image(root / "raw" / f"shot_{number}.mrc", image_of(defocus, number), pixel_size=PIXEL)
    project = Project.create(root / "shelf" / "session", "Session")
    for run in (
        project.add("import-micrographs", folder=root / "raw", pixel_size=PIXEL, settle=0.1, **ACQUISITION),
        project.add("ctf", micrographs="1.micrographs", resolution_range=(40.0, 7.0)),
        project.add("pick", micrographs="1.micrographs", diameter=100.0),
        project.add("curate", items="1.micrographs", measurements="2.ctfs", condition="defocus_u > 16000"),
    ):
        drive_here(run)
    return root / "shelf"


def drive_here(run: Run) -> None:
    """Drive a run to its end in this process."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(type(run.project.environment), "lane", lambda *_: InlineLane())
        drive_run(run.project.path, run.folder.path, run.project.environment)
