"""TIFF files, read beside tifffile and RELION."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats import open_movie, read_header, read_image, read_stack, write_stack, write_tiff_movie


@pytest.fixture
def frames() -> NDArray[np.uint8]:
    return np.random.default_rng(1).poisson(1.0, (5, 70, 90)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "float32"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_pages_are_those_of_tifffile_upside_down(
    dtype: str, compression: str | None, byteorder: str, frames: NDArray[np.uint8], tmp_path: Path
) -> None:
    path = tmp_path / "movie.tif"
    with tifffile.TiffWriter(path, byteorder=byteorder) as writer:
        for frame in frames.astype(dtype):
            writer.write(frame, compression=compression, rowsperstrip=16, contiguous=False, photometric="minisblack")
    with read_stack(path) as stack:
        assert stack.section(0).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(stack[:], [page[::-1] for page in pages_by_tifffile(path)])


def pages_by_tifffile(path: Path) -> list[NDArray[np.generic]]:
    with tifffile.TiffFile(path) as file:
        return [page.asarray() for page in file.pages]


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (32, 48)},
        {"tile": (32, 48), "compression": "lzw"},
        {"compression": "lzw", "predictor": True},
        {"compression": "zlib", "rowsperstrip": 7, "predictor": True},
        {"rowsperstrip": 70},
        {"bigtiff": True, "compression": "lzw"},
    ],
    ids=str,
)
def test_every_layout(options: dict[str, object], frames: NDArray[np.uint8], tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    pixels = frames.astype(np.uint16) * 251
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)  # type: ignore[arg-type]
    with read_stack(path) as stack:
        np.testing.assert_array_equal(stack[:], pixels[:, ::-1])


@pytest.mark.parametrize("compression", ["lzw", "zlib", None])
def test_what_we_write_is_read_by_tifffile(compression: str | None, frames: NDArray[np.uint8], tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    write_tiff_movie(path, frames, pixel_size=0.83, compression=compression)  # type: ignore[arg-type]
    np.testing.assert_array_equal([page[::-1] for page in pages_by_tifffile(path)], frames)
    assert read_header(path).pixel_size == 0.83
    write_tiff_movie(path, iter(frames), pixel_size=None, compression=compression, bigtiff=True)  # type: ignore[arg-type]
    assert read_header(path).pixel_size is None
    with open_movie(path) as movie:
        np.testing.assert_array_equal(list(movie.frames()), frames)


def test_screen_resolutions_are_no_pixel_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((4, 4), np.uint8), resolution=(72, 72), resolutionunit="INCH")
    header = read_header(path)
    assert header.pixel_size is None
    assert header.remarks == (), "that a file has the resolution of a screen says nothing to a microscopist"


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_frames_come_in_order_whatever_the_threads(threads: int, frames: NDArray[np.uint8], tmp_path: Path) -> None:
    write_tiff_movie(tmp_path / "movie.tif", frames, pixel_size=1.0)
    with open_movie(tmp_path / "movie.tif") as movie:
        assert (movie.frame_count, movie.shape, movie.dtype) == (5, (70, 90), np.uint8)
        np.testing.assert_array_equal(list(movie.frames(threads=threads)), frames)
        np.testing.assert_array_equal(list(movie.frames(1, 4, threads=threads)), frames[1:4])
        assert np.array_equal(next(movie.frames(threads=threads)), frames[0])  # and the rest is given up


def test_relion_and_we_see_the_same_rows(tmp_path: Path, run_program: Callable[..., str]) -> None:
    """RELION's sum of a TIFF movie, of the MRC movie of the same frames as we read them, and our own sum agree."""
    rng = np.random.default_rng(2)
    scene = np.repeat(np.repeat(rng.uniform(5.0, 15.0, (32, 40)), 8, axis=0), 8, axis=1)
    frames = rng.poisson(scene, (4, *scene.shape)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "tiff.tif", frames, compression="lzw", photometric="minisblack")
    with open_movie(tmp_path / "tiff.tif") as movie:
        ours = np.sum(list(movie.frames()), axis=0, dtype=np.float32)
        write_stack(tmp_path / "mrc.mrcs", (frame.astype(np.int16) for frame in movie.frames()), pixel_size=2.0)

    sums = {}
    for name in ("tiff.tif", "mrc.mrcs"):
        (tmp_path / "movies.star").write_text(
            "data_optics\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographOriginalPixelSize #3\n"
            "_rlnVoltage #4\n_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\n"
            "o1 1 2.0 300.0 2.7 0.1\n\n"
            f"data_movies\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\n{name} 1\n"
        )
        run_program(
            "relion_run_motioncorr", "--i", "movies.star", "--o", "out/", "--use_own", "--skip_defect",
            "--patch_x", 1, "--patch_y", 1, "--bfactor", 150,
        )  # fmt: skip
        with mrcfile.open(tmp_path / f"out/{Path(name).stem}.mrc", permissive=True) as witness:
            sums[name] = witness.data.copy()
    np.testing.assert_allclose(sums["tiff.tif"], sums["mrc.mrcs"], atol=1e-3)
    # RELION moves frames by fractions of a pixel, so that its sum equals ours only closely
    assert np.corrcoef(sums["tiff.tif"].ravel(), ours.ravel())[0, 1] > 0.99
    assert np.corrcoef(sums["tiff.tif"].ravel(), ours[::-1].ravel())[0, 1] < 0.3


