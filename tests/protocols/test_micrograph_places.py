"""Positions are pixels of the image that they were found in; in another sum of the movie they have other numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cryoloom.data import Coordinate, Micrograph, OpticsGroup, Particle, Table
from cryoloom.engine.fourier import forward_transform, inverse_transform, resample_images, resize_transform
from cryoloom.errors import InputError
from cryoloom.formats import read_stack, write_image
from cryoloom.protocols.duplicates import RemoveDuplicates
from cryoloom.protocols.extract import ExtractParticles
from cryoloom.protocols.micrograph_places import pixels_for_each, places_in
from cryoloom.protocols.particle_images import micrograph_pixel_sizes
from cryoloom.protocols.report import Exposure, Findings, report_page
from cryoloom.workflow.workspace import Workspace

PIXEL, FIELD = 1.5, 400
OPTICS = OpticsGroup.describe(name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
PLACES = np.array([(100.4, 90.0), (290.8, 120.6), (200.0, 301.2)])
FINE, BINNED = "fine/a.mrc", "binned/a.mrc"


def spots(places: np.ndarray, width: float) -> np.ndarray:
    """A field with dark round spots."""
    y, x = np.mgrid[:FIELD, :FIELD]
    return -sum(np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * width**2)) for u, v in places).astype(np.float32)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One field, as it is and binned twice."""
    field = spots(PLACES, 6.0)
    for name in (FINE, BINNED):
        (tmp_path / name).parent.mkdir()
    write_image(tmp_path / FINE, field, pixel_size=PIXEL)
    write_image(tmp_path / BINNED, resample_images(field[None], PIXEL, FIELD // 2, 2 * PIXEL)[0], pixel_size=2 * PIXEL)
    return tmp_path


def micrograph(name: str, binning: int) -> Micrograph:
    size = FIELD // binning
    return Micrograph(id=7, file=name, width=size, height=size, pixel_size=binning * PIXEL).with_optics(OPTICS)


FROM = [
    pytest.param(BINNED, 2, micrograph(FINE, 1), 1, id="from binned to fine"),
    pytest.param(FINE, 1, micrograph(BINNED, 2), 2, id="from fine to binned"),
    pytest.param(FINE, 1, micrograph(FINE, 1), 1, id="where they were found"),
]


def picks(name: str, binning: int) -> list[Coordinate]:
    return [
        Coordinate(id=20 + order, micrograph_id=7, micrograph_file=name, x=x / binning, y=y / binning)
        for order, (x, y) in enumerate(PLACES)
    ]


@pytest.mark.parametrize(("name", "found", "other", "binning"), FROM)
def test_particles_are_extracted_where_they_were_picked(project, name, found, other, binning) -> None:
    workspace = Workspace(project, "000001-extract", "a", 1, frozenset({"particles"}))
    parameters = ExtractParticles.Parameters(diameter=60.0, box_size=64 // binning)
    made = ExtractParticles().process(other, parameters, workspace, coordinates=picks(name, found))
    assert len(made) == len(PLACES)
    for one, place in zip(made, PLACES, strict=True):
        position = np.array([one.x, one.y]) - np.array([one.shift_x, one.shift_y]) / other.pixel_size
        assert position * binning == pytest.approx(place, abs=1e-4), "what single precision leaves of a shift"
        image = read_stack_image(project / one.file, one.index)
        rows, columns = np.nonzero(image > 0.5 * image.max())
        half = len(image) // 2
        centre = (
            np.array([columns.mean(), rows.mean()]) - half + np.array([one.shift_x, one.shift_y]) / other.pixel_size
        )
        assert np.abs(centre).max() < 0.5, "the spot is in the middle, to what counting whole pixels tells"


def read_stack_image(path: Path, index: int) -> np.ndarray:
    with read_stack(path) as opened:
        return opened[index]


@pytest.mark.parametrize(("binning", "size"), [(2.0, 200), (1.7, 236)])
def test_binning_leaves_the_centre_of_the_first_pixel_where_it_is(tmp_path, binning, size) -> None:
    """Motion correction bins by cropping in Fourier space; 1.7 times makes 236 px of 235.3, so sizes tell the ratio."""
    field, shape = spots(PLACES, 6.0), (size, size)
    binned = inverse_transform(resize_transform(forward_transform(field), field.shape, shape), shape)
    for name, image, pixel_size in (("fine.mrc", field, PIXEL), ("binned.mrc", binned, binning * PIXEL)):
        write_image(tmp_path / name, image, pixel_size=pixel_size)
    ratio = pixels_for_each("fine.mrc", ["binned.mrc"], binning * PIXEL, tmp_path.joinpath)
    assert ratio == (size / FIELD, size / FIELD)
    dark = -binned
    for x, y in PLACES * ratio:
        rows, columns = (slice(round(at) - 12, round(at) + 13) for at in (y, x))
        weight = dark[rows, columns]
        grid_y, grid_x = np.mgrid[rows, columns]
        assert (weight * grid_x).sum() / weight.sum() == pytest.approx(x, abs=0.02)
        assert (weight * grid_y).sum() / weight.sum() == pytest.approx(y, abs=0.02)


def test_an_image_that_is_gone_tells_no_pixel_size(project) -> None:
    known = {"names": [FINE], "pixel_size": PIXEL, "resolve": project.joinpath}
    with pytest.raises(InputError, match="runs/3/a.mrc, which is not there and whose pixel size is not known"):
        pixels_for_each("runs/3/a.mrc", **known)
    assert pixels_for_each("runs/3/a.mrc", stated=2 * PIXEL, **known) == (2.0, 2.0)
    assert pixels_for_each("runs/3/a.mrc", stated=1.01 * PIXEL, **known) == (1.0, 1.0), "calibrated anew"
    assert pixels_for_each("", **known) == (1.0, 1.0), "nothing says that it was another"
    assert pixels_for_each("/elsewhere/a.mrc", **known) == (1.0, 1.0), "known by its name only, which is the same"


def test_another_field_of_view_is_refused(project) -> None:
    write_image(project / "cut.mrc", np.zeros((180, 200), np.float32), pixel_size=2 * PIXEL)
    with pytest.raises(InputError, match="200 × 180 px of 3 Å, and a.mrc has 400 × 400 px of 1.5 Å"):
        pixels_for_each("cut.mrc", [FINE], PIXEL, project.joinpath)
    write_image(project / "untold.mrc", np.zeros((200, 200), np.float32), pixel_size=None)
    with pytest.raises(InputError, match="untold.mrc, which does not say its pixel size"):
        pixels_for_each("untold.mrc", [FINE], PIXEL, project.joinpath)
    write_image(project / "same.mrc", np.zeros((400, 400), np.float32), pixel_size=None)
    assert pixels_for_each("same.mrc", [FINE], PIXEL, project.joinpath) == (1.0, 1.0), "as many pixels of one field"


def test_positions_of_a_sum_without_dose_weighting_are_those_of_the_weighted_one(project) -> None:
    both = Micrograph(id=7, file="gone.mrc", dose_weighted_file=FINE, width=FIELD, height=FIELD, pixel_size=PIXEL)
    assert places_in(both, picks("gone.mrc", 1), project.joinpath) == pytest.approx(PLACES)


def particles(*names: str) -> Table:
    """Pairs of particles that lie 20 px apart in each micrograph."""
    rows = [
        Particle(
            id=10 * order + number,
            micrograph_id=order,
            micrograph_file=name,
            file="images.mrcs",
            index=10 * order + number,
            pixel_size=3.0,
            box_size=32,
            x=50.0 + 20.0 * number,
            y=50.0,
        ).with_optics(OPTICS)
        for order, name in enumerate(names, 1)
        for number in (0, 1)
    ]
    return Table.of(rows, "particles")


def test_sums_of_one_optics_group_may_differ_in_their_pixels(project) -> None:
    sizes = micrograph_pixel_sizes(particles(FINE, BINNED), project.joinpath)
    assert sizes == pytest.approx([PIXEL, PIXEL, 2 * PIXEL, 2 * PIXEL])


def test_distances_are_not_told_in_the_pixels_of_another_sum(tmp_path: Path) -> None:
    """20 px of 3 Å are 60 Å apart; with those of the sum that was not binned, they would be 30 Å."""
    parameters = RemoveDuplicates.Parameters(distance=40.0)
    protocol, given = RemoveDuplicates(), particles(BINNED)
    given = given.with_frame(given.frame.with_columns(micrograph_id=pl.lit(7, pl.UInt64)))

    def kept(one: Micrograph) -> int:
        tables = {"particles": given, "micrographs": Table.of([one], "micrographs")}
        return len(protocol.transform(tables, parameters, tmp_path.joinpath)["kept"])

    assert kept(micrograph(BINNED, 2)) == 2
    with pytest.raises(InputError, match="connect those that the particles were cut from"):
        kept(micrograph(FINE, 1))


@pytest.mark.parametrize("told_in", [BINNED, "{project}/binned/a.mrc", "links/a.mrc", "{project}/links/a.mrc"])
@pytest.mark.parametrize("connected", [BINNED, "{project}/binned/a.mrc", "links/a.mrc"])
def test_an_image_is_the_same_by_whichever_name_it_is_called(project: Path, told_in: str, connected: str) -> None:
    """Imported particles name it absolutely, runs relative to the project, and data are often reached by links."""
    (project / "links").symlink_to("binned", target_is_directory=True)
    told_in, connected = (name.format(project=project) for name in (told_in, connected))
    known = {"names": [connected], "pixel_size": 2 * PIXEL, "resolve": project.joinpath}
    assert pixels_for_each(told_in, **known) == (1.0, 1.0)
    given = particles(told_in)
    tables = {
        "particles": given.with_frame(given.frame.with_columns(micrograph_id=pl.lit(7, pl.UInt64))),
        "micrographs": Table.of([micrograph(connected, 2)], "micrographs"),
    }

    def kept(distance: float) -> int:
        parameters = RemoveDuplicates.Parameters(distance=distance)
        return len(RemoveDuplicates().transform(tables, parameters, project.joinpath)["kept"])

    assert (kept(59.0), kept(61.0)) == (2, 1), "20 px of 3 Å are 60 Å"


def test_picks_are_drawn_where_they_are_in_the_micrograph_that_is_shown(project) -> None:
    def page(chosen: list[Coordinate]) -> str:
        exposures = [Exposure(micrograph(FINE, 1), None, chosen)]
        found = Findings(title="", project=project, exposures=exposures)
        return report_page(found, picture_of=lambda _: b"\xff\xd8", drift_of=lambda _: [])

    assert '<circle cx="291" cy="121"' in page(picks(BINNED, 2))
    gone = page(picks("runs/3/a.mrc", 2))
    assert "<circle" not in gone
    assert "Its picks are not drawn. Positions were found in runs/3/a.mrc" in gone
