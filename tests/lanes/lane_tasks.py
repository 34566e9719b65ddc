"""What the tests of the lanes have workers do."""

import ctypes
import fcntl
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from cryoloom.errors import FormatError

FOREVER = 600


def nothing() -> None:
    pass


def add(left: int, right: int) -> int:
    return left + right


def echo(value: object) -> object:
    return value


def rest(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def tell_and_wait(path: str, until: str) -> int:
    Path(path).write_text(str(os.getpid()))
    while not Path(until).exists():
        time.sleep(0.005)
    return os.getpid()


def refuse_input() -> None:
    raise FormatError("a.mrc: the header says pixel size 0 Å.")


def divide_by_zero() -> float:
    return 1 / 0


def leave_interpreter(status: int) -> None:
    sys.exit(status)


def leave_process(status: int) -> None:
    os._exit(status)


def die_by(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(FOREVER)


def read_null() -> None:
    ctypes.string_at(0)


def return_lambda() -> object:
    return lambda: None


class BreaksOnReading:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("not a number",)


def return_broken() -> object:
    return BreaksOnReading()


def speak(python: str, program: str, raw: bytes) -> None:
    print(python)
    subprocess.run(["echo", program], check=True)
    os.write(1, raw)
    ctypes.CDLL(None).puts(b"from C")  # stays in the C library's buffer


def environment(*names: str, **_: object) -> dict[str, str]:
    return dict(os.environ)


def modules() -> list[str]:
    return sorted(sys.modules)


def library_threads() -> dict[str, int]:
    import numba
    import polars as pl

    return {"numba": numba.get_num_threads(), "polars": pl.thread_pool_size()}


def fill_memory(size: int, seconds: float = 0.0) -> None:
    block = bytearray(size)
    block[::4096] = b"\1" * len(block[::4096])
    time.sleep(seconds)


def fill_memory_of_children(size: int, count: int, seconds: float) -> None:
    program = (
        f"import time; block = bytearray({size}); block[::4096] = b'x' * len(block[::4096]); time.sleep({seconds})"
    )
    children = [subprocess.Popen([sys.executable, "-S", "-c", program]) for _ in range(count)]
    for child in children:
        assert child.wait() == 0


def start_family(path: str, stays: bool) -> None:
    """Start a child, one in a session of its own, and one that has forked twice; write their ids to a file."""
    child = subprocess.Popen(["sleep", str(FOREVER)])
    aside = subprocess.Popen(["sleep", str(FOREVER)], start_new_session=True, env={})
    escape = "import os, subprocess; os.setsid(); print(subprocess.Popen(['sleep', '600'], stdout=2, env={}).pid)"
    answer = subprocess.run([sys.executable, "-S", "-c", escape], stdout=subprocess.PIPE, text=True, check=True, env={})
    draft = Path(f"{path}.draft")
    draft.write_text(f"{os.getpid()} {child.pid} {aside.pid} {answer.stdout}")
    draft.rename(path)
    if stays:
        time.sleep(FOREVER)


def start_program(path: str) -> None:
    """Start one program that knows nothing of us, write its id to a file, and wait for it."""
    child = subprocess.Popen(["sleep", str(FOREVER)], start_new_session=True)
    draft = Path(f"{path}.draft")
    draft.write_text(f"{os.getpid()} {child.pid}")
    draft.rename(path)
    child.wait()


def open_files_of_program() -> list[str]:
    return subprocess.run(["ls", "-l", "/proc/self/fd"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def own_open_files() -> list[str]:
    return [os.path.realpath(entry.path) for entry in os.scandir("/proc/self/fd")]


def import_path() -> list[str]:
    return sys.path


def fill_memory_and_die(size: int) -> None:
    fill_memory(size)
    os._exit(1)


def be_seen(witness: str, capacity: int, cpu: int, seconds: float) -> None:
    """Lock as many of the first `capacity` bytes of a witness file as CPUs, and write down how many are in use.

    A number beyond the capacity is written if there is no room. These are classic POSIX locks, which share no code with
    the slots. The file takes the place of standard input: a dying process closes descriptors in ascending order, so it
    leaves the witness before it can leave its slots.
    """
    descriptor = os.open(witness, os.O_RDWR)
    os.dup2(descriptor, 0)
    seen = capacity + cpu
    for first in range(capacity - cpu + 1):
        with suppress(BlockingIOError):
            fcntl.lockf(0, fcntl.LOCK_EX | fcntl.LOCK_NB, cpu, first)
            seen = first + cpu
            break
    with Path(f"{witness}.seen").open("a") as file:
        file.write(f"{seen}\n")
    with subprocess.Popen(["sleep", str(FOREVER)], start_new_session=True) as child:
        time.sleep(seconds)
        child.kill()
    os.close(descriptor)  # and with it, as POSIX has it, all locks of this process on the file
