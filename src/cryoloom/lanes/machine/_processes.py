"""Families of processes on Linux: how they hang together, how they end, what they occupy."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

POOL_MARK = "CRYOLOOM_POOL"
"""Environment variable that everything started for a pool carries, so that it is found again whatever became of its
parents."""

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36
_BETWEEN_LOOKS = 0.01
_LOOKS = 500
"""Then the kernel keeps what was killed: it hangs in a system call, and will not do anything more on its own."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
_serial = itertools.count()


def die_with_parent(parent: int, with_signal: signal.Signals) -> None:
    """Have the kernel send this process a signal when the thread that started it ends; exit if it already has."""
    _prctl(_PR_SET_PDEATHSIG, with_signal)
    if os.getppid() != parent:
        os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of any descendant whose own parent dies, so that none can escape by forking twice."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def name_process(name: str) -> None:
    """Name this process for process lists; Linux shows 15 bytes."""
    text = ctypes.create_string_buffer(name.encode()[:15])
    _prctl(_PR_SET_NAME, ctypes.addressof(text))


def kill(process: int) -> None:
    """Send SIGKILL to a process that may have gone already."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def children_by_parent() -> dict[int, list[int]]:
    """Living processes of this machine under their parents' ids. Reads every /proc/*/stat: ~10 µs per process."""
    children = defaultdict(list)
    for process, stat in _stats():
        if stat[0] not in "ZX":
            children[int(stat[1])].append(process)
    return children


def descendants(process: int, children: Mapping[int, list[int]]) -> list[int]:
    """Children of a process, their children, and so on."""
    found = list(children.get(process, ()))
    for child in found:
        found.extend(children.get(child, ()))
    return found


def resident_memory(process: int) -> int:
    """Bytes a process has resident now; 0 if it has gone."""
    words = _read(process, "statm").split()
    return int(words[1]) * _PAGE if words else 0


def pool_mark() -> str:
    """Make a new value for `POOL_MARK`: which process of which PID namespace opened the pool, and the count of it."""
    process = os.getpid()
    return f"{_namespace()} {process} {_start_time(process)} {next(_serial)}"


def end_marked(mark: str) -> None:
    """Kill every process that carries this mark except the caller, and wait until they are gone, 5 s at most."""
    _end(lambda found: found == mark)


def sweep_dead_pools() -> None:
    """Kill what pools have left behind whose drivers are dead, and wait until it is gone, 5 s at most.

    The supervisor of a pool does this itself when its driver dies; this catches what it left when both were killed.
    """
    own_namespace = _namespace()

    def is_dead(mark: str) -> bool:
        namespace, process, start_time, _ = mark.split()
        return namespace == own_namespace and _start_time(int(process)) != start_time

    _end(is_dead)


def _end(is_doomed: Callable[[str], bool]) -> None:
    prefix = f"{POOL_MARK}="
    for _ in range(_LOOKS):
        doomed = [
            process
            for process, _ in _stats()
            if process != os.getpid()
            for variable in _read(process, "environ").split("\0")
            if variable.startswith(prefix) and is_doomed(variable.removeprefix(prefix))
        ]
        if not doomed:
            return
        for process in doomed:
            kill(process)
        time.sleep(_BETWEEN_LOOKS)


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _start_time(process: int) -> str:
    stat = _read(process, "stat")
    fields = stat.rpartition(")")[2].split()
    return fields[19] if fields and fields[0] not in "ZX" else ""


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Yield every process with the fields of its /proc/*/stat from the state letter on."""
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and (stat := _read(int(entry.name), "stat")):
            yield int(entry.name), stat.rpartition(")")[2].split()


def _read(process: int, name: str) -> str:
    """Return a file of a process, empty if it has gone or is another user's."""
    try:
        with open(f"/proc/{process}/{name}", errors="surrogateescape") as file:  # noqa: PTH123  thousands a second
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _prctl(option: int, argument: int) -> None:
    if _libc.prctl(option, argument, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
