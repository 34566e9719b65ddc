"""Particles of two structures, mixed, give both, and each particle is told whose it is."""

from __future__ import annotations

import json

import mrcfile
import numpy as np
import pytest
from phantoms import blobs
from simulated_stacks import random_poses, write_images, write_particle_file

from cryoloom.cli.main import main
from cryoloom.engine.alignment import fit_map
from cryoloom.formats import read_particles

BOX, PIXEL, DIAMETER, COUNT = 32, 6.0, 130.0, 200
KINDS = np.random.default_rng(8).integers(0, 2, COUNT)
ALIKE = 0.75
"""Correlation from which the program itself believes that two maps are of one structure."""


def structures() -> list[np.ndarray]:
    """A rod and a ring, of blobs of unequal weight."""
    random = np.random.default_rng(5)
    rod = random.normal(size=(14, 3)) * [5.0, 2.0, 2.0]
    angle = random.uniform(0, 2 * np.pi, 14)
    ring = np.stack([5.5 * np.cos(angle), 5.5 * np.sin(angle), random.normal(0, 1.5, 14)], axis=1)
    return [blobs(positions, random.uniform(0.5, 1.5, 14), 1.3) for positions in (rod, ring)]


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Where they fit best, in either hand."""
    return fit_map(one, other, pixel_size=PIXEL, resolution=25.0, diameter=DIAMETER, mirror=True).correlation


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2])
def test_two_structures_are_told_apart(tmp_path, capsys, seed):
    two = structures()
    angles, shifts = random_poses(COUNT, scatter=3.0)
    rows = write_images(tmp_path / "mixed.mrcs", two, KINDS, angles, shifts, pixel_size=PIXEL, noise=0.7)
    star = write_particle_file(tmp_path / "mixed.star", rows)
    words = ["--classes", 2, "--diameter", DIAMETER, "--runs", 1, "--iterations", 40, "--batch", 80, "--box", BOX]
    words += ["--final-resolution", 20, "--shift", 9, "--seed", seed]
    with pytest.raises(SystemExit) as ended:
        main(["tool", "abinitio", str(star), *map(str, words), "--output", str(tmp_path / "made"), "--json"])
    said = capsys.readouterr()
    assert not ended.value.code, said.err
    told = json.loads(said.out)
    assert correlation(*two) < 0.6  # else it would say little that a map fits one of them
    table = np.array([[correlation(mrcfile.read(path), each) for each in two] for path in told["maps"]])
    of_map = table.argmax(axis=1)
    assert sorted(of_map) == [0, 1]
    assert table.max(axis=1).min() > ALIKE
    assert table.min(axis=1).max() < 0.65  # as unlike as the two are, and what noise in a map may add to it
    found = read_particles(told["particles"]).table.frame.sort("id")["class_number"].to_numpy()
    # Of images of so little noise, views of a rod from its end are the ones that might be taken for another body.
    assert (of_map[found - 1] == KINDS).mean() >= 0.8
    assert np.allclose(told["shares"], [(kind == KINDS).mean() for kind in of_map], atol=0.2)
