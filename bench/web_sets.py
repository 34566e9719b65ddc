"""A set of a million particles in the browser: the time to the first rows, and the memory of ten people at once.

    python bench/web_sets.py [--full] [--rows 1000000] [--people 10] [--repeats 5] [--json]

A real server is asked over loopback, as a browser asks it; what it remembers is of other questions, so that each is
answered anew. Times are medians: wall time as the browser waits, and processor time of the server, of all its threads
together, which says more on a machine that others use. The memory is that of the server's process, at most, while each
of the people opens the set, sorts and filters it otherwise than all others, looks at pages further down, and plots two
columns.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
import reporting
from serving import serving
from sets import MEASUREMENTS_PER_PARTICLE, particles

_LOOKED_AFTER = 0.02  # seconds between two looks at the server's memory
_PAGE = 200  # rows, as the app asks for them


class Client:
    """Asks a server about one set.

    Parameters
    ----------
    base : address of the server
    cookie : of somebody who has come in
    address : of the set
    """

    def __init__(self, base: str, cookie: str, address: str) -> None:
        self._base = f"{base}{address}"
        self._headers = {"Cookie": cookie}

    def get(self, what: str, **query: object) -> dict:
        request = Request(f"{self._base}/{what}?{urlencode(query)}", headers=self._headers)
        with urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def rows(self, **query: object) -> dict:
        return self.get("rows", limit=_PAGE, **query)


def make_project(folder: Path, count: int) -> str:
    """A project with a set of particles, and the address of the set."""
    from cryoloom.data import SetWriter
    from cryoloom.runtime import Project

    project = Project.create(folder / "million")
    stated = folder / "particles.star"
    stated.touch()
    run = project.add("import-particles", file=stated)
    SetWriter.open(run.folder.outputs / "particles", "particles").commit(particles(count, 1), close=True)
    return f"/api/projects/{project.record.ulid}/runs/{run.ulid}/outputs/particles"


@contextmanager
def served(folder: Path, address: str) -> Iterator[tuple[Client, psutil.Process]]:
    """`cryoloom serve` of a folder, and somebody who has come in by the key that it prints."""
    with serving(folder) as server:
        yield Client(server.base, server.cookie(), address), server.process


class Watch:
    """The largest memory of a process while a block runs, in bytes."""

    def __init__(self, process: psutil.Process) -> None:
        self.most = 0
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOKED_AFTER):
            self.most = max(self.most, self._process.memory_info().rss)


@dataclass(frozen=True)
class Timed:
    """Medians, in seconds.

    Parameters
    ----------
    wall : as long as the browser waits
    processor : of the server, of all its threads together
    """

    wall: float
    processor: float


def times(client: Client, server: psutil.Process, count: int, repeats: int) -> dict[str, Timed]:
    """What was asked → medians of the seconds to the first rows, each time a question that was not asked before."""
    columns = MEASUREMENTS_PER_PARTICLE[:repeats]
    offsets = [1 + count // 3 * place // max(1, repeats) for place in range(repeats)]
    asked: dict[str, list[Callable[[], dict]]] = {
        "open": [lambda offset=offset: client.rows(offset=offset) for offset in offsets],
        "sort by numbers": [lambda name=name: client.rows(sort=name) for name in columns],
        "sort by names of files": [
            lambda descending=descending: client.rows(sort="micrograph_file", descending=descending)
            for descending in (False, True)
        ],
        "filter": [lambda name=name: client.rows(filter=f"{name} > 0.5 and rot < 1") for name in columns],
        "filter and sort": [
            lambda name=name: client.rows(filter=f"{name} > 0.4", sort="psi", descending=True) for name in columns
        ],
        "next page of a sorted set": [lambda name=name: client.rows(sort=name, offset=count // 2) for name in columns],
        "two columns against each other": [
            lambda name=name: client.get("plot", x=name, y="norm_correction") for name in columns
        ],
    }
    client.rows()  # imports what reading takes
    return {what: timed(server, questions) for what, questions in asked.items()}


def timed(server: psutil.Process, questions: Sequence[Callable[[], dict]]) -> Timed:
    wall, processor = [], []
    for ask in questions:
        before = sum(server.cpu_times()[:2])
        wall.append(seconds_of(ask))
        processor.append(sum(server.cpu_times()[:2]) - before)
    return Timed(statistics.median(wall), statistics.median(processor))


def seconds_of(ask: Callable[[], dict]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def one_person(client: Client, count: int, number: int) -> list[float]:
    """What one of several people asks, and the seconds that each answer took."""
    column = MEASUREMENTS_PER_PARTICLE[number % len(MEASUREMENTS_PER_PARTICLE)]
    own = {"sort": column, "descending": bool(number % 2), "filter": f"score > {-1 - number / 10} and x < {1 + number}"}
    asked = [client.rows, lambda: client.rows(sort=column), lambda: client.rows(**own)]
    asked += [lambda share=share: client.rows(**own, offset=count * share // 10) for share in (1, 3, 5)]
    asked.append(lambda: client.get("plot", x=column, y="norm_correction", filter=own["filter"]))
    return [seconds_of(ask) for ask in asked]


def measure(count: int, people: int, repeats: int, folder: Path) -> dict:
    address = make_project(folder, count)
    with served(folder, address) as (client, process):
        begun = process.memory_info().rss
        result = {"seconds": times(client, process, count, repeats)}
    with served(folder, address) as (client, process), Watch(process) as watch:
        with ThreadPoolExecutor(people) as pool:
            told = list(pool.map(lambda number: one_person(client, count, number), range(people)))
        after = process.memory_info().rss
    waited = [seconds for one in told for seconds in one]
    return result | {
        "bytes": {"begun": begun, "most": watch.most, "after": after},
        "together": {"median": statistics.median(waited), "longest": max(waited)},
    }


MOST_SECONDS = {"open": 1.0, "sort by numbers": 1.0, "filter": 1.0, "filter and sort": 1.0}
MOST_BYTES = 1e9


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--repeats", type=int, help="by default 5, or 15 with --full")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-web-sets-") as folder:
        result = measure(options.rows, options.people, options.repeats or (15 if options.full else 5), Path(folder))
    if options.json:
        times_told = {what: asdict(one) for what, one in result["seconds"].items()}
        told = {"rows": options.rows, "people": options.people, **result, "seconds": times_told}
        print(json.dumps(told, indent=2))
        return
    seconds, memory, together = result["seconds"], result["bytes"], result["together"]
    print(f"{options.rows} particles with 31 columns; {_PAGE} rows are asked for at a time, and plots are binned.\n")
    rows = [(what, f"{one.wall:.3f} s", f"{one.processor:.3f} s") for what, one in seconds.items()]
    print(reporting.table(("what, median", "wall", "processor"), rows))
    megabytes = {name: f"{value / 1e6:.0f} MB" for name, value in memory.items()}
    print(
        f"{options.people} people at once, each with another sort and filter: an answer took "
        f"{together['median']:.2f} s in the median and {together['longest']:.2f} s at most. The server took "
        f"{megabytes['begun']} when it had begun, at most {megabytes['most']}, and {megabytes['after']} afterwards.\n"
    )
    held = [
        reporting.promise(f"{what}, first rows", seconds[what].wall, ".2f s", most=most)
        for what, most in MOST_SECONDS.items()
    ]
    held.append(reporting.promise("memory of the server", memory["most"] / 1e6, ".0f MB", most=MOST_BYTES / 1e6))
    print(reporting.promises(held))


if __name__ == "__main__":
    main()
