"""NVIDIA GPUs, as `nvidia-smi` reports them."""

from __future__ import annotations

from cryoloom.errors import LaneError

PROGRAM = "nvidia-smi"
PATIENCE = 30.0
"""Seconds to wait for an answer; without its persistence daemon a driver takes several to wake up."""


def list_gpus() -> tuple[str, ...]:
    """UUIDs of this machine's GPUs, in the driver's order; none where there is no `nvidia-smi`."""
    return tuple(_query("--query-gpu=uuid"))


def gpus_in_use() -> frozenset[str]:
    """UUIDs of the GPUs on which any process holds memory for computing."""
    return frozenset(_query("--query-compute-apps=gpu_uuid"))


def _query(question: str) -> list[str]:
    import shutil
    import subprocess

    program = shutil.which(PROGRAM)
    if program is None:
        return []
    command = [program, question, "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise LaneError(
            f"`{' '.join(command)}` gave no answer ({error}). Repair the NVIDIA driver, or take {PROGRAM} off PATH to "
            "work without GPUs."
        ) from error
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]
