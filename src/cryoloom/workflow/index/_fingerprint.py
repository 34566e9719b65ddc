"""Whether the files of a run may have changed since they were read, told from a few cheap system calls."""

from __future__ import annotations

import os
from dataclasses import dataclass

SETTLED_NS = 3_000_000_000
"""A file that changed less than so long before it was read may change again without looking different: the clocks of
file systems tick coarsely, and inode numbers are used again."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identity, size and times of the files that say where a run stands.

    Parameters
    ----------
    text : to be compared
    newest_ns : when the youngest of the files changed, by the file system's clock
    """

    text: str
    newest_ns: int

    def is_settled(self, read_ns: int) -> bool:
        """Whether a later change is certain to look different.

        Parameters
        ----------
        read_ns : this machine's clock when the reading began
        """
        return self.newest_ns < read_ns - SETTLED_NS


def fingerprint_of(run: str, attempt: int) -> Fingerprint | None:
    """The fingerprint of a run: five system calls.

    Parameters
    ----------
    run : path of its folder
    attempt : number of its newest attempt, 0 if there is none. A later one would change the folder of attempts.

    Returns
    -------
    None if there is no ``run.json``.
    """
    names = ["run.json", "annotations.json", "attempts", "cleanings"]
    if attempt:
        names.append(f"attempts/{attempt:04d}/end.json")
    parts = []
    newest = 0
    for name in names:
        try:
            found = os.stat(f"{run}/{name}", follow_symlinks=False)  # noqa: PTH116  # called ten thousand times
        except (FileNotFoundError, NotADirectoryError):
            if name == "run.json":
                return None
            parts.append("-")
            continue
        parts.append(f"{found.st_ino}.{found.st_size}.{found.st_mtime_ns}.{found.st_ctime_ns}")
        newest = max(newest, found.st_ctime_ns, found.st_mtime_ns)
    return Fingerprint(" ".join(parts), newest)
