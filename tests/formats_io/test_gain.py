"""Gain references and defects, beside what RELION does with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cryoloom.errors import FormatError, IncompleteFileError
from cryoloom.formats import read_header, read_image, write_image, write_tiff_movie
from cryoloom.formats.gain import read_defects, read_gain
from cryoloom.testing.eer import ElectronEvents, write_eer


@pytest.fixture
def factors() -> NDArray[np.float32]:
    values = np.random.default_rng(1).normal(1.0, 0.05, (48, 64)).astype(np.float32)
    values[3, 5], values[10, 20], values[40, 60] = 0.0, -1.0, np.nan
    return values


class TestGain:
    def test_mrc_multiplies_as_it_is_and_zeros_are_defects(self, factors: NDArray, tmp_path: Path) -> None:
        write_image(tmp_path / "gain.mrc", factors, pixel_size=1.0)
        gain = read_gain(tmp_path / "gain.mrc")
        assert np.argwhere(gain.defects).tolist() == [[3, 5], [10, 20], [40, 60]]
        assert (gain.factors[gain.defects] == 0).all()
        np.testing.assert_array_equal(gain.factors[~gain.defects], factors[~gain.defects])

    def test_tiff_and_dm4_are_turned_upside_down(
        self, factors: NDArray, tmp_path: Path, write_dm4: Callable[..., None]
    ) -> None:
        tifffile.imwrite(tmp_path / "gain.tif", factors)
        write_dm4(tmp_path / "gain.dm4", factors)
        write_dm4(tmp_path / "gain.dm3", factors, version=3)
        for name in ("gain.tif", "gain.dm4", "gain.dm3"):
            gain = read_gain(tmp_path / name)
            np.testing.assert_array_equal(gain.factors[~gain.defects], factors[::-1][~gain.defects])
            assert gain.defects.sum() == 3

    def test_thermos_gain_is_not_turned_and_multiplies(self, factors: NDArray, tmp_path: Path) -> None:
        tifffile.imwrite(tmp_path / "movie.gain", factors)
        for movies_are_eer in (False, True):
            gain = read_gain(tmp_path / "movie.gain", movies_are_eer=movies_are_eer)
            np.testing.assert_array_equal(gain.factors[~gain.defects], factors[~gain.defects])

    def test_beside_eer_an_mrc_divides_and_never_by_zero(self, factors: NDArray, tmp_path: Path) -> None:
        write_image(tmp_path / "gain.mrc", factors, pixel_size=1.0)
        gain = read_gain(tmp_path / "gain.mrc", movies_are_eer=True)
        good = ~gain.defects
        product = gain.factors[good] * factors[good]
        np.testing.assert_allclose(product, factors[good].mean(), rtol=1e-5)
        assert (gain.factors[~good] == 0).all()
        assert "divides" in gain.remarks[0]

    def test_a_finer_grid_repeats_pixels(self, factors: NDArray, tmp_path: Path) -> None:
        write_image(tmp_path / "gain.mrc", factors, pixel_size=1.0)
        twice = read_gain(tmp_path / "gain.mrc").repeated(2)
        assert twice.factors.shape == (96, 128)
        np.testing.assert_array_equal(twice.defects[::2, 1::2], ~(np.nan_to_num(factors) > 0))

    def test_what_is_no_gain_is_refused(self, tmp_path: Path) -> None:
        write_image(tmp_path / "zero.mrc", np.zeros((4, 4), np.float32), pixel_size=1.0)
        with pytest.raises(FormatError, match="no pixel"):
            read_gain(tmp_path / "zero.mrc")
        write_tiff_movie(tmp_path / "two.tif", np.ones((2, 4, 4), np.float32), pixel_size=1.0)
        with pytest.raises(FormatError, match="one image, this file has 2"):
            read_gain(tmp_path / "two.tif")

    @pytest.mark.parametrize("name", ["gain.mrc", "gain.tif"])
    def test_relion_multiplies_the_same_pixels(
        self, name: str, tmp_path: Path, run_program: Callable[..., str]
    ) -> None:
        """Of four quarters with different factors, RELION's sum of a flat movie shows each where we have it."""
        quarters = np.kron(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.ones((128, 160), np.float32))
        if name.endswith("mrc"):
            write_image(tmp_path / name, quarters, pixel_size=1.0)
        else:
            tifffile.imwrite(tmp_path / name, quarters)
        frames = np.random.default_rng(2).poisson(8.0, (4, 256, 320)).astype(np.uint8)
        write_tiff_movie(tmp_path / "movie.tif", frames, pixel_size=1.0)
        theirs = relion_sum(tmp_path, "movie.tif", name, run_program)
        ours = frames.sum(0) * read_gain(tmp_path / name).factors
        np.testing.assert_allclose(means_of_quarters(theirs), means_of_quarters(ours), rtol=0.02)

    @pytest.mark.full
    @pytest.mark.parametrize("name", ["gain.mrc", "gain.tif", "movie.gain"])
    def test_relion_treats_eer_so(self, name: str, tmp_path: Path, run_program: Callable[..., str]) -> None:
        """Which kind divides, and which is turned, was measured with RELION: these are its answers.

        So few electrons make single pixels look hot where the factor is largest; RELION is told not to mend any.
        """
        quarters = np.kron(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.ones((2048, 2048), np.float32))
        if name.endswith("mrc"):
            write_image(tmp_path / name, quarters, pixel_size=1.0)
        else:
            tifffile.imwrite(tmp_path / name, quarters)
        rng = np.random.default_rng(3)
        pixels = [np.unique(rng.integers(0, 4096**2, 1_500_000)) for _ in range(6)]
        write_eer(tmp_path / "movie.eer", [ElectronEvents(p // 4096 * 4, p % 4096 * 4) for p in pixels])
        theirs = relion_sum(tmp_path, "movie.eer", name, run_program, "--eer_grouping", 2, "--skip_defect")
        counts = np.bincount(np.concatenate(pixels), minlength=4096**2).reshape(4096, 4096)
        ours = counts * read_gain(tmp_path / name, movies_are_eer=True).factors
        np.testing.assert_allclose(means_of_quarters(theirs), means_of_quarters(ours), rtol=0.02)


def relion_sum(folder: Path, movie: str, gain: str, run_program: Callable[..., str], *more: object) -> NDArray:
    (folder / "movies.star").write_text(
        "data_optics\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographOriginalPixelSize #3\n"
        "_rlnVoltage #4\n_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\no1 1 1.0 300.0 2.7 0.1\n\n"
        f"data_movies\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\n{movie} 1\n"
    )
    extra = ("--gainref", gain) if gain else ()
    run_program("relion_run_motioncorr", "--i", "movies.star", "--o", "out/", "--use_own", "--patch_x", 1,
                "--patch_y", 1, "--bfactor", 150, *extra, *more)  # fmt: skip
    return read_image(folder / f"out/{Path(movie).stem}.mrc")


def means_of_quarters(image: NDArray) -> list[float]:
    """Away from the edges, for RELION moves frames by some pixels in looking for their motion."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    inner = slice(height // 4, 3 * height // 4), slice(width // 4, 3 * width // 4)
    blocks = image.reshape(2, height, 2, width).swapaxes(1, 2)
    return [float(blocks[row, column][inner].mean()) for row in range(2) for column in range(2)]


class TestDefects:
    def test_a_list_and_a_map(self, tmp_path: Path) -> None:
        (tmp_path / "defects.txt").write_text("# x y w h\n10 20 3 4\n\n0 0 1 2048\n")
        assert read_defects(tmp_path / "defects.txt").rectangles == ((10, 20, 3, 4), (0, 0, 1, 2048))
        bad = np.zeros((8, 9), np.uint8)
        bad[2, 3] = 1
        tifffile.imwrite(tmp_path / "defects.tif", bad)
        write_image(tmp_path / "defects.mrc", bad[::-1].astype(np.int8), pixel_size=None)
        for name in ("defects.tif", "defects.mrc"):
            mask = read_defects(tmp_path / name).mask
            assert mask is not None
            assert np.argwhere(mask).tolist() == [[5, 3]]

    @pytest.mark.parametrize("text", ["1 2 3\n", "1 2 3 x\n", "-1 2 3 4\n", "1 2 0 4\n"])
    def test_a_wrong_line_is_named(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "defects.txt").write_text("1 1 1 1\n" + text)
        with pytest.raises(FormatError, match="line 2"):
            read_defects(tmp_path / "defects.txt")

    def test_relion_repairs_the_rectangle_that_we_read(self, tmp_path: Path, run_program: Callable[..., str]) -> None:
        rng = np.random.default_rng(4)
        frames = rng.poisson(8.0, (4, 128, 160))
        frames[:, 20:30, 40:60] = rng.poisson(13.0, (4, 10, 20))  # too little for RELION to call these pixels hot
        write_tiff_movie(tmp_path / "movie.tif", frames.astype(np.uint8), pixel_size=1.0)
        (tmp_path / "defects.txt").write_text("40 20 20 10\n")
        ((x, y, width, height),) = read_defects(tmp_path / "defects.txt").rectangles
        sums = {}
        for arguments in ((), ("--defect_file", "defects.txt")):
            image = relion_sum(tmp_path, "movie.tif", "", run_program, *arguments)
            sums[bool(arguments)] = image[y : y + height, x : x + width].mean()
        assert sums[False] == pytest.approx(4 * 13.0, rel=0.1)
        assert sums[True] == pytest.approx(4 * 8.0, rel=0.1)


class TestDM4:
    def test_header(self, factors: NDArray, tmp_path: Path, write_dm4: Callable[..., None]) -> None:
        write_dm4(tmp_path / "a.dm4", factors, pixel_size_nm=0.083)
        header = read_header(tmp_path / "a.dm4")
        assert (header.shape, header.dtype, header.format) == ((1, 48, 64), np.float32, "DM")
        assert header.pixel_size == pytest.approx(0.83)

    def test_cut_and_damaged_files(self, factors: NDArray, tmp_path: Path, write_dm4: Callable[..., None]) -> None:
        write_dm4(tmp_path / "a.dm4", factors)
        whole = (tmp_path / "a.dm4").read_bytes()
        for length in range(16, len(whole), 911):
            (tmp_path / "a.dm4").write_bytes(whole[:length])
            with pytest.raises((IncompleteFileError, FormatError)):
                read_header(tmp_path / "a.dm4")
        (tmp_path / "a.dm4").write_bytes(whole.replace(b"Dimensions", b"Somethings"))
        assert read_header(tmp_path / "a.dm4").shape == (1, 1, 1)
        (tmp_path / "a.dm4").write_bytes(whole.replace(b"ImageList", b"OtherList"))
        with pytest.raises(FormatError, match="no picture"):
            read_header(tmp_path / "a.dm4")
