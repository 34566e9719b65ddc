"""What the kernel says about this machine: its capacity for us, its GPUs, its processes."""

from cryoloom.lanes.machine._capacity import available_cpus, available_memory
from cryoloom.lanes.machine._cgroups import MemoryKills
from cryoloom.lanes.machine._gpus import gpus_in_use, list_gpus
from cryoloom.lanes.machine._processes import (
    POOL_MARK,
    adopt_orphans,
    children_by_parent,
    descendants,
    die_with_parent,
    end_marked,
    kill,
    name_process,
    pool_mark,
    resident_memory,
    sweep_dead_pools,
)

__all__ = [
    "POOL_MARK",
    "MemoryKills",
    "adopt_orphans",
    "available_cpus",
    "available_memory",
    "children_by_parent",
    "descendants",
    "die_with_parent",
    "end_marked",
    "gpus_in_use",
    "kill",
    "list_gpus",
    "name_process",
    "pool_mark",
    "resident_memory",
    "sweep_dead_pools",
]
