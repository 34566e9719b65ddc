"""Damaged and malicious files give data or a clear refusal, in little memory and little time; never anything else."""

from __future__ import annotations

import bz2
import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryoloom.errors import FormatError, IncompleteFileError, InputError
from cryoloom.formats import is_complete, write_image, write_stack, write_star, write_tiff_movie, write_volume
from cryoloom.formats.relion import MovieMotion, write_motion
from cryoloom.testing.eer import ElectronEvents, write_eer

RNG = np.random.default_rng(1)
FRAMES = RNG.poisson(1.0, (2, 12, 16)).astype(np.uint8)

MDOC = "Voltage = 300\n[T = title]\n\n[ZValue = 0]\nSubFramePath = a.tif\nPixelSpacing = 1.2\nDateTime = 8-Oct-21\n"
EPU = (
    '<MicroscopeImage xmlns="a">'
    '<CustomData xmlns:a="b"><a:P><a:Key>Dose</a:Key><a:Value>3E+21</a:Value></a:P></CustomData>'
    "<microscopeData><gun><AccelerationVoltage>300000</AccelerationVoltage></gun><stage><Position><X>1</X><Y>2</Y><Z>3</Z>"
    "</Position></stage></microscopeData></MicroscopeImage>"
)
PDB = "".join(
    f"ATOM  {n:5d}  CA  ALA A{n:4d}    {n:8.3f}{-n:8.3f}{2.5 * n:8.3f}  1.00 20.00           C  \n" for n in range(1, 6)
)


def write_spider(path: Path) -> None:
    header = np.zeros(256, "<f4")
    header[[0, 1, 4, 11, 12, 21, 22]] = [1, 12, 1, 16, 16, 1024, 64]
    path.write_bytes(header.tobytes() + FRAMES[0].astype("<f4").tobytes())


def write_emx(path: Path) -> None:
    path.write_text(
        '<EMX><micrograph fileName="a" index="1"><defocusU unit="nm">5</defocusU></micrograph>'
        '<particle fileName="b"><centerCoord><X>1</X><Y>2</Y></centerCoord></particle></EMX>'
    )


def write_particles(path: Path) -> None:
    optics = {"rlnOpticsGroup": [1], "rlnVoltage": [300.0], "rlnImagePixelSize": [1.5], "rlnImageSize": [64]}
    rows = {"rlnImageName": ["1@a b.mrcs", "2@a.mrcs"], "rlnOpticsGroup": [1, 1], "rlnAngleRot": [1.5, -2.0]}
    write_star(path, {"optics": pl.DataFrame(optics), "particles": pl.DataFrame(rows), "other": {"note": "x y"}})


def write_coordinates(path: Path) -> None:
    columns = {"rlnCoordinateX": [1.0, 3.5], "rlnCoordinateY": [2.0, 8.25], "rlnMicrographName": ["a.mrc", "a.mrc"]}
    write_star(path, {"": pl.DataFrame(columns | {"cryoloom_id": [5, 7], "rlnClassNumber": [0, 2]})})


def write_old_particles(path: Path) -> None:
    columns = {"rlnImageName": ["1@a.mrcs", "2@a.mrcs"], "rlnVoltage": [300.0] * 2, "rlnMagnification": [1e4] * 2}
    columns |= {"rlnDetectorPixelSize": [1.5] * 2, "rlnOriginX": [1.0, -2.0], "rlnMicrographName": ["m.mrc"] * 2}
    write_star(path, {"images": pl.DataFrame(columns)})


def write_motion_file(path: Path) -> None:
    write_motion(path, MovieMotion(
        movie_file="m.tif", width=16, height=12, frame_count=2, pixel_size=1.0, binning=1.0, voltage=300.0,
        dose_per_frame=1.0, pre_exposure=0.0, global_shifts=((0.0, 0.0), (1.0, 2.0)), local_model=(0.5,) * 36,
    ))  # fmt: skip


def write_cs(path: Path) -> None:
    fields = [
        ("uid", "u8"),
        ("blob/path", "S9"),
        ("blob/idx", "u4"),
        ("blob/shape", "u4", (2,)),
        ("blob/psize_A", "f4"),
    ]
    fields += [("ctf/accel_kv", "f4"), ("alignments3D/pose", "f4", (3,)), ("alignments3D/shift", "f4", (2,))]
    records = np.zeros(3, [*fields, ("alignments3D/psize_A", "f4")])
    records["uid"], records["blob/path"], records["ctf/accel_kv"] = [5, 6, 7], b"J1/a.mrc", 300.0
    with path.open("wb") as file:
        np.save(file, records)


def write_tiled(path: Path) -> None:
    tifffile.imwrite(
        path, np.tile(FRAMES.astype(np.uint16), (1, 2, 2)), tile=(16, 16), compression="zlib", predictor=True
    )


