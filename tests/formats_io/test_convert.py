"""From one format to another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.errors import FormatError, ParameterError
from cryoloom.formats import (
    ImageKind,
    convert,
    open_movie,
    read_header,
    read_particles,
    read_stack,
    read_star,
    read_volume,
    write_stack,
    write_star,
    write_tiff_movie,
    write_volume,
)
from cryoloom.formats.relion import AssumedAcquisition
from cryoloom.testing.eer import ElectronEvents, write_eer


def test_a_movie_from_tiff_to_mrc_and_back(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).poisson(1.0, (3, 20, 30)).astype(np.uint8)
    write_tiff_movie(tmp_path / "a.tif", frames, pixel_size=0.83)
    report = convert(tmp_path / "a.tif", tmp_path / "b.mrcs")
    assert (report.source, report.target, report.count, report.dropped) == ("TIFF", "MRC", 3, ())
    with read_stack(tmp_path / "b.mrcs") as stack:
        assert stack.header.pixel_size == 0.83
        np.testing.assert_array_equal(stack[:], frames)
    convert(tmp_path / "b.mrcs", tmp_path / "c.tif", pixel_size=0.9)
    with open_movie(tmp_path / "c.tif") as movie:
        assert movie.pixel_size == pytest.approx(0.9)
        np.testing.assert_array_equal(list(movie.frames()), frames)


def test_a_volume_stays_one_and_its_origin_is_kept_or_said(tmp_path: Path) -> None:
    volume = np.random.default_rng(2).normal(size=(4, 5, 6)).astype(np.float32)
    write_volume(tmp_path / "a.mrc", volume, pixel_size=1.5, origin=(3.0, 6.0, 9.0))
    assert convert(tmp_path / "a.mrc", tmp_path / "b.map").dropped == ()
    header = read_header(tmp_path / "b.map")
    assert (header.kind, header.origin) == (ImageKind.VOLUME, (3.0, 6.0, 9.0))
    np.testing.assert_array_equal(read_volume(tmp_path / "b.map"), volume)
    assert "origin" in convert(tmp_path / "a.mrc", tmp_path / "c.mrcs").dropped[0]


def test_an_eer_movie_is_rendered_into_fractions(tmp_path: Path) -> None:
    write_eer(tmp_path / "a.eer", [ElectronEvents(np.array([4]), np.array([8]))] * 4, shape=(16, 16), pixel_size=1.0)
    assert convert(tmp_path / "a.eer", tmp_path / "b.mrcs").count == 4
    assert convert(tmp_path / "a.eer", tmp_path / "b.mrcs", eer_fractions=2).count == 2
    with read_stack(tmp_path / "b.mrcs") as stack:
        assert stack[1][1, 2] == 2


def test_particles_between_star_and_cs(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "metadata/cryodrgn/relion5.star"
    to_cs = convert(source, tmp_path / "a.cs")
    assert to_cs.count == 17
    assert any("rlnGroupNumber" in dropped for dropped in to_cs.dropped)
    convert(tmp_path / "a.cs", tmp_path / "b.star")
    ours, back = read_particles(source).table, read_particles(tmp_path / "b.star").table
    assert back.frame["id"].to_list() == ours.frame["id"].to_list()
    for name in ("rot", "tilt", "psi", "shift_x", "shift_y", "defocus_u", "pixel_size"):
        difference = (back.frame[name] - ours.frame[name]).abs()
        np.testing.assert_array_less(difference.to_numpy() % 360.0, 2e-2, name)  # single precision of 2e4 Å
    assert back.frame["half_set"].to_list() == ours.frame["half_set"].to_list()


def test_an_old_star_file_becomes_a_new_one(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "particles/cryodrgn/toy_projections.star"
    assumed = AssumedAcquisition(pixel_size=2.0, box_size=30)
    report = convert(source, tmp_path / "new.star", assumed=assumed)
    assert (report.count, report.dropped) == (1000, ())
    blocks = read_star(tmp_path / "new.star")
    assert list(blocks) == ["optics", "particles"]
    assert blocks["optics"]["rlnVoltage"].to_list() == [300.0]
    assert blocks["particles"]["cryoloom_dummyVariable"][:2].to_list() == [1, 2]


def test_other_tables_are_taken_over_label_for_label(test_data: Path, tmp_path: Path) -> None:
    assert convert(test_data / "metadata/mtf/mtf_f2_300.star", tmp_path / "a.star").count == 1001
    report = convert(test_data / "metadata/xmd/test.xmd", tmp_path / "b.star")
    assert "classificationData" in report.dropped[0]
    assert read_star(tmp_path / "b.star")["noname"]["count"].to_list() == [10, 20, 30]


def test_ways_that_do_not_exist(test_data: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no way from PDB to a file named a\.mrc"):
        convert(test_data / "structures/1oel.pdb.gz", tmp_path / "a.mrc")
    with pytest.raises(ParameterError, match="no way from MRC"):
        convert(test_data / "maps/EMD-3197.map", tmp_path / "a.star")
    write_star(tmp_path / "mics.star", {"micrographs": pl.DataFrame({"rlnMicrographName": ["a.mrc"]})})
    with pytest.raises(ParameterError, match="no images of particles"):
        convert(tmp_path / "mics.star", tmp_path / "a.cs")
    assert not (tmp_path / "a.cs").exists()


def test_a_failed_conversion_leaves_nothing(tmp_path: Path) -> None:
    images = np.ones((3, 8, 8), np.float32)
    images[2, 1, 1] = np.nan
    write_stack(tmp_path / "a.mrcs", images, pixel_size=1.0)
    for target in ("b.mrcs", "b.tif"):
        with pytest.raises(FormatError, match="not finite"):
            convert(tmp_path / "a.mrcs", tmp_path / target)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mrcs"]
