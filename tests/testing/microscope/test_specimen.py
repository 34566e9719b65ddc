import subprocess
from dataclasses import replace
from shutil import which

import numpy as np
import pytest
from scipy import ndimage, stats

from cryoloom.errors import NotFoundError, ParameterError
from cryoloom.testing.microscope import SPECIMENS, Specimen, load_specimen, pseudoprotein
from cryoloom.testing.microscope._scattering import VOLT_SQUARE_ANGSTROM, net_form_factor
from cryoloom.testing.microscope._structures import coordinate_digest
from cryoloom.testing.microscope._symmetry import frame_of, group_operators, superpose


def correlation(first, second):
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


def turned(specimen, matrix):
    return replace(specimen, positions=specimen.positions @ matrix.T.astype(np.float32))


def test_the_pseudoprotein_is_always_the_same():
    # Its coordinates decide every figure measured on it.
    assert coordinate_digest(pseudoprotein()).startswith("d4b5bd13f3")


def test_the_pseudoprotein_weighs_and_is_composed_as_protein_is():
    specimen = pseudoprotein()
    assert specimen.molecular_mass == pytest.approx(440_000.0, rel=0.05)
    kinds, counts = np.unique(specimen.elements, return_counts=True)
    shares = dict(zip(kinds, counts / counts.sum(), strict=True))
    # Non-hydrogen atoms of an average protein: C 63 %, N 17 %, O 19 %, S 0.5 %.
    assert shares == pytest.approx({"C": 0.63, "N": 0.17, "O": 0.19, "S": 0.005}, abs=0.03)


def test_the_pseudoprotein_is_as_dense_as_protein_and_two_volts_above_ice():
    specimen = pseudoprotein()
    density = ndimage.gaussian_filter(specimen.density_map(112, 2.0), 2.0)
    inside = density > 1.0  # half of the wanted contrast
    volume = inside.sum() * 2.0**3
    # Real proteins (T20S, apoferritin) measure 0.81 and 0.79 Da/Å³ in this way, their surfaces blurred by 4 Å.
    assert specimen.molecular_mass / volume == pytest.approx(0.81, rel=0.15)
    assert density[ndimage.binary_erosion(inside, iterations=4)].mean() == pytest.approx(2.0, abs=0.35)


def test_the_pseudoprotein_reaches_out_and_has_three_equal_parts_and_a_hand():
    specimen = pseudoprotein()
    radius = np.linalg.norm(specimen.positions[:, :2], axis=1)
    assert np.quantile(radius, 0.1) < 30.0
    assert np.quantile(radius, 0.99) > 80.0
    density = specimen.density_map(72, 3.0)
    for operator in group_operators("C3")[1:]:
        assert correlation(density, turned(specimen, operator).density_map(72, 3.0)) > 0.9999
    # No turn about Z makes it its mirror image, even at 10 Å.
    blurred = ndimage.gaussian_filter(density, 1.5)
    mirrored = ndimage.gaussian_filter(turned(specimen, np.diag([1.0, -1.0, 1.0])).density_map(72, 3.0), 1.5)
    turns = [ndimage.rotate(mirrored, angle, axes=(1, 2), reshape=False, order=1) for angle in range(0, 120, 5)]
    assert max(correlation(blurred, one) for one in turns) < 0.8


def test_the_pseudoprotein_has_structure_at_ten_and_at_five_angstrom():
    """Rods 10 Å apart and strands 4.8 Å apart stand out from what a random cloud of the same atoms would give."""
    specimen = pseudoprotein()
    random = np.random.default_rng(1)
    cloud = replace(
        specimen, positions=specimen.positions + random.normal(0.0, 4.0, specimen.positions.shape).astype(np.float32)
    )
    powers = [shell_power(one.density_map(112, 2.0), 2.0) for one in (specimen, cloud)]
    for resolution in (10.0, 4.8):
        assert np.interp(1.0 / resolution, *powers[0]) > 1.5 * np.interp(1.0 / resolution, *powers[1])


def shell_power(density, pixel_size):
    size = density.shape[0]
    power = np.abs(np.fft.rfftn(density)) ** 2
    full, half = np.fft.fftfreq(size, pixel_size), np.fft.rfftfreq(size, pixel_size)
    radius = np.sqrt(full[:, None, None] ** 2 + full[:, None] ** 2 + half**2)
    edges = np.arange(0.01, 0.25, 0.01)
    mean = stats.binned_statistic(radius.ravel(), power.ravel(), "mean", edges).statistic
    return 0.5 * (edges[1:] + edges[:-1]), mean


