"""Images that would outweigh all others are left out; of duplicates, a sound one is kept."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import BOX, DIAMETER, write_particles

from cryoloom.protocols.particle_images import LoadedParticles, load_particles, read_particle_file

COUNT = 40


@pytest.fixture
def star(tmp_path: Path) -> Path:
    return write_particles(tmp_path, count=COUNT)


def spoilt(star: Path, change) -> None:
    """The stack with other images; its images deviate by one from zero."""
    path = star.with_name("particles.mrcs")
    images = mrcfile.read(path)
    images = np.array(images / images.std())
    change(images)
    mrcfile.write(path, images.astype(np.float32), overwrite=True)


def loaded(star: Path, change=lambda frame: frame, **more) -> LoadedParticles:
    given = read_particle_file(star)
    table = given.table.with_frame(change(given.table.frame))
    return load_particles(table, given.resolve, diameter=DIAMETER, **more)


@pytest.mark.parametrize("pixel", [1000.0, -1000.0, 1e15])
def test_an_image_with_one_pixel_that_outweighs_all_others_is_left_out(star, pixel):
    """One pixel of 1000 deviations among 48 images of 32 px hid all signal from a refinement; one of 300 did not."""

    def change(images):
        images[3, 5, 5] = pixel

    spoilt(star, change)
    found = loaded(star)
    (out,) = found.left_out
    assert out.label.startswith("000004@")
    assert "15 times" in out.reason
    assert len(found) == len(found.images.images) == COUNT - 1
    assert any("damaged pixel" in remark for remark in found.remarks)


def test_gold_ice_and_hot_pixels_stay(star):
    """A bead over a fifth of the image at 20 deviations, hot pixels of 100, and ice that doubles the deviation."""

    def change(images):
        y, x = np.ogrid[:BOX, :BOX]
        images[1][(y - 16) ** 2 + (x - 16) ** 2 < 0.2 * BOX**2 / np.pi] -= 20.0
        images[2, 4, 7] = images[2, 20, 9] = 100.0
        images[4] *= 2.0

    spoilt(star, change)
    assert not loaded(star).left_out


def test_grey_scales_are_compared_within_an_optics_group(star):
    """Half of the images come from another microscope, a thousand times as bright."""

    def change(images):
        images[: COUNT // 2] *= 1000.0

    spoilt(star, change)
    given = read_particle_file(star).table
    (group,) = given.optics_groups.values()
    other = group.describe(
        name="other", voltage=200.0, spherical_aberration=2.7, amplitude_contrast=0.1, extra=dict(group.extra)
    )
    frame = given.frame.with_columns(
        optics_group=pl.Series([other.id] * (COUNT // 2) + [group.id] * (COUNT - COUNT // 2), dtype=pl.UInt64)
    )
    from cryoloom.data import Table

    table = Table(frame, given.schema, {group.id: group, other.id: other})
    assert not load_particles(table, star.with_name, diameter=DIAMETER).left_out


def twice(frame: pl.DataFrame) -> pl.DataFrame:
    """The first particle again as the eleventh image, under another identity and with a worse score."""
    first = frame.head(1).with_columns(id=pl.lit(7, pl.UInt64), index=pl.lit(10, pl.Int64), score=pl.lit(0.1))
    rest = frame.filter(pl.col("index") != 10).with_columns(score=pl.lit(0.9))
    return pl.concat([rest, first.select(rest.columns)])


@pytest.mark.parametrize("fault", [np.nan, 0.0, 1e6])
@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_of_two_duplicates_the_sound_one_is_kept_whatever_their_scores(star, fault):
    def change(images):
        images[0] = 0.0
        images[0, 3, 3] = fault

    spoilt(star, change)
    found = loaded(star, twice, duplicates_within=20.0)
    assert 7 in found.ids
    assert [each.label[:6] for each in found.left_out] == ["000001"]
    with mrcfile.open(star.with_name("particles.mrcs")) as stack:
        expected = stack.data[found.table.frame["index"].to_numpy()]
    assert np.array_equal(found.images.images, expected)


def test_of_two_duplicates_the_one_with_a_ctf_is_kept(star):
    def blind(frame):
        known = pl.when(pl.col("index") == 0).then(float("nan")).otherwise(pl.col("defocus_u"))
        return twice(frame).with_columns(defocus_u=pl.lit(15000.0)).with_columns(defocus_u=known)

    found = loaded(star, blind, duplicates_within=20.0)
    assert 7 in found.ids
    assert [each.reason for each in found.left_out] == ["its CTF is not known"]


def test_of_two_sound_duplicates_the_better_one_is_kept_with_its_image(star):
    found = loaded(star, twice, duplicates_within=20.0)
    assert 7 not in found.ids
    assert len(found.left_out) == 1
    with mrcfile.open(star.with_name("particles.mrcs")) as stack:
        assert np.array_equal(found.images.images, stack.data[found.table.frame["index"].to_numpy()])
