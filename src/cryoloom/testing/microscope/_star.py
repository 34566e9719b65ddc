"""The true particles as a STAR file that RELION 3.1 and later read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cryoloom.testing.microscope._truth import ExposureTruth, relion_magnification

OPTICS = (
    "rlnOpticsGroupName",
    "rlnOpticsGroup",
    "rlnMicrographPixelSize",
    "rlnMicrographOriginalPixelSize",
    "rlnVoltage",
    "rlnSphericalAberration",
    "rlnAmplitudeContrast",
)

DISTORTIONS = (
    "rlnBeamTiltX",
    "rlnBeamTiltY",
    "rlnOddZernike",
    "rlnMagMat00",
    "rlnMagMat01",
    "rlnMagMat10",
    "rlnMagMat11",
)

PARTICLES = (
    "rlnMicrographName",
    "rlnOpticsGroup",
    "rlnCoordinateX",
    "rlnCoordinateY",
    "rlnAngleRot",
    "rlnAngleTilt",
    "rlnAnglePsi",
    "rlnOriginXAngst",
    "rlnOriginYAngst",
    "rlnDefocusU",
    "rlnDefocusV",
    "rlnDefocusAngle",
    "rlnPhaseShift",
    "rlnClassNumber",
)


def write_particles_star(file: Path, movies: Sequence[Path], truths: Sequence[ExposureTruth]) -> None:
    """Write every intact particle on the detector, where it lies in the sum aligned to the first frame.

    The true pixel size is given, whatever the session states. Class 2 is the second conformation.
    """
    distorted = any(truth.is_distorted for truth in truths)
    groups = {truth.optics_group: _optics_row(truth, distorted) for truth in truths}
    rows = [row for movie, truth in zip(movies, truths, strict=True) for row in _particle_rows(movie, truth)]
    lines = _table("optics", OPTICS + (DISTORTIONS if distorted else ()), [groups[number] for number in sorted(groups)])
    lines += _table("particles", PARTICLES, rows)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _optics_row(truth: ExposureTruth, distorted: bool) -> str:
    transfer = truth.transfer
    values = [
        f"group{truth.optics_group}",
        truth.optics_group,
        truth.pixel_size,
        truth.pixel_size,
        transfer.voltage,
        transfer.spherical_aberration,
        transfer.amplitude_contrast,
    ]
    if distorted:
        zernike = ",".join(f"{coefficient:.6g}" for coefficient in transfer.odd_zernike)
        magnification = (f"{element:.8f}" for element in relion_magnification(truth.magnification).flat)
        values += [*transfer.beam_tilt, f"[{zernike}]", *magnification]
    return " ".join(map(str, values))


def _particle_rows(movie: Path, truth: ExposureTruth) -> list[str]:
    transfer, particles = truth.transfer, truth.particles
    coordinates = truth.coordinates()
    rows = []
    for n in np.flatnonzero(truth.to_be_found()):
        values = (
            *coordinates[n],
            *particles.angles[n],
            0.0,
            0.0,
            transfer.defocus_u + particles.heights[n],
            transfer.defocus_v + particles.heights[n],
            transfer.defocus_angle,
            transfer.phase_shift,
        )
        numbers = " ".join(f"{value:.4f}" for value in values)
        rows.append(f"movies/{movie.name} {truth.optics_group} {numbers} {particles.conformations[n] + 1}")
    return rows


def _table(name: str, columns: Sequence[str], rows: list[str]) -> list[str]:
    header = [f"_{column} #{number}" for number, column in enumerate(columns, start=1)]
    return ["", f"data_{name}", "", "loop_", *header, *rows, ""]
