"""Particles as the engine takes them: what the images become, what is refused, what is left out, what comes back."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import polars as pl
import pytest

from cryoloom.data import OpticsGroup, Particle, Table, half_set_of
from cryoloom.engine.fourier import resample_images
from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.engine.maps import soft_sphere
from cryoloom.engine.projection import project_volume
from cryoloom.errors import InputError, ParameterError
from cryoloom.formats import relion
from cryoloom.protocols.particle_images import (
    check_halves,
    common_grid,
    load_particles,
    read_particle_file,
    with_half_sets,
    with_poses,
    without_duplicates,
)

BOX, PIXEL, COUNT = 32, 4.0, 6
OPTICS = OpticsGroup.describe(name="one", voltage=300.0, spherical_aberration=2.7, amplitude_contrast=0.1)
IMAGES = np.random.default_rng(1).normal(size=(COUNT, BOX, BOX)).astype(np.float32)


def write_mrc(path: Path, array: np.ndarray) -> None:
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(array)
        file.voxel_size = PIXEL


def particle(index: int, **values: object) -> Particle:
    known = {
        "id": 100 + index,
        "file": "a.mrcs",
        "index": index,
        "pixel_size": PIXEL,
        "box_size": BOX,
        "defocus_u": 1.5e4,
        "defocus_v": 1.4e4,
        "defocus_angle": 30.0,
    }
    return Particle(**known | values).with_optics(OPTICS)


def table_of(*particles: Particle) -> Table:
    return Table.of(particles or [particle(index) for index in range(COUNT)], "particles")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_mrc(tmp_path / "a.mrcs", IMAGES)
    return tmp_path


def load(folder: Path, table: Table, **more: object):
    return load_particles(table, lambda name: folder / name, diameter=100.0, **more)


def test_images_optics_and_columns_are_those_of_the_table(folder):
    rows = [particle(index, rot=10.0 * index, tilt=20.0, psi=30.0, shift_x=1.5, half_set=2) for index in (4, 1, 2)]
    loaded = load(folder, table_of(*rows))
    assert np.array_equal(loaded.images.images, IMAGES[[4, 1, 2]])
    assert loaded.ids.tolist() == [104, 101, 102]
    assert loaded.half_sets.tolist() == [2, 2, 2]
    assert loaded.angles.tolist() == [[40.0, 20.0, 30.0], [10.0, 20.0, 30.0], [20.0, 20.0, 30.0]]
    assert loaded.shifts.tolist() == [[1.5, 0.0]] * 3
    assert loaded.images.optics.group.tolist() == [0, 0, 0]
    assert loaded.images.pixel_size == PIXEL
    assert loaded.left_out == loaded.remarks == ()


def test_each_group_keeps_its_microscope(folder):
    tilted = OpticsGroup.describe(
        name="two",
        voltage=200.0,
        spherical_aberration=1.4,
        amplitude_contrast=0.08,
        beam_tilt_x=0.3,
        odd_zernike=(0.0, 0.1),
        even_zernike=(0.2,),
        magnification_matrix=(1.01, 0.0, 0.0, 0.99),
    )
    rows = [particle(0), particle(1).with_optics(tilted), particle(2, phase_shift=40.0)]
    optics = load(folder, table_of(*rows)).images.optics
    one, two = (optics.groups[number] for number in optics.group[:2])
    assert optics.group[0] == optics.group[2] != optics.group[1]
    assert (one.voltage, one.beam_tilt, one.odd_zernike) == (300.0, (0.0, 0.0), ())
    assert (two.voltage, two.spherical_aberration, two.amplitude_contrast) == (200.0, 1.4, 0.08)
    assert (two.beam_tilt, two.odd_zernike, two.even_zernike) == ((0.3, 0.0), (0.0, 0.1), (0.2,))
    assert two.magnification == (1.01, 0.0, 0.0, 0.99)
    assert optics.phase_shift.tolist() == [0.0, 0.0, 40.0]


def test_micrographs_are_numbered_within_their_optics_groups(folder):
    other = OpticsGroup.describe(name="other", voltage=200.0, spherical_aberration=2.7, amplitude_contrast=0.1)
    of = [(70, OPTICS), (50, OPTICS), (70, OPTICS), (50, other), (0, OPTICS), (0, other)]
    rows = [particle(i, micrograph_id=name).with_optics(group) for i, (name, group) in enumerate(of)]
    optics = load_particles(table_of(*rows), folder.joinpath, diameter=None).images.optics
    # Micrograph 50 counts once in each group, and so do particles whose micrograph is not known.
    together = optics.micrographs[:, None] == optics.micrographs
    same = np.array([[one == other for one in of] for other in of])
    assert np.array_equal(together, same)
    assert sorted(set(optics.micrographs)) == [0, 1, 2, 3, 4]
    assert np.array_equal(optics.group_of_micrograph[optics.micrographs], optics.group)
    table = table_of()
    unknown = load_particles(
        table.with_frame(table.frame.drop("micrograph_id", strict=False)), folder.joinpath, diameter=None
    )
    assert unknown.images.optics.micrographs.tolist() == [0] * COUNT


def test_dark_protein_becomes_white(folder):
    loaded = load(folder, table_of(particle(0, contrast_sign=-1), particle(1)))
    assert np.array_equal(loaded.images.images, [-IMAGES[0], IMAGES[1]])


def test_groups_of_other_sizes_come_to_the_finest_grid_that_all_have(folder):
    fine = np.random.default_rng(2).normal(size=(2, 80, 80)).astype(np.float32)
    write_mrc(folder / "fine.mrcs", fine)
    rows = [particle(0), particle(1, id=7, file="fine.mrcs", pixel_size=2.0, box_size=80)]
    loaded = load(folder, table_of(*rows))
    assert (loaded.images.box_size, loaded.images.pixel_size) == (32, 4.0)  # coarser pixels, narrower width
    assert np.array_equal(loaded.images.images[0], IMAGES[0])
    assert loaded.images.images[1] == pytest.approx(resample_images(fine[1:], 2.0, 32, 4.0)[0])
    assert "32 px of 4.000 Å" in loaded.remarks[0]
    asked = load(folder, table_of(*rows), box_size=24)
    assert (asked.images.box_size, asked.images.pixel_size) == (24, pytest.approx(128 / 24))


def test_grids_that_are_asked_for():
    assert common_grid([(64, 3.0)]) == common_grid([(64, 3.0)], box_size=64)
    assert common_grid([(65, 3.0)]).box_size == 65  # nothing has to be done, so nothing is
    assert common_grid([(64, 3.0)], pixel_size=6.0).box_size == 32
    assert common_grid([(64, 3.0), (101, 2.0)]).box_size == 64
    with pytest.raises(ParameterError, match="even"):
        common_grid([(64, 3.0)], box_size=33)


@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_damaged_images_and_particles_without_ctf_are_left_out_and_listed(folder):
    images = IMAGES.copy()
    images[1, 3, 3], images[2] = np.nan, 0.5
    write_mrc(folder / "a.mrcs", images)
    rows = [particle(index) for index in range(COUNT)]
    rows[4] = replace(rows[4], defocus_u=None)
    loaded = load(folder, table_of(*rows))
    assert loaded.ids.tolist() == [100, 103, 105]
    assert np.array_equal(loaded.images.images, IMAGES[[0, 3, 5]])
    assert len(loaded.images.optics) == 3
    reasons = {each.label: each.reason for each in loaded.left_out}
    assert "CTF" in reasons["000005@a.mrcs"]
    assert "finite" in reasons["000002@a.mrcs"]
    assert "empty" in reasons["000003@a.mrcs"]
    assert len(loaded.remarks) == 3


@pytest.mark.filterwarnings("ignore:Data array contains NaN")
def test_what_concerns_the_whole_set_is_refused_before_anything_is_read(folder):
    without_ctf = [particle(index, defocus_u=None, defocus_v=None, defocus_angle=None) for index in range(2)]
    with pytest.raises(InputError, match="no CTF"):
        load(folder, table_of(*without_ctf))
    with pytest.raises(InputError, match="2 of 3 stacks of particles are missing: .*gone.mrcs"):
        load(folder, table_of(particle(0), particle(1, file="gone.mrcs"), particle(2, file="lost.mrcs")))
    with pytest.raises(InputError, match="holds 6 images, but image 10 is asked for"):
        load(folder, table_of(particle(9)))
    with pytest.raises(InputError, match="said to have 48"):
        load(folder, table_of(particle(0, box_size=48)))
    assert load_particles(table_of(), lambda name: folder / name, diameter=None).images.diameter == BOX * PIXEL
    with pytest.raises(InputError, match="diameter of 300 Å"):
        load_particles(table_of(), lambda name: folder / name, diameter=300.0)
    with pytest.raises(InputError, match="voltage"):
        load(folder, replace(table_of(), optics_groups={}))
    with pytest.raises(InputError, match="no particles"):
        load(folder, table_of().with_frame(table_of().frame[:0]))
    write_mrc(folder / "a.mrcs", np.full_like(IMAGES, np.nan))
    with pytest.raises(InputError, match="None of the 6 particles"):
        load(folder, table_of())


def test_what_does_not_fit_into_memory_is_mapped_from_a_file(folder):
    with pytest.raises(InputError, match="smaller box"):
        load(folder, table_of(), memory=1000)
    before = sorted(folder.iterdir())
    loaded = load(folder, table_of(), memory=1000, scratch=folder)
    assert isinstance(loaded.images.images, np.memmap)
    assert "they lie in a scratch file" in loaded.remarks[-1]
    assert np.array_equal(loaded.images.images, IMAGES)
    assert sorted(folder.iterdir()) == before  # the file has no name, and is gone however the program ends


def test_halves_are_drawn_once_and_kept(folder):
    mixed = table_of(particle(0, half_set=2), particle(1), particle(2, half_set=1), particle(3))
    halves = with_half_sets(mixed).frame["half_set"].to_list()
    assert halves == [2, half_set_of(101), 1, half_set_of(103)]
    loaded = load(folder, mixed)
    assert loaded.half_sets.tolist() == halves
    assert with_half_sets(loaded.table) is loaded.table
    with pytest.raises(InputError, match="hold 0 and 3"):
        check_halves(np.array([2, 2, 2]))


def test_of_two_that_are_the_same_the_better_is_kept(folder):
    """Pixels of the micrograph are 2 Å, so 100 and 104 px are 8 Å apart; a shift of 6 Å brings them to 2 Å."""
    here = {"micrograph_id": 5, "x": 100.0, "y": 50.0}
    rows = [
        particle(0, **here, score=1.0),
        particle(1, **here | {"x": 104.0}, score=3.0),
        particle(2, **here | {"micrograph_id": 6}, score=0.5),
        particle(3, **here | {"x": 140.0}, score=0.1),
        particle(3, id=900, **here | {"x": 140.0}, score=0.1),
        particle(4, **here | {"x": 108.0}, score=0.0),
    ]
    # 101 is the best of three in a row; 104 lies near 101 only, and 900 is the image of 103
    found = without_duplicates(table_of(*rows), 10.0, micrograph_pixel_size=2.0)
    assert found.kept.frame["id"].to_list() == [101, 102, 103]
    assert [each.id for each in found.removed] == [100, 900, 104]
    assert load(folder, table_of(*rows[2:5]), duplicates_within=5.0).ids.tolist() == [102, 103]
    images_only = without_duplicates(table_of(*rows), 0.0)
    assert [each.id for each in images_only.removed] == [900]
    near = table_of(*(replace(row, shift_x=6.0 if row.id == 101 else 0.0) for row in rows[:2]))
    assert len(without_duplicates(near, 5.0, micrograph_pixel_size=2.0).kept) == 1
    assert len(without_duplicates(table_of(*rows[:2]), 5.0, micrograph_pixel_size=2.0).kept) == 2
    blind = without_duplicates(table_of(*rows), 10.0)
    assert [each.id for each in blind.removed] == [900]
    assert "pixel size of the micrographs is not known" in blind.remarks[0]
    # Movies in super-resolution may have been binned, so the detector's pixel is not the micrograph's.
    known = {"name": "one", "voltage": 300.0, "spherical_aberration": 2.7, "amplitude_contrast": 0.1}
    movie, micrograph = (
        OpticsGroup.describe(**known, detector_pixel_size=1.0, extra=extra)
        for extra in ({}, {"rlnMicrographPixelSize": 2.0})
    )
    found_by = [
        without_duplicates(table_of(*(row.with_optics(group) for row in rows)), 10.0) for group in (movie, micrograph)
    ]
    assert found_by[0].removed == blind.removed
    assert found_by[0].remarks == blind.remarks
    assert found_by[1].removed == found.removed
    of_each = without_duplicates(table_of(*rows), 10.0, micrograph_pixel_size={5: 2.0, 6: 1.0})
    assert of_each.removed == found.removed
    write_mrc(folder / "m.mrc", np.zeros((8, 8), np.float32))  # of 4 Å pixels, by its header
    named = table_of(*(replace(row, micrograph_file="m.mrc") for row in rows[:2]))
    assert len(without_duplicates(named, 10.0, resolve=lambda name: folder / name).kept) == 2
    assert len(without_duplicates(named, 17.0, resolve=lambda name: folder / name).kept) == 1


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    """A map of 40 Gaussians with no symmetry."""
    random = np.random.default_rng(3)
    z, y, x = np.meshgrid(*[np.arange(BOX) - BOX // 2] * 3, indexing="ij")
    volume = np.zeros((BOX,) * 3)
    for centre in random.normal(0, 4.0, (40, 3)):
        volume += np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) / 4.0)
    return volume.astype(np.float32)


@pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="RELION is not installed")
def test_relion_makes_the_map_of_the_poses_that_we_write(folder, blobs):
    """Images of known poses, loaded from a STAR file without poses, given theirs, and reconstructed by RELION."""
    random = np.random.default_rng(4)
    angles = np.column_stack(
        [random.uniform(-180, 180, 300), np.degrees(np.arccos(random.uniform(-1, 1, 300))), random.uniform(0, 360, 300)]
    )
    shifts = random.uniform(-12.0, 12.0, (300, 2))
    write_mrc(folder / "a.mrcs", project_volume(blobs, angles, shifts, pixel_size=PIXEL))
    star = folder / "particles.star"
    relion.write_particles(star, table_of(*(particle(index) for index in range(300))))
    given = read_particle_file(star)
    loaded = load_particles(given.table, given.resolve, diameter=100.0)
    relion.write_particles(folder / "posed.star", with_poses(loaded.table, angles, shifts))
    command = ["relion_reconstruct", "--i", "posed.star", "--o", "map.mrc", "--angpix", str(PIXEL)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    made = mrcfile.read(folder / "map.mrc")
    curve = fourier_shell_correlation(made, blobs, pixel_size=PIXEL, mask=soft_sphere(BOX, 12, 3))
    assert curve.correlation[1:12].min() > 0.95  # a wrong sign or axis leaves nothing
    back = read_particle_file(folder / "posed.star").table.frame
    assert back["half_set"].to_list() == loaded.half_sets.tolist()
    assert back["id"].to_list() == loaded.ids.tolist()


def test_a_star_file_below_its_project_and_one_of_the_old_layout(folder):
    star = folder / "Refine3D" / "job001" / "particles.star"
    star.parent.mkdir(parents=True)
    relion.write_particles(star, table_of(*(particle(index, half_set=1 + index % 2) for index in range(COUNT))))
    given = read_particle_file(star)
    loaded = load_particles(given.table, given.resolve, diameter=100.0)
    assert np.array_equal(loaded.images.images, IMAGES)
    assert loaded.half_sets.tolist() == [1, 2] * 3
    old = folder / "old.star"
    lines = ["data_", "loop_", "_rlnImageName", "_rlnDefocusU", "_rlnDefocusV", "_rlnDefocusAngle", "_rlnVoltage"]
    lines += ["_rlnSphericalAberration", "_rlnAmplitudeContrast", "_rlnMagnification", "_rlnDetectorPixelSize"]
    lines += ["_rlnOriginX", "_rlnRandomSubset"]
    lines += [f"{index + 1}@a.mrcs 15000 14000 30 300 2.7 0.1 10000 4.0 {index} 2" for index in range(COUNT)]
    old.write_text("\n".join(lines) + "\n")
    given = read_particle_file(old)
    loaded = load_particles(given.table, given.resolve, diameter=100.0)
    assert loaded.shifts[:, 0] == pytest.approx(PIXEL * np.arange(COUNT))
    assert set(loaded.half_sets) == {2}


def test_frames_with_nothing_known_beside_the_images(folder):
    """A snapshot of a set has all columns, some of them empty."""
    full = table_of().frame.with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("phase_shift", "rot", "tilt", "psi", "shift_x", "score")
    )
    loaded = load(folder, table_of().with_frame(full))
    assert loaded.angles is None
    assert not loaded.shifts.any()
    assert len(without_duplicates(table_of().with_frame(full), 10.0).kept) == COUNT
