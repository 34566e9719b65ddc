"""Of halves that a symmetry was imposed on, fewer coefficients are independent: whoever looks at them counts it."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cryoloom.engine.maps import apply_b_factor, soft_sphere
from cryoloom.engine.validation import correlate_half_maps
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import warnings_of

BOX, PIXEL = 48, 3.0
GROUP, COPIES = "D4", 8


def turned(volume: np.ndarray, *axes: int) -> np.ndarray:
    """By half a turn about the third axis, through the voxel BOX // 2."""
    return np.roll(np.flip(volume, axes), 1, axes)


def symmetrised(volume: np.ndarray) -> np.ndarray:
    """The mean of all eight mates under D4, which are on voxels themselves."""
    about_x = volume + turned(volume, 0, 1)
    about_z = about_x + turned(about_x, 1, 2)
    quarter = np.roll(np.flip(about_z.swapaxes(1, 2), 2), 1, 2)
    return ((about_z + quarter) / COPIES).astype(np.float32)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BOX,) * 3).astype(np.float32)


@pytest.fixture(scope="module")
def maps() -> dict[str, np.ndarray]:
    """Halves of a body that fades towards its finest detail, in noise; both symmetrised by D4."""
    mask = soft_sphere(BOX, 14.0, 4.0)
    body = symmetrised(mask * apply_b_factor(noise(1), 500.0, pixel_size=PIXEL))
    halves = [body + symmetrised(0.25 * noise(seed)) for seed in (2, 3)]
    return {"half1": halves[0], "half2": halves[1], "map": halves[0] + halves[1], "mask": mask}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, maps: dict[str, np.ndarray]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("symmetric")
    for name, volume in maps.items():
        mrcfile.write(folder / f"{name}.mrc", volume, voxel_size=PIXEL)
    return {name: folder / f"{name}.mrc" for name in maps}


@pytest.fixture
def imported(make_project, files):
    """A project that has imported the map under the name of a symmetry."""

    def make(symmetry: str):
        project = make_project()
        given = {name: path for name, path in files.items() if name != "map"}
        (end,) = project.drive(project.add("import-volume", file=files["map"], symmetry=symmetry, **given))
        assert end.state is RunState.FINISHED, end.reason
        return project

    return make


def finished(project, protocol: str, **values):
    """The first item of each output of the run, and what was warned of."""
    run = project.add(protocol, volumes="1.volumes", **values)
    (end,) = project.drive(run)
    assert end.state is RunState.FINISHED, end.reason
    items = {name: next(iter(output.latest().items())) for name, output in run.outputs.items()}
    return items, " ".join(one.sentence for one in warnings_of(run.folder))


def told(maps: dict[str, np.ndarray], copies: int) -> float | None:
    """The resolution that so many copies give."""
    return correlate_half_maps(
        maps["half1"], maps["half2"], pixel_size=PIXEL, mask=maps["mask"], copies=copies
    ).resolution


@pytest.mark.parametrize(("symmetry", "copies"), [("I1", 60), ("i", 60), ("D4", 8), ("", 1)])
def test_symmetries_are_known_by_the_names_of_other_programs(imported, maps, symmetry, copies):
    items, warned = finished(imported(symmetry), "postprocess")
    assert items["volumes"].resolution == pytest.approx(told(maps, copies))
    assert "is no point group" not in warned


def test_a_symmetry_of_an_unknown_name_is_warned_of_and_counts_as_none(imported, maps):
    items, warned = finished(imported("helical"), "postprocess")
    assert items["volumes"].resolution == pytest.approx(told(maps, 1))
    assert "symmetry 'helical' of the map is no point group" in warned
