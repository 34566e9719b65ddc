"""The correlation of two half maps, and what of it a mask has made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.engine.fourier import forward_transform, inverse_transform, radial_frequency
from cryoloom.engine.fsc import ShellCorrelation, correlate_transforms
from cryoloom.engine.maps import fault_of_mask
from cryoloom.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF_MAP_THRESHOLD = 0.143
_RANDOMISED_BELOW = 0.8  # of the correlation without a mask: from there on phases are randomised
_EVIDENCE = 5.0  # standard deviations of the correlation of noise
_DRAWS = 2  # of random phases for each half; every draw of one half is compared with every draw of the other
_LEFT_OUT = 2  # shells beside that one, into which the mask carries what was not randomised


@dataclass(frozen=True)
class HalfMapCorrelation:
    """Correlations of two half maps in shells of spatial frequency.

    Parameters
    ----------
    unmasked : of the maps as they are
    masked : of the masked maps; the same as ``unmasked`` without a mask
    randomised : of the masked maps, with phases randomised from ``randomised_from`` on; None if none were
    corrected : of the masked maps, without what the mask makes
    randomised_from : shell from which phases are randomised; None if the correlation never falls so low, or there is no
        mask
    independent_share : of all coefficients together, how many are independent within the mask
    share_in_shell : the same of those of one shell, whose neighbours on both sides do not count
    copies : that symmetry makes of each coefficient
    """

    unmasked: ShellCorrelation
    masked: ShellCorrelation
    randomised: ShellCorrelation | None
    corrected: ShellCorrelation
    randomised_from: int | None
    independent_share: float
    share_in_shell: float = 1.0
    copies: int = 1

    @property
    def curves(self) -> dict[str, ShellCorrelation]:
        """Name → each curve that there is."""
        found = {"unmasked": self.unmasked, "masked": self.masked}
        if self.randomised is not None:
            found["phase-randomised"] = self.randomised
        return {**found, "corrected": self.corrected}

    @property
    def by_chance(self) -> NDArray[np.float64]:
        """(s,) what the mask makes by itself in each shell; 0 where phases were not randomised."""
        if self.randomised is None or self.randomised_from is None:
            return np.zeros(len(self.masked.correlation))
        return _by_chance(self.randomised.correlation, self.randomised_from)

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """(s,) of the corrected curve, (1 - F²) / √(2n) for n independent coefficients, and what random phases add."""
        count = np.maximum(self.corrected.coefficients * self.share_in_shell / self.copies, 1.0)
        added = 1.0 if self.randomised is None else 1.0 + 1.0 / _DRAWS**2
        error: NDArray[np.float64] = (1.0 - self.corrected.correlation**2) * np.sqrt(0.5 * added / count)
        return error

    @property
    def resolution(self) -> float | None:
        """To where the corrected curve is above 0.143 by its standard error, in Å, interpolated.

        Where the curve itself first falls below 0.143, its scatter puts the end too far as often as too near; from
        there it is gone back. None without evidence that the halves share anything.
        """
        curve = self.corrected
        sure = curve.correlation - self.standard_error
        falls = np.flatnonzero(curve.correlation[1:] < HALF_MAP_THRESHOLD) + 1
        end = int(falls[0]) if falls.size else len(sure)
        kept = np.flatnonzero(sure[1:end] >= HALF_MAP_THRESHOLD) + 1
        if not kept.size:
            return None
        sure[: kept[-1]] = 1.0
        found = ShellCorrelation(curve.frequency, sure, curve.coefficients).resolution(HALF_MAP_THRESHOLD)
        return None if found is None or self._evidence(found) < _EVIDENCE else found

    def _evidence(self, resolution: float) -> float:
        """By how many standard deviations the curve, as far as this resolution, exceeds that of independent noise."""
        curve = self.corrected
        within = slice(1, int(np.searchsorted(curve.frequency, 1 / resolution, side="right")))
        count = curve.coefficients[within] * self.independent_share / self.copies
        total = float((count * curve.correlation[within]).sum())
        return total / np.sqrt(0.5 * float(count.sum())) if count.size else 0.0

    @property
    def against_truth(self) -> NDArray[np.float64]:
        """What the full map's correlation with the truth is, by the corrected curve."""
        return correlation_with_truth(self.corrected.correlation)


