"""What protocols say that they will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a run will take, told before it starts.

    Parameters
    ----------
    seconds : from its begin to its end, if nothing else keeps the machine busy
    memory : at its peak, in bytes
    advice : what to change so that it fits, or goes faster; one sentence each
    """

    seconds: float
    memory: int
    advice: Sequence[str] = ()
