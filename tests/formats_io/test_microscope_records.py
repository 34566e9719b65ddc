"""What SerialEM and EPU write beside movies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from cryoloom.errors import FormatError, ParameterError
from cryoloom.formats import mdoc
from cryoloom.formats.epu import group_by_shift, read_acquisition


class TestMdoc:
    def test_a_frame_set_becomes_a_record(self, test_data: Path) -> None:
        (record,) = mdoc.read_acquisitions(test_data / "metadata/mdoc/mdocfile_tests/frame_set_single.mdoc")
        assert record.movie_name == "s_mmm_00993_33.0_Oct08_07.39.05.tif"
        assert record.acquired_at == "2021-10-08T07:39:08"
        assert (record.voltage, record.pixel_size, record.frame_count) == (300.0, 1.2827, 12)
        assert (record.dose_per_frame, record.total_dose) == (0.63824, 7.65892)
        assert record.dose_per_frame * record.frame_count == pytest.approx(record.total_dose, rel=1e-3)
        assert record.applied_defocus == 45000.0
        assert record.beam_shift == (2.69654, -0.304661)
        assert record.stage == (-142.82, -457.442, -13.7196)
        assert record.gain_file == "SuperRef_s_mmm_00000_-15.0_Oct08_01.59.24.dm4"

    @pytest.mark.parametrize(
        ("name", "sections", "movies"),
        [
            ("frame_set_multiple.mdoc", 21, 1),
            ("montage_section.mdoc", 63, 0),
            ("montage_section_multiple.mdoc", 100, 0),
            ("tilt_series.mdoc", 41, 41),
        ],
    )
    def test_real_files(self, name: str, sections: int, movies: int, test_data: Path) -> None:
        path = test_data / "metadata/mdoc/mdocfile_tests" / name
        assert len(mdoc.read_mdoc(path).sections) == sections
        assert len(mdoc.read_acquisitions(path)) == movies

    def test_sections_titles_and_line_ends(self, tmp_path: Path) -> None:
        (tmp_path / "a.mdoc").write_bytes(
            b"Voltage = 200\r\n[T = a title = here]\r\n\r\n[ZValue = 3]\r\nTiltAngle = -5.5\r\nNote = a = b\r\n"
        )
        read = mdoc.read_mdoc(tmp_path / "a.mdoc")
        assert read.items == {"Voltage": "200"}
        assert read.titles == ("a title = here",)
        assert read.sections[0].number == 3
        assert read.sections[0].items == {"TiltAngle": "-5.5", "Note": "a = b"}

    @pytest.mark.parametrize("text", ["", "no value here\n", "[ZValue = x]\n", "[broken\n"])
    def test_what_is_none(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.mdoc").write_text(text)
        with pytest.raises(FormatError, match=r"a\.mdoc"):
            mdoc.read_mdoc(tmp_path / "a.mdoc")
        (tmp_path / "a.mdoc").write_text("[ZValue = 0]\nSubFramePath = a.tif\nPixelSpacing = wide\n")
        with pytest.raises(FormatError, match="no number"):
            mdoc.read_acquisitions(tmp_path / "a.mdoc")


class TestEPU:
    @pytest.fixture
    def folder(self, test_data: Path) -> Path:
        return test_data / "metadata/epu/afis/Images-Disc1/GridSquare_5324661/Data"

    def test_an_exposure(self, folder: Path) -> None:
        record = read_acquisition(folder / "FoilHole_5330585_Data_5338216_5338218_20200206_170645.xml")
        assert (record.voltage, record.pixel_size, record.frame_count) == (300.0, 0.870768, 22)
        # the file also gives the dose on the camera, 23.07 electrons a pixel
        assert record.total_dose == pytest.approx(23.073612 / 0.87076783**2, rel=1e-4)
        assert record.applied_defocus == 5000.0
        assert record.beam_shift == (0.0079728318378329277, -0.018955374136567116)
        assert record.stage == pytest.approx((-222.803, 150.707, -22.226), abs=1e-3)
        assert record.tilt_angle == pytest.approx(0.01, abs=1e-3)
        assert (record.grid_square, record.foil_hole) == ("5324661", "5330585")
        assert record.counting
        assert record.acquired_at.startswith("2020-02-06T17:06:46")

    def test_its_fractions(self, folder: Path) -> None:
        record = read_acquisition(folder / "FoilHole_5330585_Data_5338216_5338218_20200206_170645_Fractions.xml")
        assert (record.frame_count, record.detector, record.counting) == (22, "Falcon-3", True)
        assert record.exposure_time == pytest.approx(22 * 1.47045708)

    def test_entities_are_refused(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("do not read")
        for text in (
            f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{secret}">]><MicroscopeImage>&b;</MicroscopeImage>',
            '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><MicroscopeImage>&c;</MicroscopeImage>',
        ):
            (tmp_path / "a.xml").write_text(text)
            with pytest.raises(FormatError, match="entities"):
                read_acquisition(tmp_path / "a.xml")

    @pytest.mark.parametrize("text", ["", "<MicroscopeImage>", "<Other/>", "<MicroscopeImage/>", "words"])
    def test_what_is_none(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "a.xml").write_text(text)
        with pytest.raises(FormatError, match=r"a\.xml"):
            read_acquisition(tmp_path / "a.xml")


class TestShiftGroups:
    def test_a_pattern_of_holes(self) -> None:
        """Five by five holes, visited thirty times with one percent of scatter, in any order."""
        rng = np.random.default_rng(1)
        x, y = np.meshgrid(np.arange(5), np.arange(5))
        truth = np.tile(np.arange(25), 30)
        shifts = np.stack([y.ravel()[truth], x.ravel()[truth]], axis=1) + rng.normal(0.0, 0.01, (750, 2))
        order = rng.permutation(750)
        groups = group_by_shift([tuple(shift) for shift in shifts[order]])
        assert len(groups.centres) == 25
        assert groups.labels == tuple(truth[order].tolist())  # numbered by x, then y
        assert groups.explanation.startswith("25 groups: neighbours within one are at most")
        again = group_by_shift([tuple(shift) for shift in shifts])
        assert again.labels == tuple(truth.tolist())

    def test_shifts_that_repeat_exactly(self) -> None:
        groups = group_by_shift([(0.0, 0.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 1.0)])
        assert groups.labels == (0, 2, 0, 2, 1, 1)
        assert groups.centres == ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))

    def test_shifts_without_a_pattern_are_one_group(self) -> None:
        rng = np.random.default_rng(2)
        groups = group_by_shift([tuple(shift) for shift in rng.uniform(size=(400, 2))])
        assert set(groups.labels) == {0}
        assert "no gap" in groups.explanation
        assert group_by_shift([(0.1, 0.2)] * 3).labels == (0, 0, 0)
        assert group_by_shift([]).labels == ()

    @pytest.mark.parametrize("decimals", [1, 2, 12])
    def test_groups_are_those_of_single_linkage(self, decimals: int) -> None:
        """Held against SciPy's clustering, on scattered shifts; with one decimal many coincide or lie on a line."""
        shifts = np.random.default_rng(decimals).uniform(size=(60, 2)).round(decimals)
        tree = linkage(shifts, "single")
        wanted = int(np.argmax(np.diff(tree[:, 2]))) + 1  # joins before the widest gap between two lengths
        groups = group_by_shift([tuple(shift) for shift in shifts], count=60 - wanted)
        together = np.equal.outer(groups.labels, groups.labels)
        expected = fcluster(tree, 60 - wanted, "maxclust")
        assert (together == np.equal.outer(expected, expected)).all()

    def test_many_shifts_along_a_slanting_line(self) -> None:
        """A tenth of the 40 000 visits are exact repeats; a search of all pairs would take minutes."""
        rng = np.random.default_rng(3)
        truth = rng.integers(0, 9, 40_000)
        along = truth + np.where(rng.uniform(size=40_000) < 0.1, 0.0, rng.normal(0.0, 0.01, 40_000))
        groups = group_by_shift([(0.6 * place, 0.8 * place) for place in along.tolist()])
        assert groups.labels == tuple(truth.tolist())

    def test_a_number_of_groups_that_is_known(self) -> None:
        shifts = [(0.0, 0.0), (0.1, 0.0), (1.0, 0.0), (1.3, 0.0)]
        assert group_by_shift(shifts, count=2).labels == (0, 0, 1, 1)
        assert group_by_shift(shifts, count=3).labels == (0, 0, 1, 2)
        assert group_by_shift(shifts, count=1).labels == (0, 0, 0, 0)
        with pytest.raises(ParameterError, match="fewer groups"):
            group_by_shift(shifts, count=5)
        with pytest.raises(ParameterError, match="not a finite"):
            group_by_shift([(float("nan"), 0.0)])