def correlation_with_truth(halves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of the mean of two half maps with the truth, √(2F / (1 + F)), from theirs with each other, F.

    Parameters
    ----------
    halves : (s,) F in each shell; what is negative counts as 0

    References
    ----------
    Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745.
    """
    positive = np.clip(halves, 0.0, 1.0)
    curve: NDArray[np.float64] = np.sqrt(2 * positive / (1 + positive))
    return curve


def correlate_half_maps(
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    *,
    pixel_size: float,
    copies: int,
    mask: NDArray[np.floating[Any]] | None = None,
    seed: int = 1,
    threads: int = 1,
) -> HalfMapCorrelation:
    """Correlate two half maps, and take away what the mask has made.

    Parameters
    ----------
    first, second : (n, n, n) maps of independent halves of the particles, neither masked nor filtered
    pixel_size : in Å
    copies : order of the point group that was imposed on both
    mask : (n, n, n), from 0 to 1
    seed : of the random phases
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The curves. Time O(n³ log n), thirteen transforms.

    Raises
    ------
    ParameterError
        If the arrays are not cubes of one size, a value is not a number, a half is empty, the two are one map, or the
        mask surrounds next to nothing.

    References
    ----------
    Chen et al. (2013), Ultramicroscopy 135:24-35; Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745.
    """
    check_half_maps(first, second, mask)
    transforms = [forward_transform(half, dimensions=3, threads=threads) for half in (first, second)]
    return correlate_half_transforms(transforms, (first, second), mask, pixel_size, seed, threads, copies=copies)


def correlate_half_transforms(
    transforms: list[NDArray[np.complex64]],
    halves: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]],
    mask: NDArray[np.floating[Any]] | None,
    pixel_size: float,
    seed: int,
    threads: int,
    *,
    copies: int,
) -> HalfMapCorrelation:
    """The same, for halves that are transformed already; the transforms are left as they are."""
    shape = halves[0].shape
    unmasked = correlate_transforms(transforms[0], transforms[1], shape, pixel_size=pixel_size)
    if mask is None:
        return HalfMapCorrelation(unmasked, unmasked, None, unmasked, None, 1.0, copies=copies)
    weights = np.asarray(mask, np.float32)
    hidden = [forward_transform(half * weights, dimensions=3, threads=threads) for half in halves]
    masked = correlate_transforms(hidden[0], hidden[1], shape, pixel_size=pixel_size)
    del hidden
    share, share_in_shell = _independent_shares(weights, threads)
    low = np.flatnonzero(unmasked.correlation[1:] < _RANDOMISED_BELOW) + 1
    if not low.size:
        return HalfMapCorrelation(unmasked, masked, None, masked, None, share, share_in_shell, copies)
    start = int(low[0])
    randomised = _correlate_randomised(transforms, weights, start, pixel_size, seed, threads)
    corrected = without_chance(masked.correlation, _by_chance(randomised.correlation, start))
    curve = ShellCorrelation(masked.frequency, corrected, masked.coefficients)
    return HalfMapCorrelation(unmasked, masked, randomised, curve, start, share, share_in_shell, copies)


def _independent_shares(weights: NDArray[np.float32], threads: int) -> tuple[float, float]:
    """Of the coefficients of noise within a mask, how many are independent: of all, and of those of one shell.

    Coefficients at a distance d hang together by c(d), the transform of the squared mask. Of n coefficients, n² / Σ c²
    are independent, over all pairs. In a shell one Fourier pixel thick, the partner at a distance d is there in a share
    of all directions, 1 - d/2 up to one pixel and 1 / 2d beyond.
    """
    squares = weights**2
    box = len(weights)
    share = float(squares.sum(dtype=np.float64) ** 2 / (squares**2).sum(dtype=np.float64)) / weights.size
    transform = forward_transform(squares, dimensions=3, threads=threads)
    together = transform.real**2 + transform.imag**2
    together[..., 1 : (box + 1) // 2] *= 2.0  # both mates
    distance = radial_frequency(weights.shape, 1.0 / box)
    there = np.where(distance < 1.0, 1.0 - 0.5 * distance, 0.5 / np.maximum(distance, 1.0))
    in_shell = float((together * there).sum(dtype=np.float64) / together.sum(dtype=np.float64))
    return share, min(share / in_shell, 1.0)


def without_chance(masked: NDArray[np.float64], by_chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations of masked maps without what the mask makes by itself."""
    curve: NDArray[np.float64] = (masked - by_chance) / (1 - by_chance)
    return curve


def _by_chance(randomised: NDArray[np.float64], start: int) -> NDArray[np.float64]:
    """(s,) what a mask makes, if phases were randomised from shell ``start`` on."""
    beyond = np.arange(len(randomised)) >= start + _LEFT_OUT
    return np.where(beyond, np.minimum(randomised, 0.999), 0.0)


def check_half_maps(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], mask: NDArray[np.floating[Any]] | None
) -> None:
    """Refuse halves that cannot be compared.

    Raises
    ------
    ParameterError
        As `correlate_half_maps` says.
    """
    shape = first.shape
    if first.ndim != 3 or len(set(shape)) != 1:
        raise ParameterError(f"A half map must be a cube; the first is {shape}.")
    for name, array in (("second half map", second), ("mask", mask)):
        if array is not None and array.shape != shape:
            raise ParameterError(
                f"The {name} is {array.shape} and the first half map {shape}; they must have one shape."
            )
    for name, array in (("first half map", first), ("second half map", second), ("mask", mask)):
        if array is None:
            continue
        if not np.isfinite(array).all():
            raise ParameterError(f"The {name} holds values that are not numbers.")
        if array.min() == array.max() and (name != "mask" or array.max() <= 0):
            raise ParameterError(f"The {name} is {array.flat[0]:g} everywhere.")
    if np.array_equal(first, second):
        raise ParameterError("The two half maps are the same map, so their correlation says nothing; give both halves.")
    if mask is not None:
        _check_mask(mask)


