"""The compiled inner loops: splatting atoms, shaping spectra, and recording frames on the detector.

Random numbers come from SplitMix64 (Steele, Lea & Flood 2014), one stream for each frame and row, so that results do
not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S11, S40 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11), np.uint64(40)
MASK_24 = np.uint64(0xFFFFFF)
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)

POISSON_STEP = 1.0 / 32.0
POISSON_ROWS = 512
POISSON_WIDTH = 64
INDEX_MASK = np.uint64(POISSON_WIDTH - 1)


@njit(cache=True, nogil=True, inline="always")
def mix(state: Any) -> Any:
    """Scramble a SplitMix64 state into 64 random bits."""
    state = (state ^ (state >> S30)) * MIX_1
    state = (state ^ (state >> S27)) * MIX_2
    return state ^ (state >> S31)


@njit(cache=True, nogil=True, inline="always")
def bspline(fraction: Any) -> Any:
    """Weights of the cubic B-spline at the four samples around a point `fraction` after the second."""
    one = np.float32(1.0)
    rest = one - fraction
    first = rest * rest * rest * np.float32(1.0 / 6.0)
    last = fraction * fraction * fraction * np.float32(1.0 / 6.0)
    second = np.float32(2.0 / 3.0) - np.float32(0.5) * fraction * fraction * (np.float32(2.0) - fraction)
    return first, second, one - first - second - last, last


@njit(cache=True, nogil=True)
def splat_projection(
    positions: NDArray[np.float32],
    weights: NDArray[np.float32],
    rotation: NDArray[np.float32],
    centre: NDArray[np.float32],
    patch: NDArray[np.float32],
) -> None:
    """Add the projection of atoms to a periodic patch, as cubic B-splines.

    Parameters
    ----------
    positions : (atom, 3) in samples
    weights : (atom, component)
    rotation : (3, 3) from the specimen's axes to the image's
    centre : (2,) x, y in samples
    patch : (component, y, x), added to
    """
    components, height, width = patch.shape
    for atom in range(positions.shape[0]):
        px, py, pz = positions[atom, 0], positions[atom, 1], positions[atom, 2]
        x = rotation[0, 0] * px + rotation[0, 1] * py + rotation[0, 2] * pz + centre[0]
        y = rotation[1, 0] * px + rotation[1, 1] * py + rotation[1, 2] * pz + centre[1]
        x0, y0 = np.floor(x), np.floor(y)
        wx, wy = bspline(x - x0), bspline(y - y0)
        column, row = int(x0) - 1, int(y0) - 1
        for j in range(4):
            yj = (row + j) % height
            for i in range(4):
                xi = (column + i) % width
                share = wy[j] * wx[i]
                for component in range(components):
                    patch[component, yj, xi] += share * weights[atom, component]


@njit(cache=True, nogil=True)
def paste(patch: NDArray[np.float32], row: int, column: int, field: NDArray[np.float32]) -> None:
    """Add a patch to a periodic field, its first sample at (`row`, `column`)."""
    height, width = field.shape
    for j in range(patch.shape[0]):
        y = (row + j) % height
        for i in range(patch.shape[1]):
            field[y, (column + i) % width] += patch[j, i]


@njit(cache=True, nogil=True)
def splat_volume(positions: NDArray[np.float32], weights: NDArray[np.float32], volume: NDArray[np.float32]) -> None:
    """Add atoms (n, 3; x, y, z in samples) to a periodic volume (z, y, x) as cubic B-splines."""
    depth, height, width = volume.shape
    for atom in range(positions.shape[0]):
        x, y, z = positions[atom, 0], positions[atom, 1], positions[atom, 2]
        x0, y0, z0 = np.floor(x), np.floor(y), np.floor(z)
        wx, wy, wz = bspline(x - x0), bspline(y - y0), bspline(z - z0)
        column, row, plane = int(x0) - 1, int(y0) - 1, int(z0) - 1
        for k in range(4):
            for j in range(4):
                for i in range(4):
                    volume[(plane + k) % depth, (row + j) % height, (column + i) % width] += (
                        wz[k] * wy[j] * wx[i] * weights[atom]
                    )


@njit(cache=True, nogil=True, fastmath=True)
def evaluate_aberration(
    vertical: NDArray[np.float64], horizontal: NDArray[np.float64], constants: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Even aberration phase in rad at every pair of frequencies (y, x) in 1/Å.

    `constants` are the coefficients of k_x² + k_y², k_x² - k_y², 2 k_x k_y, k⁴ and 1.
    """
    result = np.empty((vertical.size, horizontal.size), dtype=np.float32)
    for j in range(vertical.size):
        yy = vertical[j] * vertical[j]
        for i in range(horizontal.size):
            xx = horizontal[i] * horizontal[i]
            k2 = xx + yy
            result[j, i] = (
                constants[0] * k2
                + constants[1] * (xx - yy)
                + constants[2] * 2.0 * horizontal[i] * vertical[j]
                + constants[3] * k2 * k2
                + constants[4]
            )
    return result


