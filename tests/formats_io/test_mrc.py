"""MRC files, read beside mrcfile and RELION."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from numpy.typing import NDArray

from cryoloom.errors import FormatError, IncompleteFileError, NotFoundError, ParameterError
from cryoloom.formats import (
    ImageKind,
    StackWriter,
    read_header,
    read_image,
    read_stack,
    read_volume,
    write_image,
    write_stack,
    write_volume,
)
from cryoloom.formats.mrc import read_acquisition


@pytest.fixture
def volume() -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(3.0, 2.0, (5, 7, 9)).astype(np.float32)


def set_field(path: Path, offset: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(value)] = value
    path.write_bytes(content)


def int32(*values: int) -> bytes:
    return np.array(values, "<i4").tobytes()


def float32(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


class TestWhatWeWrite:
    def test_a_volume_is_valid_and_read_alike_by_mrcfile(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        path = tmp_path / "map.mrc"
        write_volume(path, volume, pixel_size=1.37, origin=(10.0, 20.0, -30.0))
        assert mrcfile.validate(path)
        with mrcfile.open(path) as witness:
            assert witness.is_volume()
            assert witness.voxel_size.tolist() == pytest.approx((1.37, 1.37, 1.37), rel=1e-6)
            assert witness.header.origin.tolist() == (10.0, 20.0, -30.0)
            assert witness.header.rms == pytest.approx(volume.std(), rel=1e-5)
            np.testing.assert_array_equal(witness.data, volume)

    def test_a_stack_is_an_image_stack_for_mrcfile(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        path = tmp_path / "stack.mrcs"
        write_stack(path, volume, pixel_size=2.0)
        assert mrcfile.validate(path)
        with mrcfile.open(path) as witness:
            assert witness.is_image_stack()
            np.testing.assert_array_equal(witness.data, volume)

    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("int8", "int8"),
            ("uint8", "uint16"),
            ("int16", "int16"),
            ("uint16", "uint16"),
            ("float16", "float16"),
            ("float32", "float32"),
            ("float64", "float32"),
            ("bool", "int8"),
        ],
    )
    def test_pixel_types_are_kept_where_mrc_knows_them(self, given: str, stored: str, tmp_path: Path) -> None:
        image = np.random.default_rng(2).integers(0, 2 if given == "bool" else 100, (6, 5)).astype(given)
        path = tmp_path / "image.mrc"
        write_image(path, image, pixel_size=1.5)
        assert mrcfile.validate(path)
        with mrcfile.open(path) as witness:
            assert witness.data.dtype == np.dtype(stored)
            np.testing.assert_array_equal(witness.data, image)
        np.testing.assert_array_equal(read_image(path), image.astype(np.float32))

    def test_relion_reads_a_stack_and_its_pixel_size(
        self, volume: NDArray[np.float32], tmp_path: Path, run_program: Callable[..., str]
    ) -> None:
        images = np.random.default_rng(3).normal(size=(4, 16, 16)).astype(np.float32)
        write_stack(tmp_path / "ours.mrcs", images, pixel_size=1.25)
        run_program("relion_image_handler", "--i", "ours.mrcs", "--o", "theirs.mrcs", "--multiply_constant", "2")
        with mrcfile.open(tmp_path / "theirs.mrcs", permissive=True) as witness:
            np.testing.assert_allclose(witness.data, 2 * images, rtol=1e-6)
            assert float(witness.voxel_size.x) == pytest.approx(1.25, rel=1e-6)

    def test_relion_reads_a_volume(self, tmp_path: Path, run_program: Callable[..., str]) -> None:
        volume = np.random.default_rng(4).normal(size=(16, 16, 16)).astype(np.float32)
        write_volume(tmp_path / "ours.mrc", volume, pixel_size=1.25)
        run_program("relion_image_handler", "--i", "ours.mrc", "--o", "theirs.mrc", "--multiply_constant", "2")
        np.testing.assert_allclose(read_volume(tmp_path / "theirs.mrc"), 2 * volume, rtol=1e-6)

    def test_an_unknown_pixel_size_stays_unknown_and_one_angstrom_is_believed(self, tmp_path: Path) -> None:
        image = np.ones((4, 4), np.float32)
        write_image(tmp_path / "unknown.mrc", image, pixel_size=None)
        write_image(tmp_path / "one.mrc", image, pixel_size=1.0)
        assert read_header(tmp_path / "unknown.mrc").pixel_size is None
        assert read_header(tmp_path / "one.mrc").pixel_size == 1.0

    def test_an_incremental_stack_has_the_statistics_of_the_whole(self, tmp_path: Path) -> None:
        images = np.random.default_rng(5).gamma(2.0, 30.0, (40, 12, 10)).astype(np.float32)
        with StackWriter(tmp_path / "stack.mrcs", pixel_size=3.0) as stack:
            assert [stack.append(image) for image in images] == list(range(40))
            assert not (tmp_path / "stack.mrcs").exists()
        with mrcfile.open(tmp_path / "stack.mrcs") as witness:
            assert witness.header.dmean == pytest.approx(images.mean(), rel=1e-5)
            assert witness.header.rms == pytest.approx(images.std(), rel=1e-5)
            assert (witness.header.dmin, witness.header.dmax) == (images.min(), images.max())

    def test_a_failed_stack_leaves_nothing_and_keeps_what_was_there(self, tmp_path: Path) -> None:
        path = tmp_path / "stack.mrcs"
        path.write_bytes(b"before")
        with pytest.raises(ParameterError, match="shape"):
            write_stack(path, [np.zeros((4, 4)), np.zeros((4, 5))], pixel_size=1.0)
        with pytest.raises(ParameterError, match="no image"):
            write_stack(path, [], pixel_size=1.0)
        assert [file.name for file in tmp_path.iterdir()] == ["stack.mrcs"]
        assert path.read_bytes() == b"before"

    def test_what_mrc_cannot_hold_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="complex64"):
            write_image(tmp_path / "a.mrc", np.zeros((4, 4), np.complex64), pixel_size=1.0)
        with pytest.raises(ParameterError, match="pixel size"):
            write_image(tmp_path / "a.mrc", np.zeros((4, 4), np.float32), pixel_size=-1.0)
        assert list(tmp_path.iterdir()) == []


class TestWhatOthersWrite:
    @pytest.mark.parametrize("mode", [0, 1, 2, 6, 12])
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_every_mode_and_byte_order(self, mode: int, order: str, tmp_path: Path) -> None:
        dtype = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}[mode]
        pixels = np.random.default_rng(6).integers(0, 120, (3, 4, 6)).astype(np.dtype(dtype).newbyteorder(order))
        with mrcfile.new(tmp_path / "a.mrcs") as witness:
            witness.set_data(pixels)
        with read_stack(tmp_path / "a.mrcs") as stack:
            np.testing.assert_array_equal(stack[:], pixels.astype(np.float32))

    @pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
    def test_compressed_files_are_known_by_their_content(
        self, compress: Callable[[bytes], bytes], volume: NDArray[np.float32], tmp_path: Path
    ) -> None:
        write_stack(tmp_path / "plain.mrcs", volume, pixel_size=1.5)
        (tmp_path / "squeezed.mrcs").write_bytes(compress((tmp_path / "plain.mrcs").read_bytes()))
        with read_stack(tmp_path / "squeezed.mrcs") as stack:
            np.testing.assert_array_equal(stack[3], volume[3])
            np.testing.assert_array_equal(stack[1], volume[1])
            np.testing.assert_array_equal(stack[[4, 0]], volume[[4, 0]])

    @pytest.mark.parametrize("axes", list(permutations((1, 2, 3))))
    def test_every_axis_order_becomes_z_y_x(
        self, axes: tuple[int, int, int], volume: NDArray[np.float32], tmp_path: Path
    ) -> None:
        path = tmp_path / "map.mrc"
        column, row, section = axes
        write_volume(path, volume.transpose(3 - section, 3 - row, 3 - column), pixel_size=None)
        set_field(path, 64, int32(*axes))
        set_field(path, 28, int32(9, 7, 5))  # samples along x, y, z
        set_field(path, 40, float32(18, 14, 10))
        np.testing.assert_array_equal(read_volume(path), volume)
        header = read_header(path)
        assert header.shape == volume.shape
        assert header.pixel_size == 2.0

    def test_four_bit_pixels_low_nibble_first(self, tmp_path: Path) -> None:
        pixels = np.random.default_rng(7).integers(0, 16, (2, 3, 5)).astype(np.uint8)
        padded = np.zeros((2, 3, 6), np.uint8)
        padded[..., :5] = pixels
        write_stack(tmp_path / "a.mrcs", pixels.astype(np.int8), pixel_size=1.5)
        header = bytearray((tmp_path / "a.mrcs").read_bytes()[:1024])
        header[12:16] = int32(101)
        (tmp_path / "a.mrcs").write_bytes(header + (padded[..., 0::2] | padded[..., 1::2] << 4).tobytes())
        with read_stack(tmp_path / "a.mrcs") as stack:
            np.testing.assert_array_equal(stack[:], pixels)
            assert stack.section(0).dtype == np.uint8

    def test_bytes_are_unsigned_when_imod_says_so(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mrc"
        write_image(path, np.array([[-1, 5], [100, -128]], np.int8), pixel_size=1.5)
        np.testing.assert_array_equal(read_image(path), [[-1, 5], [100, -128]])
        set_field(path, 152, int32(1146047817, 0))
        np.testing.assert_array_equal(read_image(path), [[255, 5], [100, 128]])

    def test_wrong_stamps_are_ignored_and_said(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        path = tmp_path / "map.mrc"
        write_volume(path, volume, pixel_size=1.5)
        set_field(path, 208, bytes(8))
        np.testing.assert_array_equal(read_volume(path), volume)
        assert ["MAP" in remark or "stamp" in remark for remark in read_header(path).remarks] == [True, True]
        set_field(path, 208, b"MAP \x11\x11\0\0")  # claims big-endian
        np.testing.assert_array_equal(read_volume(path), volume)
        assert "11 11" in read_header(path).remarks[0]

    @pytest.mark.parametrize(
        ("cell", "reason"),
        [
            ((0.0, 0.0, 0.0), "not possible"),
            ((9.0, 7.0, 5.0), "exactly 1"),
            ((np.nan, 7.0, 5.0), "not possible"),
            ((-9.0, -7.0, 5.0), "not possible"),
            ((18.0, 7.7, 5.0), "square"),
        ],
    )
    def test_unbelievable_pixel_sizes_are_ignored_and_said(
        self, cell: tuple[float, ...], reason: str, volume: NDArray[np.float32], tmp_path: Path
    ) -> None:
        path = tmp_path / "map.mrc"
        write_volume(path, volume, pixel_size=1.5)
        set_field(path, 40, float32(*cell))
        set_field(path, 224, b"another program".ljust(80))
        header = read_header(path)
        assert header.pixel_size is None
        assert reason in " ".join(header.remarks)

    def test_the_origin_comes_from_either_field(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        path = tmp_path / "map.mrc"
        write_volume(path, volume, pixel_size=1.5)
        set_field(path, 16, int32(-2, 4, 6))
        assert read_header(path).origin == (-3.0, 6.0, 9.0)
        set_field(path, 196, float32(1.0, 2.0, 3.0))
        assert read_header(path).origin == (1.0, 2.0, 3.0)

    def test_an_extended_header_is_skipped(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        with mrcfile.new(tmp_path / "map.mrc") as witness:
            witness.set_data(volume)
            witness.set_extended_header(np.frombuffer(bytes(768), "V768"))
        np.testing.assert_array_equal(read_volume(tmp_path / "map.mrc"), volume)


class TestWhatIsRefused:
    def test_a_cut_file_at_every_length(self, tmp_path: Path) -> None:
        write_stack(tmp_path / "whole.mrcs", np.ones((2, 3, 4), np.float32), pixel_size=1.5)
        whole = (tmp_path / "whole.mrcs").read_bytes()
        for length in (0, 1, 3, 500, 1023, 1024, 1100, len(whole) - 1):
            (tmp_path / "cut.mrcs").write_bytes(whole[:length])
            with pytest.raises((FormatError, IncompleteFileError), match=r"cut\.mrcs"):
                read_stack(tmp_path / "cut.mrcs")

    @pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
    def test_a_cut_compressed_file(self, compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
        noise = np.random.default_rng(8).normal(size=(64, 64)).astype(np.float32)
        write_image(tmp_path / "whole.mrc", noise, pixel_size=1.5)
        squeezed = compress((tmp_path / "whole.mrc").read_bytes())
        (tmp_path / "cut.mrc").write_bytes(squeezed[: len(squeezed) // 2])
        with pytest.raises(IncompleteFileError):
            read_image(tmp_path / "cut.mrc")

    def test_promises_are_checked_before_memory_is_taken(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mrc"
        write_image(path, np.ones((4, 4), np.float32), pixel_size=1.5)
        set_field(path, 0, int32(2**20, 2**20, 2**10))
        with pytest.raises(IncompleteFileError, match="promises"):
            read_image(path)
        (tmp_path / "bomb.mrc.bz2").write_bytes(bz2.compress(path.read_bytes()))
        with pytest.raises(FormatError, match="cannot hold"):
            read_image(tmp_path / "bomb.mrc.bz2")

    def test_pixels_that_are_not_numbers_are_found(self, tmp_path: Path) -> None:
        images = np.ones((3, 4, 5), np.float32)
        images[2, 3, 1] = np.nan
        write_stack(tmp_path / "a.mrcs", images, pixel_size=1.5)
        with read_stack(tmp_path / "a.mrcs") as stack:
            assert stack[1].sum() == 20.0
            with pytest.raises(FormatError, match=r"1 pixels of image 2 .* x, y = 1, 3"):
                _ = stack[2]
        with pytest.raises(FormatError, match=r"x, y, z = 1, 3, 2"):
            read_volume(tmp_path / "a.mrcs")

    def test_transforms_folders_and_missing_files(self, tmp_path: Path) -> None:
        with mrcfile.new(tmp_path / "transform.mrc") as witness:
            witness.set_data(np.ones((4, 4), np.complex64))
        with pytest.raises(FormatError, match="Fourier transform"):
            read_image(tmp_path / "transform.mrc")
        with pytest.raises(FormatError, match="not a regular file"):
            read_image(tmp_path)
        with pytest.raises(NotFoundError):
            read_image(tmp_path / "nothing.mrc")
        (tmp_path / "garbage.mrc").write_bytes(np.random.default_rng(9).bytes(5000))
        with pytest.raises(FormatError, match="none of the formats"):
            read_image(tmp_path / "garbage.mrc")

    def test_a_stack_is_not_an_image(self, volume: NDArray[np.float32], tmp_path: Path) -> None:
        write_stack(tmp_path / "a.mrcs", volume, pixel_size=1.5)
        with pytest.raises(FormatError, match="5 sections"):
            read_image(tmp_path / "a.mrcs")


def test_sections_are_read_one_by_one(tmp_path: Path) -> None:
    """A stack far larger than what is read of it: a sparse file of 64 GB."""
    path = tmp_path / "huge.mrcs"
    write_stack(path, np.full((1, 4096, 4096), 7, np.int16), pixel_size=1.0)
    set_field_in_place(path, 8, int32(2000))
    with path.open("r+b") as file:
        file.truncate(1024 + 2000 * 4096 * 4096 * 2)
    with read_stack(path) as stack:
        assert stack.shape == (2000, 4096, 4096)
        assert stack[0][4095, 4095] == 7
        assert not stack[1999].any()


def set_field_in_place(path: Path, offset: int, value: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(value)


def test_the_kind_is_guessed_from_header_name_and_shape(tmp_path: Path) -> None:
    write_stack(tmp_path / "a.mrcs", np.ones((4, 4, 4), np.float32), pixel_size=1.5)
    write_volume(tmp_path / "b.mrc", np.ones((3, 4, 4), np.float32), pixel_size=1.5)
    write_image(tmp_path / "c.mrc", np.ones((4, 4), np.float32), pixel_size=1.5)
    kinds = [read_header(tmp_path / name).kind for name in ("a.mrcs", "b.mrc", "c.mrc")]
    assert kinds == [ImageKind.STACK, ImageKind.VOLUME, ImageKind.IMAGE]


def test_real_maps_equal_what_mrcfile_reads(test_data: Path) -> None:
    for name in ("maps/EMD-3197.map", "maps/EMD-1997_GroEL.map.gz", "maps/ribo-16Apx.mrc"):
        with mrcfile.open(test_data / name, permissive=True) as witness:
            np.testing.assert_array_equal(read_volume(test_data / name), witness.data)
            assert read_header(test_data / name).pixel_size == pytest.approx(float(witness.voxel_size.x), rel=1e-5)


def test_the_real_micrograph(test_data: Path) -> None:
    path = test_data / "micrographs/fei-extended.mrc.bz2"
    header = read_header(path)
    assert (header.shape, header.dtype, header.kind) == ((1, 3838, 3710), np.uint16, ImageKind.IMAGE)
    assert header.pixel_size == pytest.approx(0.8538, abs=1e-4)
    image = read_image(path)
    assert image.mean() == pytest.approx(34.7 * 101.5, rel=0.01)  # electrons a pixel × grey values an electron


def test_what_the_microscope_wrote_into_the_real_micrograph(test_data: Path) -> None:
    record = read_acquisition(test_data / "micrographs/fei-extended.mrc.bz2")
    assert (record.voltage, record.magnification, record.counting) == (300.0, 165000.0, True)
    assert record.total_dose == pytest.approx(47.6, abs=0.05)
    assert record.pixel_size == pytest.approx(0.8538, abs=1e-4)
    assert record.applied_defocus == pytest.approx(8000.0)
    assert record.acquired_at == "2017-10-10T08:37:35"
    with pytest.raises(FormatError, match="no extended header"):
        read_acquisition(test_data / "maps/EMD-3197.map")
