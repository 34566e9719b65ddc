"""Answers that a browser keeps as a file."""

from __future__ import annotations

from urllib.parse import quote


def attachment(name: str) -> dict[str, str]:
    """The header by which a browser keeps an answer under a name, whatever letters that has (RFC 6266)."""
    plain = quote(name, safe=" !#$&+-.^_`|~()[]{}@,=")
    if plain == name:
        return {"Content-Disposition": f'attachment; filename="{name}"'}
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