class TestWhatIsRefused:
    def test_a_movie_cut_at_any_length(self, frames: NDArray[np.uint8], tmp_path: Path) -> None:
        write_tiff_movie(tmp_path / "whole.tif", frames, pixel_size=1.0)
        whole = (tmp_path / "whole.tif").read_bytes()
        for length in [1, 4, 8, 12, *range(100, len(whole), 997), len(whole) - 1]:
            (tmp_path / "cut.tif").write_bytes(whole[:length])
            with pytest.raises((IncompleteFileError, FormatError), match=r"cut\.tif"):
                read_stack(tmp_path / "cut.tif")

    def test_pages_of_different_size(self, tmp_path: Path) -> None:
        with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
            writer.write(np.zeros((8, 8), np.uint8))
            writer.write(np.zeros((8, 9), np.uint8))
        with pytest.raises(FormatError, match="all must be alike"):
            read_stack(tmp_path / "a.tif")

    def test_colours_and_unknown_compressions(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8, 3), np.uint8), photometric="rgb")
        with pytest.raises(FormatError, match="3 colours"):
            read_image(tmp_path / "a.tif")
        tifffile.imwrite(tmp_path / "b.tif", np.zeros((64, 64), np.uint8), compression="jpeg")
        with pytest.raises(FormatError, match="compressed by method 7"):
            read_image(tmp_path / "b.tif")

    def test_directories_in_a_circle(self, tmp_path: Path) -> None:
        directory = struct.pack("<HHHII", 1, 256, 4, 1, 8)
        (tmp_path / "a.tif").write_bytes(struct.pack("<2sHI", b"II", 42, 8) + directory + struct.pack("<I", 8))
        with pytest.raises(FormatError, match="circle"):
            read_image(tmp_path / "a.tif")

    def test_more_pixels_than_the_bytes_can_hold(self, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint8), compression="zlib", rowsperstrip=64)
        content = bytearray((tmp_path / "a.tif").read_bytes())
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            tags = file.pages[0].tags
            for name in ("ImageLength", "RowsPerStrip", "ImageWidth"):
                place = tags[name].valueoffset
                size = {3: 2, 4: 4}[int(tags[name].dtype)]
                content[place : place + size] = (2**16 - 1).to_bytes(size, "little")
        (tmp_path / "a.tif").write_bytes(content)
        with pytest.raises(FormatError, match="claims 65535 × 65535"):
            read_image(tmp_path / "a.tif")

    def test_damaged_pixels(self, frames: NDArray[np.uint8], tmp_path: Path) -> None:
        write_tiff_movie(tmp_path / "a.tif", frames[:1], pixel_size=1.0)
        with tifffile.TiffFile(tmp_path / "a.tif") as file:
            offset, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
        content = bytearray((tmp_path / "a.tif").read_bytes())
        content[offset + 10 : offset + size] = b"\xff" * (size - 10)
        (tmp_path / "a.tif").write_bytes(content)
        with pytest.raises(FormatError, match=r"damaged|strip holds"):
            read_image(tmp_path / "a.tif")


def test_the_real_picture(test_data: Path) -> None:
    path = test_data / "micrographs/KLH.tif"
    np.testing.assert_array_equal(read_image(path), tifffile.imread(path)[::-1].astype(np.float32))
