"""A file that is still being written is known as such at every length."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pytest

from cryoloom.errors import FormatError, NotFoundError
from cryoloom.formats import is_complete, may_become_image, write_stack, write_tiff_movie
from cryoloom.testing.eer import ElectronEvents, write_eer

FRAMES = np.random.default_rng(1).poisson(1.0, (4, 40, 50)).astype(np.uint8)


def write_mrc(path: Path) -> None:
    write_stack(path, FRAMES.astype(np.int16), pixel_size=1.0)


def write_gzip(path: Path) -> None:
    write_mrc(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def write_bzip2(path: Path) -> None:
    write_mrc(path)
    path.write_bytes(bz2.compress(path.read_bytes()))


def write_tiff(path: Path) -> None:
    write_tiff_movie(path, FRAMES, pixel_size=1.0)


def write_plain_tiff(path: Path) -> None:
    write_tiff_movie(path, FRAMES, pixel_size=1.0, compression=None, bigtiff=True)


def write_events(path: Path) -> None:
    y, x = np.nonzero(FRAMES[0])
    write_eer(path, [ElectronEvents(4 * y, 4 * x)] * 4, shape=(40, 50), pixel_size=1.0)


@pytest.mark.parametrize(
    "write", [write_mrc, write_gzip, write_bzip2, write_tiff, write_plain_tiff, write_events], ids=lambda w: w.__name__
)
def test_complete_at_its_last_byte_and_never_before(write, tmp_path: Path) -> None:
    write(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    assert is_complete(tmp_path / "whole").complete
    assert not is_complete(tmp_path / "whole").doubt
    growing = tmp_path / "growing"
    for length in [*range(0, len(whole), 61), *range(len(whole) - 9, len(whole))]:
        growing.write_bytes(whole[:length])
        verdict = is_complete(growing)
        assert not verdict.complete, length
        assert verdict.reason


@pytest.mark.parametrize(
    "write", [write_mrc, write_gzip, write_bzip2, write_tiff, write_plain_tiff, write_events], ids=lambda w: w.__name__
)
def test_the_first_bytes_are_waited_with_whether_or_not_space_was_reserved(write, tmp_path: Path) -> None:
    write(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    growing = tmp_path / "growing"
    for length in range(16):
        growing.write_bytes(whole[:length])
        assert not is_complete(growing).complete, length
        assert may_become_image(growing), length
        growing.write_bytes(whole[:length] + bytes(len(whole) - length))
        assert may_become_image(growing), length


@pytest.mark.parametrize("write", [write_mrc, write_tiff, write_events], ids=lambda w: w.__name__)
def test_space_reserved_before_writing_does_not_count(write, tmp_path: Path) -> None:
    """Some copying programs make the file as long as it will be, and fill it from the beginning."""
    write(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for length in [0, 1, 100, len(whole) // 2] if write is not write_mrc else [0]:
        (tmp_path / "reserved").write_bytes(whole[:length] + bytes(len(whole) - length))
        verdict = is_complete(tmp_path / "reserved")
        assert not verdict.complete or verdict.doubt, length


def test_frames_appended_one_by_one_leave_a_doubt(tmp_path: Path) -> None:
    write_tiff(tmp_path / "movie.tif")
    content = (tmp_path / "movie.tif").read_bytes()
    (tmp_path / "movie.tif").write_bytes(content + bytes(10_000))
    verdict = is_complete(tmp_path / "movie.tif")
    assert verdict.complete
    assert "10000 bytes follow" in verdict.doubt


def test_what_waiting_will_not_mend(tmp_path: Path) -> None:
    for content in (b"no image at all " * 100, b"garbage\n", b"text" + bytes(2000), b"\xff" * 2000):
        (tmp_path / "garbage").write_bytes(content)
        with pytest.raises(FormatError, match="none of the formats that cryoloom reads"):
            is_complete(tmp_path / "garbage")
        assert not may_become_image(tmp_path / "garbage")
    with pytest.raises(NotFoundError):
        is_complete(tmp_path / "nothing")


def test_no_pixels_are_read(tmp_path: Path) -> None:
    """A sparse file of 67 gigabytes is judged at once."""
    write_mrc(tmp_path / "huge.mrc")
    with (tmp_path / "huge.mrc").open("r+b") as file:
        file.seek(8)
        file.write((2**24).to_bytes(4, "little"))
        file.truncate(1024 + 2**24 * 40 * 50 * 2)
    assert is_complete(tmp_path / "huge.mrc").complete
