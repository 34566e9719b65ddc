"""Particles are cut out again where they were refined to be, and what belongs to them comes along."""

from __future__ import annotations

import json
from dataclasses import replace

import mrcfile
import numpy as np
import polars as pl
import pytest
from phantom_particles import phantom

from cryoloom.cli.main import main
from cryoloom.data import OpticsGroup, Particle, Table, digest
from cryoloom.engine.fourier import resample_images
from cryoloom.engine.maps import resample
from cryoloom.engine.projection import project_volume
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import cryosparc, read_particles, relion, write_image, write_stack
from cryoloom.protocols.change_box._compute import Source, re_extract
from cryoloom.protocols.change_box._sampling import Wanted
from cryoloom.workflow.predicting import predicted
from cryoloom.workflow.run import RunState

PIXEL, FIELD, EACH = 3.0, 420, 9  # Å, pixels, particles in a micrograph
NAMES = ("mic1.mrc", "mic2.mrc")
MICROGRAPHS = {digest("micrograph", name.encode()): name for name in NAMES}
FIRST, SECOND = MICROGRAPHS
OPTICS = OpticsGroup.describe(
    name="one",
    voltage=300.0,
    spherical_aberration=2.7,
    amplitude_contrast=0.1,
    beam_tilt_x=0.2,
    detector_pixel_size=PIXEL,
)


