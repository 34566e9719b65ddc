"""A worker: a forked process that does one task after another."""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import pickle
import resource
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from cryoloom.errors import CryoloomError, InputError
from cryoloom.lanes.machine import adopt_orphans, children_by_parent, die_with_parent, kill, name_process
from cryoloom.lanes.supervisor._messages import Done, Order, Outcome
from cryoloom.lanes.supervisor._wire import frame, receive

THREAD_CAPS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
)
"""Environment variables by which numerical libraries are told, before they are imported, how many threads to keep."""

_CONNECTION = 3


def work(connection: socket.socket, supervisor: int, cpu: int, gpus: tuple[str, ...]) -> NoReturn:
    """Do what is ordered on a connection until it closes. Called in a freshly forked process.

    Parameters
    ----------
    connection : to the supervisor
    supervisor : its process id; the worker dies with it
    cpu : threads that numerical libraries may use
    gpus : UUIDs of the GPUs that may be seen
    """
    try:
        _settle(connection, supervisor, cpu, gpus)
        _answer(socket.socket(fileno=_CONNECTION))
        os._exit(0)
    except BaseException:  # noqa: BLE001  nothing of this process may run on into its supervisor's code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _settle(connection: socket.socket, supervisor: int, cpu: int, gpus: tuple[str, ...]) -> None:
    os.setsid()
    die_with_parent(supervisor, signal.SIGKILL)
    adopt_orphans()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # Whatever else the supervisor has open, above all the slots of other tasks, must not live on in here.
    os.dup2(connection.fileno(), _CONNECTION, inheritable=False)
    os.closerange(_CONNECTION + 1, max(int(entry.name) for entry in os.scandir("/proc/self/fd")) + 1)
    os.environ.update(dict.fromkeys(THREAD_CAPS, str(max(1, cpu))), CUDA_VISIBLE_DEVICES=",".join(gpus))
    sys.stdout = os.fdopen(1, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    faulthandler.enable()


def _answer(connection: socket.socket) -> None:
    log = _Log()
    peak = _PeakMemory()
    flush_c_streams = ctypes.CDLL(None).fflush
    while (received := receive(connection)) is not None:
        order: Order = received[0]
        peak.reset()
        started = time.monotonic()
        outcome, content = _perform(order, log)
        sys.stdout.flush()
        sys.stderr.flush()
        flush_c_streams(None)
        _end_leftovers()
        seconds = time.monotonic() - started
        for descriptor in received[1]:
            os.close(descriptor)
        name_process("cryoloom-idle")
        connection.sendall(frame(Done(outcome, content, seconds, peak.read())))


def _perform(order: Order, log: _Log) -> tuple[Outcome, bytes]:
    try:
        log.turn_to(order.log)
        name_process(order.label or "cryoloom-worker")
        module, _, path = order.function.partition(":")
        function: Any = importlib.import_module(module)
        for name in path.split("."):
            function = getattr(function, name)
        payload = pickle.loads(order.payload)  # noqa: S301  from our own driver, which is the same user
        return "returned", pickle.dumps(function(**payload), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # noqa: BLE001  a task may raise anything, and all of it is reported
        listing = error.listing if isinstance(error, CryoloomError) else ""
        failure = (type(error).__name__, str(error), isinstance(error, InputError), traceback.format_exc(), listing)
        return "raised", pickle.dumps(failure)


def _end_leftovers() -> None:
    """Kill whatever the task has left running; as a subreaper this process is or becomes parent to all of it."""
    try:
        while True:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            for child in children_by_parent().get(os.getpid(), ()):
                kill(child)
            os.waitpid(-1, 0)
    except ChildProcessError:
        return  # no child is left


class _Log:
    """Standard output and error of the task at hand: a file of its own."""

    def __init__(self) -> None:
        self._path = ""

    def turn_to(self, path: str) -> None:
        """Write to this file from now on. A file that is still empty is renamed, which is cheaper than a new one."""
        if not self._rename(path):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            os.close(descriptor)
        self._path = path

    def _rename(self, path: str) -> bool:
        status = os.fstat(1)
        if not self._path or status.st_size or not status.st_nlink:
            return False
        try:
            Path(self._path).rename(path)
        except FileNotFoundError:
            return False  # somebody has tidied up
        return True


class _PeakMemory:
    """Peak resident memory of this process, and of its largest child if that grew.

    Where a container forbids resetting the kernel's high-water mark, it is that of the worker's whole life.
    """

    def __init__(self) -> None:
        try:
            self._reset: int | None = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self._reset = None
        self._children = 0

    def reset(self) -> None:
        """Start afresh from what is resident now."""
        if self._reset is not None:
            os.write(self._reset, b"5")
        self._children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss

    def read(self) -> int:
        """Peak since the reset, in bytes."""
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return 1024 * max(own, children if children > self._children else 0)