def test_a_density_map_is_the_sum_of_its_atoms():
    specimen = Specimen(
        "two", "C1", np.array([[0.0, 0.0, 0.0], [5.3, -8.6, 12.2]], dtype=np.float32), np.array(["C", "O"])
    )
    density = specimen.density_map(32, 2.0)
    spectrum = np.fft.rfftn(np.fft.ifftshift(density)) * 2.0**3
    full, half = np.fft.fftfreq(32, 2.0), np.fft.rfftfreq(32, 2.0)
    z, y, x = np.meshgrid(full, full, half, indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    seen = radius < 0.24
    waves = np.exp(-2j * np.pi * (5.3 * x - 8.6 * y + 12.2 * z))
    expected = net_form_factor("C", radius[seen]) + net_form_factor("O", radius[seen]) * waves[seen]
    # Cubic splines on half the pixel size leave aliases of at most (0.25 / 0.75)⁴ = 1.2 % near Nyquist.
    assert np.abs(spectrum[seen] / VOLT_SQUARE_ANGSTROM - expected).max() < 0.02 * np.abs(expected).max()


def test_the_second_conformation_differs_where_it_should():
    specimen = pseudoprotein()
    moved = np.linalg.norm(specimen.second_conformation - specimen.positions, axis=1)
    lower = specimen.positions[:, 2] < np.median(specimen.positions[:, 2])
    assert np.all(moved[lower] < 1e-3)
    assert moved.max() > 8.0
    assert np.linalg.norm(specimen.second_conformation, axis=1) == pytest.approx(
        np.linalg.norm(specimen.positions, axis=1), rel=1e-5
    )


@pytest.mark.parametrize(("name", "count"), [("C1", 1), ("C3", 3), ("D7", 14), ("O", 24)])
def test_point_groups_have_their_operators(name, count):
    operators = group_operators(name)
    assert len(operators) == count
    assert np.allclose(np.linalg.det(operators), 1.0)
    for first in operators:
        for second in operators:
            assert np.abs(operators - first @ second).max(axis=(1, 2)).min() < 1e-6


@pytest.mark.skipif(which("relion_refine") is None, reason="needs RELION")
@pytest.mark.parametrize("name", ["C3", "D7", "O"])
def test_point_groups_are_relions(name):
    command = ["relion_refine", "--sym", name, "--print_symmetry_ops"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    numbers = [line.split() for line in printed.splitlines()]
    rows = np.array([[float(word) for word in words] for words in numbers if len(words) == 3 and is_numeric(words)])
    theirs = rows.reshape(-1, 3, 3)
    ours = group_operators(name)
    for operator in theirs:
        assert np.abs(ours - operator).max(axis=(1, 2)).min() < 1e-4
    for operator in ours:
        assert np.abs(theirs - operator).max(axis=(1, 2)).min() < 1e-4


def is_numeric(words):
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True


def test_a_frame_is_found_from_chains_that_were_turned():
    random = np.random.default_rng(3)
    for name in ("D7", "O"):
        turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
        turn *= np.linalg.det(turn)
        operators = turn @ group_operators(name) @ turn.T
        frame = frame_of(operators, name)
        back = frame @ operators @ frame.T
        assert max(np.abs(group_operators(name) - one).max(axis=(1, 2)).min() for one in back) < 1e-9
        assert np.linalg.det(frame) == pytest.approx(1.0)


def test_chains_of_another_symmetry_are_refused():
    with pytest.raises(ParameterError):
        frame_of(group_operators("D5"), "D7")


def test_superposition_finds_the_rotation():
    random = np.random.default_rng(4)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    points = random.normal(size=(20, 3))
    assert superpose(points, points @ turn.T + 7.0) == pytest.approx(turn)


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(ParameterError, match="pseudoprotein, t20s"):
        load_specimen("ribosome")
    with pytest.raises(ParameterError, match="needs the folder"):
        load_specimen("groel")
    with pytest.raises(NotFoundError, match="1oel"):
        load_specimen("groel", tmp_path)


@pytest.mark.parametrize("name", [name for name in SPECIMENS if name != "pseudoprotein"])
def test_specimens_from_models_have_their_symmetry_about_the_map_s_axes(name, test_data):
    specimen = load_specimen(name, test_data / "structures")
    density = specimen.density_map(72, 3.0)
    for operator in group_operators(specimen.symmetry)[1:]:
        assert correlation(density, turned(specimen, operator).density_map(72, 3.0)) > 0.99


def test_groel_has_fourteen_chains_and_is_as_large_as_its_crystal(test_data):
    specimen = load_specimen("groel", test_data / "structures")
    # 14 × 524 residues of 57 kDa; 137 Å across and 146 Å high (Braig et al. 1994, Nature 371:578).
    assert specimen.molecular_mass == pytest.approx(14 * 55_000.0, rel=0.05)
    x, _, z = specimen.positions.T
    assert np.ptp(x) == pytest.approx(140.0, abs=12.0)
    assert np.ptp(z) == pytest.approx(146.0, abs=12.0)


def test_the_c3_body_has_the_mass_and_reach_that_it_should(test_data):
    specimen = load_specimen("c3-body", test_data / "structures")
    assert specimen.molecular_mass == pytest.approx(440_000.0, rel=0.05)
    radius = np.linalg.norm(specimen.positions[:, :2], axis=1)
    assert np.quantile(radius, 0.1) < 30.0
    assert np.quantile(radius, 0.99) > 80.0
