"""Fourier shell correlation against its definition, theory and RELION."""

import shutil
import subprocess

import numpy as np
import pytest

from cryoloom.engine.fsc import fourier_shell_correlation
from cryoloom.errors import ParameterError


def correlation_by_definition(first, second):
    """The sum over the *full* transform, shell by shell, without any symmetry used."""
    a, b = np.fft.fftn(first), np.fft.fftn(second)
    k = np.meshgrid(*[np.fft.fftfreq(n) * n for n in first.shape], indexing="ij")
    shell = np.floor(np.sqrt(sum(x**2 for x in k)) + 0.5).astype(int)
    return [
        (a[shell == s] * b[shell == s].conj()).sum().real
        / np.sqrt((abs(a[shell == s]) ** 2).sum() * (abs(b[shell == s]) ** 2).sum())
        for s in range(first.shape[0] // 2 + 1)
    ]


@pytest.mark.parametrize("shape", [(16, 16), (17, 17), (16, 16, 16), (15, 15, 15)])
def test_equals_the_sum_over_the_full_transform(shape):
    random = np.random.default_rng(1)
    first, noise = random.normal(size=(2, *shape))
    second = first + noise
    curve = fourier_shell_correlation(first, second, pixel_size=2.0)
    expected = correlation_by_definition(first, second)
    # Only the last shell of an even box holds Nyquist coefficients, which are their own mates.
    shells = slice(0, -1 if shape[0] % 2 == 0 else None)
    assert curve.correlation[shells] == pytest.approx(expected[shells], abs=1e-5)
    assert curve.frequency[-1] == pytest.approx((shape[0] // 2) / (shape[0] * 2.0))


def test_counts_each_pair_of_mates_once():
    curve = fourier_shell_correlation(np.ones((9, 9, 9)), np.ones((9, 9, 9)), pixel_size=1.0)
    k = np.meshgrid(*[np.fft.fftfreq(9) * 9] * 3, indexing="ij")
    shell = np.floor(np.sqrt(sum(x**2 for x in k)) + 0.5).astype(int)
    assert curve.coefficients[0] == 1
    assert list(curve.coefficients[1:]) == [(shell == s).sum() // 2 for s in range(1, 5)]


def test_signal_to_noise_gives_the_expected_correlation():
    random = np.random.default_rng(2)
    signal = random.normal(size=(64, 64, 64))
    halves = signal + random.normal(size=(2, 64, 64, 64)) * 0.7
    curve = fourier_shell_correlation(halves[0], halves[1], pixel_size=1.0)
    expected = 1 / (1 + 0.7**2)
    # The scatter of a correlation of n complex coefficients is (1 - r²) / sqrt(2n); five of them for 30 shells.
    scatter = (1 - expected**2) / np.sqrt(2 * curve.coefficients[3:])
    assert np.all(abs(curve.correlation[3:] - expected) < 5 * scatter)


def test_resolution_interpolates_and_knows_both_ends():
    curve = fourier_shell_correlation(np.eye(40), np.eye(40), pixel_size=1.5)
    assert curve.resolution(0.143) == pytest.approx(3.0)  # never falls: Nyquist
    falling = type(curve)(curve.frequency, np.linspace(1.0, 0.0, 21), curve.coefficients)
    assert falling.resolution(0.5) == pytest.approx(6.0)  # half-way to Nyquist
    assert falling.resolution(0.525) == pytest.approx(1 / (9.5 / 60))
    low = type(curve)(curve.frequency, np.zeros(21), curve.coefficients)
    assert low.resolution(0.5) is None


def test_mask_hides_what_lies_outside():
    random = np.random.default_rng(3)
    first = random.normal(size=(32, 32))
    second = first.copy()
    second[:, 20:] += 10 * random.normal(size=(32, 12))
    mask = np.zeros((32, 32))
    mask[:, :20] = 1
    assert fourier_shell_correlation(first, second, pixel_size=1, mask=mask).correlation == pytest.approx(1, abs=1e-5)
    assert fourier_shell_correlation(first, second, pixel_size=1).correlation[8] < 0.7


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (np.zeros((8, 9)), np.zeros((8, 9)), "cubes or squares"),
        (np.zeros((8, 8)), np.zeros((9, 9)), "second map"),
        (np.full((8, 8), np.nan), np.zeros((8, 8)), "not numbers"),
    ],
)
def test_refuses_what_cannot_be_compared(first, second, says):
    with pytest.raises(ParameterError, match=says):
        fourier_shell_correlation(first, second, pixel_size=1.0)


@pytest.mark.skipif(shutil.which("relion_image_handler") is None, reason="relion_image_handler is not installed")
def test_relion_finds_the_same_curve(tmp_path):
    import mrcfile

    random = np.random.default_rng(4)
    box = 48
    k = np.sqrt(sum(x**2 for x in np.meshgrid(*[np.fft.fftfreq(box)] * 2, np.fft.rfftfreq(box), indexing="ij")))
    signal = np.fft.irfftn(
        np.fft.rfftn(random.normal(size=(box,) * 3)) * np.exp(-((k / 0.2) ** 2)) * 3, (box,) * 3, (0, 1, 2)
    )
    halves = (signal + random.normal(size=(2, box, box, box))).astype(np.float32)
    for name, half in zip("ab", halves, strict=True):
        with mrcfile.new(tmp_path / f"{name}.mrc") as file:
            file.set_data(half)
            file.voxel_size = 1.7
    answer = subprocess.run(
        ["relion_image_handler", "--i", "a.mrc", "--fsc", "b.mrc", "--angpix", "1.7"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = [line.split() for line in answer.splitlines() if line.strip()[:1].isdigit()]
    relion = np.array([[float(row[1]), float(row[3])] for row in rows])[1:]
    curve = fourier_shell_correlation(halves[0], halves[1], pixel_size=1.7)
    assert curve.frequency[1:] == pytest.approx(relion[:, 0], abs=1e-4)
    # RELION counts both mates of the plane x = 0, so its curve weights the noise otherwise, whose scatter in a shell is
    # (1 - r²) / sqrt(2n).
    scatter = (1 - curve.correlation[1:] ** 2) / np.sqrt(2 * curve.coefficients[1:])
    assert np.all(abs(curve.correlation[1:] - relion[:, 1]) < np.maximum(2 * scatter, 2e-3))
