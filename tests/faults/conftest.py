"""Drivers that a failing test leaves behind are ended; folders are compared, and small disks made."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest


@pytest.fixture(autouse=True, scope="module")
def no_driver_is_left(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    yield
    below = str(tmp_path_factory.getbasetemp())
    for process in psutil.process_iter(["cmdline"]):
        if any(argument.startswith(below) for argument in process.info["cmdline"] or []):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture(scope="session")
def inventory_of() -> Callable[[Path], dict[bytes, tuple[object, ...]]]:
    """Gives everything below a folder: kind, mode, size, time, inode, number of names, target and content."""

    def describe(entry: os.DirEntry[bytes]) -> tuple[object, ...]:
        about = entry.stat(follow_symlinks=False)
        content = b""
        if stat.S_ISLNK(about.st_mode):
            content = os.fsencode(Path(os.fsdecode(entry.path)).readlink())
        elif stat.S_ISREG(about.st_mode):
            content = hashlib.sha256(Path(os.fsdecode(entry.path)).read_bytes()).digest()
        return about.st_mode, about.st_size, about.st_mtime_ns, about.st_ino, about.st_nlink, content

    def inventory(folder: Path) -> dict[bytes, tuple[object, ...]]:
        found: dict[bytes, tuple[object, ...]] = {b".": (folder.stat().st_mtime_ns,)}
        pending = [os.fsencode(folder)]
        while pending:
            for entry in os.scandir(pending.pop()):
                found[entry.path] = describe(entry)
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
        return found

    return inventory


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Callable[[str], Path]]:
    """Mounts a disk in memory of the size that is asked for, or with other options; skips where nobody may."""
    folder = tmp_path / "disk"

    def mount(options: str) -> Path:
        folder.mkdir(exist_ok=True)
        changed = ["remount,"] if os.path.ismount(folder) else [""]
        command = ["mount", "-t", "tmpfs", "-o", f"{changed[0]}{options}", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk in memory cannot be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
