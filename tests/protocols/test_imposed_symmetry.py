"""Of halves that a symmetry was imposed on, fewer coefficients are independent: whoever looks at them counts it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import DIAMETER, true_state, write_particles
from phantoms import symmetrised_d4

from cryoloom.cli.main import main
from cryoloom.engine.ctf_refinement import reference_of_halves
from cryoloom.engine.maps import apply_b_factor, soft_sphere
from cryoloom.engine.refinement import RefinementSettings
from cryoloom.engine.trust import nested_subsets
from cryoloom.engine.validation import correlate_half_maps, directional_correlation, local_resolution, postprocess
from cryoloom.formats import relion
from cryoloom.protocols.particle_images import CommonGrid, load_particles, read_particle_file
from cryoloom.protocols.reference_maps import reference_files
from cryoloom.protocols.refined import refined
from cryoloom.protocols.trust import Finished, assess
from cryoloom.workflow.run import RunState
from cryoloom.workflow.warned import warnings_of

BOX, PIXEL = 48, 3.0
GROUP, COPIES = "D4", 8


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BOX,) * 3).astype(np.float32)


@pytest.fixture(scope="module")
def maps() -> dict[str, np.ndarray]:
    """Halves of a body that fades towards its finest detail, in noise; both symmetrised by D4."""
    mask = soft_sphere(BOX, 14.0, 4.0)
    body = symmetrised_d4(mask * apply_b_factor(noise(1), 500.0, pixel_size=PIXEL))
    halves = [body + symmetrised_d4(0.12 * noise(seed)) for seed in (2, 3)]
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


def test_all_ways_to_tell_a_resolution_tell_the_same(imported, files, maps, tmp_path, capsys):
    """Of the same halves in the same mask: in the engine, in runs and by tools."""
    halves, mask = (maps["half1"], maps["half2"]), maps["mask"]
    known = {"pixel_size": PIXEL, "copies": COPIES}
    expected = told(maps, COPIES)
    assert expected > told(maps, 1) + 0.1
    found = {
        "engine postprocess": postprocess(*halves, mask=mask, **known).resolution,
        "engine local": local_resolution(*halves, mask, **known).overall,
        "engine directional": directional_correlation(*halves, mask=mask, **known).overall,
        "reference": reference_of_halves(*halves, mask=mask, **known).resolution,
    }
    project = imported(GROUP)
    found["postprocess"] = finished(project, "postprocess")[0]["volumes"].resolution
    found["difference"] = finished(project, "half-map-difference")[0]["differences"].resolution
    assert finished(project, "local-resolution")[0]["resolutions"].evaluated > 0.9
    given = [str(files[name]) for name in ("half1", "half2")]
    options = ["--mask", str(files["mask"]), "--symmetry", GROUP, "--json"]
    for tool in ("postprocess", "localres", "directions", "difference"):
        written = [] if tool == "directions" else ["--output", str(tmp_path / f"{tool}.mrc")]
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["tool", tool, *given, *options, *written])
        said = capsys.readouterr()
        assert not left.value.code, said.err
        found[f"tool {tool}"] = json.loads(said.out)["resolution"]
    assert found == pytest.approx(dict.fromkeys(found, expected))


def test_the_symmetry_of_a_reference_counts_where_particles_are_compared_with_it(imported, maps):
    project = imported(GROUP)
    unexpected: list[str] = []
    workspace = SimpleNamespace(resolve=lambda name: project.path / name, warn=unexpected.append)
    reference = reference_files(project.run(1).outputs["volumes"].latest(), None, workspace)
    found = reference.read(CommonGrid(BOX, PIXEL))
    assert found.resolution == pytest.approx(told(maps, COPIES))
    assert unexpected == []


class Known(BaseException):
    """It is known what is told of the halves; nothing more is computed."""


@pytest.mark.parametrize("tool", ["ctfrefine", "subtract"])
def test_the_symmetry_that_a_tool_is_told_reaches_the_halves_of_its_reference(tool, tmp_path, monkeypatch):
    def know(*_: object, copies: int, **__: object) -> None:
        raise Known(copies)

    star = write_particles(tmp_path, count=20)
    table = read_particle_file(star).table
    relion.write_particles(star, table.with_frame(table.frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)))
    monkeypatch.setattr("cryoloom.engine.ctf_refinement.reference_of_halves", know)
    images = load_particles(table, read_particle_file(star).resolve, diameter=None).images
    mask = soft_sphere(images.box_size, 5.0, 2.0)
    for name, volume in (("half1", mask), ("half2", mask + 1.0), ("mask", mask)):
        mrcfile.write(tmp_path / f"{name}.mrc", volume, voxel_size=images.pixel_size)
    given = ["--half1", tmp_path / "half1.mrc", "--half2", tmp_path / "half2.mrc", "--symmetry", GROUP]
    given += ["--output", tmp_path / "made", *(["--mask", tmp_path / "mask.mrc"] if tool == "subtract" else [])]
    with pytest.raises(Known) as reached:
        main([str(word) for word in ("tool", tool, star, *given)])
    assert reached.value.args == (COPIES,)


@pytest.mark.parametrize("tool", ["ctfrefine", "subtract"])
def test_a_tool_with_particles_refuses_a_symmetry_that_is_no_group(files, tool, tmp_path, capsys):
    given = ["--half1", files["half1"], "--half2", files["half2"], "--symmetry", "helical"]
    given += ["--mask", files["mask"]] if tool == "subtract" else []
    star = write_particles(tmp_path, count=20)
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in ("tool", tool, star, *given, "--output", tmp_path / "made")])
    assert left.value.code
    assert "no point group" in capsys.readouterr().err


@pytest.mark.parametrize("tool", ["postprocess", "localres", "directions", "difference"])
def test_a_tool_refuses_a_symmetry_that_is_no_group(files, tool, tmp_path, capsys):
    written = [] if tool == "directions" else ["--output", str(tmp_path / "made.mrc")]
    with pytest.raises(SystemExit) as left:
        main(["tool", tool, str(files["half1"]), str(files["half2"]), "--symmetry", "helical", *written])
    assert left.value.code
    assert "no point group" in capsys.readouterr().err


def test_the_trust_page_tells_of_all_particles_what_the_refinement_told(tmp_path):
    """The row of all particles is made of the same images in the same poses; both know of the symmetry."""
    given = read_particle_file(write_particles(tmp_path, noise=3.0))
    loaded = load_particles(given.table, given.resolve, diameter=DIAMETER)
    (whole,) = nested_subsets(
        loaded.images, loaded.half_sets, true_state(loaded, np.zeros((2, 32, 32, 32), np.float32)), GROUP, shares=(1.0,)
    )
    state = true_state(loaded, whole.half_maps)
    result = refined(loaded, state, symmetry=GROUP)
    trust = assess(Finished(loaded, RefinementSettings(symmetry=GROUP), state, result), threads=2)
    alone = correlate_half_maps(
        *whole.half_maps, pixel_size=loaded.images.pixel_size, mask=result.mask, copies=1
    ).resolution
    assert result.resolution > 1.01 * alone
    assert trust.scaling.resolutions[-1] == pytest.approx(result.resolution, rel=1e-3)
