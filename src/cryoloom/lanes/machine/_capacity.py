"""How much of this machine is ours to use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from cryoloom.lanes.machine._cgroups import SYSTEM, cpu_quota, memory_limit


def available_cpus(root: Path = SYSTEM) -> tuple[int, ...]:
    """CPUs this process may run on, by number.

    The process's affinity, cut to the whole CPUs that its control groups' quota pays for (at least one).
    """
    allowed = sorted(os.sched_getaffinity(0))
    quota = cpu_quota(root)
    return tuple(allowed if quota is None else allowed[: max(1, math.floor(quota))])


def available_memory(root: Path = SYSTEM) -> int:
    """Bytes of memory this process may fill: the machine's, or its control groups' limit if that is less."""
    words = (root / "proc/meminfo").read_text().split()
    physical = int(words[words.index("MemTotal:") + 1]) * 1024
    limit = memory_limit(root)
    return physical if limit is None else min(physical, limit)
