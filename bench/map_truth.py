"""How good a map and its poses are, by one fixed set of definitions, the same for every program; no code of the engine.

    python bench/map_truth.py MAP --truth truth.mrc [--mirror] [--poses particles.star --set FOLDER]

Truth is the simulator's potential at the map's pixel size, without B factor or damage. The map is taken unfiltered and
whole, and aligned to the truth as a rigid body by the correlation of both below 15 Å. A soft mask is made from the
truth alone. Resolution is where the shell correlation, interpolated, first crosses a threshold. Angular error is the
geodesic distance, the least over the point group, after one rotation for all particles. A mirror image is allowed only
where it is asked for, which is in ab initio.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft, ndimage, optimize
from scipy.spatial.transform import Rotation

ALIGNED_TO = 15.0  # Å
MASK_LEVEL = 0.2  # of the largest value of the truth at 15 Å
MASK_GROWTH, MASK_EDGE = 2, 6  # pixels
COARSE = 30.0  # Å, of the first search over all rotations
COARSE_STEP = 15.0  # degrees
KEPT, APART = 12, 18.0  # rotations of the first search that are refined, and degrees between them
SOME = 2000  # points of the mask at which they are compared
LEVER = 60.0  # Å of shift that count like a radian of rotation
TURNED_IN_PLANE = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Curve:
    """Shell correlation: frequency (s,) in 1/Å and correlation (s,)."""

    frequency: np.ndarray
    correlation: np.ndarray

    def resolution(self, threshold: float) -> float:
        """First crossing in Å, interpolated; the last shell's if there is none, infinite if the first shell fails."""
        below = np.flatnonzero(self.correlation[1:] < threshold) + 1
        if not below.size:
            return float(1.0 / self.frequency[-1])
        if below[0] == 1:
            return float("inf")
        (k0, k1), (c0, c1) = (values[below[0] - 1 : below[0] + 1] for values in (self.frequency, self.correlation))
        return float(1.0 / (k0 + (k1 - k0) * (c0 - threshold) / (c0 - c1)))


@dataclass(frozen=True)
class Alignment:
    """A map's frame to the truth's: the truth at x looks like the map at ``rotation.T @ (x - shift)``, mirrored first.

    Parameters
    ----------
    rotation : (3, 3) acting on (x, y, z)
    shift : (3,) x, y, z in Å
    mirrored : whether the map was inverted through its centre before
    correlation : below 15 Å
    """

    rotation: np.ndarray
    shift: np.ndarray
    mirrored: bool
    correlation: float


@dataclass(frozen=True)
class MapScore:
    """A map against the truth: its alignment, the shell correlation in the fixed mask, and where that crosses 0.5."""

    alignment: Alignment
    curve: Curve
    resolution: float


@dataclass(frozen=True)
class PoseScore:
    """Angular errors (n,) in degrees; their median, 90th percentile, and the share above 10°."""

    errors: np.ndarray
    median: float
    ninetieth: float
    share_above_10: float


def score_map(
    volume: np.ndarray, truth: np.ndarray, pixel_size: float, *, mirror: bool = False, aligned: bool = False
) -> MapScore:
    """Score a map (z, y, x) against the truth of the same box and pixel size.

    Parameters
    ----------
    mirror : whether the mirror image will do
    aligned : the map stands in the truth's frame; nothing is moved
    """
    mask = truth_mask(truth, pixel_size)
    if aligned:
        alignment = Alignment(np.eye(3), np.zeros(3), False, _correlation(volume, truth, mask, pixel_size))
        moved = volume
    else:
        alignment = align(volume, truth, pixel_size, mirror=mirror)
        moved = transformed(volume, alignment, pixel_size)
    curve = shell_correlation(moved * mask, truth * mask, pixel_size)
    return MapScore(alignment, curve, curve.resolution(0.5))


def truth_mask(truth: np.ndarray, pixel_size: float) -> np.ndarray:
    """The fixed mask: the truth at 15 Å above a fifth of its largest value, grown by 2 px, with a 6-px cosine edge."""
    smooth = low_passed(truth, pixel_size, ALIGNED_TO)
    outside = ndimage.distance_transform_edt(smooth < MASK_LEVEL * smooth.max())
    fall = np.clip((outside - MASK_GROWTH) / MASK_EDGE, 0.0, 1.0)
    return (0.5 + 0.5 * np.cos(np.pi * fall)).astype(np.float32)