@njit(cache=True, nogil=True, fastmath=True)
def form_spectra(
    decaying: NDArray[np.complex64],
    lasting: NDArray[np.complex64],
    absorption: NDArray[np.complex64],
    aberration: NDArray[np.float32],
    vertical: NDArray[np.float64],
    horizontal: NDArray[np.float64],
    table_step: float,
    envelope: NDArray[np.float32],
    mtf: NDArray[np.float32],
    decay: NDArray[np.float32],
    shares: NDArray[np.float32],
    spectra: NDArray[np.complex64],
) -> None:
    """Turn phase shifts into the spectra of the image's contrast, one for each damage curve.

    Parameters
    ----------
    decaying : (1 or 2, ky, kx) phase shift by what the beam damages: the part in focus with the defocus and, if there
        are two, the part a quarter wave off
    lasting : (0, 1 or 2, ky, kx) phase shift by what the beam does not damage
    absorption : (0 or 1, ky, kx) contrast by absorption
    aberration : (ky, kx) in rad, with phase shift and amplitude contrast
    vertical, horizontal : frequencies of the rows and columns in 1/Å
    table_step : the step in 1/Å of the tables that follow
    envelope : (k,) loss of phase contrast, the detector's included; zero beyond what is seen
    mtf : (k,) the detector's alone
    decay : (rank, k) damage curves
    shares : (rank,) combination of the damage curves that is one at every dose
    spectra : (rank, ky, kx), overwritten
    """
    rank = decay.shape[0]
    for j in range(vertical.size):
        for i in range(horizontal.size):
            at = np.sqrt(vertical[j] * vertical[j] + horizontal[i] * horizontal[i]) / table_step
            low = int(at)
            part = np.float32(at - low)
            sine = -np.float32(2.0) * np.sin(aberration[j, i])
            cosine = -np.float32(2.0) * np.cos(aberration[j, i])
            particles = decaying[0, j, i] * sine
            if decaying.shape[0] > 1:
                particles += decaying[1, j, i] * cosine
            background = np.complex64(0.0)
            if lasting.shape[0] > 0:
                background += lasting[0, j, i] * sine
            if lasting.shape[0] > 1:
                background += lasting[1, j, i] * cosine
            strength = envelope[low] + part * (envelope[low + 1] - envelope[low])
            particles *= strength
            background *= strength
            if absorption.shape[0] > 0:
                background += absorption[0, j, i] * (mtf[low] + part * (mtf[low + 1] - mtf[low]))
            for n in range(rank):
                left = decay[n, low] + part * (decay[n, low + 1] - decay[n, low])
                spectra[n, j, i] = particles * left + background * shares[n]


