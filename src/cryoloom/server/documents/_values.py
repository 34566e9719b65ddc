"""Values of parameters in words."""

from __future__ import annotations

from typing import Any


def value_in_words(value: Any) -> str:
    """What a parameter was set to, as a table shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(value_in_words, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
