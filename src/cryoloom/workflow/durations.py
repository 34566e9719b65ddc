"""Times for people."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time in words: ``2 h 05 min``, ``3 min 20 s`` or ``40 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
