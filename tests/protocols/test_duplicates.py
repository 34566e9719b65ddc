"""No step in 3D takes a particle twice: neither the same image, nor two that lie at the same place."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest
from phantom_particles import DIAMETER, write_particles

from cryoloom.cli.main import main
from cryoloom.formats import read_star, relion, write_star
from cryoloom.protocols.duplicates import RemoveDuplicates
from cryoloom.protocols.particle_images import LoadedParticles, read_particle_file
from cryoloom.workflow.run import RunState

COUNT, TWICE = 72, 6
REFERENCE = ("--reference", "truth.mrc")
SAMPLED = ("--diameter", str(DIAMETER))
TOOLS = {
    "abinitio": SAMPLED,
    "class3d": (*REFERENCE, *SAMPLED),
    "refine": (*REFERENCE, *SAMPLED),
    "reconstruct": (),
}
RUNS = {
    "abinitio": {"diameter": DIAMETER},
    "class3d": {"reference": "2.volumes", "diameter": DIAMETER},
    "refine": {"reference": "2.volumes", "diameter": DIAMETER},
    "reconstruct": {},
}
REASON = "the same particle is listed before, or with a better score"


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Particles of which twelve are there twice: six as the same image, six as images of the same place.

    The twins have identities of their own, as after two imports of one stack, and are in the other half set.
    """
    star = write_particles(tmp_path_factory.mktemp("twice"), count=COUNT)
    table = read_particle_file(star).table
    frame = table.frame.with_columns(half_set=1 + pl.int_range(pl.len()) % 2)
    same = frame.head(TWICE).with_columns(id=pl.col("id") + 50_000, half_set=3 - pl.col("half_set"))
    moved = frame[10 : 10 + TWICE].select(pl.col("x") + 4.0, "y", "shift_x", "shift_y")  # by 4 px of 1 Å
    near = frame.tail(TWICE).with_columns(moved.get_columns())
    rest = frame.head(COUNT - TWICE)
    relion.write_particles(star, table.with_frame(pl.concat([rest, near, same])))
    return star


class Begun(BaseException):
    """All is read, and it would be computed now."""


@pytest.mark.parametrize(("distance", "gone"), [((), 2 * TWICE), (("--duplicates-within", "0"), TWICE)])
@pytest.mark.parametrize("tool", TOOLS)
def test_tools_in_3d_take_one_of_particles_that_are_there_twice(
    tool, distance, gone, star, tmp_path, capsys, monkeypatch
):
    def begin(_progress: object) -> None:
        raise Begun

    monkeypatch.chdir(star.parent)
    monkeypatch.setattr("cryoloom.cli.tool._progress.ToolProgress.__enter__", begin)
    with pytest.raises(Begun):
        main(["tool", tool, star.name, *TOOLS[tool], "--output", str(tmp_path / "made.mrc"), *distance])
    assert f"{gone} particles were left out: {REASON}" in capsys.readouterr().err


@pytest.mark.parametrize("protocol", RUNS)
def test_runs_in_3d_take_one_of_particles_that_are_there_twice(protocol, make_project, star, monkeypatch):
    found: list[LoadedParticles] = []

    def begin(particles: LoadedParticles, _workspace: object) -> None:
        found.append(particles)
        raise Begun

    monkeypatch.setattr("cryoloom.protocols.particle_images.tell", begin)
    project = make_project()
    sources = [
        project.add("import-particles", file=star),
        project.add("import-volume", file=star.with_name("truth.mrc")),
    ]
    assert [end.state for end in project.drive(*sources)] == [RunState.FINISHED] * 2
    for distance, gone in (({}, 2 * TWICE), ({"duplicates_within": 0.0}, TWICE)):
        run = project.add(protocol, particles="1.particles", **RUNS[protocol], **distance)
        with pytest.raises(Begun):
            project.drive(run)
        assert [each.reason for each in found[-1].left_out] == [REASON] * gone
        assert len(found[-1]) == COUNT + TWICE - gone


def test_a_shift_that_is_no_number_hides_no_duplicate_and_stops_nothing(star):
    """As an expression of a user may leave it in a set; the file's own are not known from the beginning."""
    table = read_particle_file(star).table
    shifts = pl.when(pl.int_range(pl.len()) == 3).then(float("inf")).otherwise(pl.col("shift_x"))
    kept = [
        RemoveDuplicates().transform(
            {"particles": given}, RemoveDuplicates.Parameters(distance=10.0), star.parent.joinpath
        )
        for given in (table, table.with_frame(table.frame.with_columns(shift_x=shifts)))
    ]
    assert len(kept[0]["kept"]) == len(kept[1]["kept"]) == len(table) - 2 * TWICE


@pytest.fixture
def unscaled(star: Path) -> Path:
    """The same, of which nothing tells the pixel size of the micrographs, and four more at the very same place.

    These were drawn to another centre, 30 Å away; one lies 4 px from another; two are where nothing is known.
    """
    blocks = read_star(star)
    particles = (
        blocks["particles"].head(COUNT - TWICE).select(cs.starts_with("rln"), rlnMicrographName=pl.lit("mic.mrc"))
    )  # as others write it
    again = particles[20:24].with_columns(
        pl.col("rlnOriginXAngst") + 30.0, rlnImageName=pl.format("{}@particles.mrcs", pl.int_range(pl.len()) + 67)
    )
    nowhere = particles[30:32].with_columns(rlnCoordinateX=pl.lit(0.0), rlnCoordinateY=pl.lit(0.0))
    place = ("rlnCoordinateX", "rlnCoordinateY", "rlnOriginXAngst", "rlnOriginYAngst")
    near = particles[33:34].with_columns(particles[32].select(pl.col(place[0]) + 4.0, *place[1:]).get_columns())
    others = [particles[:30], nowhere, particles[32:33], near, particles[34:]]
    bare = star.with_name("unscaled.star")
    optics = blocks["optics"].drop("rlnMicrographPixelSize")
    write_star(bare, {"optics": optics, "particles": pl.concat([*others, again])})
    return bare


@pytest.mark.parametrize("tool", TOOLS)
def test_equal_coordinates_are_one_particle_whatever_the_pixels(tool, unscaled, tmp_path, capsys, monkeypatch):
    def begin(_progress: object) -> None:
        raise Begun

    monkeypatch.chdir(unscaled.parent)
    monkeypatch.setattr("cryoloom.cli.tool._progress.ToolProgress.__enter__", begin)
    words = ["tool", tool, unscaled.name, *TOOLS[tool], "--output", str(tmp_path / "made.mrc")]
    with pytest.raises(Begun):
        main(words)
    said = capsys.readouterr().err
    assert f"4 particles were left out: {REASON}" in said
    assert "a tool takes --micrograph-pixel-size" in said
    with pytest.raises(Begun):
        main([*words, "--micrograph-pixel-size", "1"])
    said = capsys.readouterr().err
    assert f"5 particles were left out: {REASON}" in said
    assert "The pixel size" not in said
