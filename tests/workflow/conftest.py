"""Drivers that a failing test leaves behind are ended; runs that only look as if they were driven."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from cryoloom.workflow.project import Run
from cryoloom.workflow.run import AttemptFolder, AttemptRequest, RunOptions, as_document, this_process

sys.path.insert(0, str(Path(__file__).parent))  # for `growing_numbers` in tests


@pytest.fixture(autouse=True)
def no_driver_is_left(tmp_path: Path) -> Generator[None]:
    yield
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any(argument.startswith(str(tmp_path)) for argument in arguments):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.fixture
def as_if_driven() -> Callable[[Run], AttemptFolder]:
    """Gives a run a further attempt whose driver is this process; it never beats and never ends."""

    def pretend(run: Run) -> AttemptFolder:
        me = this_process()
        attempt = run.folder.attempt(1 + max(run.folder.attempt_numbers(), default=0))
        attempt.path.mkdir(parents=True)
        request = AttemptRequest(
            ulid=run.ulid,
            attempt=attempt.number,
            protocol=run.record.protocol,
            protocol_version=1,
            protocol_location="",
            file_categories={name: role.value for name, role in run.protocol.file_categories.items()},
            parameters=run.record.parameters,
            inputs=run.record.inputs,
            options=RunOptions(),
            versions={},
            boot_id=me.boot_id,
            process_id=me.process_id,
            process_started=me.started,
            process_namespace=me.namespace,
        )
        (attempt.path / "request.json").write_text(json.dumps(as_document(request)), encoding="utf-8")
        return attempt

    return pretend
