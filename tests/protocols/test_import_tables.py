"""What other programs have written comes in whole, with its images found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cryoloom.errors import FormatError, InputError
from cryoloom.formats import write_stack, write_volume
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

PARTICLES = """
data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnVoltage #3
_rlnSphericalAberration #4
_rlnAmplitudeContrast #5
_rlnImagePixelSize #6
_rlnImageSize #7
1 session 300.0 2.7 0.1 1.0 16

data_particles

loop_
_rlnImageName #1
_rlnOpticsGroup #2
_rlnDefocusU #3
_rlnDefocusV #4
_rlnDefocusAngle #5
"""


def look(protocol: SourceProtocol, project: Path, **values: Any) -> Found:
    return looked(protocol, project, **values)[0]


def looked(protocol: SourceProtocol, project: Path, **values: Any) -> tuple[Found, list[str]]:
    """What it finds, and what it says."""
    (port,) = protocol.output_ports()
    parameters = protocol.Parameters(**values)
    protocol.check(parameters)
    context = SourceContext(project, "000001-import", {port.name: set()}, lambda _name: pl.DataFrame())
    return protocol.look(parameters, context), context.remarks


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
    for file, count in ((star, 269), (cs, 2019)):
        assert ImportParticles().read(ImportParticles.Parameters(file=file)).table.frame.height == count
        found = look(ImportParticles(), tmp_path, file=file)
        assert found.tables["particles"].frame.height == 0, "their stacks were left behind"
        assert all(failure.reason.startswith("There is no such file") for failure in found.failures)


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


def test_a_map_whose_stated_pixel_size_is_not_its_own_is_warned_of(tmp_path: Path) -> None:
    write_volume(tmp_path / "map.mrc", np.zeros((32, 32, 32), np.float32), pixel_size=1.2)
    found, said = looked(ImportVolume(), tmp_path, file=tmp_path / "map.mrc", pixel_size=2.4)
    assert found.items["volumes"][0].to_row()["pixel_size"] == 2.4
    (remark,) = said
    assert "its pixel size is 1.2 Å, but 2.4 Å was stated" in remark
    assert "lengths come out 2 times" in remark
    assert looked(ImportVolume(), tmp_path, file=tmp_path / "map.mrc", pixel_size=1.209)[1] == []


def test_particles_say_where_a_stated_pixel_size_is_not_used_or_not_that_of_their_stack(tmp_path: Path) -> None:
    write_stack(tmp_path / "stack.mrcs", np.zeros((1, 16, 16), np.float32), pixel_size=2.5)
    star = tmp_path / "particles.star"
    star.write_text(f"{PARTICLES}1@stack.mrcs 1 15000 14500 30\n", encoding="utf-8")
    _, said = looked(ImportParticles(), tmp_path, file=star, pixel_size=1.5)
    assert said == ["The file says a pixel size of 1 Å, which is used; the 1.5 Å that was stated is not."]
    silent = PARTICLES.replace("_rlnImagePixelSize #6\n_rlnImageSize #7", "_rlnImageSize #6").replace("1.0 16", "16")
    star.write_text(f"{silent}1@stack.mrcs 1 15000 14500 30\n", encoding="utf-8")
    found, said = looked(ImportParticles(), tmp_path, file=star, pixel_size=1.5)
    assert found.tables["particles"].frame["pixel_size"].to_list() == [1.5]
    (remark,) = said
    assert remark.startswith("stack.mrcs: The file says that its pixel size is 2.5 Å, but 1.5 Å was stated")
    assert looked(ImportParticles(), tmp_path, file=star, pixel_size=2.5)[1] == []


def test_a_map_that_is_no_cube_is_refused(tmp_path: Path) -> None:
    write_volume(tmp_path / "map.mrc", np.zeros((32, 32, 16), np.float32), pixel_size=1.2)
    with pytest.raises(InputError, match="must be a cube"):
        look(ImportVolume(), tmp_path, file=tmp_path / "map.mrc")


class TestStacks:
    @pytest.fixture
    def relion(self, tmp_path: Path) -> Path:
        """A project of RELION with a stack of three particles."""
        (tmp_path / "Extract" / "job004").mkdir(parents=True)
        images = np.random.default_rng(1).normal(size=(3, 16, 16)).astype(np.float32)
        write_stack(tmp_path / "Extract" / "job004" / "good.mrcs", images, pixel_size=1.0)
        return tmp_path

    def imported(self, relion: Path, *names: str) -> Found:
        star = relion / "Extract" / "job004" / "particles.star"
        star.write_text(PARTICLES + "".join(f"{name} 1 15000 14500 30\n" for name in names), encoding="utf-8")
        return look(ImportParticles(), relion, file=star)

    def test_what_is_there_comes_in_and_the_rest_fails_stack_by_stack(self, relion: Path) -> None:
        write_volume(relion / "few.mrcs", np.zeros((2, 16, 16), np.float32), pixel_size=1.0)
        (relion / "text.mrcs").write_text("no stack", encoding="utf-8")
        found = self.imported(
            relion,
            *("2@Extract/job004/good.mrcs", "3@good.mrcs", "1@missing.mrcs", "2@missing.mrcs"),
            *("3@few.mrcs", "1@text.mrcs", "1@../../../../etc/passwd"),
        )
        kept = found.tables["particles"].frame
        good = str(relion / "Extract" / "job004" / "good.mrcs")
        assert list(kept.select("file", "index").iter_rows()) == [(good, 1), (good, 2)]
        reasons = {Path(failure.label).name: failure.reason for failure in found.failures}
        assert reasons["missing.mrcs"].startswith("There is no such file; put it where the table says")
        assert reasons["missing.mrcs"].endswith("It has 2 particles of the table, left out.")
        assert reasons["few.mrcs"].startswith("It holds 2 images, and the table names number 3. It has 1 particle ")
        assert reasons["text.mrcs"].startswith("It is no stack of images")
        assert reasons["passwd"].startswith(("It is no stack of images", "There is no such file"))
        assert len(reasons) == 4

    def test_a_stack_that_was_put_back_is_no_failure_any_more(self, relion: Path) -> None:
        (failure,) = self.imported(relion, "1@late.mrcs").failures
        write_stack(relion / "Extract" / "job004" / "late.mrcs", np.ones((1, 16, 16), np.float32), pixel_size=1.0)
        found = self.imported(relion, "1@late.mrcs")
        assert (found.failures, list(found.recovered)) == ([], [failure.id])

    def test_a_stack_that_is_found_in_another_folder_is_no_failure_any_more(self, relion: Path) -> None:
        (failure,) = self.imported(relion, "1@Stacks/late.mrcs").failures
        (relion / "Stacks").mkdir()
        write_stack(relion / "Stacks" / "late.mrcs", np.ones((1, 16, 16), np.float32), pixel_size=1.0)
        found = self.imported(relion, "1@Stacks/late.mrcs")
        assert (found.failures, list(found.recovered)) == ([], [failure.id])


def test_a_micrograph_that_is_not_there_fails_alone_until_it_is_put_back(relion_project: Path) -> None:
    star = relion_project / "CtfFind" / "job003" / "micrographs_ctf.star"
    image = relion_project / "MotionCorr" / "a.mrc"
    image.rename(relion_project / "away.mrc")
    found = look(ImportMicrographs(), relion_project, file=star)
    (failure,) = found.failures
    assert found.tables["micrographs"].frame.height == 1
    assert "a.mrc" in failure.label
    assert failure.reason.endswith("It is left out.")
    (relion_project / "away.mrc").rename(image)
    again = look(ImportMicrographs(), relion_project, file=star)
    assert (again.failures, again.tables["micrographs"].frame.height) == ([], 2)
    assert failure.id in again.recovered


def test_dose_weighted_micrographs_are_found_as_the_others_are(relion_project: Path) -> None:
    star = relion_project / "CtfFind" / "job003" / "micrographs_ctf.star"
    for name in "ab":
        write_image(relion_project / "MotionCorr" / f"{name}_noDW.mrc")
    text = STAR.replace("_rlnMyOwnColumn #6", "_rlnMicrographNameNoDW #6")
    text = text.replace(" 7.5", " MotionCorr/a_noDW.mrc").replace(" 8.5", " MotionCorr/b_noDW.mrc")
    star.write_text(text, encoding="utf-8")
    image = relion_project / "MotionCorr" / "a.mrc"
    image.rename(relion_project / "away.mrc")
    (failure,) = look(ImportMicrographs(), relion_project, file=star).failures
    (relion_project / "away.mrc").rename(image)
    found = look(ImportMicrographs(), relion_project, file=star)
    frame = found.tables["micrographs"].frame
    assert frame["file"].to_list() == [str(relion_project / "MotionCorr" / f"{name}_noDW.mrc") for name in "ab"]
    assert frame["dose_weighted_file"].to_list() == [
        str(relion_project / "MotionCorr" / f"{name}.mrc") for name in "ab"
    ]
    assert failure.id in found.recovered
