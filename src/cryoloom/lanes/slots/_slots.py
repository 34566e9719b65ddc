"""Who gets which slots, and when."""

from __future__ import annotations

import os
import socket
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from cryoloom.lanes.slots._file import LockFile
from cryoloom.lanes.slots._locks import Span, first_conflict, free_spans, lock, unlock

MIB = 2**20
PLACES = 1024
"""Length of the queue."""

_REGION = 2**40
_GATE, _QUEUE, _CPUS, _MEMORY, _GPUS = (number * _REGION for number in range(1, 6))
_RECORD = struct.Struct("<QIIIB6s5x")
_GATE_TRIES = 50
"""At 0.2 ms each. A decision takes about as long."""
_GRACE = 2.0
"""Seconds for which a driver whose turn has come may leave its slots unused before others pass it by."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one task takes: CPUs, MiB of memory and GPUs; live work is served before batch."""

    cpu: int
    memory: int
    gpu: int
    live: bool


@dataclass(frozen=True, slots=True)
class Share:
    """What of this machine may be taken at most: CPUs by number, and MiB of memory."""

    cpus: tuple[int, ...]
    memory: int


@dataclass(slots=True, eq=False)
class Ticket:
    """A task's place in the queue; once it has been served, its slots.

    Both last as long as any process has the open file description of `descriptor`.
    """

    descriptor: int
    demand: Demand
    place: int = -1
    number: int = 0
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Waiting:
    place: int
    number: int
    demand: Demand
    bell: bytes

    @property
    def turn(self) -> tuple[bool, int]:
        return not self.demand.live, self.number


@dataclass(slots=True)
class _Room:
    cpu: int
    memory: int
    gpu: int

    def holds(self, demand: Demand) -> bool:
        return demand.cpu <= self.cpu and demand.memory <= self.memory and demand.gpu <= self.gpu

    def keep_for(self, demand: Demand) -> None:
        self.cpu = max(0, self.cpu - demand.cpu)
        self.memory = max(0, self.memory - demand.memory)
        self.gpu = max(0, self.gpu - demand.gpu)


