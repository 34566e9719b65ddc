"""An export of sets of which some are empty writes the others, as if those had not been named, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryoloom.data import CTF, Micrograph, OpticsGroup, Particle, Table
from cryoloom.errors import InputError
from cryoloom.formats.star import read_star
from cryoloom.protocols.export import write_star_files

OPTICS = OpticsGroup.describe(name="opticsGroup1", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)


def micrographs() -> Table:
    item = Micrograph(id=1, parent_id=1, file="a.mrc", movie_file="a.tif", width=64, height=64, pixel_size=1.0)
    return Table.of([item.with_optics(OPTICS)], "micrographs")


def fits() -> Table:
    fit = CTF(id=1, parent_id=1, pixel_size=1.0, defocus_u=1e4, defocus_v=9e3, defocus_angle=30.0)
    return Table.of([fit.with_optics(OPTICS)], "ctfs")


def test_micrographs_of_which_no_ctf_is_there_are_written_without(tmp_path: Path) -> None:
    tables = {"3.micrographs": micrographs(), "4.ctfs": Table.of([], CTF.kind)}
    (file,), remarks = write_star_files(tmp_path, tables, project=tmp_path)
    assert file.name == "micrographs.star"
    written = read_star(file)["micrographs"]
    assert len(written) == 1
    assert "rlnDefocusU" not in written.columns
    assert remarks == ["4.ctfs is empty so far; nothing is written of it."]


def test_ctfs_without_a_micrograph_are_told_of(tmp_path: Path) -> None:
    tables = {"3.micrographs": Table.of([], Micrograph.kind), "4.ctfs": fits()}
    files, remarks = write_star_files(tmp_path, tables, project=tmp_path)
    assert files == list(tmp_path.iterdir()) == []
    assert remarks == [
        "3.micrographs is empty so far; nothing is written of it.",
        "4.ctfs is written with micrographs, of which none is there; nothing is written of it.",
    ]


def test_what_star_files_do_not_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    tables = {
        "3.micrographs": micrographs(),
        "9.classes": Table.of([], "classes3d"),
        "6.x": Table.of([], Particle.kind),
    }
    with pytest.raises(InputError, match="There is no STAR file for classes3d"):
        write_star_files(tmp_path, tables, project=tmp_path)
    assert list(tmp_path.iterdir()) == []
