"""How the tests of the lanes look at processes and locks: through psutil and /proc/locks, never through the lane."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition to come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def is_alive(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children_of(process: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(process).children()]
    except psutil.NoSuchProcess:
        return []


def name_of(process: int) -> str:
    try:
        return psutil.Process(process).name()
    except psutil.NoSuchProcess:
        return ""


def supervisor_of(driver: int) -> int:
    def found() -> list[int]:
        return [child for child in children_of(driver) if name_of(child) == "cryoloom-lane"]

    until(found)
    return found()[0]


def count_locks(path: Path) -> int:
    """How many locks the kernel lists on a file."""
    inode = str(path.stat().st_ino)
    return sum(line.split()[-3].rpartition(":")[2] == inode for line in Path("/proc/locks").read_text().splitlines())
