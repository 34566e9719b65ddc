"""Open and list a project of 2000 runs: with its index, without one, and rebuilding it.

    python bench/project.py [--full] [--runs 2000] [--repeats 5] [--json]

Every figure is the median of the repeats, in one process with warm file-system caches: wall time, and processor time
of this process, which says more on a machine that others use. A new process imports, opens and lists. The folders are
written directly: a chain of finished runs, as a driver leaves them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import reporting

from cryoloom.durable import replace_json
from cryoloom.workflow.identifiers import new_ulid
from cryoloom.workflow.index import ProjectIndex, RunListing
from cryoloom.workflow.layout import ProjectFolder
from cryoloom.workflow.run import (
    Annotations,
    AttemptRequest,
    End,
    OutputReference,
    Progress,
    RunFolder,
    RunOptions,
    RunRecord,
    RunState,
    Status,
    as_document,
)

_IMPORTS = """
import sys
from pathlib import Path
from cryoloom.workflow.index import ProjectIndex
from cryoloom.workflow.layout import ProjectFolder
"""
_OPEN_AND_LIST = """
listing = ProjectIndex(ProjectFolder.open(Path(sys.argv[1])), Path(sys.argv[2])).list()
assert len(listing.runs) == int(sys.argv[3])
"""


def make_project(path: Path, count: int) -> ProjectFolder:
    """A project of finished runs, each reading the one before."""
    project = ProjectFolder.create(path)
    before: str | None = None
    for number in range(count):
        inputs = {} if before is None else {"micrographs": OutputReference(run=before, output="micrographs")}
        record = RunRecord(
            protocol="motion",
            protocol_version=1,
            parameters={"patches": [5, 5], "dose_weighting": True, "binning": 2.0, "b_factor": 150.0},
            inputs=inputs,
        )
        folder = project.add_run(record)
        annotations = Annotations(label=f"grid {number}", tags=["session"], revision=1)
        replace_json(folder.annotations_file, as_document(annotations), sync=False)
        _finish(folder, record)
        before = record.ulid
    return project


def _finish(folder: RunFolder, record: RunRecord) -> None:
    attempt = folder.attempt(1)
    attempt.path.mkdir(parents=True)
    request = AttemptRequest(
        ulid=record.ulid,
        attempt=1,
        protocol=record.protocol,
        protocol_version=1,
        protocol_location="cryoloom.protocols.motion:CorrectMotion",
        parameters=record.parameters,
        inputs=record.inputs,
        options=RunOptions(),
        versions={"cryoloom": "0.1.0", "numpy": "2.4.0"},
        boot_id=new_ulid(),
    )
    progress = Progress(done=500, total=500, input_closed=True, outputs={"micrographs": 500})
    status = Status(heartbeat=9, state=RunState.RUNNING, progress=progress)
    end = End(state=RunState.FINISHED, progress=progress, seconds=812.0)
    for name, document in (("request", request), ("status", status), ("end", end)):
        replace_json(attempt.path / f"{name}.json", as_document(document), sync=False)


@dataclass(frozen=True)
class Timed:
    """Medians.

    Parameters
    ----------
    wall : seconds
    processor : seconds of this process; None for work in other processes
    """

    wall: float
    processor: float | None


def measure(count: int, repeats: int, folder: Path) -> dict[str, Timed]:
    """What was done → how long it took."""
    project = make_project(folder / "project", count)
    time.sleep(3.5)  # until a change of any file is certain to be seen
    file = folder / "index.sqlite"

    def rebuild() -> RunListing:
        file.unlink(missing_ok=True)
        return open_and_list()

    def open_and_list() -> RunListing:
        return ProjectIndex(ProjectFolder.open(project.path), file).list()

    results = {"rebuild the index": timed(rebuild, repeats)}
    listing = open_and_list()
    assert (len(listing.runs), listing.read, listing.index_problem) == (count, 0, ""), listing.index_problem
    results["list with the index"] = timed(open_and_list, repeats)
    for entry in listing.runs[:20]:
        RunFolder(project.runs / entry.folder).annotate(Annotations(label="changed", revision=1))
    assert open_and_list().read == 20
    results["list, 20 runs changed just now"] = timed(open_and_list, repeats)
    results["new process: import only"] = timed_process([_IMPORTS], repeats)
    results["new process: import, open, list"] = timed_process(
        [_IMPORTS + _OPEN_AND_LIST, project.path, file, count], repeats
    )
    return results


def timed(work: Callable[[], object], repeats: int) -> Timed:
    wall, processor = [], []
    for _ in range(repeats):
        began, began_processor = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - began_processor)
    return Timed(statistics.median(wall), statistics.median(processor))


def timed_process(arguments: Sequence[object], repeats: int) -> Timed:
    command = [sys.executable, "-c", *map(str, arguments)]
    return Timed(timed(lambda: subprocess.run(command, check=True), repeats).wall, None)


MOST = {"rebuild the index": 3.0, "list with the index": 0.3, "new process: import, open, list": 0.3}  # seconds


def main() -> None:
    parser = reporting.options(__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, help="by default 5, or 15 with --full")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-project-") as folder:
        results = measure(options.runs, options.repeats or (15 if options.full else 5), Path(folder))
    if options.json:
        print(json.dumps({"runs": options.runs, **{name: asdict(one) for name, one in results.items()}}, indent=2))
        return
    print(f"{options.runs} runs.\n")
    rows = [
        (name, f"{one.wall:.3f} s", "" if one.processor is None else f"{one.processor:.3f} s")
        for name, one in results.items()
    ]
    print(reporting.table(("what, median", "wall", "processor"), rows))
    print(
        reporting.promises(
            reporting.promise(name, results[name].wall, ".3f s", most=most) for name, most in MOST.items()
        )
    )


if __name__ == "__main__":
    main()
