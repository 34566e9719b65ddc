"""Picking with nothing but the diameter known, against the simulated truth and on a real micrograph."""

import bz2
import shutil
import subprocess

import numpy as np
import pytest

from cryoloom.engine.picking import pick_particles
from cryoloom.errors import ParameterError
from cryoloom.testing.microscope import Tier

from .conftest import PIXEL_SIZE, expose, hold_against_truth, with_random_phases

REAL_PIXEL_SIZE, REAL_DIAMETER = 0.8538, 150.0


def pick(field, **changes):
    settings = {"diameter": field.diameter, "pixel_size": PIXEL_SIZE} | changes
    return pick_particles(field.image, **settings)


def test_finds_and_centres_the_particles_of_an_easy_field(easy_field):
    match = hold_against_truth(pick(easy_field).coordinates, easy_field)
    assert match.recall >= 0.95
    assert match.precision >= 0.95
    assert match.centre_error <= 0.065  # the line of 0.05 is for a session; a field of 30 particles teaches less


def test_finds_the_intact_among_the_broken_and_leaves_contaminants_alone(standard_field):
    picks = pick(standard_field)
    match = hold_against_truth(picks.coordinates, standard_field)
    assert match.recall >= 0.85  # the line is 0.90 over a session; three particles of 30 make a tenth
    assert match.precision >= 0.85
    assert match.contaminated <= 0.05
    assert 0.005 < picks.excluded_share < 0.5


@pytest.mark.full
@pytest.mark.parametrize("seed", [101, 102, 103])
@pytest.mark.parametrize(("tier", "recall", "precision"), [(Tier.EASY, 0.95, 0.95), (Tier.STANDARD, 0.90, 0.85)])
def test_ten_whole_micrographs(tier, recall, precision, seed):
    fields = (expose(tier, seed, number=number, size=1536) for number in range(1, 11))
    matches = [hold_against_truth(pick(field).coordinates, field) for field in fields]
    match = sum(matches[1:], matches[0])
    assert match.recall >= recall
    assert match.precision >= precision
    assert match.contaminated <= 0.05
    if tier is Tier.EASY:  # where no neighbour, no gradient of the ice and no broken rest draws a centre aside
        assert match.centre_error <= 0.05


@pytest.mark.full
@pytest.mark.parametrize("seed", [111, 112, 113])
def test_finds_next_to_nothing_on_a_whole_empty_micrograph(seed):
    assert len(pick(expose(Tier.EASY, seed, size=1536, particle_count=0)).coordinates) <= 5


@pytest.mark.parametrize("error", [0.8, 1.2])
def test_tolerates_a_diameter_that_is_a_fifth_off(easy_field, error):
    match = hold_against_truth(pick(easy_field, diameter=error * easy_field.diameter).coordinates, easy_field)
    assert match.recall >= 0.9
    assert match.precision >= 0.9


def test_finds_next_to_nothing_where_there_is_nothing(empty_field):
    assert len(pick(empty_field).coordinates) <= 5


def test_finds_next_to_nothing_once_phases_are_random(easy_field):
    found = len(pick(easy_field).coordinates)
    scrambled = pick_particles(
        with_random_phases(easy_field.image), diameter=easy_field.diameter, pixel_size=PIXEL_SIZE
    )
    assert len(scrambled.coordinates) <= 0.25 * found


