"""Particles are cut out again where they were refined to be, and what belongs to them comes along."""

from __future__ import annotations

import json

import mrcfile
import numpy as np
import pytest
from phantom_particles import phantom

from cryoloom.cli.main import main
from cryoloom.data import OpticsGroup, Particle, Table, digest
from cryoloom.engine.maps import resample
from cryoloom.engine.projection import project_volume
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import read_particles, relion, write_image, write_stack
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
        return {one: Source(self.folder / name, name, PIXEL, -1) for one, name in MICROGRAPHS.items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


def places_of(rows):
    return rows.select("file", "index").rows()


def check(world, frame, images_of, box, pixel):
    """The images show the particles at their poses, with the shifts that are told, and are at the true places."""
    reference = resample(world.truth, pixel_size=PIXEL, new_pixel_size=pixel, box_size=box)
    angles = frame.select("rot", "tilt", "psi").to_numpy()
    shifts = frame.select("shift_x", "shift_y").to_numpy()
    expected = project_volume(reference, angles, shifts, pixel_size=pixel)
    for image, one in zip(images_of(frame), expected, strict=True):
        assert image.shape == (box, box)
        middle = slice(box // 2 - 16, box // 2 + 16)  # neighbours come into the corners
        assert np.corrcoef(image[middle, middle].ravel(), one[middle, middle].ravel())[0, 1] > 0.99
    truth = {
        1000 * order + number: place
        for order, places in enumerate(world.places, 1)
        for number, place in enumerate(places)
    }
    places = frame.select("x", "y").to_numpy() - shifts / PIXEL
    assert np.allclose(places, [truth[one] for one in frame["id"]], atol=1e-4)
    assert np.abs(shifts).max() <= 0.5 * PIXEL + 1e-6


def test_particles_are_where_they_were_refined_to_be(world, tmp_path):
    files = {one: tmp_path / f"{one}.mrcs" for one in MICROGRAPHS}
    wanted = Wanted(80, PIXEL)
    made = re_extract(world.table, world.sources, wanted, lambda one: (files[one], files[one].name))
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


def test_particles_that_cannot_be_cut_out_are_listed(world, tmp_path):
    import polars as pl

    unknown = world.table.frame.with_columns(x=pl.when(pl.col("id") == 1003).then(None).otherwise("x"))
    wanted = Wanted(32, None)

    def nowhere(identity):
        return tmp_path / "none", "none"

    some = {FIRST: world.sources[FIRST]}
    made = re_extract(world.table.with_frame(unknown), some, wanted, lambda one: (tmp_path / f"{one}.mrcs", "s"))
    reasons = [one.reason for one in made.left_out]
    assert reasons.count("its micrograph is not there") == EACH
    assert reasons.count("its position is not known") == 1
    with pytest.raises(InputError, match="could be cut out"):
        re_extract(world.table, {}, wanted, nowhere).table(world.table)
    with pytest.raises(InputError, match="do not say where"):
        re_extract(world.table.with_frame(unknown.drop("x")), some, wanted, nowhere)


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


def test_a_run_brings_maps_and_masks_along(world, make_project):
    project = make_project()
    mrcfile.write(world.folder / "map.mrc", world.truth, voxel_size=PIXEL, overwrite=True)
    listed = "".join(f"{name} 1\n" for name in NAMES)
    (world.folder / "micrographs.star").write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnVoltage\n_rlnSphericalAberration\n"
        f"_rlnAmplitudeContrast\n_rlnMicrographPixelSize\none 1 300 2.7 0.1 {PIXEL}\n\n"
        f"data_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n{listed}\n"
    )
    source = project.add("import-particles", file=world.star)
    micrographs = project.add("import-micrographs", file=world.folder / "micrographs.star")
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
