"""Files of other programs that are not what they say: the import fails with a sentence, and runs nothing of theirs."""

from __future__ import annotations

import io
import os
import pickle
import re
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

from cryoloom.data import Micrograph, SetWriter
from cryoloom.errors import CryoloomError
from cryoloom.runtime import Project
from cryoloom.workflow.driver import drive_run
from cryoloom.workflow.run import End, RunState

OPTICS = """data_optics

loop_
_rlnOpticsGroup #1
_rlnVoltage #2
_rlnSphericalAberration #3
_rlnAmplitudeContrast #4
_rlnImagePixelSize #5
_rlnImageSize #6
1 300 2.7 0.1 1.0 64

"""
PARTICLES = "data_particles\n\nloop_\n_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnDefocusU #3\n"


def npy(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


class RunsWhenLoaded:
    """Unpickled, it would make a folder."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


STAR = {
    "empty": b"",
    "null bytes": b"\0" * 4096,
    "another language": b"#!/bin/sh\nrm -rf .\n",
    "every byte": bytes(range(256)) * 50,
    "no table": b"data_particles\n_rlnImageName x\n",
    "a table of something else": b"data_model_classes\nloop_\n_rlnReferenceImage #1\nx.mrc\n",
    "a row that is too short": (OPTICS + PARTICLES + "1@a.mrcs 1\n").encode(),
    "a word for a number": (OPTICS + PARTICLES + "1@a.mrcs 1 far\n").encode(),
    "an image before the first": (OPTICS + PARTICLES + "0@a.mrcs 1 10000\n").encode(),
    "an optics group that is not there": (OPTICS + PARTICLES + "1@a.mrcs 7 10000\n").encode(),
    "no UTF-8": (OPTICS + PARTICLES).encode() + b"1@caf\xe9.mrcs 1 10000\n",
    "a column twice": (OPTICS + PARTICLES + "_rlnDefocusU #4\n1@a.mrcs 1 1 1\n").encode(),
    "pixel size 0": (OPTICS.replace(" 1.0 64", " 0 64") + PARTICLES + "1@a.mrcs 1 10000\n").encode(),
}
CRYOSPARC = {
    "empty": b"",
    "text": b"hello",
    "pickled objects": npy(np.array([RunsWhenLoaded()], dtype=object), allow_pickle=True),
    "a pickle": pickle.dumps(RunsWhenLoaded()),
    "cut short": npy(np.zeros(100, [("uid", "<u8"), ("blob/path", "S10")]))[:-300],
    "no table": npy(np.zeros(5)),
    "no particles": npy(np.zeros(5, [("a", "<f4")])),
    "half an archive": b"PK\3\4" + b"\0" * 100,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project.create(tmp_path / "project")


def imported(project: Project, protocol: str, **values: Any) -> End:
    """Drive an import in this process, as its driver would."""
    run = project.add(protocol, **values)
    end = drive_run(project.path, run.folder.path, project.environment)
    assert end is not None
    return end


def check_refused(end: End, file: Path) -> None:
    assert end.state is RunState.FAILED
    assert file.name in end.reason
    assert re.search(r"\S[.;)]$", end.reason)
    assert "\n" not in end.reason
    assert "the log of attempt" not in end.reason, "somebody has thought of it"


@pytest.mark.parametrize("content", STAR.values(), ids=STAR.keys())
def test_garbage_named_star_is_refused(project: Project, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.star"
    file.write_bytes(content)
    check_refused(imported(project, "import-particles", file=file), file)


@pytest.mark.parametrize("protocol", ["import-micrographs", "import-ctfs", "import-coordinates"])
@pytest.mark.parametrize("content", [STAR["every byte"], STAR["a word for a number"]], ids=["bytes", "particles"])
def test_other_imports_refuse_it_too(project: Project, tmp_path: Path, protocol: str, content: bytes) -> None:
    file = tmp_path / "some.star"
    file.write_bytes(content)
    check_refused(imported(project, protocol, file=file), file)


@pytest.mark.parametrize("content", CRYOSPARC.values(), ids=CRYOSPARC.keys())
def test_garbage_named_cs_is_refused_and_never_unpickled(project: Project, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.cs"
    file.write_bytes(content)
    check_refused(imported(project, "import-particles", file=file), file)
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    ("shape", "cut", "pixel_size", "phrase"),
    [
        ((8, 8, 8), 0, None, "states no pixel size; set pixel_size"),
        ((8, 8, 8), 100, 1.0, "cut short"),
        ((4, 8, 8), 0, 1.0, "a map must be a cube"),
    ],
)
def test_a_map_that_is_none_is_refused(
    project: Project, tmp_path: Path, shape: tuple[int, ...], cut: int, pixel_size: float | None, phrase: str
) -> None:
    file = tmp_path / "map.mrc"
    with mrcfile.new(file, np.zeros(shape, np.float32)) as written:
        written.voxel_size = 0.0
    file.write_bytes(file.read_bytes()[: file.stat().st_size - cut])
    end = imported(project, "import-volume", file=file, pixel_size=pixel_size)
    check_refused(end, file)
    assert phrase in end.reason


def test_an_index_beyond_all_numbers_is_no_index(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "some.star"
    with mrcfile.new(tmp_path / "99999999999999999999@a.mrcs", np.ones((1, 64, 64), np.float32)) as stack:
        stack.voxel_size = 1.0
    file.write_text(OPTICS + PARTICLES + "99999999999999999999@a.mrcs 1 1\n", encoding="utf-8")
    assert imported(project, "import-particles", file=file).state is RunState.FINISHED


def test_a_file_name_that_leads_out_of_the_project_is_a_failed_item(project: Project, tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(size=(128, 128)).astype(np.float32)
    for name in ("inside.mrc", "outside.mrc"):
        with mrcfile.new(tmp_path / name, image) as written:
            written.voxel_size = 1.5
    star = tmp_path / "micrographs.star"
    optics = OPTICS.replace("_rlnImagePixelSize", "_rlnMicrographPixelSize").replace("_rlnImageSize #6\n", "")
    rows = "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\ninside.mrc 1\n"
    star.write_text(optics.replace(" 1.0 64", " 1.5") + rows, encoding="utf-8")
    run = project.add("import-micrographs", file=star)
    drive_run(project.path, run.folder.path, project.environment)
    (honest,) = run.outputs["micrographs"]
    assert isinstance(honest, Micrograph)
    row = honest.to_row() | {"id": 7, "file": "../outside.mrc"}
    SetWriter.open(run.folder.outputs / "micrographs", kind="micrographs").commit(upsert=[row], close=True, reopen=True)
    ctf = project.add("ctf", micrographs=run.outputs["micrographs"])
    end = drive_run(project.path, ctf.folder.path, project.environment)
    assert end is not None
    assert [item.reason for item in ctf.failed_items()] == ["'../outside.mrc' is no name of a file in this project."]
    assert [item.id for item in ctf.outputs["ctfs"]] == [honest.id]


def test_an_input_that_leads_out_of_the_project_is_refused(project: Project, tmp_path: Path) -> None:
    star = tmp_path / "some.star"
    star.write_bytes(STAR["empty"])
    source = project.add("import-micrographs", file=star)
    ctf = project.add("ctf", micrographs=source.outputs["micrographs"])
    record = ctf.folder.run_file.read_text(encoding="utf-8")
    ctf.folder.run_file.write_text(record.replace('"micrographs"\n', '"../../../elsewhere"\n'), encoding="utf-8")
    assert "elsewhere" in ctf.folder.run_file.read_text(encoding="utf-8")
    with pytest.raises(CryoloomError, match=r"run\.json"):
        drive_run(project.path, ctf.folder.path, project.environment)
