"""No GPU is needed: a program named `nvidia-smi` on PATH answers as NVIDIA's does."""

from pathlib import Path

import pytest
from lane_witness import until

from cryoloom.errors import LaneError
from cryoloom.lanes.local import LocalLane
from cryoloom.lanes.local._pool import LocalPool
from cryoloom.workflow.lane import Resources, Task, TaskOutcome

MIB = 2**20
ANSWERS = """#!/bin/sh
case "$1" in
    --query-gpu=uuid) cat {folder}/gpus;;
    --query-compute-apps=gpu_uuid) cat {folder}/in-use;;
    *) exit 2;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two GPUs that nobody uses."""
    program = tmp_path / "nvidia-smi"
    program.write_text(ANSWERS.format(folder=tmp_path))
    program.chmod(0o755)
    (tmp_path / "gpus").write_text("GPU-aaaa\nGPU-bbbb\n")
    (tmp_path / "in-use").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def on_gpu(name: str, function: str, **payload: str) -> Task:
    return Task(name, f"lane_tasks:{function}", payload, Resources(cpu=0, memory=50 * MIB, gpu=1))


def test_gpus_are_known_by_uuid(machine: Path, lane: LocalLane) -> None:
    assert lane.capacity().gpus == ("GPU-aaaa", "GPU-bbbb")


def test_without_nvidias_program_there_is_no_gpu(lane: LocalLane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert lane.capacity().gpus == ()


def test_an_nvidia_smi_that_fails_is_an_error(machine: Path, lane: LocalLane) -> None:
    (machine / "gpus").unlink()
    with pytest.raises(LaneError, match="gave no answer"):
        lane.capacity()


def test_tasks_that_run_together_have_different_gpus(machine: Path, pool: LocalPool, tmp_path: Path) -> None:
    end = tmp_path / "end"
    started = [tmp_path / f"started-{n}" for n in range(3)]
    futures = [pool.submit(on_gpu(str(n), "tell_and_wait", path=str(started[n]), until=str(end))) for n in range(3)]
    until(lambda: started[0].exists() and started[1].exists())
    assert not started[2].exists()
    end.touch()
    reports = [future.result(timeout=30) for future in futures]
    assert {*reports[0].gpus, *reports[1].gpus} == {"GPU-aaaa", "GPU-bbbb"}
    assert len(reports[2].gpus) == 1
    assert len({report.process_id for report in reports}) == 3  # none holds memory of a GPU any longer than its task


def test_a_task_sees_its_gpus_only(machine: Path, pool: LocalPool) -> None:
    report = pool.submit(on_gpu("a", "environment")).result(timeout=30)
    assert report.outcome is TaskOutcome.RETURNED
    assert (report.value["CUDA_VISIBLE_DEVICES"],) == report.gpus


def test_a_gpu_that_somebody_else_uses_is_left_to_them(machine: Path, pool: LocalPool) -> None:
    (machine / "in-use").write_text("GPU-aaaa\nGPU-aaaa\n")
    assert pool.submit(on_gpu("a", "nothing")).result(timeout=30).gpus == ("GPU-bbbb",)
