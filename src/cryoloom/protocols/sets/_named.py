"""Items that a person names one by one."""

from __future__ import annotations

import re
from collections.abc import Collection

_ID = re.compile(r"[0-9a-f]{16}")


def ids_in(text: str) -> set[int]:
    """Identities that are written as 16 hexadecimal digits each, with spaces or commas between them.

    Raises
    ------
    ValueError
        If anything else is written there.
    """
    words = re.split(r"[\s,]+", text.strip()) if text.strip() else []
    wrong = next((word for word in words if not _ID.fullmatch(word)), None)
    if wrong is not None:
        raise ValueError(
            f"{wrong[:40]!r} is the id of no item; an id has 16 hexadecimal digits, such as 8a2f6a1a70dfc361"
        )
    return {int(word, 16) for word in words}


def written(ids: Collection[int]) -> str:
    """The same as text, in order."""
    return " ".join(f"{one:016x}" for one in sorted(ids))
