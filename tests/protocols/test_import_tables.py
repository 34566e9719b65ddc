"""What other programs have written comes in whole, with its images found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cryoloom.errors import FormatError, InputError
from cryoloom.formats import write_volume
from cryoloom.protocols.imports import ImportCTFs, ImportMicrographs, ImportParticles, ImportVolume
from cryoloom.workflow.protocol import Found, SourceProtocol
from cryoloom.workflow.workspace import SourceContext

STAR = """
data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnMicrographPixelSize #6
1 session 300.0 2.7 0.1 0.83

data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
_rlnDefocusU #3
_rlnDefocusV #4
_rlnDefocusAngle #5
_rlnMyOwnColumn #6
MotionCorr/a.mrc 1 15000 14500 30 7.5
MotionCorr/b.mrc 1 12000 11900 60 8.5
"""


def look(protocol: SourceProtocol, project: Path, **values: Any) -> Found:
    (port,) = protocol.output_ports()
    parameters = protocol.Parameters(**values)
    protocol.check(parameters)
    context = SourceContext(project, "000001-import", {port.name: set()}, lambda _name: pl.DataFrame())
    return protocol.look(parameters, context)


@pytest.fixture
def relion_project(tmp_path: Path) -> Path:
    project = tmp_path / "relion"
    (project / "MotionCorr").mkdir(parents=True)
    (project / "CtfFind" / "job003").mkdir(parents=True)
    for name in ("a", "b"):
        write_image(project / "MotionCorr" / f"{name}.mrc")
    (project / "CtfFind" / "job003" / "micrographs_ctf.star").write_text(STAR, encoding="utf-8")
    return project


def write_image(path: Path) -> None:
    from cryoloom.formats import write_image as write

    write(path, np.zeros((64, 96), np.float32), pixel_size=0.83)


def test_micrographs_and_ctfs_of_the_same_file_belong_together(relion_project: Path) -> None:
    star = relion_project / "CtfFind" / "job003" / "micrographs_ctf.star"
    micrographs = look(ImportMicrographs(), relion_project, file=star).tables["micrographs"].frame
    ctfs = look(ImportCTFs(), relion_project, file=star).tables["ctfs"].frame
    assert micrographs["file"].to_list() == [str(relion_project / "MotionCorr" / f"{name}.mrc") for name in "ab"]
    assert micrographs["id"].to_list() == ctfs["id"].to_list()
    assert ctfs["defocus_u"].to_list() == [15_000.0, 12_000.0]


def test_particles_of_relion_and_cryosparc_come_in(test_data: Path, tmp_path: Path) -> None:
    star = test_data / "metadata" / "roodmus" / "relion_Extract_job007_particles.star"
    cs = test_data / "metadata" / "cryodrgn" / "cryosparc_P12_J24_001_particles.cs"
    assert look(ImportParticles(), tmp_path, file=star).tables["particles"].frame.height == 269
    assert look(ImportParticles(), tmp_path, file=cs).tables["particles"].frame.height == 2019


def test_garbage_is_refused_with_a_sentence(tmp_path: Path) -> None:
    garbage = tmp_path / "particles.star"
    garbage.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(FormatError, match="particles.star"):
        look(ImportParticles(), tmp_path, file=garbage)


def test_a_map_comes_in_with_its_halves(tmp_path: Path) -> None:
    for name in ("map", "half1", "half2"):
        write_volume(tmp_path / f"{name}.mrc", np.zeros((32, 32, 32), np.float32), pixel_size=1.2)
    found = look(
        ImportVolume(),
        tmp_path,
        file=tmp_path / "map.mrc",
        half1=tmp_path / "half1.mrc",
        half2=tmp_path / "half2.mrc",
        symmetry="D7",
    )
    (volume,) = found.items["volumes"]
    row = volume.to_row()
    assert (row["box_size"], row["symmetry"], row["half2_file"]) == (32, "D7", str(tmp_path / "half2.mrc"))
    assert row["pixel_size"] == pytest.approx(1.2, abs=1e-6)


def test_a_map_that_is_no_cube_is_refused(tmp_path: Path) -> None:
    write_volume(tmp_path / "map.mrc", np.zeros((32, 32, 16), np.float32), pixel_size=1.2)
    with pytest.raises(InputError, match="must be a cube"):
        look(ImportVolume(), tmp_path, file=tmp_path / "map.mrc")
