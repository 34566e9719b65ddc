"""Tables for any program."""

from __future__ import annotations

from typing import Any, Self

from fastapi import Response

from cryoloom.server.routes._attachment import attachment

CSV_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}, "description": "A table."}}


class CSV(Response):
    """A table for any program."""

    media_type = "text/csv; charset=utf-8"

    @classmethod
    def named(cls, content: str, name: str) -> Self:
        """A table that a browser saves under a name."""
        return cls(content, headers=attachment(name))
