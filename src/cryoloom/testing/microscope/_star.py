"""The true particles as a STAR file that RELION 3.1 and later read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryoloom.testing.microscope._parameters import MicroscopeParameters
from cryoloom.testing.microscope._truth import ExposureTruth

OPTICS = (
    "rlnOpticsGroupName",
    "rlnOpticsGroup",
    "rlnMicrographPixelSize",
    "rlnMicrographOriginalPixelSize",
    "rlnVoltage",
    "rlnSphericalAberration",
    "rlnAmplitudeContrast",
)

PARTICLES = (
    "rlnMicrographName",
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
    "rlnOpticsGroup",
)


def write_particles_star(
    file: Path, movies: Sequence[Path], truths: Sequence[ExposureTruth], parameters: MicroscopeParameters
) -> None:
    """Write every particle whose centre lies on the detector, in the sum aligned to the first frame."""
    detector, optics = parameters.detector, parameters.optics
    group = (
        "simulated",
        1,
        detector.pixel_size,
        detector.pixel_size,
        optics.voltage,
        optics.spherical_aberration,
        optics.amplitude_contrast,
    )
    lines = _table("optics", OPTICS, [" ".join(map(str, group))])
    rows = []
    for movie, truth in zip(movies, truths, strict=True):
        transfer, particles = truth.transfer, truth.particles
        for (x, y), height, angles in zip(truth.coordinates(), particles.heights, particles.angles, strict=True):
            if not (0.0 <= x <= detector.width - 1 and 0.0 <= y <= detector.height - 1):
                continue
            values = (
                x,
                y,
                *angles,
                0.0,
                0.0,
                transfer.defocus_u + height,
                transfer.defocus_v + height,
                transfer.defocus_angle,
                transfer.phase_shift,
            )
            rows.append(f"movies/{movie.name} " + " ".join(f"{value:.4f}" for value in values) + " 1")
    lines += _table("particles", PARTICLES, rows)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(name: str, columns: Sequence[str], rows: list[str]) -> list[str]:
    header = [f"_{column} #{number}" for number, column in enumerate(columns, start=1)]
    return ["", f"data_{name}", "", "loop_", *header, *rows, ""]
