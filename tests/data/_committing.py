"""A program that commits to a set until it is killed; what it commits depends on the generation only.

Run as ``python _committing.py FOLDER [no-hard-links]``. Exits with 3 if it finds itself superseded.
"""

from __future__ import annotations

import errno
import os
import sys

from cryoloom.data import SetWriter
from cryoloom.errors import SupersededError


def commit_of(generation: int) -> tuple[list[dict[str, object]], list[int]]:
    """Rows and withdrawals of a generation: three new ids, one old row again, every third time a withdrawal."""
    rows = [{"id": 10 * generation + k, "defocus_u": float(generation), "made_in": generation} for k in range(1, 4)]
    if generation > 4:
        rows.append({"id": 10 * (generation // 2) + 1, "defocus_u": -float(generation), "made_in": generation})
    return rows, [10 * (generation - 1) + 2] if generation % 3 == 0 else []


def state_at(generation: int) -> dict[int, tuple[float, int]]:
    """What a set holds at a generation: identity → defocus and the generation that the row says it was made in."""
    state: dict[int, tuple[float, int]] = {}
    for g in range(1, generation + 1):
        rows, withdrawn = commit_of(g)
        state.update({row["id"]: (row["defocus_u"], row["made_in"]) for row in rows})
        for identity in withdrawn:
            state.pop(identity, None)
    return state


def refuse_to_link(*_: object, **__: object) -> None:
    """What ``link`` does on a FAT file system."""
    raise OSError(errno.EPERM, "Operation not permitted")


def main() -> None:
    if "no-hard-links" in sys.argv:
        os.link = refuse_to_link
    writer = SetWriter.open(sys.argv[1], "ctfs")
    print("ready", flush=True)
    try:
        while True:
            rows, withdrawn = commit_of((writer.generation or 0) + 1)
            writer.commit(rows, withdrawn)
    except SupersededError:
        sys.exit(3)


if __name__ == "__main__":
    main()