class World:
    """Micrographs of projections, dark on a noisy ground, and a file of particles as a refinement would write it."""

    def __init__(self, folder):
        random = np.random.default_rng(4)
        self.folder = folder
        (folder / "binned").mkdir()
        self.truth = resample(phantom(), pixel_size=6.0, new_pixel_size=PIXEL, box_size=64)
        grid = [(x, y) for y in (70, 210, 350) for x in (70, 210, 350)]
        self.places, self.angles, rows = [], [], []
        for order, (identity, name) in enumerate(MICROGRAPHS.items(), 1):
            places = np.array(grid) + random.uniform(-15, 15, (EACH, 2))
            if identity == SECOND:
                places[0] = (38.3, 200.6)  # too near the edge for a larger box
            angles = random.uniform([-180, 0, -180], [180, 180, 180], (EACH, 3))
            centres = np.rint(places).astype(int)
            stamps = project_volume(self.truth, angles, (centres - places) * PIXEL, pixel_size=PIXEL)
            field = np.zeros((FIELD, FIELD), np.float32)
            for (x, y), stamp in zip(centres, stamps, strict=True):
                field[y - 32 : y + 32, x - 32 : x + 32] += stamp
            field = 10.0 - field + random.normal(0, 0.02 * field.std(), field.shape)
            write_image(folder / name, field.astype(np.float32), pixel_size=PIXEL)
            binned = resample_images(field[np.newaxis].astype(np.float32), PIXEL, FIELD // 2, 2 * PIXEL)
            write_image(folder / "binned" / name, binned[0], pixel_size=2 * PIXEL)
            cut = centres + random.integers(-4, 5, (EACH, 2))  # where they were cut out at first
            for number in range(EACH):
                shift = (cut[number] - places[number]) * PIXEL
                rows.append(
                    Particle(
                        id=1000 * order + number,
                        micrograph_id=identity,
                        micrograph_file=name,
                        x=float(cut[number, 0]),
                        y=float(cut[number, 1]),
                        shift_x=float(shift[0]),
                        shift_y=float(shift[1]),
                        file="old.mrcs",
                        index=len(rows),
                        pixel_size=2 * PIXEL,
                        box_size=32,
                        rot=float(angles[number, 0]),
                        tilt=float(angles[number, 1]),
                        psi=float(angles[number, 2]),
                        defocus_u=1.2e4,
                        defocus_v=1.1e4,
                        defocus_angle=20.0,
                        half_set=1 + number % 2,
                        score=0.5,
                    ).with_optics(OPTICS)
                )
            self.places.append(places)
            self.angles.append(angles)
        write_stack(folder / "old.mrcs", np.random.default_rng(1).normal(size=(18, 32, 32)), pixel_size=2 * PIXEL)
        self.table = Table.of(rows, "particles")
        self.star = folder / "particles.star"
        relion.write_particles(self.star, self.table)

    @property
    def sources(self):
        return self.sources_in("", PIXEL)

    def sources_in(self, folder, pixel):
        names = {one: f"{folder}{name}" for one, name in MICROGRAPHS.items()}
        return {one: Source(self.folder / name, name, pixel, -1) for one, name in names.items()}

    @property
    def table_of_binned(self):
        """The same particles as they would have been picked in sums that were binned twice."""
        halved = (pl.col("x") / 2, pl.col("y") / 2, pl.format("binned/{}", "micrograph_file").alias("micrograph_file"))
        return self.table.with_frame(self.table.frame.with_columns(halved))

    def resolve(self, name):
        return self.folder / name


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


def places_of(rows):
    return rows.select("file", "index").rows()


def check(world, frame, images_of, box, pixel, *, cut_from=PIXEL):
    """The images show the particles at their poses, with the shifts that are told, and are at the true places.

    Noise of the micrographs and what comes in of neighbours leave correlations of 0.992 or more; one pixel of the
    micrograph beside the true place leaves 0.975 at most.
    """
    reference = resample(world.truth, pixel_size=PIXEL, new_pixel_size=pixel, box_size=box)
    angles = frame.select("rot", "tilt", "psi").to_numpy()
    shifts = frame.select("shift_x", "shift_y").to_numpy()
    expected = project_volume(reference, angles, shifts, pixel_size=pixel)
    for image, one in zip(images_of(frame), expected, strict=True):
        assert image.shape == (box, box)
        half = round(16 * PIXEL / pixel)
        middle = slice(box // 2 - half, box // 2 + half)  # neighbours come into the corners
        assert np.corrcoef(image[middle, middle].ravel(), one[middle, middle].ravel())[0, 1] > 0.99
    truth = {
        1000 * order + number: place
        for order, places in enumerate(world.places, 1)
        for number, place in enumerate(places)
    }
    places = frame.select("x", "y").to_numpy() * cut_from - shifts
    assert np.allclose(places, [truth[one] * PIXEL for one in frame["id"]], atol=1e-3)
    assert np.abs(shifts).max() <= 0.5 * cut_from + 1e-6


def test_particles_are_where_they_were_refined_to_be(world, tmp_path):
    files = {one: tmp_path / f"{one}.mrcs" for one in MICROGRAPHS}
    wanted = Wanted(80, PIXEL)
    made = re_extract(
        world.table, world.sources, wanted, lambda one: (files[one], files[one].name), resolve=world.resolve
    )
    (lost,) = made.left_out
    assert lost.id == 2000
    assert "leaves the micrograph" in lost.reason
    table = made.table(world.table)
    frame = table.frame
    check(
        world,
        frame,
        lambda rows: [mrcfile.read(tmp_path / f)[i] for f, i in places_of(rows)],
        80,
        PIXEL,
    )
    kept = world.table.frame.filter(world.table.frame["id"].is_in(frame["id"].implode()))
    for name in ("id", "rot", "tilt", "psi", "half_set", "defocus_u", "optics_group", "score", "micrograph_id"):
        assert frame[name].to_list() == kept[name].to_list()
    assert table.optics_groups == world.table.optics_groups


def cut_again(world, table, sources, wanted, folder, **more):
    files = {one: folder / f"{one}.mrcs" for one in MICROGRAPHS}
    made = re_extract(table, sources, wanted, lambda one: (files[one], files[one].name), resolve=world.resolve, **more)
    return made, lambda rows: [mrcfile.read(folder / file)[index] for file, index in places_of(rows)]


@pytest.mark.parametrize("finer", [True, False])
def test_micrographs_may_have_other_pixels_than_those_picked_in(world, tmp_path, finer):
    """Picked in sums that were binned twice and cut from those that were not, and the other way round."""
    if finer:
        table, sources, box, pixel, cut_from = world.table_of_binned, world.sources, 64, PIXEL, PIXEL
    else:
        table, sources, box, pixel, cut_from = world.table, world.sources_in("binned/", 6.0), 32, 6.0, 6.0
    made, images_of = cut_again(world, table, sources, Wanted(box, pixel), tmp_path)
    assert made.left_out == []
    frame = made.table(table).frame
    assert frame.height == 2 * EACH
    assert set(frame["micrograph_file"]) == {source.name for source in sources.values()}
    check(world, frame, images_of, box, pixel, cut_from=cut_from)
    again, images_of = cut_again(world, made.table(table), sources, Wanted(box, pixel), tmp_path)
    check(world, again.table(table).frame, images_of, box, pixel, cut_from=cut_from)


def test_positions_whose_pixels_are_not_known_are_refused(world, tmp_path):
    gone = world.table.with_frame(world.table_of_binned.frame.with_columns(micrograph_file=pl.lit("gone/mic1.mrc")))
    with pytest.raises(InputError, match="gone/mic1.mrc, which is not there and whose pixel size is not known"):
        cut_again(world, gone, world.sources, Wanted(64, PIXEL), tmp_path)
    assert list(tmp_path.iterdir()) == []
    stating = replace(OPTICS, extra={"rlnMicrographPixelSize": 2 * PIXEL, "rlnMicrographBinning": 2})
    stated = replace(gone, optics_groups={OPTICS.id: stating})
    made, images_of = cut_again(world, stated, world.sources, Wanted(64, PIXEL), tmp_path)
    table = made.table(stated)
    check(world, table.frame, images_of, 64, PIXEL)
    (group,) = table.optics_groups.values()
    assert group.extra == {"rlnMicrographPixelSize": PIXEL, "rlnMicrographBinning": 2}, "of the new micrographs"


def test_cryosparc_is_told_positions_as_shares_of_the_new_micrograph(world, tmp_path):
    shape = pl.Series("location/micrograph_shape", [[FIELD // 2, FIELD // 2]] * 2 * EACH, pl.List(pl.Int64))
    table = world.table.with_frame(world.table_of_binned.frame.with_columns(shape))
    made, _ = cut_again(world, table, world.sources, Wanted(64, PIXEL), tmp_path)
    cryosparc.write_particles(tmp_path / "made.cs", made.table(table))
    read = cryosparc.read_particles(tmp_path / "made.cs").table.frame.sort("id")
    places = read.select("x", "y").to_numpy() - read.select("shift_x", "shift_y").to_numpy() / PIXEL
    truth = np.concatenate(world.places)
    assert np.allclose(places, truth, atol=1e-3), "single precision of a share, times the field"


def test_particles_that_cannot_be_cut_out_are_listed(world, tmp_path):
    unknown = world.table.frame.with_columns(x=pl.when(pl.col("id") == 1003).then(None).otherwise("x"))
    wanted = Wanted(32, None)

    def nowhere(identity):
        return tmp_path / "none", "none"

    some = {FIRST: world.sources[FIRST]}
    made = re_extract(
        world.table.with_frame(unknown),
        some,
        wanted,
        lambda one: (tmp_path / f"{one}.mrcs", "s"),
        resolve=world.resolve,
    )
    reasons = [one.reason for one in made.left_out]
    assert reasons.count("its micrograph is not there") == EACH
    assert reasons.count("its position is not known") == 1
    with pytest.raises(InputError, match="could be cut out"):
        re_extract(world.table, {}, wanted, nowhere, resolve=world.resolve).table(world.table)
    with pytest.raises(InputError, match="do not say where"):
        re_extract(world.table.with_frame(unknown.drop("x")), some, wanted, nowhere, resolve=world.resolve)


def test_sizes_that_transform_quickly_are_offered():
    assert Wanted(94, None).advice == ("A box of 94 px is slow to transform; 90 or 96 px are quicker.",)
    assert Wanted(96, None).advice == ()
    assert Wanted(None, 1.0).of(94, 1.5) == (144, 1.0)  # 141 px would have the same width
    cut = Wanted(96, 2.5).cut(64, 4.0, 1.1)
    assert (cut.window, cut.box_size) == (218, 96)
    assert cut.pixel_size == pytest.approx(218 * 1.1 / 96)
    with pytest.raises(InputError, match="smaller than those of the micrographs"):
        Wanted(96, 1.0).cut(64, 4.0, 1.1)
    with pytest.raises(InputError, match="allow for"):
        Wanted(10, 4.3).cut(64, 4.0, 3.9)
    with pytest.raises(ParameterError, match="even"):
        Wanted(95, None)
    with pytest.raises(ParameterError, match="Nothing is changed"):
        Wanted(None, None)


def test_the_tool(world, capsys, tmp_path):
    words = ["tool", "change-box", world.star, "--box", 64, "--pixel-size", PIXEL, "--output", tmp_path / "made"]
    with pytest.raises(SystemExit) as left:
        main([*map(str, words), "--json"])
    said = capsys.readouterr()
    assert not left.value.code, said.err
    told = json.loads(said.out)
    assert told["count"] == 18
    assert told["images"] == [{"box_size": 64, "pixel_size": PIXEL}]
    frame = read_particles(told["particles"]).table.frame.sort("id")
    check(
        world,
        frame,
        lambda rows: [mrcfile.read(tmp_path / f)[i] for f, i in places_of(rows)],
        64,
        PIXEL,
    )


def test_the_tool_brings_maps_along_sampled_as_the_images_are(world, capsys, tmp_path):
    """Pixels of 3.1 Å cannot be had in a box of 64 px: 66 px of the micrograph make 3.09375 Å."""
    for name, volume in (("map", world.truth), ("first", 2 * world.truth), ("second", 3 * world.truth)):
        mrcfile.write(tmp_path / f"{name}.mrc", volume.astype(np.float32), voxel_size=PIXEL)
    mrcfile.write(tmp_path / "around.mrc", (world.truth > 0.1 * world.truth.max()).astype("f4"), voxel_size=PIXEL)
    words = ["tool", "change-box", world.star, "--box", 64, "--pixel-size", 3.1, "--output", tmp_path / "made"]
    words += ["--reference", tmp_path / "map.mrc", "--mask", tmp_path / "around.mrc", "--json"]
    with pytest.raises(SystemExit) as left:
        main([*map(str, [*words, "--half1", tmp_path / "first.mrc"])])
    assert left.value.code == 1
    assert "Give both half maps, or neither." in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main([*map(str, [*words, "--half1", tmp_path / "first.mrc", "--half2", tmp_path / "second.mrc"])])
    said = capsys.readouterr()
    assert not left.value.code, said.err
    told = json.loads(said.out)
    (images,) = told["images"]
    assert images == {"box_size": 64, "pixel_size": 3.09375}
    names = {"reference": told["reference"], "first": told["half_maps"][0], "second": told["half_maps"][1]}
    assert names["reference"] == str(tmp_path / "made_reference.mrc")
    expected = resample(world.truth, pixel_size=PIXEL, new_pixel_size=3.09375, box_size=64)
    for factor, name in enumerate(names.values(), 1):
        with mrcfile.open(name) as file:
            assert file.voxel_size.x == pytest.approx(3.09375, rel=1e-6), "single precision of the header"
            assert np.allclose(file.data, factor * expected, atol=1e-4 * expected.max())
    with mrcfile.open(told["mask"]) as file:
        assert file.data.shape == (64, 64, 64)
        assert (file.data.min(), file.data.max()) == (0, 1)


def test_a_map_without_pixel_size_is_refused_before_particles_are_cut_out(world, capsys, tmp_path):
    mrcfile.write(tmp_path / "map.mrc", world.truth, voxel_size=0.0)
    words = ["tool", "change-box", world.star, "--box", 64, "--pixel-size", PIXEL, "--output", tmp_path / "made"]
    with pytest.raises(SystemExit) as left:
        main([*map(str, words), "--reference", str(tmp_path / "map.mrc")])
    assert left.value.code == 1
    assert "map.mrc does not say its pixel size; give --reference-pixel-size." in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["map.mrc"]


def test_a_run_cuts_from_unbinned_sums_what_was_refined_in_binned_ones(world, make_project):
    """Both imported under the names that their files state, which are the same, so that they are the same movies."""
    project = make_project()
    binned = world.folder / "binned"
    (binned / "old.mrcs").write_bytes((world.folder / "old.mrcs").read_bytes())
    halved = world.table.frame.with_columns(pl.col("x") / 2, pl.col("y") / 2)
    relion.write_particles(binned / "particles.star", world.table.with_frame(halved))
    source = project.add("import-particles", file=binned / "particles.star")
    micrographs = project.add("import-micrographs", file=micrographs_star(world.folder))
    run = project.add(
        "change-box",
        particles=source.outputs["particles"],
        micrographs=micrographs.outputs["micrographs"],
        box_size=64,
        threads=1,
        pixel_size=PIXEL,
    )
    ends = project.drive(source, micrographs, run)
    assert ends[-1].state is RunState.FINISHED, ends[-1].reason
    assert list(run.failed_items()) == []
    frame = run.outputs["particles"].to_polars().sort("id")
    check(world, frame, lambda rows: [mrcfile.read(project.path / f)[i] for f, i in places_of(rows)], 64, PIXEL)


def micrographs_star(folder):
    listed = "".join(f"{name} 1\n" for name in NAMES)
    star = folder / "micrographs.star"
    star.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnVoltage\n_rlnSphericalAberration\n"
        f"_rlnAmplitudeContrast\n_rlnMicrographPixelSize\none 1 300 2.7 0.1 {PIXEL}\n\n"
        f"data_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n{listed}\n"
    )
    return star


def test_a_run_brings_maps_and_masks_along(world, make_project):
    project = make_project()
    mrcfile.write(world.folder / "map.mrc", world.truth, voxel_size=PIXEL, overwrite=True)
    source = project.add("import-particles", file=world.star)
    micrographs = project.add("import-micrographs", file=micrographs_star(world.folder))
    volume = project.add("import-volume", file=world.folder / "map.mrc")
    mask = project.add("create-mask", volumes=volume.outputs["volumes"], shape="sphere", diameter=120.0)
    run = project.add(
        "change-box",
        particles=source.outputs["particles"],
        micrographs=micrographs.outputs["micrographs"],
        reference=volume.outputs["volumes"],
        masks=mask.outputs["masks"],
        box_size=94,
        threads=1,
        pixel_size=PIXEL,
    )
    ends = project.drive(source, micrographs, volume, mask, run)
    assert ends[-1].state is RunState.FINISHED, ends[-1].reason
    (failed,) = run.failed_items()
    assert "leaves the micrograph" in failed.reason
    (row,) = run.outputs["volumes"].to_polars().rows(named=True)
    assert (row["box_size"], row["pixel_size"]) == (94, PIXEL)
    assert mrcfile.read(project.path / row["file"]).shape == (94,) * 3
    (row,) = run.outputs["masks"].to_polars().rows(named=True)
    edges = mrcfile.read(project.path / row["file"])
    assert edges.shape == (94,) * 3
    assert (edges.min(), edges.max()) == (0, 1)
    frame = run.outputs["particles"].to_polars().sort("id")
    assert frame.height == 17
    check(world, frame, lambda rows: [mrcfile.read(project.path / f)[i] for f, i in places_of(rows)], 94, PIXEL)
    assert "90 or 96 px" in run.folder.newest_attempt().log_file.read_text()
    assert predicted(run).seconds > 0
    assert "94 px" in run.methods().text