@njit(cache=True, nogil=True)
def fill_white(seed: Any, field: NDArray[np.float32]) -> None:
    """Fill a field (y, x) with white noise of variance one, uniformly distributed."""
    scale = np.sqrt(12.0) / 16777216.0
    for j in range(field.shape[0]):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(j + 1))
        for i in range(field.shape[1]):
            state += GOLDEN
            field[j, i] = (mix(state) >> S40) * scale - 0.5 * np.sqrt(12.0)


@njit(cache=True, nogil=True, fastmath=True)
def fill_noise(strength: NDArray[np.float32], seed: Any, spectrum: NDArray[np.complex64]) -> None:
    """Fill a full spectrum with random coefficients, so that its transform holds two independent real images.

    Parameters
    ----------
    strength : (ky, half kx) root mean square of one image's Fourier coefficients, the same at -k
    seed : 64 bits
    spectrum : (ky, kx), overwritten
    """
    height, width = spectrum.shape
    half = strength.shape[1]
    scale = np.sqrt(12.0) / 16777216.0
    for j in range(height):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(j + 1))
        for i in range(width):
            state += GOLDEN
            bits = mix(state)
            real = (bits >> S40) * scale - 0.5 * np.sqrt(12.0)
            imaginary = ((bits >> np.uint64(8)) & MASK_24) * scale - 0.5 * np.sqrt(12.0)
            size = strength[j, i] if i < half else strength[(height - j) % height, width - i]
            spectrum[j, i] = size * np.complex64(complex(real, imaginary))


@njit(cache=True, nogil=True, fastmath=True)
def combine(fields: NDArray[np.float32], weights: NDArray[np.float32], total: NDArray[np.float32]) -> None:
    """Set `total` (y, x) to the weighted sum of `fields` (n, y, x)."""
    count, height, width = fields.shape
    for y in range(height):
        for x in range(width):
            total[y, x] = weights[0] * fields[0, y, x]
        for n in range(1, count):
            for x in range(width):
                total[y, x] += weights[n] * fields[n, y, x]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def along_row(samples: NDArray[np.float32], at: Any, weights: Any) -> Any:
    """Sum of four samples from the unsigned index `at` on; being unsigned spares a look for negative ones."""
    first = weights[0] * samples[at] + weights[1] * samples[at + ONE]
    return first + weights[2] * samples[at + TWO] + weights[3] * samples[at + THREE]


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def interpolate(samples: NDArray[np.float32], rows: int, columns: int, v: Any, u: Any) -> Any:
    """Value at row `v` and column `u` of a field, whose B-spline coefficients are given row after row."""
    u0, v0 = np.floor(u), np.floor(v)
    across, down = bspline(np.float32(u - u0)), bspline(np.float32(v - v0))
    column, row = min(max(int(u0) - 1, 0), columns - 4), min(max(int(v0) - 1, 0), rows - 4)
    at, step = np.uint64(row) * np.uint64(columns) + np.uint64(column), np.uint64(columns)
    value = down[0] * along_row(samples, at, across) + down[1] * along_row(samples, at + step, across)
    value += down[2] * along_row(samples, at + TWO * step, across)
    return value + down[3] * along_row(samples, at + THREE * step, across)


