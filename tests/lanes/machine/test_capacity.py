import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cryoloom.lanes.machine import MemoryKills, available_cpus, available_memory

GIB = 2**30


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A file tree as of a machine with 64 GiB and no limits."""
    write(tmp_path, "proc/meminfo", f"MemTotal:       {64 * GIB // 1024} kB\nMemFree: 1 kB\n")
    write(tmp_path, "proc/vmstat", "nr_free_pages 5\noom_kill 7\n")
    write(tmp_path, "proc/self/cgroup", "0::/user.slice/session.scope\n")
    return tmp_path


def write(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def kills(root: Path) -> int:
    with closing(MemoryKills(root)) as memory_kills:
        return memory_kills.count()


def affinity() -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0)))


def test_without_limits_the_affinity_and_the_machines_memory_count(machine: Path) -> None:
    assert available_cpus(machine) == affinity()
    assert available_memory(machine) == 64 * GIB


def test_limits_of_version_2_count_at_every_level(machine: Path) -> None:
    write(machine, "sys/fs/cgroup/user.slice/session.scope/cpu.max", "max 100000\n")
    write(machine, "sys/fs/cgroup/user.slice/session.scope/memory.max", f"{32 * GIB}\n")
    write(machine, "sys/fs/cgroup/user.slice/memory.max", "max\n")
    write(machine, "sys/fs/cgroup/user.slice/memory.high", f"{16 * GIB}\n")
    write(machine, "sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n")
    assert available_cpus(machine) == affinity()[:1]
    assert available_memory(machine) == 16 * GIB


def test_limits_of_version_1_count_though_the_hosts_path_is_not_seen(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:cpu,cpuacct:/docker/ab:c\n3:memory:/docker/ab:c\n1:name=systemd:/docker\n")
    write(machine, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n")
    write(machine, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", f"{8 * GIB}\n")
    assert available_cpus(machine) == affinity()[:1]
    assert available_memory(machine) == 8 * GIB


def test_no_limit_of_version_1(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:cpu:/\n3:memory:/\n0::/\n")
    write(machine, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    write(machine, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert available_cpus(machine) == affinity()
    assert available_memory(machine) == 64 * GIB


def test_a_quota_below_one_cpu_leaves_one(machine: Path) -> None:
    write(machine, "sys/fs/cgroup/user.slice/session.scope/cpu.max", "20000 100000\n")
    assert len(available_cpus(machine)) == 1


def test_capacity_follows_a_restricted_affinity() -> None:
    program = (
        "import os; os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\n"
        "from cryoloom.lanes.local import LocalLane; print(LocalLane().capacity().cpu)"
    )
    answer = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert answer.stdout == "1\n"


def test_kills_are_counted_by_the_own_group_or_else_the_machine(machine: Path) -> None:
    assert kills(machine) == 7
    write(machine, "sys/fs/cgroup/user.slice/session.scope/memory.events", "oom 5\noom_kill 3\n")
    assert kills(machine) == 3
    write(machine, "proc/self/cgroup", "3:memory:/task\n")
    write(machine, "sys/fs/cgroup/memory/task/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n")
    assert kills(machine) == 4


def test_this_machine_is_understood() -> None:
    assert available_cpus()
    assert 2**28 < available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert kills(Path("/")) >= 0
