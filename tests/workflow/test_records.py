"""Records of runs, whose validators are built on first use."""

import subprocess
import sys

FIRST_USE = """
import threading
from concurrent.futures import ThreadPoolExecutor
from cryoloom.workflow.run import Progress
from cryoloom.workflow.run._records import AttemptRequest, RunRecord, Status

together = threading.Barrier(16)

def read(number):
    together.wait()
    record = RunRecord(protocol="filter", protocol_version=1, parameters={"number": number}, later="kept")
    again = RunRecord.model_validate_json(record.model_dump_json())
    status = Status.model_validate_json(Status(heartbeat=number, state="running").model_dump_json())
    assert again == record and again.later == "kept" and status.heartbeat == number
    try:
        AttemptRequest(ulid="x")
    except ValueError as error:
        assert "protocol_location" in str(error)
    else:
        raise AssertionError("fields are missing")
    return again.parameters["number"]

assert not RunRecord.__pydantic_complete__
with ThreadPoolExecutor(16) as threads:
    assert list(threads.map(read, range(16))) == list(range(16))
"""


def test_many_threads_may_be_the_first_to_read_a_record() -> None:
    for _ in range(5):
        subprocess.run([sys.executable, "-c", FIRST_USE], check=True)
