"""SPIDER, IMAGIC, Xmipp's metadata and EMX."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.errors import FormatError, IncompleteFileError, NotFoundError
from cryoloom.formats import (
    FileFormat,
    detect_format,
    read_header,
    read_image,
    read_stack,
    read_volume,
    write_image,
)
from cryoloom.formats.emx import read_emx
from cryoloom.formats.xmd import read_xmd


@pytest.mark.parametrize("name", ["singleImage.spi", "singleImage_swap.spi", "singleImage.hed", "singleImage.img"])
def test_the_same_image_in_four_formats(name: str, test_data: Path) -> None:
    folder = test_data / "particles/xmipp"
    expected = FileFormat.SPIDER if name.endswith("spi") else FileFormat.IMAGIC
    assert detect_format(folder / name) is expected
    np.testing.assert_array_equal(read_image(folder / name), read_image(folder / "singleImage.mrc"))


def test_the_same_stack_in_two_formats(test_data: Path) -> None:
    folder = test_data / "particles/xmipp"
    with read_stack(folder / "smallStack.stk") as spider, read_stack(folder / "smallStack.mrcs") as mrc:
        assert spider.header.format == "SPIDER"
        np.testing.assert_array_equal(spider[:], mrc[:])


def test_relion_writes_spider_as_we_read_it(tmp_path: Path, run_program: Callable[..., str]) -> None:
    image = np.random.default_rng(1).normal(size=(20, 30)).astype(np.float32)
    write_image(tmp_path / "a.mrc", image, pixel_size=1.0)
    run_program("relion_image_handler", "--i", "a.mrc", "--o", "b.spi", "--multiply_constant", "1")
    assert detect_format(tmp_path / "b.spi") is FileFormat.SPIDER
    np.testing.assert_allclose(read_image(tmp_path / "b.spi"), image, rtol=1e-6)


def test_a_spider_volume(tmp_path: Path) -> None:
    volume = np.random.default_rng(2).normal(size=(4, 5, 300)).astype(np.float32)
    header = np.zeros(300, "<f4")
    header[[0, 1, 4, 11, 12, 21, 22]] = [4, 5, 3, 300, 1, 1200, 1200]
    (tmp_path / "v.spi").write_bytes(header.tobytes() + volume.tobytes())
    np.testing.assert_array_equal(read_volume(tmp_path / "v.spi"), volume)
    (tmp_path / "v.spi").write_bytes(header.tobytes() + volume.tobytes()[:-1])
    with pytest.raises(IncompleteFileError):
        read_header(tmp_path / "v.spi")


@pytest.mark.parametrize(("letters", "dtype"), [(b"REAL", "f4"), (b"INTG", "i2"), (b"PACK", "u1")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_imagic_in_every_type(letters: bytes, dtype: str, order: str, tmp_path: Path) -> None:
    images = np.random.default_rng(3).integers(0, 100, (3, 4, 6)).astype(np.dtype(dtype).newbyteorder(order))
    header = np.zeros((3, 256), f"{order}i4")
    header[:, 12:14] = 4, 6
    content = bytearray(header.tobytes())
    for number in range(3):
        content[1024 * number + 56 : 1024 * number + 60] = letters
    (tmp_path / "a.hed").write_bytes(content)
    with pytest.raises(NotFoundError, match=r"a\.img is not there"):
        read_header(tmp_path / "a.hed")
    (tmp_path / "a.img").write_bytes(images.tobytes())
    with read_stack(tmp_path / "a.img") as stack:
        np.testing.assert_array_equal(stack[:], images.astype(np.float32))
    (tmp_path / "a.img").write_bytes(images.tobytes()[:-1])
    with pytest.raises(IncompleteFileError):
        read_header(tmp_path / "a.hed")


def test_xmipps_metadata(test_data: Path, tmp_path: Path) -> None:
    blocks = read_xmd(test_data / "metadata/xmd/testBlock.xmd")
    assert list(blocks) == ["b1", "b2", "b3"]
    table = blocks["b1"]
    assert isinstance(table, pl.DataFrame)
    assert table["CTF_Defocus_U"].to_list() == [-100.0, 200.0, -300.0]
    assert table["classificationData"].to_list()[2] == [1.0, 8.0, 27.0]
    (tmp_path / "a.xmd").write_text("data_a\n")
    with pytest.raises(FormatError, match="not one of Xmipp"):
        read_xmd(tmp_path / "a.xmd")


def test_emx(test_data: Path, tmp_path: Path) -> None:
    emx = read_emx(test_data / "metadata/emx/massive.xml.gz")
    assert emx.micrographs.height == 999
    first = emx.micrographs.row(0, named=True)
    assert (first["file"], first["index"], first["voltage"]) == ("mic", 0, 100.0)
    assert (first["defocus_u"], first["pixel_size"], first["pixel_size_y"]) == (10_000.0, 5.6, 5.7)
    assert emx.particles.height == 0
    text = gzip.decompress((test_data / "metadata/emx/massive.xml.gz").read_bytes()).decode()
    (tmp_path / "a.xml").write_text(text.replace('unit="nm"', 'unit="furlong"'))
    with pytest.raises(FormatError, match="known unit"):
        read_emx(tmp_path / "a.xml")
    (tmp_path / "b.xml").write_text(
        '<EMX version="1.0"><particle fileName="p.mrcs" index="3"><micrograph fileName="m.mrc"/>'
        '<centerCoord><X unit="px">12</X><Y unit="px">34</Y></centerCoord></particle></EMX>'
    )
    row = read_emx(tmp_path / "b.xml").particles.row(0, named=True)
    assert (row["index"], row["micrograph_file"], row["micrograph_index"], row["x"], row["y"]) == (
        2,
        "m.mrc",
        None,
        12,
        34,
    )


def test_a_file_is_known_by_its_content_whatever_its_name(test_data: Path, tmp_path: Path) -> None:
    for number, (name, expected) in enumerate(
        {
            "maps/EMD-3197.map": FileFormat.MRC,
            "maps/EMD-1997_GroEL.map.gz": FileFormat.MRC,
            "micrographs/KLH.tif": FileFormat.TIFF,
            "particles/xmipp/smallStack.stk": FileFormat.SPIDER,
            "metadata/cryodrgn/relion5.star": FileFormat.STAR,
            "metadata/emtools/run_it016_half1_model.star.gz": FileFormat.STAR,
            "metadata/cryodrgn/cryosparc_J2_particles_exported.cs": FileFormat.CS,
            "metadata/xmd/test.xmd": FileFormat.XMD,
            "metadata/emx/massive.xml.gz": FileFormat.EMX,
            "metadata/mdoc/mdocfile_tests/tilt_series.mdoc": FileFormat.MDOC,
            "structures/1oel.pdb.gz": FileFormat.PDB,
            "structures/4v1w.cif.gz": FileFormat.MMCIF,
        }.items()
    ):
        shutil.copy(test_data / name, tmp_path / f"file{number}")
        assert detect_format(tmp_path / f"file{number}") is expected, name
