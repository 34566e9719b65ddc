"""Open and list a project of 2000 runs: with its index, without one, and rebuilding it.

    python bench/project.py [--runs 2000] [--repeats 5] [--json]

Every figure is the median of the repeats, in one process with warm file-system caches; ``process`` is a new interpreter
that imports, opens and lists. The folders are written directly: a chain of finished runs, as a driver leaves them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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

_ONE_PROCESS = """
import sys
from pathlib import Path
from cryoloom.workflow.index import ProjectIndex
from cryoloom.workflow.layout import ProjectFolder
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


def measure(count: int, repeats: int, folder: Path) -> dict[str, float]:
    """Name → seconds."""
    began = time.perf_counter()
    project = make_project(folder / "project", count)
    made = time.perf_counter() - began
    time.sleep(3.5)  # until a change of any file is certain to be seen
    file = folder / "index.sqlite"

    def rebuild() -> RunListing:
        file.unlink(missing_ok=True)
        return open_and_list()

    def open_and_list() -> RunListing:
        return ProjectIndex(ProjectFolder.open(project.path), file).list()

    def process() -> None:
        subprocess.run([sys.executable, "-c", _ONE_PROCESS, project.path, file, str(count)], check=True)

    results = {"make": made, "rebuild": _median(rebuild, repeats)}
    listing = open_and_list()
    assert (len(listing.runs), listing.read, listing.index_problem) == (count, 0, ""), listing.index_problem
    results["with index"] = _median(open_and_list, repeats)
    for number in range(20):
        RunFolder(project.runs / listing.runs[number].folder).annotate(Annotations(label="changed", revision=1))
    assert open_and_list().read == 20
    results["with index, 20 changed"] = _median(open_and_list, repeats)
    results["new process, with index"] = _median(process, repeats)
    results["new process that imports only"] = _median(
        lambda: subprocess.run(
            [sys.executable, "-c", "import cryoloom.workflow.index, cryoloom.workflow.layout"], check=True
        ),
        repeats,
    )
    results["index, bytes"] = file.stat().st_size
    return results


def _median(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cryoloom-bench-project-") as folder:
        results = measure(arguments.runs, arguments.repeats, Path(folder))
    if arguments.json:
        print(json.dumps({"runs": arguments.runs, **results}, indent=2))
        return
    for name, value in results.items():
        print(f"{name:<32} {value:12.0f}" if name.endswith("bytes") else f"{name:<32} {value:12.3f} s")


if __name__ == "__main__":
    main()
