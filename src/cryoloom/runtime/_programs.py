"""Programs that plugins use, as far as they are installed."""

from __future__ import annotations

import shutil

_PROGRAMS = {
    "relion_refine": "RELION",
    "ctffind": "CTFFIND",
    "MotionCor3": "MotionCor3",
    "topaz": "Topaz",
    "sbatch": "Slurm",
    "nvidia-smi": "NVIDIA driver",
}


def programs_found() -> dict[str, str | None]:
    """Name of a program → where it lies; None if it was not found."""
    return {label: shutil.which(program) for program, label in _PROGRAMS.items()}
