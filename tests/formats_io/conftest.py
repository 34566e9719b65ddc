"""What the tests of file formats share: programs that act as witnesses, a writer of DM4, a reader of everything."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cryoloom.formats import FileFormat, detect_format, read_stack, read_star


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., str]:
    """Run an external program in the test's folder and return what it printed."""

    def run(program: str, *arguments: object) -> str:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")
        completed = subprocess.run(
            [program, *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    return run


@pytest.fixture(name="write_dm4", scope="session")
def _write_dm4() -> Callable[..., None]:
    return write_dm4


@pytest.fixture(name="read_everything", scope="session")
def _read_everything() -> Callable[[Path], str]:
    """Read a file to its end with the readers for its format and return the format's name."""
    return read_everything


def write_dm4(path: Path, pixels: NDArray[np.float32], *, version: int = 4, pixel_size_nm: float = 0.1) -> None:
    """A file as DigitalMicrograph writes it: a small picture for lists, then the picture itself."""
    long = ">Q" if version == 4 else ">I"

    def number(value: int) -> bytes:
        return struct.pack(long, value)

    def tag(label: str, kind: int, content: bytes) -> bytes:
        length = number(len(content)) if version == 4 else b""
        return struct.pack(">BH", kind, len(label)) + label.encode() + length + content

    def group(*members: bytes) -> bytes:
        return b"\1\0" + number(len(members)) + b"".join(members)

    def value(label: str, kind: int, letter: str, content: float) -> bytes:
        return tag(label, 21, b"%%%%" + number(1) + number(kind) + struct.pack("<" + letter, content))

    def array(label: str, kind: int, content: bytes, count: int) -> bytes:
        return tag(label, 21, b"%%%%" + number(3) + number(20) + number(kind) + number(count) + content)

    def picture(image: NDArray[np.float32]) -> bytes:
        unit = array("Units", 4, "nm".encode("utf-16-le"), 2)
        scale = tag("", 20, group(value("Scale", 6, "f", pixel_size_nm), unit))
        return tag("", 20, group(tag("ImageData", 20, group(
            tag("Calibrations", 20, group(tag("Dimension", 20, group(scale)))),
            array("Data", 6, image.astype("<f4").tobytes(), image.size),
            value("DataType", 5, "I", 2),
            tag("Dimensions", 20, group(
                value("", 5, "I", image.shape[1]), value("", 5, "I", image.shape[0]),
            )),
        ))))  # fmt: skip

    point = number(15) + number(0) + number(2) + number(0) + number(2) + number(0) + number(2)
    bounds = tag("Bounds", 21, b"%%%%" + number(7) + point + struct.pack("<hh", 1, 2))
    images = tag("ImageList", 20, group(picture(pixels[::4, ::4]), picture(pixels)))
    root = group(bounds, images)
    path.write_bytes(struct.pack(">I", version) + number(len(root)) + struct.pack(">I", 1) + root)


def read_everything(path: Path) -> str:
    """Read a file to its end with the readers for its format and return the format's name."""
    kind = detect_format(path)
    if kind.holds_images:
        with read_stack(path) as stack:
            for number in range(len(stack)):
                stack.section(number)
    elif kind in (FileFormat.STAR, FileFormat.CS):
        read_tables(path, kind)
    else:
        read_records(path, kind)
    return str(kind)


def read_tables(path: Path, kind: FileFormat) -> None:
    from cryoloom.formats import cryosparc, relion

    if kind is FileFormat.CS:
        if cryosparc.read_records(path).size:
            cryosparc.read_particles(path)
        return
    labels = {
        label for block in read_star(path).values() for label in (block if isinstance(block, dict) else block.columns)
    }
    assumed = relion.AssumedAcquisition(voltage=300.0, pixel_size=1.0, box_size=64)
    if "rlnImageName" in labels:
        relion.read_particles(path, assumed=assumed)
    elif "rlnCoordinateX" in labels and "rlnCoordinateY" in labels and "rlnMicrographName" in labels:
        relion.read_coordinates(path)
    elif "rlnMotionModelVersion" in labels:
        relion.read_motion(path)


def read_records(path: Path, kind: FileFormat) -> None:
    from cryoloom.formats import emx, epu, mdoc, models, xmd

    readers = {
        FileFormat.XMD: xmd.read_xmd,
        FileFormat.EMX: emx.read_emx,
        FileFormat.MDOC: mdoc.read_acquisitions,
        FileFormat.EPU: epu.read_acquisition,
        FileFormat.PDB: models.read_model,
        FileFormat.MMCIF: models.read_model,
    }
    readers[kind](path)