def _check_mask(mask: NDArray[np.floating[Any]]) -> None:
    if mask.min() < -1e-3 or mask.max() > 1.001:
        raise ParameterError(f"The mask goes from {mask.min():g} to {mask.max():g}; it must lie between 0 and 1.")
    fault = fault_of_mask(mask)
    if fault:
        raise ParameterError(f"The mask {fault}.")


def _correlate_randomised(
    transforms: list[NDArray[np.complex64]],
    weights: NDArray[np.float32],
    start: int,
    pixel_size: float,
    seed: int,
    threads: int,
) -> ShellCorrelation:
    """The correlation of masked halves of random phases, as the mean of all pairs of draws.

    What one pair shows in a narrow mask scatters as much as the masked curve itself. Pairs that have a draw in common
    scatter independently of each other, so the mean of `_DRAWS`² pairs has that part of the variance.
    """
    shape = weights.shape
    random = np.random.default_rng(seed)

    def draw(transform: NDArray[np.complex64]) -> NDArray[np.complex64]:
        without = inverse_transform(_randomised(transform, shape, start, random), shape, threads=threads)
        without *= weights
        return forward_transform(without, dimensions=3, threads=threads)

    first = [draw(transforms[0]) for _ in range(_DRAWS)]
    pairs = []
    for _ in range(_DRAWS):
        second = draw(transforms[1])
        pairs += [correlate_transforms(each, second, shape, pixel_size=pixel_size) for each in first]
    mean = np.mean([pair.correlation for pair in pairs], axis=0)
    return ShellCorrelation(pairs[0].frequency, mean, pairs[0].coefficients)


def _randomised(
    transform: NDArray[np.complex64], shape: tuple[int, ...], start: int, random: np.random.Generator
) -> NDArray[np.complex64]:
    """The same amplitudes, with random phases from a shell on."""
    box = shape[-1]
    squared = (np.fft.fftfreq(box) * box) ** 2
    far = squared[:, None, None] + squared[:, None] + np.arange(box // 2 + 1) ** 2 >= (start - 0.5) ** 2
    angle = random.random(transform.shape, np.float32)
    for column in (0, box // 2) if box % 2 == 0 else (0,):  # where both mates are stored, their phases are opposite
        plane = angle[..., column]
        plane -= np.roll(plane[::-1, ::-1], 1, (0, 1))
    angle *= np.float32(2 * np.pi)
    factor = np.empty(transform.shape, np.complex64)
    factor.real, factor.imag = np.cos(angle), np.sin(angle)
    return np.where(far, transform * factor, transform)
