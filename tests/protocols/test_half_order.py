"""Half maps that are the wrong way round: refused wherever particles are compared with their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from phantom_particles import DIAMETER, PIXEL, write_particles

from cryoloom.cli.main import main
from cryoloom.engine.classes3d import class_map
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.trust import half_order
from cryoloom.errors import InputError
from cryoloom.formats import relion, write_volume
from cryoloom.protocols.known_poses import check_half_order, check_known_poses
from cryoloom.protocols.particle_images import LoadedParticles, load_particles, read_particle_file
from cryoloom.protocols.reference_maps import read_reference
from cryoloom.workflow.run import RunState

COUNT = 100


def in_half_sets(star: Path) -> Path:
    table = read_particle_file(star).table
    columns = {"half_set": 1 + pl.int_range(pl.len()) % 2, "poses_from": pl.lit("halves")}
    relion.write_particles(star, table.with_frame(table.frame.with_columns(**columns)))
    return star


def with_maps(star: Path) -> tuple[LoadedParticles, np.ndarray]:
    """Particles, and the maps of their half sets, written as half1.mrc and half2.mrc; map.mrc is of both."""
    given = read_particle_file(in_half_sets(star))
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    made = class_map(loaded.images, check_known_poses(loaded), loaded.half_sets, np.ones(len(loaded)))
    for name, volume in (("half1", made.halves[0]), ("half2", made.halves[1]), ("map", made.combined)):
        write_volume(star.with_name(f"{name}.mrc"), volume, pixel_size=PIXEL)
    write_volume(star.with_name("mask.mrc"), soft_sphere(32, 5.0, 4.0), pixel_size=PIXEL)
    return loaded, made.halves


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    with_maps(write_particles(folder, count=COUNT, noise=2.0))
    return folder


@pytest.fixture(scope="module")
def noise(tmp_path_factory) -> tuple[LoadedParticles, np.ndarray]:
    star = write_particles(tmp_path_factory.mktemp("noise"), count=COUNT, noise=1e4)
    return with_maps(star)


@pytest.fixture(scope="module")
def signal(folder) -> tuple[LoadedParticles, np.ndarray]:
    given = read_particle_file(folder / "particles.star")
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    halves = np.stack([read_reference(folder / f"half{number}.mrc", loaded.grid) for number in (1, 2)])
    return loaded, halves


@pytest.mark.parametrize("kind", ["signal", "noise"])
def test_each_half_set_knows_its_own_map(kind, request):
    loaded, halves = request.getfixturevalue(kind)
    poses = check_known_poses(loaded)
    check_half_order(loaded, poses, halves)
    with pytest.raises(InputError, match="the wrong way round"):
        check_half_order(loaded, poses, halves[::-1])
    found = half_order(loaded.images, poses, loaded.half_sets, (halves[0], halves[1]))
    assert found.images == COUNT
    assert found.astray < 0.1 * COUNT


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_maps_that_tell_nothing_of_the_half_sets_are_let_through(signal, seed):
    loaded, halves = signal
    poses = check_known_poses(loaded)
    drawn = np.random.default_rng(seed).permutation(loaded.half_sets)
    for order in ((halves[0], halves[1]), (halves[1], halves[0])):
        assert not half_order(loaded.images, poses, drawn, order).is_swapped
    same = half_order(loaded.images, poses, loaded.half_sets, (halves[0], halves[0]))
    assert same.deviations == 0.0


def test_copies_of_an_image_count_once(signal):
    loaded, halves = signal
    of_all = half_order(loaded.images, check_known_poses(loaded), loaded.half_sets, (halves[0], halves[1]))
    sources = np.arange(COUNT) // 4 * 4 + np.arange(COUNT) % 2  # two of each half set are taken for one
    of_pairs = half_order(
        loaded.images, check_known_poses(loaded), loaded.half_sets, (halves[0], halves[1]), sources=sources
    )
    assert of_pairs.images == COUNT // 2
    assert of_pairs.deviations > 0.5 * of_all.deviations


def called(folder: Path, tool: str, halves: tuple[int, int], *more: object) -> int:
    words = ["tool", tool, folder / "particles.star", "--output", folder / "made", "--overwrite", "--json", *more]
    words += ["--half1", folder / f"half{halves[0]}.mrc", "--half2", folder / f"half{halves[1]}.mrc"]
    with pytest.raises(SystemExit) as left:
        main([str(each) for each in words])
    return left.value.code or 0


@pytest.mark.parametrize("tool", ["refine", "subtract", "ctfrefine"])
def test_every_tool_that_compares_with_halves_refuses_swapped_ones(folder, capsys, tool):
    more: dict[str, tuple[object, ...]] = {
        "refine": (
            *("--search", "local", "--reference", folder / "map.mrc", "--diameter", DIAMETER),
            *("--trust", "quick", "--iterations", 2),
        ),
        "subtract": ("--mask", folder / "mask.mrc"),
        "ctfrefine": (),
    }
    assert called(folder, tool, (2, 1), *more[tool]) == 1
    assert "the wrong way round" in capsys.readouterr().err
    assert not list(folder.glob("made*"))
    if tool != "refine":
        assert called(folder, tool, (1, 2), *more[tool]) == 0
    for each in folder.glob("made*"):
        each.unlink()


def test_runs_refuse_swapped_half_maps(folder, make_project):
    project = make_project()
    halves = {"half1": folder / "half2.mrc", "half2": folder / "half1.mrc"}
    sources = [
        project.add("import-particles", file=folder / "particles.star"),
        project.add("import-volume", file=folder / "map.mrc", **halves),
        project.add("create-mask", volumes="2.volumes", shape="sphere", diameter=60.0),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 3
    values = {"particles": "1.particles", "reference": "2.volumes"}
    runs = [
        project.add("refine", **values, search="local", diameter=DIAMETER, trust="quick"),
        project.add("subtract", **values, masks="3.masks"),
        project.add("ctf-refine", **values),
    ]
    for end in project.drive(*runs):
        assert end.state is RunState.FAILED
        assert "the wrong way round" in (end.reason or "")
