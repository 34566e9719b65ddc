"""What the control groups of this process allow, versions 1 and 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

SYSTEM = Path("/")


def cpu_quota(root: Path = SYSTEM) -> float | None:
    """CPUs' worth of time per second that this process and its siblings may use; None without a limit."""
    quotas = []
    for folder in _folders("cpu", root):
        if (limit := _words(folder / "cpu.max")) and limit[0] != "max":
            quotas.append(int(limit[0]) / int(limit[1]))
        if (quota := _words(folder / "cpu.cfs_quota_us")) and int(quota[0]) > 0:
            quotas.append(int(quota[0]) / int(_words(folder / "cpu.cfs_period_us")[0]))
    return min(quotas, default=None)


def memory_limit(root: Path = SYSTEM) -> int | None:
    """Bytes that this process and its siblings may have resident; None without a limit."""
    limits = [
        int(words[0])
        for folder in _folders("memory", root)
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes")
        if (words := _words(folder / name)) and words[0] != "max"
    ]
    return min(limits, default=None)


class MemoryKills:
    """How many processes the kernel has killed so far for want of memory.

    Counted by this process's own control group if that keeps count, else by the whole machine.
    """

    def __init__(self, root: Path = SYSTEM) -> None:
        groups = [
            folder / name for folder in _folders("memory", root) for name in ("memory.events", "memory.oom_control")
        ]
        self._descriptor = next(
            (os.open(path, os.O_RDONLY) for path in (*groups, root / "proc/vmstat") if "oom_kill" in _words(path)), None
        )

    def count(self) -> int:
        """Count them anew; 0 where nobody keeps count. Some 10 µs."""
        if self._descriptor is None:
            return 0
        words = os.pread(self._descriptor, 2**16, 0).split()
        return int(words[words.index(b"oom_kill") + 1])

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """Every existing control group that confines this process, from its own up to the topmost.

    A container often sees paths of its host that do not exist inside it; what exists above them is what counts.
    """
    mount = root / "sys/fs/cgroup"
    membership = root / "proc/self/cgroup"
    for line in membership.read_text().splitlines() if membership.exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            hierarchy = mount
        elif controller in controllers.split(","):
            hierarchy = next((h for h in (mount / controllers, mount / controller) if h.is_dir()), mount)
        else:
            continue
        folder = hierarchy / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group.is_dir():
                yield group
            if group == hierarchy:
                break


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.is_file() else []