def test_keeps_particles_apart_and_off_the_edge(standard_field):
    picks = pick(standard_field)
    diameter = standard_field.diameter_in_pixels
    distance = np.hypot(*(picks.coordinates[:, None] - picks.coordinates[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    # Positions between pixels may be half a working pixel nearer than the whole ones that the rule is applied to.
    assert distance.min() > 0.7 * diameter - diameter / 16 * np.sqrt(2)
    assert picks.coordinates.min() > 0.5 * diameter - diameter / 16
    assert (np.array(standard_field.image.shape[::-1]) - picks.coordinates).min() > 0.5 * diameter - diameter / 16


def test_contrast_scale_and_offset_do_not_matter(easy_field):
    picks = pick(easy_field)
    changed = pick_particles(
        -3.0 * easy_field.image.astype(np.float64) + 700,
        diameter=easy_field.diameter,
        pixel_size=PIXEL_SIZE,
        contrast_sign=1,
    )
    assert changed.coordinates == pytest.approx(picks.coordinates, abs=0.2)
    assert changed.scores == pytest.approx(picks.scores, rel=0.01, abs=0.1)


def test_threads_and_repetition_change_nothing(easy_field):
    first, second = pick(easy_field), pick(easy_field, threads=2)
    assert np.array_equal(first.coordinates, second.coordinates)
    assert np.array_equal(first.scores, second.scores)


def test_the_share_that_is_done_is_reported(easy_field):
    shares = []
    pick(easy_field, report=shares.append)
    assert shares == sorted(set(shares))
    assert len(shares) > 3
    assert 0 < shares[0] < shares[-1] < 1


def test_hot_pixels_are_no_particles(empty_field):
    image = empty_field.image.copy()
    random = np.random.default_rng(5)
    image[random.integers(0, 1000, 200), random.integers(0, 1000, 200)] = 1e5
    image[random.integers(0, 1000, 200), random.integers(0, 1000, 200)] = 0
    assert len(pick_particles(image, diameter=empty_field.diameter, pixel_size=PIXEL_SIZE).coordinates) <= 5


def test_a_blank_micrograph_gives_nothing():
    assert len(pick_particles(np.full((600, 600), 7.0), diameter=150, pixel_size=2).coordinates) == 0


@pytest.mark.parametrize(
    ("image", "settings", "says"),
    [
        (np.zeros((3, 64, 64)), {}, "two axes"),
        (np.full((400, 400), np.nan), {}, "not numbers"),
        (np.zeros((400, 400)), {"diameter": -3.0}, "must be positive"),
        (np.zeros((400, 400)), {"pixel_size": 0.5}, "too large for a micrograph of 200 × 200 Å"),
    ],
)
def test_refuses_what_cannot_be_picked(image, settings, says):
    with pytest.raises(ParameterError, match=says):
        pick_particles(image, **{"diameter": 150.0, "pixel_size": 2.0} | settings)


@pytest.fixture(scope="module")
def real_micrograph(test_data, tmp_path_factory):
    import mrcfile

    path = tmp_path_factory.mktemp("real") / "fei-extended.mrc"
    path.write_bytes(bz2.decompress((test_data / "micrographs" / "fei-extended.mrc.bz2").read_bytes()))
    with mrcfile.open(path, permissive=True) as file:
        return file.data.astype(np.float32)


def test_real_micrograph_gives_particles_and_its_phase_randomised_copy_does_not(real_micrograph):
    picks = pick_particles(real_micrograph, diameter=REAL_DIAMETER, pixel_size=REAL_PIXEL_SIZE)
    assert 100 < len(picks.coordinates) < 200  # about 140 by eye
    assert picks.excluded_share < 0.02  # it is clean
    scrambled = pick_particles(with_random_phases(real_micrograph), diameter=REAL_DIAMETER, pixel_size=REAL_PIXEL_SIZE)
    assert len(scrambled.coordinates) <= 0.25 * len(picks.coordinates)


@pytest.mark.skipif(shutil.which("relion_autopick") is None, reason="relion_autopick is not installed")
def test_relion_finds_the_same_particles_in_the_real_micrograph(real_micrograph, tmp_path):
    import mrcfile
    import starfile

    mrcfile.write(tmp_path / "real.mrc", real_micrograph, voxel_size=REAL_PIXEL_SIZE)
    names = ["OpticsGroupName", "OpticsGroup", "MicrographPixelSize", "Voltage", "SphericalAberration"]
    header = "\ndata_optics\n\nloop_\n" + "".join(f"_rln{name}\n" for name in [*names, "AmplitudeContrast"])
    table = "\ndata_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\nreal.mrc 1\n"
    (tmp_path / "micrographs.star").write_text(f"{header}one 1 {REAL_PIXEL_SIZE} 300 2.7 0.1\n{table}")
    subprocess.run(
        ["relion_autopick", "--i", "micrographs.star", "--odir", "log/", "--pickname", "log", "--LoG",
         "--LoG_diam_min", "130", "--LoG_diam_max", "180", "--shrink", "0", "--lowpass", "20"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    table = starfile.read(tmp_path / "log" / "real_log.star")
    theirs = table[["rlnCoordinateX", "rlnCoordinateY"]].to_numpy()
    ours = pick_particles(real_micrograph, diameter=REAL_DIAMETER, pixel_size=REAL_PIXEL_SIZE).coordinates

    def inside(positions):  # RELION picks nearer to the edge than half a diameter, which we do not
        margin = (REAL_DIAMETER / 2 + REAL_DIAMETER / 16) / REAL_PIXEL_SIZE
        limits = np.array(real_micrograph.shape[::-1]) - 1 - margin
        return positions[((positions > margin) & (positions < limits)).all(axis=1)]

    ours, theirs = inside(ours), inside(theirs)
    near = np.hypot(*(ours[:, None] - theirs[None]).transpose(2, 0, 1)) * REAL_PIXEL_SIZE < REAL_DIAMETER / 4
    assert near.any(axis=1).mean() >= 0.7
    assert near.any(axis=0).mean() >= 0.7


def test_finds_particles_that_crowd_the_field_in_strong_contrast():
    """A third of the area is particle, far above the noise: the noise cannot be told from the whole of the image."""
    random = np.random.default_rng(8)
    image = random.normal(30, 3, (900, 900)).astype(np.float32)
    y, x = np.mgrid[-30:31, -30:31]
    particle = (np.hypot(y, x) < 25) * (2 + np.cos(0.35 * np.hypot(y, x - 6)))
    centres = [(row, column) for row in range(60, 860, 72) for column in range(60, 860, 72)]
    for row, column in centres:
        image[row - 30 : row + 31, column - 30 : column + 31] -= 2 * particle.astype(np.float32)
    picks = pick_particles(image, diameter=100.0, pixel_size=2.0).coordinates
    distance = np.hypot(*(picks[:, None] - np.array(centres)[None, :, ::-1]).transpose(2, 0, 1)) / 50
    assert (distance.min(axis=0) < 0.2).mean() >= 0.95
    assert (distance.min(axis=1) < 0.2).mean() >= 0.95