class Slots:
    """The slots of a machine, as one driver sees them.

    A task's CPUs, memory and GPUs are taken together or not at all, so nobody waits while holding. Whoever comes later,
    or is less urgent, takes only what is left when all those before him have been allowed for: a big task gathers
    what becomes free instead of starving behind small ones. Decisions are made one at a time, behind a gate: a
    lock that nobody waits for without end, so that a driver stopped in the midst of one cannot make others hang.

    Parameters
    ----------
    file : the lock file of the machine
    share : what may be taken of it

    Attributes
    ----------
    bell : a datagram socket that rings when it may be worth while to present a ticket again. It is a hint: when a whole
        driver dies nobody rings, so look from time to time.
    """

    def __init__(self, file: LockFile, share: Share) -> None:
        self._file = file
        self._share = share
        self._descriptor = file.open()
        self.bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.bell.setblocking(False)
        self.bell.bind("")  # the kernel chooses a name
        self._bell_name: bytes = self.bell.getsockname()
        self._overdue: dict[tuple[int, int], float] = {}
        self._looked = 0.0

    def draw(self, demand: Demand) -> Ticket:
        """Draw a ticket. Its turn is counted from the first `serve` that passes the gate."""
        if not self._file.is_at(self._descriptor):
            os.close(self._descriptor)
            self._descriptor = self._file.open()
        return Ticket(self._file.open(), demand)

    def serve(self, ticket: Ticket, usable_gpus: Sequence[str] = ()) -> bool:
        """Take what a ticket demands, if it is its turn; otherwise nothing, and it is to be presented again soon.

        Takes some 20 system calls, and two more for each task that runs on the machine.

        Parameters
        ----------
        ticket : one that has not been served
        usable_gpus : UUIDs of those GPUs that nobody outside uses; needed only where the ticket demands any
        """
        with self._gate() as is_open:
            if not is_open:
                return False
            queue = self._queue()
            if ticket.place < 0 and not self._queue_up(ticket, queue):
                return False
            cpus, memory, gpus = self._free(usable_gpus)
            room = _Room(len(cpus), sum(end - first for first, end in memory), len(gpus))
            for other in self._before(ticket, queue):
                if not self._sleeps(other, room):
                    room.keep_for(other.demand)
            return room.holds(ticket.demand) and self._take(ticket, cpus, memory, gpus)

    def somebody_waits(self, besides: Ticket | None = None) -> bool:
        """Whether any ticket but this one waits to be served, of this driver or of another. One system call."""
        descriptor = self._descriptor if besides is None else besides.descriptor
        return first_conflict(descriptor, _QUEUE, _QUEUE + PLACES) is not None

    def give_back(self, ticket: Ticket) -> None:
        """Give back slots or a place in the queue, as far as this process has them, and ring for others who wait."""
        os.close(ticket.descriptor)
        if self.somebody_waits():
            for other in self._queue().values():
                if other.bell != self._bell_name:
                    with suppress(ConnectionRefusedError, BlockingIOError):
                        self.bell.sendto(b"", other.bell)

    def close(self) -> None:
        """Forget the file; tickets and slots are not affected."""
        os.close(self._descriptor)
        self.bell.close()

    @contextmanager
    def _gate(self) -> Iterator[bool]:
        for _ in range(_GATE_TRIES):
            if lock(self._descriptor, _GATE, _GATE + 1):
                break
            time.sleep(0.0002)
        else:
            yield False
            return
        try:
            yield True
        finally:
            unlock(self._descriptor, _GATE, _GATE + 1)

    def _queue(self) -> dict[int, _Waiting]:
        queue = {}
        end = _QUEUE
        for first, after in [*free_spans(self._descriptor, _QUEUE, _QUEUE + PLACES), (_QUEUE + PLACES, 0)]:
            for place in range(end - _QUEUE, first - _QUEUE):
                record = os.pread(self._descriptor, _RECORD.size, place * _RECORD.size)
                number, cpu, memory, gpu, live, bell = _RECORD.unpack(record.ljust(_RECORD.size, b"\0"))
                queue[place] = _Waiting(place, number, Demand(cpu, memory, gpu, bool(live)), bell)
            end = after
        return queue

    def _queue_up(self, ticket: Ticket, queue: dict[int, _Waiting]) -> bool:
        place = next((place for place in range(PLACES) if place not in queue), None)
        if place is None:
            return False
        ticket.number = 1 + max((other.number for other in queue.values()), default=0)
        demand = ticket.demand
        fields = (ticket.number, demand.cpu, demand.memory, demand.gpu, demand.live, self._bell_name)
        os.pwrite(self._descriptor, _RECORD.pack(*fields), place * _RECORD.size)
        if not lock(ticket.descriptor, _QUEUE + place, _QUEUE + place + 1):
            return False
        ticket.place = place
        return True

    def _before(self, ticket: Ticket, queue: dict[int, _Waiting]) -> list[_Waiting]:
        turn = (not ticket.demand.live, ticket.number)
        others = (other for place, other in queue.items() if place != ticket.place and other.turn < turn)
        return sorted(others, key=lambda other: other.turn)

    def _sleeps(self, other: _Waiting, room: _Room) -> bool:
        """Whether somebody has left unused what he could have taken, for so long that he must be stopped or hung."""
        now = time.monotonic()
        if now - self._looked > _GRACE / 2:
            self._overdue.clear()
        self._looked = now
        key = (other.place, other.number)
        if not room.holds(other.demand):
            self._overdue.pop(key, None)
            return False
        return now - self._overdue.setdefault(key, now) > _GRACE

    def _free(self, usable_gpus: Sequence[str]) -> tuple[list[int], list[Span], list[str]]:
        first_cpu, end_cpu = (self._share.cpus[0], self._share.cpus[-1] + 1) if self._share.cpus else (0, 0)
        idle = free_spans(self._descriptor, _CPUS + first_cpu, _CPUS + end_cpu)
        cpus = [cpu for cpu in self._share.cpus if any(first <= _CPUS + cpu < end for first, end in idle)]
        memory = free_spans(self._descriptor, _MEMORY, _MEMORY + self._share.memory)
        gpus = [uuid for uuid in usable_gpus if first_conflict(self._descriptor, *_gpu_span(uuid)) is None]
        return cpus, memory, gpus

    def _take(self, ticket: Ticket, cpus: list[int], memory: list[Span], gpus: list[str]) -> bool:
        ticket.gpus = tuple(gpus[: ticket.demand.gpu])
        spans = [(_CPUS + cpu, _CPUS + cpu + 1) for cpu in cpus[: ticket.demand.cpu]]
        wanted = ticket.demand.memory
        for first, end in memory:
            taken = min(wanted, end - first)
            wanted -= taken
            if taken:
                spans.append((first, first + taken))
        spans.extend(_gpu_span(uuid) for uuid in ticket.gpus)
        if not all(lock(ticket.descriptor, first, end) for first, end in spans):
            # Only somebody who does not keep to the gate can have come between.
            unlock(ticket.descriptor, _CPUS, _GPUS + _REGION)
            return False
        unlock(ticket.descriptor, _QUEUE, _QUEUE + PLACES)
        return True


def _gpu_span(uuid: str) -> Span:
    first = _GPUS + zlib.crc32(uuid.encode())
    return first, first + 1
