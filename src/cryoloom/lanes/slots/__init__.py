"""CPU, memory and GPUs of one machine, shared out among all drivers on it without a server.

Everything is a lock on a byte of one file in a lock folder of the machine: a CPU is a byte, so is a MiB of memory, a
GPU, a place in the queue. The locks belong to open file descriptions: the kernel gives a task's whole share back at the
moment when the last process that has the description is gone, however it went, and never sooner. The file's content
only says what those in the queue wait for; were it lost, order would suffer but no slot could be given twice.
"""

from cryoloom.lanes.slots._file import LockFile
from cryoloom.lanes.slots._slots import MIB, Demand, Share, Slots, Ticket

__all__ = ["MIB", "Demand", "LockFile", "Share", "Slots", "Ticket"]