def shell_correlation(first: np.ndarray, second: np.ndarray, pixel_size: float) -> Curve:
    """Correlation of two maps in shells one Fourier pixel thick, up to Nyquist."""
    box = len(first)
    a, b = fft.rfftn(first.astype(np.float64)), fft.rfftn(second.astype(np.float64))
    shells = np.rint(_radius(box) * box).astype(int).ravel()
    # The planes at 0 and Nyquist hold both mates, the others one of them.
    weight = np.full(a.shape, 2.0)
    weight[..., 0] = 1.0
    if box % 2 == 0:
        weight[..., -1] = 1.0
    product = np.bincount(shells, (weight * (a * b.conj()).real).ravel())
    powers = [np.bincount(shells, (weight * np.abs(one) ** 2).ravel()) for one in (a, b)]
    kept = slice(0, box // 2 + 1)
    scale = np.sqrt(powers[0] * powers[1])[kept]
    correlation = np.divide(product[kept], scale, out=np.zeros_like(scale), where=scale > 0)
    return Curve(np.arange(box // 2 + 1) / (box * pixel_size), correlation)


def align(volume: np.ndarray, truth: np.ndarray, pixel_size: float, *, mirror: bool = False) -> Alignment:
    """Find the rigid motion that makes a map correlate best with the truth below 15 Å, in the truth's mask.

    All rotations are tried on a coarse grid at 30 Å, every shift of each by one Fourier transform; the best of them
    are refined at 15 Å as six numbers.
    """
    found = [_align_one(hand, truth, pixel_size) for hand in ((volume, _inverted(volume)) if mirror else (volume,))]
    best = int(np.argmax([one[2] for one in found]))
    rotation, shift, correlation = found[best]
    return Alignment(rotation, shift, best == 1, correlation)


def _align_one(volume: np.ndarray, truth: np.ndarray, pixel_size: float) -> tuple[np.ndarray, np.ndarray, float]:
    match = _Match(volume, truth, pixel_size)
    found = [match.refined(rotation, shift, some=True) for rotation, shift in _candidates(volume, truth, pixel_size)]
    rotation, shift, _ = max(found, key=lambda one: one[2])
    return match.refined(rotation, shift, some=False)


def _candidates(volume: np.ndarray, truth: np.ndarray, pixel_size: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rotations of a coarse grid that fit best at 30 Å, no two of them near each other, and their shifts in Å."""
    coarse, size = _shrunk(volume, pixel_size, COARSE, 0.4)
    goal, _ = _shrunk(truth, pixel_size, COARSE, 0.4)
    conjugate = fft.rfftn(goal - goal.mean()).conj()
    tried = []
    for rotation in rotation_grid(COARSE_STEP):
        turned = _resampled(coarse, rotation)
        turned -= turned.mean()
        correlation = fft.irfftn(fft.rfftn(turned) * conjugate, s=goal.shape) / np.linalg.norm(turned)
        place = np.unravel_index(int(np.argmax(correlation)), goal.shape)
        back = np.array([n if 2 * n <= len(goal) else n - len(goal) for n in place[::-1]], float)
        tried.append((float(correlation[place]), rotation, -back * size))
    tried.sort(key=lambda one: -one[0])
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for _, rotation, shift in tried:
        if all(np.trace(rotation.T @ other) < 1.0 + 2.0 * np.cos(np.radians(APART)) for other, _ in kept):
            kept.append((rotation, shift))
        if len(kept) == KEPT:
            break
    return kept


class _Match:
    """Correlation of a moved map with the truth below 15 Å, over the mask, as a function of rotation and shift."""

    def __init__(self, volume: np.ndarray, truth: np.ndarray, pixel_size: float) -> None:
        fine, self._size = _shrunk(volume, pixel_size, ALIGNED_TO, 0.3)
        goal = _shrunk(truth, pixel_size, ALIGNED_TO, 0.3)[0].ravel()
        weights = _shrunk(truth_mask(truth, pixel_size), pixel_size, ALIGNED_TO, 0.3)[0].ravel()
        self._spline = ndimage.spline_filter(fine, order=3)
        inside = np.flatnonzero(weights > 0.05)
        every = (_centred_points(len(fine)).reshape(-1, 3)[inside], goal[inside], weights[inside])
        few = np.random.default_rng(0).permutation(len(inside))[:SOME]
        self._all, self._some = every, tuple(values[few] for values in every)

    def refined(self, rotation: np.ndarray, shift: np.ndarray, *, some: bool) -> tuple[np.ndarray, np.ndarray, float]:
        """The best rotation and shift (Å) near given ones, and the correlation; at a part of the points, or at all."""
        points, goal, weights = self._some if some else self._all
        goal = goal - np.average(goal, weights=weights)

        def loss(six: np.ndarray) -> float:
            inner = (points - (shift + LEVER * six[3:]) / self._size) @ (_turn(six[:3]) @ rotation)
            places = inner[:, ::-1].T + len(self._spline) // 2
            sampled = ndimage.map_coordinates(self._spline, places, order=3, prefilter=False, mode="constant")
            sampled -= np.average(sampled, weights=weights)
            scale = np.sqrt(np.sum(weights * sampled**2) * np.sum(weights * goal**2))
            return -float(np.sum(weights * sampled * goal) / scale)

        span = np.radians(4.0 if some else 1.0) * np.vstack([np.zeros(6), np.eye(6)])
        options = {"initial_simplex": span, "xatol": 1e-3 if some else 1e-5, "fatol": 1e-5 if some else 1e-9}
        found = optimize.minimize(loss, np.zeros(6), method="Nelder-Mead", options={**options, "maxiter": 1500})
        return _turn(found.x[:3]) @ rotation, shift + LEVER * found.x[3:], -float(found.fun)


def _turn(vector: np.ndarray) -> np.ndarray:
    return Rotation.from_rotvec(vector).as_matrix()


def transformed(volume: np.ndarray, alignment: Alignment, pixel_size: float) -> np.ndarray:
    """A map moved into the truth's frame: Fourier interpolation to half the pixel, then splines of degree five."""
    box = len(volume)
    plain = _inverted(volume) if alignment.mirrored else volume
    fine = _resized(plain, 2 * box)
    spline = ndimage.spline_filter(fine, order=5)
    points = _centred_points(box).reshape(-1, 3)
    inner = (points - alignment.shift / pixel_size) @ alignment.rotation
    places = 2.0 * inner[:, ::-1].T + box  # the centre of the finer box, of 2 · box pixels
    if box % 2:  # box // 2 of the coarse grid lies at 2 (box // 2) of the fine one
        places -= 1.0
    moved = ndimage.map_coordinates(spline, places, order=5, prefilter=False, mode="constant")
    return moved.reshape((box,) * 3).astype(np.float32)


def score_poses(
    found: np.ndarray, true: np.ndarray, operators: np.ndarray, *, mirrored: bool = False
) -> tuple[PoseScore, np.ndarray]:
    """Angular errors of orientations, and the rotation of the found map's frame to the truth's.

    Parameters
    ----------
    found, true : (n, 3, 3) from the axes of map and truth to the image's
    operators : (m, 3, 3) of the truth's point group
    mirrored : the found poses belong to a map that is the truth's mirror image
    """
    if mirrored:  # a map inverted through its centre looks the same after half a turn in the plane of the image
        found = TURNED_IN_PLANE @ found
    relative = np.einsum("nji,njk->nik", true, found)  # symmetry operator times the global rotation
    tried = relative[:: max(1, len(relative) // 300)]
    errors = np.array([np.median(_errors(relative, one, operators)[0]) for one in tried])
    rotation = tried[int(np.argmin(errors))]
    for _ in range(20):
        error, nearest = _errors(relative, rotation, operators)
        near = error <= max(np.median(error), 1e-3)
        mean = np.einsum("nji,njk->ik", operators[nearest[near]], relative[near])
        left, _, right = np.linalg.svd(mean)
        rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    error, _ = _errors(relative, rotation, operators)
    score = PoseScore(error, float(np.median(error)), float(np.quantile(error, 0.9)), float(np.mean(error > 10.0)))
    return score, rotation


def _errors(relative: np.ndarray, rotation: np.ndarray, operators: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geodesic distances (n,) in degrees to the nearest operator times a rotation, and which operator that is."""
    traces = np.einsum("mij,nij->nm", operators @ rotation, relative)
    nearest = traces.argmax(axis=1)
    cosine = np.clip((traces[np.arange(len(traces)), nearest] - 1.0) / 2.0, -1.0, 1.0)
    return np.degrees(np.arccos(cosine)), nearest


def rotations_of(angles: np.ndarray) -> np.ndarray:
    """Matrices (n, 3, 3) of RELION's rot, tilt, psi (n, 3) in degrees."""
    return Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)


def rotation_grid(step: float) -> np.ndarray:
    """Rotations (n, 3, 3) that are evenly spread, about `step` degrees apart: super-Fibonacci spirals (Alexa 2022)."""
    count = int(4.2e6 / step**3)
    index = np.arange(count) + 0.5
    share, first, second = index / count, np.sqrt(2.0), 1.533751168755204288118041
    low, high = np.sqrt(share), np.sqrt(1.0 - share)
    alpha, beta = 2.0 * np.pi * index / first, 2.0 * np.pi * index / second
    quaternions = np.stack([low * np.sin(alpha), low * np.cos(alpha), high * np.sin(beta), high * np.cos(beta)], axis=1)
    return Rotation.from_quat(quaternions).as_matrix()


def low_passed(volume: np.ndarray, pixel_size: float, resolution: float) -> np.ndarray:
    """A map without what is finer than a resolution in Å: a sharp limit softened over two Fourier pixels."""
    box = len(volume)
    distance = (_radius(box) - pixel_size / resolution) * box
    transform = fft.rfftn(volume.astype(np.float64)) * np.clip(0.5 - 0.5 * distance, 0.0, 1.0)
    return fft.irfftn(transform, s=volume.shape)


def _correlation(volume: np.ndarray, truth: np.ndarray, mask: np.ndarray, pixel_size: float) -> float:
    a, b = (low_passed(one, pixel_size, ALIGNED_TO) for one in (volume, truth))
    a, b = a - np.average(a, weights=mask), b - np.average(b, weights=mask)
    return float(np.sum(mask * a * b) / np.sqrt(np.sum(mask * a**2) * np.sum(mask * b**2)))


def _shrunk(volume: np.ndarray, pixel_size: float, resolution: float, share: float) -> tuple[np.ndarray, float]:
    """A map limited to a resolution, on pixels of `share` of that; and the size of those in Å."""
    box = len(volume)
    size = min(box, 2 * int(np.ceil(box * pixel_size / (share * resolution) / 2)))
    return _resized(low_passed(volume, pixel_size, resolution), size), pixel_size * box / size


def _resized(volume: np.ndarray, size: int) -> np.ndarray:
    """A map on another number of pixels of the same field, by cropping or padding its transform; its centre stays."""
    box = len(volume)
    if size == box:
        return volume.astype(np.float64)
    transform = fft.fftshift(fft.fftn(fft.ifftshift(volume.astype(np.float64))))
    least = min(box, size)
    result = np.zeros((size,) * 3, complex)
    here = slice(box // 2 - least // 2, box // 2 - least // 2 + least)
    there = slice(size // 2 - least // 2, size // 2 - least // 2 + least)
    result[(there,) * 3] = transform[(here,) * 3]
    return fft.fftshift(fft.ifftn(fft.ifftshift(result))).real * (size / box) ** 3


def _inverted(volume: np.ndarray) -> np.ndarray:
    """A map inverted through its centre, n // 2."""
    flipped = volume[::-1, ::-1, ::-1]
    return flipped if len(volume) % 2 else np.roll(flipped, 1, axis=(0, 1, 2))


def _centred_points(box: int) -> np.ndarray:
    """(z, y, x, 3) places x, y, z of the voxels of a map, in voxels from its centre."""
    axis = np.arange(box) - float(box // 2)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([x, y, z], axis=-1)


def _resampled(volume: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    places = (_centred_points(len(volume)).reshape(-1, 3) @ rotation)[:, ::-1].T + len(volume) // 2
    return ndimage.map_coordinates(volume, places, order=1, mode="constant").reshape(volume.shape)


def _radius(box: int) -> np.ndarray:
    """(z, y, x) of a half transform: frequency in 1/pixel."""
    axis = fft.fftfreq(box)
    return np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + fft.rfftfreq(box) ** 2)


def main() -> None:
    import mrcfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("map", type=Path)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--mirror", action="store_true")
    options = parser.parse_args()
    with mrcfile.open(options.truth) as file:
        truth, pixel_size = file.data.copy(), float(file.voxel_size.x)
    with mrcfile.open(options.map) as file:
        volume = file.data.copy()
    score = score_map(volume, truth, pixel_size, mirror=options.mirror)
    alignment = score.alignment
    print(f"0.5 at {score.resolution:.2f} Å; mirrored: {alignment.mirrored}; correlation {alignment.correlation:.4f}")
    for frequency, correlation in zip(score.curve.frequency[1:], score.curve.correlation[1:], strict=True):
        print(f"{1 / frequency:8.2f} Å  {correlation:6.3f}")


if __name__ == "__main__":
    main()
