"""More images than memory should hold: tools map them as runs do, and leave nothing behind."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from phantom_particles import BOX, DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.formats import write_volume
from cryoloom.protocols.particle_images import load_particles, mapped_memory
from cryoloom.protocols.particle_images._memory import room_for_images
from cryoloom.workflow.lane import Capacity
from cryoloom.workflow.run import RunState

COUNT, LIMIT = 80, 100_000  # bytes, of 327,680
REFERENCE = ("--reference", "truth.mrc")
MASK = ("--mask", "mask.mrc")
TOOLS = {
    "abinitio": ("--diameter", str(DIAMETER)),
    "class2d": ("--diameter", str(DIAMETER), "--classes", "2"),
    "class3d": (*REFERENCE, "--diameter", str(DIAMETER)),
    "ctfrefine": REFERENCE,
    "reconstruct": (),
    "refine": (*REFERENCE, "--diameter", str(DIAMETER)),
    "subtract": (*REFERENCE, *MASK),
}


class Begun(BaseException):
    """A tool has begun to compute."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_particles(folder, count=COUNT)
    write_volume(folder / "mask.mrc", np.ones((BOX,) * 3, np.float32), pixel_size=PIXEL)
    return folder


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less memory than the images take."""
    monkeypatch.setitem(load_particles.__kwdefaults__, "memory", LIMIT)


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("tool", TOOLS)
def test_tools_map_images_that_do_not_fit_and_leave_nothing_behind(tool, folder, tmp_path, monkeypatch):
    made: list[np.ndarray] = []

    def room(*arguments, **more):
        made.append(room_for_images(*arguments, **more))
        return made[-1]

    def begin(_progress: object) -> None:
        raise Begun

    monkeypatch.setattr("cryoloom.protocols.particle_images._stacks.room_for_images", room)
    monkeypatch.setattr("cryoloom.cli.tool._progress.ToolProgress.__enter__", begin)
    monkeypatch.chdir(folder)
    with pytest.raises(Begun):
        main(["tool", tool, "particles.star", *TOOLS[tool], "--output", str(tmp_path / "made.mrc")])
    (images,) = made
    assert isinstance(images, np.memmap)
    # A refinement keeps what it will go on from; the scratch file of the images is gone.
    assert {file.name for file in tmp_path.iterdir()} <= {"made.mrc_unfinished"}
    assert not list(tmp_path.glob("made.mrc_unfinished/*mrcs"))


@pytest.mark.usefixtures("small_memory")
def test_a_map_of_mapped_images_is_that_of_images_in_memory(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def made(name: str) -> bytes:
        with pytest.raises(SystemExit) as ended:
            main(["tool", "reconstruct", "particles.star", "--output", str(tmp_path / name)])
        assert not ended.value.code, capsys.readouterr().err
        return (tmp_path / name).read_bytes()[1024:]  # its header tells when it was made

    mapped = made("mapped.mrc")
    monkeypatch.setitem(load_particles.__kwdefaults__, "memory", 2**30)
    assert made("held.mrc") == mapped
    assert sorted(path.name for path in tmp_path.iterdir()) == ["held.mrc", "mapped.mrc"]


@pytest.mark.usefixtures("small_memory")
def test_a_disk_without_room_for_them_is_told_of(folder, tmp_path, monkeypatch, capsys):
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", full)
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit):
        main(["tool", "reconstruct", "particles.star", "--output", str(tmp_path / "made.mrc")])
    assert f"The disk that holds {tmp_path} is full" in capsys.readouterr().err


def test_what_is_mapped_is_what_is_over_the_limit():
    assert mapped_memory(1000, 64) == 0
    assert mapped_memory(100_000, 256) == 4 * 100_000 * 256**2 - 2**31


@pytest.mark.parametrize(
    "protocol", ["abinitio", "class2d", "class3d", "ctf-refine", "reconstruct", "refine", "subtract"]
)
def test_runs_count_as_memory_what_must_be_there(protocol, folder, make_project, monkeypatch):
    project = make_project()
    sources = [
        project.add("import-particles", file=folder / "particles.star"),
        project.add("import-volume", file=folder / "truth.mrc"),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 2
    made = project.environment.protocols()[protocol]()
    given = {} if protocol in {"ctf-refine", "reconstruct", "subtract"} else {"diameter": DIAMETER}
    inputs = {"particles": sources[0].outputs["particles"].latest()}
    parameters, capacity = made.Parameters.model_validate(given), Capacity(cpu=2, memory=2**33)
    held = made.predict(inputs, parameters, capacity)
    monkeypatch.setattr("cryoloom.protocols.particle_images._memory.MEMORY", LIMIT)
    told = made.predict(inputs, parameters, capacity)
    assert told.memory == made.resources(inputs, parameters).memory
    assert 0 < held.memory - told.memory <= 4 * COUNT * BOX**2 - LIMIT  # first maps are made of smaller images