@njit(cache=True, nogil=True, fastmath=True)
def warp(
    coefficients: NDArray[np.float32],
    oversampling: float,
    margin: float,
    magnification: NDArray[np.float64],
    shift: NDArray[np.float64],
    nodes: NDArray[np.float32],
    node_spacing: int,
    share: float,
    image: NDArray[np.float32],
) -> None:
    """Add to `image` what the detector sees of a field that has moved.

    Parameters
    ----------
    coefficients : (y, x) cubic B-spline coefficients of the field, which must reach as far as anything is seen
    oversampling, margin : samples a pixel, and pixels of field left of and above the detector
    magnification : (2, 2) from offsets (x, y) about the detector's middle to those in the undistorted field
    shift : (2,) movement of the whole field, x and y in pixels
    nodes : (2, node y, node x) movement that differs from place to place, x and y in pixels, at nodes `node_spacing`
        pixels apart, the first at the first pixel; linear in between
    share : what the field is multiplied with
    image : (y, x) added to
    """
    height, width = image.shape
    middle_x, middle_y = 0.5 * (width - 1), 0.5 * (height - 1)
    rows, columns = coefficients.shape
    samples = coefficients.ravel()
    row_nodes = np.empty((2, nodes.shape[2]))
    for y in range(height):
        j = y // node_spacing
        below = (y - j * node_spacing) / node_spacing
        for axis in range(2):
            for n in range(nodes.shape[2]):
                row_nodes[axis, n] = nodes[axis, j, n] * (1.0 - below) + nodes[axis, j + 1, n] * below
        for i in range((width + node_spacing - 1) // node_spacing):
            slope_x = (row_nodes[0, i + 1] - row_nodes[0, i]) / node_spacing
            slope_y = (row_nodes[1, i + 1] - row_nodes[1, i]) / node_spacing
            first = i * node_spacing
            for x in range(first, min(width, first + node_spacing)):
                a = x - shift[0] - middle_x - row_nodes[0, i] - slope_x * (x - first)
                b = y - shift[1] - middle_y - row_nodes[1, i] - slope_y * (x - first)
                u = (magnification[0, 0] * a + magnification[0, 1] * b + middle_x + margin) * oversampling
                v = (magnification[1, 0] * a + magnification[1, 1] * b + middle_y + margin) * oversampling
                image[y, x] += np.float32(share) * interpolate(samples, rows, columns, v, u)


def poisson_table() -> NDArray[np.uint32]:
    """Alias tables (mean, 64) of the Poisson distribution for means of 0, 1/32, 2/32 … (Walker 1977).

    Each entry holds a 24-bit threshold and, in its lowest 8 bits, the count that is drawn above it; below it the
    entry's own index is drawn.
    """
    from scipy.stats import poisson

    means = np.arange(POISSON_ROWS) * POISSON_STEP
    table = np.empty((POISSON_ROWS, POISSON_WIDTH), dtype=np.uint32)
    for row, shares in enumerate(poisson.pmf(np.arange(POISSON_WIDTH), means[:, None]) * POISSON_WIDTH):
        poor = [int(n) for n in np.flatnonzero(shares < 1.0)]
        rich = [int(n) for n in np.flatnonzero(shares >= 1.0)]
        while poor:
            taker = poor.pop()
            giver = rich[-1] if rich else taker
            threshold = min(round(shares[taker] * 2**24), 2**24 - 1)
            table[row, taker] = (threshold << 8) | giver
            shares[giver] -= 1.0 - shares[taker]
            if rich and shares[giver] < 1.0:
                poor.append(rich.pop())
        for full in rich:
            table[row, full] = ((2**24 - 1) << 8) | full
    return table


@njit(cache=True, nogil=True, inline="always")
def draw_tabulated(table: NDArray[np.uint32], row: int, bits: Any) -> Any:
    """Draw from one row of an alias table with 64 random bits."""
    index = np.int64(bits & INDEX_MASK)
    entry = table[row, index]
    return index if (bits >> S40) < (entry >> np.uint32(8)) else np.int64(entry & np.uint32(255))


@njit(cache=True, nogil=True)
def record(
    contrast: NDArray[np.float32],
    dose: float,
    sensitivity: NDArray[np.float32],
    table: NDArray[np.uint32],
    seed: Any,
    counts: NDArray[np.uint8],
) -> None:
    """Draw the electrons that a counting detector records; more than 255 on a pixel are 255.

    The mean on a pixel is ``dose * (1 + contrast) * sensitivity``. It is split into a tabulated mean, drawn by the
    alias method, and a rest below 1/32, drawn by waiting times: the sum of two Poisson variates is one.

    Parameters
    ----------
    contrast : (y, x) of the noiseless image about 1
    dose : electrons on a pixel
    sensitivity : (y, x) share of the electrons that are counted
    table : of :func:`poisson_table`
    seed : 64 bits
    counts : (y, x), overwritten
    """
    height, width = contrast.shape
    scale = 1.0 / 16777216.0
    for y in range(height):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(y + 1))
        for x in range(width):
            mean = max(0.0, dose * (1.0 + contrast[y, x])) * sensitivity[y, x]
            count = 0
            while mean >= (POISSON_ROWS - 1) * POISSON_STEP:  # bright pixels, in parts
                state += GOLDEN
                count += draw_tabulated(table, POISSON_ROWS // 2, mix(state))
                mean -= (POISSON_ROWS // 2) * POISSON_STEP
            row = int(mean / POISSON_STEP)
            rest = mean - row * POISSON_STEP
            state += GOLDEN
            count += draw_tabulated(table, row, mix(state))
            state += GOLDEN
            # The rest's electrons arrive after waiting times; nearly always none does.
            survival = ((mix(state) >> S40) + 0.5) * scale
            if survival > 1.0 - rest:
                limit = np.exp(-rest)
                while survival > limit:
                    count += 1
                    state += GOLDEN
                    survival *= ((mix(state) >> S40) + 0.5) * scale
            counts[y, x] = min(count, 255)


@njit(cache=True, nogil=True)
def spread_electrons(
    electrons: NDArray[np.float32],
    shifts: NDArray[np.float64],
    nodes: NDArray[np.float32],
    node_spacing: float,
    margin: int,
    kept: NDArray[np.float32],
    seed: Any,
    counts: NDArray[np.uint8],
) -> None:
    """Give every electron of an image to a random frame, and move it as that frame has moved.

    A displacement of a fraction of a pixel sends an electron to one of the pixels around, at random, so that the mean
    displacement is right and Poisson counts stay Poisson.

    Parameters
    ----------
    electrons : (y, x) of the image; fractions are rounded at random
    shifts : (frame, 2) movement of the whole field, x and y in pixels
    nodes : (frame, 2, node y, node x) movement that differs from place to place, at nodes `node_spacing` pixels apart
    margin : pixels by which the image reaches beyond the frames on every side
    kept : (y, x) share of the electrons that each pixel of the detector counts
    seed : 64 bits
    counts : (frame, y, x), added to, up to 255
    """
    frames, height, width = counts.shape
    scale = 1.0 / 16777216.0
    row_nodes = np.empty((frames, nodes.shape[3], 2), dtype=np.float32)
    for y in range(electrons.shape[0]):
        state = mix(np.uint64(seed) + GOLDEN * np.uint64(y + 1))
        j = int(y / node_spacing)
        fy = np.float32(y / node_spacing - j)
        for frame in range(frames):
            for i in range(nodes.shape[3]):
                for axis in range(2):
                    moved = nodes[frame, axis, j, i] + fy * (nodes[frame, axis, j + 1, i] - nodes[frame, axis, j, i])
                    row_nodes[frame, i, axis] = moved + shifts[frame, axis]
        for x in range(electrons.shape[1]):
            i = int(x / node_spacing)
            fx = np.float32(x / node_spacing - i)
            state += GOLDEN
            number = int(electrons[y, x] + (mix(state) >> S40) * scale)
            for _ in range(number):
                state += GOLDEN
                first = mix(state)
                state += GOLDEN
                second = mix(state)
                frame = int((first >> S40) * scale * frames)
                left, right = row_nodes[frame, i], row_nodes[frame, i + 1]
                dx = left[0] + fx * (right[0] - left[0]) + (second >> S40) * scale
                dy = left[1] + fx * (right[1] - left[1]) + ((second >> np.uint64(8)) & MASK_24) * scale
                column = x - margin + int(np.floor(dx))
                row = y - margin + int(np.floor(dy))
                if not (0 <= column < width and 0 <= row < height):
                    continue
                seen = ((first >> np.uint64(8)) & MASK_24) * scale < kept[row, column]
                if seen and counts[frame, row, column] < 255:
                    counts[frame, row, column] += 1
