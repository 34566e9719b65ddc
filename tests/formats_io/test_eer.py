"""EER movies made by our own encoder, and read beside imagecodecs and RELION."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cryoloom.errors import FormatError, IncompleteFileError, ParameterError
from cryoloom.formats import open_movie, read_header
from cryoloom.formats.eer import sensible_fractions
from cryoloom.testing.eer import ElectronEvents, encode_events, write_eer


def random_events(rng: np.random.Generator, shape: tuple[int, int], count: int) -> ElectronEvents:
    pixels = rng.choice(shape[0] * shape[1], count, replace=False)
    inside = rng.integers(0, 4, (2, count))
    return ElectronEvents(pixels // shape[1] * 4 + inside[0], pixels % shape[1] * 4 + inside[1])


def image_of(frames: list[ElectronEvents], shape: tuple[int, int], upsampling: int) -> NDArray[np.int64]:
    image = np.zeros((shape[0] * upsampling, shape[1] * upsampling), np.int64)
    for events in frames:
        np.add.at(image, (events.y * upsampling // 4, events.x * upsampling // 4), 1)
    return image


@pytest.mark.parametrize("run_bits", [7, 8])
@pytest.mark.parametrize("occupancy", [0.0, 0.001, 0.02, 0.5, 1.0])
def test_the_encoder_agrees_with_imagecodecs(run_bits: int, occupancy: float) -> None:
    shape = (96, 130)
    events = random_events(np.random.default_rng(1), shape, int(occupancy * shape[0] * shape[1]))
    stream = encode_events(events, shape, run_bits)
    decoded = imagecodecs.eer_decode(stream, shape, run_bits, 2, 2, superres=0)
    np.testing.assert_array_equal(decoded, image_of([events], shape, 1))
    twice = imagecodecs.eer_decode(stream, (2 * shape[0], 2 * shape[1]), run_bits, 2, 2, superres=1)
    np.testing.assert_array_equal(twice, image_of([events], shape, 2))


@pytest.mark.parametrize("run_bits", [7, 8])
@pytest.mark.parametrize("explicit_code", [False, True])
@pytest.mark.parametrize("upsampling", [1, 2])
@pytest.mark.parametrize("shape", [(200, 130), (64, 64), (65, 7), (1, 500)])
def test_fractions_sum_their_raw_frames(
    run_bits: int, explicit_code: bool, upsampling: int, shape: tuple[int, int], tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    raw = [random_events(rng, shape, int(density * shape[0] * shape[1])) for density in np.linspace(0.0, 1.0, 11)]
    path = tmp_path / "movie.eer"
    write_eer(path, raw, shape=shape, pixel_size=0.95, run_bits=run_bits, explicit_code=explicit_code)
    with open_movie(path, eer_fractions=5, eer_upsampling=upsampling) as movie:
        assert movie.frame_count == 5
        assert movie.pixel_size == pytest.approx(0.95 / upsampling)
        assert "last 1 of 11 raw frames" in movie.header.remarks[0]
        for number, fraction in enumerate(movie.frames(threads=2)):
            np.testing.assert_array_equal(fraction, image_of(raw[2 * number : 2 * number + 2], shape, upsampling))


def test_many_raw_frames_do_not_overflow_a_byte(tmp_path: Path) -> None:
    full = random_events(np.random.default_rng(3), (8, 8), 64)
    write_eer(tmp_path / "movie.eer", [full] * 300, shape=(8, 8))
    with open_movie(tmp_path / "movie.eer", eer_fractions=1) as movie:
        assert (next(movie.frames()) == 300).all()


def test_relion_renders_the_same_fractions(tmp_path: Path, run_program: Callable[..., str]) -> None:
    """RELION knows sensors of 4096² only; its converter writes the fractions as TIFF, upside down as TIFF is."""
    rng = np.random.default_rng(4)
    raw = [random_events(rng, (4096, 4096), 20_000) for _ in range(6)]
    write_eer(tmp_path / "movie.eer", raw)
    for upsampling in (1, 2):
        run_program(
            "relion_convert_to_tiff", "--i", "movie.eer", "--o", f"out{upsampling}/",
            "--eer_grouping", 3, "--eer_upsampling", upsampling,
        )  # fmt: skip
        with (
            open_movie(tmp_path / "movie.eer", eer_fractions=2, eer_upsampling=upsampling) as ours,
            open_movie(tmp_path / f"out{upsampling}/movie.tif") as theirs,
        ):
            for our_frame, their_frame in zip(ours.frames(), theirs.frames(), strict=True):
                np.testing.assert_array_equal(our_frame, their_frame)


def test_raw_frames_are_counted_and_metadata_read(tmp_path: Path) -> None:
    path = tmp_path / "movie.eer"
    events = random_events(np.random.default_rng(5), (16, 16), 10)
    write_eer(path, [events] * 7, shape=(16, 16), pixel_size=1.25, items={"exposureTime": "4.2"})
    header = read_header(path)
    assert (header.shape, header.pixel_size, header.format) == ((7, 16, 16), 1.25, "EER")
    with tifffile.TiffFile(path) as witness:
        assert len(witness.pages) == 7
        assert witness.eer_metadata is not None


class TestWhatIsRefused:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        rng = np.random.default_rng(6)
        write_eer(tmp_path / "movie.eer", [random_events(rng, (32, 32), 40) for _ in range(4)], shape=(32, 32))
        return tmp_path / "movie.eer"

    def test_an_impossible_number_of_fractions(self, path: Path) -> None:
        with pytest.raises(ParameterError, match="4 raw frames cannot be rendered into 5"):
            open_movie(path, eer_fractions=5)
        with pytest.raises(ParameterError, match="upsampling"):
            open_movie(path, eer_fractions=2, eer_upsampling=3)

    def test_a_cut_file(self, path: Path) -> None:
        whole = path.read_bytes()
        for length in range(16, len(whole), 37):
            path.write_bytes(whole[:length])
            with pytest.raises(IncompleteFileError):
                open_movie(path, eer_fractions=2)

    def test_damaged_events(self, path: Path) -> None:
        whole = bytearray(path.read_bytes())
        whole[16:60] = b"\xff" * 44  # runs that lead beyond the last pixel
        path.write_bytes(whole)
        with open_movie(path, eer_fractions=2) as movie, pytest.raises(FormatError, match="raw frame 0"):
            next(movie.frames())


class TestHowManyFractions:
    @staticmethod
    def movie(path: Path, raw_frames: int, **items: str) -> Path:
        nothing = ElectronEvents(np.zeros(0, np.int64), np.zeros(0, np.int64))
        write_eer(path / "movie.eer", [nothing] * raw_frames, shape=(8, 8), pixel_size=0.8, items=items)
        return path / "movie.eer"

    @pytest.mark.parametrize(
        ("raw_frames", "frames_each"), [(560, 14), (559, 14), (1200, 30), (61, 2), (40, 1), (7, 1)]
    )
    def test_without_a_dose_there_are_about_forty(self, tmp_path: Path, raw_frames: int, frames_each: int) -> None:
        fractions = sensible_fractions(self.movie(tmp_path, raw_frames))
        assert fractions == raw_frames // frames_each
        assert raw_frames - fractions * frames_each < frames_each
        assert fractions <= 40 or frames_each <= 2

    def test_each_gets_one_electron_if_the_dose_is_known(self, tmp_path: Path) -> None:
        movie = self.movie(tmp_path, 1000)
        assert sensible_fractions(movie, total_dose=50.0) == 50
        assert sensible_fractions(movie, total_dose=50.0, dose_of_a_fraction=0.5) == 100
        assert sensible_fractions(movie, total_dose=90.0) == 50
        assert sensible_fractions(movie, total_dose=90.0, dose_of_a_fraction=0.01) == 1000
        assert sensible_fractions(self.movie(tmp_path, 570), total_dose=90.0) == 47  # of 12 each; 11 each would make 51
        assert sensible_fractions(movie, total_dose=0.3) == 1

    def test_the_camera_may_tell_the_dose(self, tmp_path: Path) -> None:
        # 32 electrons on each pixel of 0.64 Å² are 50 e/Å²
        movie = self.movie(tmp_path, 1000, totalDose="32.0")
        assert sensible_fractions(movie) == 50
        assert sensible_fractions(self.movie(tmp_path, 1000, totalDose="no number")) == 40

    def test_a_movie_opens_without_being_told(self, tmp_path: Path) -> None:
        with open_movie(self.movie(tmp_path, 85)) as movie:
            assert (movie.frame_count, movie.raw_frame_count) == (42, 85)
            assert "last 1 of 85 raw frames" in movie.header.remarks[0]
