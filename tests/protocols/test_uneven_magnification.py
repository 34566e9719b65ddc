"""Particles of a microscope that magnifies unevenly, as a CTF refinement tells it, give the map that others give."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from distorted_particles import BOX, DIAMETER, EVEN, MATRIX, PIXEL, UNEVEN, images_of, optics_of, specimen
from phantom_particles import poses_of, write_set
from phantoms import found_state
from simulated_stacks import random_poses

from cryoloom.cli.main import main
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.kernels import half_transform_shape
from cryoloom.engine.likelihood import ParticleImages
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.orientations import rotation_matrices
from cryoloom.engine.trust import nested_subsets, shared_noise
from cryoloom.protocols.particle_images import load_particles, read_particle_file
from cryoloom.protocols.reconstruct._compute import sums_of

COUNT, NOISE = 240, 1.0
ANGLES, SHIFTS = random_poses(COUNT)
HALVES = np.arange(COUNT) % 2 + 1
TOLD = slice(1, 14)  # shells that hold more of the specimen than of the noise


def particles_of(group) -> ParticleImages:
    optics = optics_of(COUNT, group)
    images = images_of(rotation_matrices(ANGLES), SHIFTS, optics, noise=NOISE)
    return ParticleImages(images, optics, PIXEL, DIAMETER)


@pytest.fixture(scope="module")
def even() -> ParticleImages:
    return particles_of(EVEN)


@pytest.fixture(scope="module")
def uneven() -> ParticleImages:
    return particles_of(UNEVEN)


def write_particles(folder: Path, particles: ParticleImages) -> Path:
    """particles.star with true poses, particles.mrcs and truth.mrc."""
    optics = particles.optics
    columns = {name: getattr(optics, name) for name in ("defocus_u", "defocus_v", "defocus_angle")}
    columns |= {**poses_of(ANGLES, SHIFTS), "half_set": HALVES}
    return write_set(
        folder, particles.images, specimen(), PIXEL, columns, magnification_matrix=optics.groups[0].magnification
    )


@pytest.fixture(scope="module")
def star(tmp_path_factory, uneven) -> Path:
    written = write_particles(tmp_path_factory.mktemp("uneven"), uneven)
    assert "_rlnMagMat00" in written.read_text()
    return written


@pytest.fixture(scope="module")
def even_star(tmp_path_factory, even) -> Path:
    return write_particles(tmp_path_factory.mktemp("even"), even)


def against_truth(volume: np.ndarray) -> np.ndarray:
    sphere = soft_sphere(BOX, 0.5 * DIAMETER / PIXEL, 3.0)
    return fourier_shell_correlation(volume, specimen(), pixel_size=PIXEL, mask=sphere).correlation[TOLD]


def tool(capsys, *words) -> dict:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, ("tool", *words)), "--threads=2", "--json"])
    output = capsys.readouterr()
    assert not ended.value.code, output.err
    return json.loads(output.out)


def test_the_tool_reconstructs_the_specimen(star, even_star, tmp_path, capsys):
    curves = []
    for number, given in enumerate((star, even_star)):
        output = tmp_path / f"map{number}.mrc"
        tool(capsys, "reconstruct", given, "--output", output)
        curves.append(against_truth(mrcfile.read(output)))
    # The same noise in both; a coefficient more or less at the last shell is all that may differ.
    assert np.abs(curves[0] - curves[1]).max() < 0.02
    assert curves[0].min() > 0.8


def test_the_sums_reach_as_far_as_the_slices(star):
    given = read_particle_file(star)
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    sums = sums_of(loaded, np.arange(COUNT))
    assert loaded.images.largest_radius == 15  # 16 / 1.0135 …
    assert sums.radius == pytest.approx(15 * 1.0135, abs=0.002)  # … and back; what lies beyond is noise of few images
    assert sums.total.shape == half_transform_shape(15.2)


@pytest.mark.parametrize("matrix", [MATRIX, (1.0135, 0.0, 0.0, 1.0135)], ids=["uneven", "larger"])
def test_maps_of_parts_of_the_particles_are_as_good_as_without(matrix, even):
    """Also where slices end between two whole Fourier pixels, beyond which but their feet lie."""
    curves = []
    for particles in (particles_of(replace(EVEN, magnification=matrix)), even):
        state = found_state(particles, rotation_matrices(ANGLES), SHIFTS, np.stack([specimen()] * 2))
        subsets = list(nested_subsets(particles, HALVES, state, "C1", shares=(0.25, 1.0), threads=2))
        assert [subset.count for subset in subsets] == [60, 240]
        curves.append([against_truth(subset.half_maps.mean(axis=0)) for subset in subsets])
    # The same noise in all; that of a quarter of the particles is four times as strong.
    assert np.abs(np.subtract(*curves)).max() < 0.04


def test_twins_are_told_by_their_noise(uneven):
    first, second = np.flatnonzero(HALVES == 1)[:24], np.flatnonzero(HALVES == 2)[:24]
    images, where = uneven.images.copy(), np.arange(COUNT)
    images[second], where[second] = np.roll(images[first], (2, -1), axis=(1, 2)), first
    shifts = SHIFTS[where]
    shifts[second] -= PIXEL * np.array([-1.0, 2.0])
    twins = ParticleImages(images, uneven.optics[where], PIXEL, DIAMETER)
    state = found_state(twins, rotation_matrices(ANGLES[where]), shifts, np.stack([specimen()] * 2))
    found = shared_noise(twins, HALVES, state, "C1")
    assert {(int(a), int(b)) for a, b in found.pairs} == set(zip(first.tolist(), second.tolist(), strict=True))
    assert found.correlations.min() > 0.9  # the map takes away what is the particle's, and leaves the same noise


def test_the_tool_refines_to_its_end(star, tmp_path, capsys):
    options = ("--reference", star.with_name("truth.mrc"), "--diameter", DIAMETER, "--output", tmp_path / "fine")
    options += ("--search", "local", "--iterations", 2, "--trust", "quick")
    told = tool(capsys, "refine", star, *options)
    curve = against_truth(mrcfile.read(told["map"]))
    assert curve.min() > 0.7  # with true poses 0.82 in the last shell
    assert told["resolution"] < 2.3 * PIXEL
    assert (tmp_path / "fine_trust.html").is_file()
