"""What a session leaves opens in RELION, and is what RELION would have made."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
import starfile
from scipy import fft

from cryoloom.formats.relion import write_particles
from cryoloom.protocols.export import write_star_files
from cryoloom.testing.microscope import State, load_specimen, with_true_poses

pytestmark = pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="needs RELION")

BOX, PIXEL_SIZE = 70, 4.0


@pytest.fixture(scope="module")
def exported(played) -> dict[str, Path]:
    """The STAR files, in the project's folder: there RELION finds the images."""
    outputs = [output for run in played.runs.values() for output in run.outputs.values()]
    tables = {output.kind: output.latest().table() for output in outputs if output.kind != "checks"}
    files, _ = write_star_files(played.project.path, tables, project=played.project.path)
    return {path.name: path for path in files}


def relion(program: str, *arguments: object, folder: Path) -> str:
    done = subprocess.run([program, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("file", "table", "columns", "output"),
    [
        ("movies.star", "movies", ["rlnMicrographMovieName"], ("import-movies", "movies")),
        ("micrographs_ctf.star", "micrographs", ["rlnMicrographName", "rlnDefocusU"], ("ctf", "ctfs")),
        ("particles.star", "particles", ["rlnImageName", "rlnDefocusAngle"], ("extract", "particles")),
    ],
)
def test_relion_reads_every_row(played, exported, file, table, columns, output) -> None:
    labels = [f"_{column}" for column in columns]
    printed = relion("relion_star_printtable", exported[file], f"data_{table}", *labels, folder=played.project.path)
    rows = [line.split() for line in printed.splitlines() if line.strip()]
    told = starfile.read(exported[file])[table]
    assert len(rows) == len(told) == len(played.runs[output[0]].outputs[output[1]])
    for number, column in enumerate(columns):
        if column.endswith("Name"):
            assert [row[number] for row in rows] == told[column].to_list()
        else:  # RELION prints six digits
            assert np.allclose([float(row[number]) for row in rows], told[column], rtol=1e-5)


def below_nyquist(image: np.ndarray) -> np.ndarray:
    """Without the shells at Nyquist, where one program folds half of a wave and the other drops it."""
    transform = fft.fft2(image)
    frequency = np.hypot(*np.meshgrid(fft.fftfreq(BOX), fft.fftfreq(BOX)))
    return fft.ifft2(np.where(frequency < 0.5 - 0.5 / BOX, transform, 0)).real


def test_relion_extracts_the_same_images(played, exported, tmp_path: Path) -> None:
    ours = starfile.read(exported["particles.star"])["particles"]
    extraction = ["--extract", "--extract_size", 2 * BOX, "--scale", BOX, "--norm", "--bg_radius", 26]
    relion(
        "relion_preprocess",
        *("--i", "micrographs_ctf.star", "--reextract_data_star", "particles.star", "--invert_contrast"),
        *("--part_star", tmp_path / "particles.star", "--part_dir", f"{tmp_path}/", *extraction),
        folder=played.project.path,
    )
    theirs = starfile.read(tmp_path / "particles.star")["particles"]

    def images(table) -> dict[tuple[str, int, int], np.ndarray]:
        found = {}
        for name, micrograph, x, y in zip(
            table.rlnImageName, table.rlnMicrographName, table.rlnCoordinateX, table.rlnCoordinateY, strict=True
        ):
            index, stack = name.split("@")
            image = below_nyquist(mrcfile.mmap(played.project.path / stack).data[int(index) - 1])
            found[micrograph, round(x), round(y)] = (image - image.mean()) / image.std()
        return found

    expected = images(theirs)
    made = images(ours)
    assert made.keys() == expected.keys()
    assert len(made) >= 60
    # Both cut on whole pixels and crop in Fourier space; what is left are float32, and who takes the circle's edge.
    assert max(np.abs(made[key] - expected[key]).max() for key in made) < 0.02


def correlation_with(truth: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Fourier shell correlation within a soft sphere about the specimen."""
    middle = BOX // 2
    radius = np.sqrt(sum((axis - middle) ** 2 for axis in np.mgrid[:BOX, :BOX, :BOX]))
    mask = 1.0 / (1.0 + np.exp((radius - 26.0) / 1.5))
    first, second = fft.fftn(truth * mask), fft.fftn(volume * mask)
    frequency = BOX * np.sqrt(sum(axis**2 for axis in np.meshgrid(*3 * [fft.fftfreq(BOX)], indexing="ij")))
    shell = np.rint(frequency).astype(int).ravel()
    cross = np.bincount(shell, (first * second.conj()).real.ravel())
    powers = [np.bincount(shell, np.abs(part.ravel()) ** 2) for part in (first, second)]
    return cross / np.sqrt(powers[0] * powers[1])


def test_an_empty_hole_gives_no_particles_with_true_poses(played) -> None:
    microscope = played.microscope
    truths = {movie.stem: truth for movie, truth in zip(microscope.movies, microscope.truths, strict=True)}
    name, truth = next(iter(truths.items()))
    broken = replace(truth.particles, states=np.full_like(truth.particles.states, State.BROKEN))
    tables = (
        played.runs["extract"].outputs["particles"].latest().table(),
        played.runs["motion"].outputs["micrographs"].latest().table(),
    )
    every = with_true_poses(*tables, played.project.path, truths, within=18)
    emptied = replace(truth, scene=replace(truth.scene, particles=broken))
    others = with_true_poses(*tables, played.project.path, truths | {name: emptied}, within=18)
    row = tables[1].frame.filter(pl.col("movie_file").str.contains(name, literal=True))
    expected = every.frame.filter(pl.col("micrograph_id") != row["id"][0])
    assert 0 < len(others) < len(every)
    assert others.frame["id"].to_list() == expected["id"].to_list()


def test_relion_reconstructs_the_specimen_from_our_particles(played, tmp_path: Path) -> None:
    microscope = played.microscope
    posed = with_true_poses(
        played.runs["extract"].outputs["particles"].latest().table(),
        played.runs["motion"].outputs["micrographs"].latest().table(),
        played.project.path,
        {movie.stem: truth for movie, truth in zip(microscope.movies, microscope.truths, strict=True)},
        within=18,  # a fifth of the diameter
    )
    assert len(posed) >= 60
    write_particles(played.project.path / "posed.star", posed)
    relion("relion_reconstruct", "--i", "posed.star", "--o", tmp_path / "map.mrc", "--ctf", folder=played.project.path)
    truth = load_specimen("pseudoprotein").density_map(BOX, PIXEL_SIZE)
    correlation = correlation_with(truth, mrcfile.read(tmp_path / "map.mrc"))
    shells = range(3, 11)  # from 93 to 28 Å, where so few particles still tell; a shift of the wrong sign gives 0.6
    assert min(correlation[shell] for shell in shells) > 0.85, correlation[3:20]