SEEDS: dict[str, Callable[[Path], object]] = {
    "mrc": lambda path: write_stack(path, FRAMES.astype(np.int16), pixel_size=1.0),
    "map": lambda path: write_volume(path, FRAMES.astype(np.float32), pixel_size=1.0),
    "mrc.gz": lambda path: (
        write_image(path, FRAMES[0], pixel_size=1.0),
        path.write_bytes(gzip.compress(path.read_bytes())),
    ),
    "mrc.bz2": lambda path: (
        write_image(path, FRAMES[0], pixel_size=1.0),
        path.write_bytes(bz2.compress(path.read_bytes())),
    ),
    "lzw.tif": lambda path: write_tiff_movie(path, FRAMES, pixel_size=1.0),
    "plain.tif": lambda path: write_tiff_movie(path, FRAMES, pixel_size=1.0, compression=None, bigtiff=True),
    "tiled.tif": write_tiled,
    "eer": lambda path: write_eer(
        path, [ElectronEvents(*(4 * place for place in np.nonzero(frame))) for frame in FRAMES], shape=(12, 16)
    ),
    "spi": write_spider,
    "star": write_particles,
    "old.star": write_old_particles,
    "coordinates.star": write_coordinates,
    "motion.star": write_motion_file,
    "cs": write_cs,
    "mdoc": lambda path: path.write_text(MDOC),
    "epu.xml": lambda path: path.write_text(EPU),
    "emx.xml": write_emx,
    "pdb": lambda path: path.write_text(PDB),
}

mutations = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.floats(0, 1), st.integers(0, 255)),
        st.tuples(st.just("header"), st.integers(0, 300), st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF])),
        st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
        st.tuples(st.just("repeat"), st.floats(0, 1), st.integers(1, 64)),
        st.tuples(st.just("drop"), st.floats(0, 1), st.integers(1, 64)),
    ),
    min_size=1,
    max_size=6,
)


def mutated(content: bytes, changes: list) -> bytes:
    data = bytearray(content)
    for kind, where, value in changes:
        if not data:
            break
        place = min(where, len(data) - 1) if kind == "header" else int(where * (len(data) - 1))
        if kind in ("flip", "header"):
            data[place] = value
        elif kind == "cut":
            del data[place:]
        elif kind == "repeat":
            data[place:place] = data[place : place + value]
        else:
            del data[place : place + value]
    return bytes(data)


@pytest.fixture(scope="module", params=[*SEEDS, "dm4"])
def seed_file(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_dm4: Callable[..., None],
    read_everything: Callable[[Path], str],
) -> Path:
    path = tmp_path_factory.mktemp("seeds") / f"seed.{request.param}"
    if request.param == "dm4":
        write_dm4(path, FRAMES[0].astype(np.float32))
    else:
        SEEDS[request.param](path)
    read_everything(path)  # the seed itself is valid, and what must be compiled or imported now is
    return path


def judge(path: Path, read_everything: Callable[[Path], str], megabytes: int = 64) -> None:
    """Read a file and check that nothing but data or a refusal comes of it, within some megabytes."""
    said = "."
    tracemalloc.start()
    try:
        read_everything(path)
    except InputError as refusal:
        said = str(refusal)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert said.endswith(".")
    assert peak < megabytes * 2**20, f"{peak / 2**20:.0f} MB for a file of {path.stat().st_size} bytes"
    try:
        is_complete(path)
    except FormatError:
        return


@settings(max_examples=30, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=mutations)
def test_small_changes(seed_file: Path, changes: list, read_everything: Callable[[Path], str]) -> None:
    path = seed_file.with_name(f"mutant.{seed_file.name.partition('.')[2]}")
    path.write_bytes(mutated(seed_file.read_bytes(), changes))
    judge(path, read_everything)


@pytest.mark.full
@settings(max_examples=2000, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=mutations)
def test_many_small_changes(seed_file: Path, changes: list, read_everything: Callable[[Path], str]) -> None:
    path = seed_file.with_name(f"mutant.{seed_file.name.partition('.')[2]}")
    path.write_bytes(mutated(seed_file.read_bytes(), changes))
    judge(path, read_everything)


@settings(max_examples=100, deadline=5000)
@given(
    content=st.binary(max_size=3000), suffix=st.sampled_from(["mrc", "tif", "star", "cs", "mdoc", "xml", "eer", "dm4"])
)
def test_noise_under_any_name(
    content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory, read_everything: Callable[[Path], str]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"noise.{suffix}"
    path.write_bytes(content)
    judge(path, read_everything)


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"\xff" * 5000, b"garbage\n" * 500, b"II*\0" + b"\0" * 60])
def test_what_is_nothing(content: bytes, tmp_path: Path, read_everything: Callable[[Path], str]) -> None:
    for suffix in ("mrc", "tif", "star", "cs", "mdoc", "xml", "eer", "gain"):
        path = tmp_path / f"nothing.{suffix}"
        path.write_bytes(content)
        with pytest.raises((FormatError, IncompleteFileError), match=rf"nothing\.{suffix}"):
            read_everything(path)


def test_a_compressed_bomb(tmp_path: Path, read_everything: Callable[[Path], str]) -> None:
    """Some kilobytes that unpack to a hundred megabytes of text, XML and zeros."""
    zeros = bytes(2**20)
    for name, opener in (("a.star.gz", gzip.open), ("a.xml.bz2", bz2.open), ("a.mrc.gz", gzip.open)):
        with opener(tmp_path / name, "wb") as file:  # type: ignore[operator]
            file.write(b"data_a\nloop_\n_x\n_y\n" if "star" in name else b"<EMX>" if "xml" in name else b"")
            for _ in range(100):
                file.write(zeros.replace(b"\0", b" ") if "mrc" not in name else zeros)
        judge(tmp_path / name, read_everything, megabytes=160)
