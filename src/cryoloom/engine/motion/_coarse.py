"""A first estimate of the motion of the whole field, from strongly binned frames.

Each frame is correlated with the sum of all others, moved back by what is known so far, until nothing moves any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency, shift_phases
from cryoloom.engine.threads import map_on_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.motion._detector_frames import DetectorFrames
    from cryoloom.engine.motion._settings import MotionSettings

_PIXEL = 8.0  # Å, to which the frames are binned
_SMALLEST = 128  # pixels that must remain after binning
_ROUNDS = 10
_STILL = 0.1  # binned pixels; the refinement does the rest
_CLEAR_PEAK = 5.5  # standard deviations of the correlation map; noise reaches 3.7
_NEIGHBOURS = (0, 1, 2, 4, 8)  # frames on either side whose correlations are added where single ones are not clear
_EDGE = 0.06  # fraction of the field over which it is faded out at each side


def align_coarsely(
    frames: DetectorFrames, settings: MotionSettings, *, pixel_size: float, threads: int = 1
) -> NDArray[np.float64]:
    """Estimate where the content of each frame lies.

    Parameters
    ----------
    frames : the movie
    pixel_size : in Å

    Returns
    -------
    (n, 2) displacement of the content, x and y in pixels of the movie, zero on average
    """
    factor = max(1, min(round(_PIXEL / pixel_size), min(frames.shape) // _SMALLEST))
    binned_pixel = factor * pixel_size
    shape = (frames.shape[0] // factor, frames.shape[1] // factor)
    window = _fading_window(shape)

    def transform(index: int) -> NDArray[np.complex64]:
        frame = frames.binned(index, factor)
        frame -= frame.mean(dtype=np.float64)
        return forward_transform(frame * window)

    transforms = np.stack(map_on_threads(transform, range(frames.count), threads))
    transforms *= np.sqrt(_correlation_weights(transforms, shape, settings.b_factor / binned_pixel**2))
    reach = int(np.ceil(settings.largest_shift / binned_pixel)) + 1
    reach = max(2, min(reach, min(shape) // 2 - 1))
    displacement = np.zeros((frames.count, 2))
    for _ in range(_ROUNDS):
        maps = _correlate_with_the_others(transforms, shape, displacement, reach, threads)
        step = _clear_steps(maps)
        step -= step.mean(axis=0)
        displacement += step
        if np.abs(step).max() < _STILL:
            break
    return displacement * factor


def _fading_window(shape: tuple[int, int]) -> NDArray[np.float32]:
    def fade(size: int) -> NDArray[np.float64]:
        distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
        return np.sin(0.5 * np.pi * np.minimum(distance / (_EDGE * size), 1.0)) ** 2

    return (fade(shape[0])[:, None] * fade(shape[1])[None, :]).astype(np.float32)


def _correlation_weights(
    transforms: NDArray[np.complex64], shape: tuple[int, int], b_factor: float
) -> NDArray[np.float32]:
    """Weights that make the noise white and damp fine detail; ``b_factor`` in square pixels."""
    frequency = radial_frequency(shape)
    size = min(shape)
    ring = np.round(frequency * size).astype(np.intp)
    power = np.zeros(ring.shape, np.float64)
    for transform in transforms:
        power += np.abs(transform) ** 2
    ring_power = np.bincount(ring.ravel(), power.ravel()) / np.maximum(np.bincount(ring.ravel()), 1)
    weights = np.exp(-0.5 * b_factor * frequency**2) / np.maximum(ring_power, 1e-12 * ring_power.max())[ring]
    weights[ring < 3] = 0.0  # illumination, and the window
    relative: NDArray[np.float32] = (weights / weights.max()).astype(np.float32)
    return relative


def _correlate_with_the_others(
    transforms: NDArray[np.complex64],
    shape: tuple[int, int],
    displacement: NDArray[np.float64],
    reach: int,
    threads: int,
) -> NDArray[np.float32]:
    """(n, 2 reach + 1, 2 reach + 1) correlation of each frame with the sum of all others, around no further shift."""

    def moved_back(index: int) -> NDArray[np.complex64]:
        phase_y, phase_x = shift_phases(shape, (-displacement[index, 1], -displacement[index, 0]))
        moved: NDArray[np.complex64] = transforms[index] * phase_y * phase_x
        return moved

    moved = map_on_threads(moved_back, range(len(transforms)), threads)
    total = np.zeros(transforms.shape[1:], np.complex64)
    for one in moved:
        total += one
    around = np.arange(-reach, reach + 1)

    def correlation(own: NDArray[np.complex64]) -> NDArray[np.float32]:
        whole = inverse_transform(np.conj(total - own) * own, shape, overwrite=True)
        return whole[np.ix_(around, around)]

    return np.stack(map_on_threads(correlation, moved, threads))


def _clear_steps(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 2) place of the peak of each map against its middle, x and y.

    Where a peak does not stand clear of the noise, the maps of as few neighbouring frames as needed are added. A frame
    for which even that does not help moves as the frames before and after it do, and if there are none, not at all.
    """
    frames = len(maps)
    middle = (maps.shape[1] - 1) / 2
    steps = np.zeros((frames, 2))
    unclear = np.ones(frames, np.bool_)
    for neighbours in _NEIGHBOURS:
        if neighbours >= frames or not unclear.any():
            break
        summed = _running_sums(maps, neighbours)
        becomes_clear = unclear & (_clearness(summed) > _CLEAR_PEAK)
        for frame in np.flatnonzero(becomes_clear):
            steps[frame] = np.subtract(_peak(summed[frame]), middle)
        unclear &= ~becomes_clear
    if unclear.any() and not unclear.all():
        for axis in range(2):
            steps[unclear, axis] = np.interp(np.flatnonzero(unclear), np.flatnonzero(~unclear), steps[~unclear, axis])
    return steps


def _running_sums(maps: NDArray[np.float32], neighbours: int) -> NDArray[np.float32]:
    if neighbours == 0:
        return maps
    number = len(maps)
    return np.stack(
        [maps[max(0, i - neighbours) : min(number, i + neighbours + 1)].mean(axis=0) for i in range(number)]
    )


def _clearness(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Height of each map's peak above its median, in robust standard deviations."""
    flat = maps.reshape(len(maps), -1)
    median = np.median(flat, axis=1)
    spread = 1.4826 * np.median(np.abs(flat - median[:, None]), axis=1)
    clearness: NDArray[np.float64] = (flat.max(axis=1) - median) / np.maximum(spread, 1e-30)
    return clearness


def _peak(correlation: NDArray[np.float32]) -> tuple[float, float]:
    """Place of the highest value inside the border, x and y, refined by a parabola along each axis."""
    inside = correlation[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    y, x = int(row) + 1, int(column) + 1
    return (
        x + _vertex(*correlation[y, x - 1 : x + 2].tolist()),
        y + _vertex(*correlation[y - 1 : y + 2, x].tolist()),
    )


def _vertex(before: float, middle: float, after: float) -> float:
    curvature = before - 2.0 * middle + after
    return 0.5 * (before - after) / curvature if curvature < 0 else 0.0
