"""Preflight: how a session was set up, told from its first movies."""

from cryoloom.protocols.preflight._checks import (
    Check,
    Verdict,
    judge_dose,
    judge_gain,
    judge_pixel_size,
    judge_rings,
)
from cryoloom.protocols.preflight._protocol import Preflight

__all__ = ["Check", "Preflight", "Verdict", "judge_dose", "judge_gain", "judge_pixel_size", "judge_rings"]
