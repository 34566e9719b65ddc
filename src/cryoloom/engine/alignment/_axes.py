"""Find the axes of a map's symmetry and bring them to where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cryoloom.engine.alignment._comparison import (
    COARSELY,
    EXACT,
    LEVER,
    SIMPLEX,
    Spectrum,
    best_shift,
    coarse_resolution,
    correlation,
    refined,
    turn,
)
from cryoloom.engine.alignment._rigid import RigidMotion
from cryoloom.engine.orientations import directions
from cryoloom.engine.symmetry import point_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Spectra: TypeAlias = tuple[Spectrum, Spectrum]
    """Of one map, coarse and fine."""

RESOLUTION = 20.0  # Å
AXES = 12  # subdivisions of the sphere: directions about 4.9° apart
CANDIDATES, APART = 5, 12.0  # axes that are refined, and degrees between any two
TURN_STEP = 3.0  # degrees about the main axis, when another axis is looked for
LARGEST_SHIFT = 0.15  # of the box, of the symmetry's centre from the map's


@dataclass(frozen=True)
class SymmetryFit:
    """How well a map has a symmetry.

    Parameters
    ----------
    group : name of the point group
    motion : that brings the map's axes to those of the group
    correlations : (n,) of the moved map with itself under each operator, in the order of `point_group`; the first is 1
    """

    group: str
    motion: RigidMotion
    correlations: NDArray[np.float64]

    @property
    def least(self) -> float:
        """The correlation under the operator that fits worst; 1 if there is none but the identity."""
        return float(self.correlations.min())


def operator_correlations(
    volume: NDArray[np.floating[Any]],
    group: str,
    *,
    pixel_size: float,
    resolution: float = RESOLUTION,
    diameter: float | None = None,
    threads: int = 1,
) -> NDArray[np.float64]:
    """Correlate a map, as it stands, with itself under each operator of a point group.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis
    group : name of the point group
    pixel_size : in Å
    resolution : finest detail compared, in Å
    diameter : of the sphere about the centre that is compared, in Å; by default the largest that fits the box
    threads : threads to use

    Returns
    -------
    (n,) correlations of coefficients, every shell counted by its size alone, in the order of `point_group`
    """
    spectrum = Spectrum(volume, pixel_size=pixel_size, resolution=resolution, diameter=diameter, threads=threads)
    return _under(spectrum, point_group(group).operators, np.eye(3), np.zeros(3))


def align_to_symmetry(
    volume: NDArray[np.floating[Any]],
    group: str,
    *,
    pixel_size: float,
    resolution: float = RESOLUTION,
    diameter: float | None = None,
    threads: int = 1,
) -> SymmetryFit:
    """Find the frame in which a map has a symmetry as well as it can.

    For every direction the map is turned about it by the main axis' angle and correlated with itself at low resolution,
    with every shift by one Fourier transform. At the best axes the turn about them is found at which another generator
    of the group fits too, then frame and centre are refined together.

    Parameters
    ----------
    volume : (n, n, n) map, its centre at ``n // 2`` on every axis
    group : name of the point group, C1 to O
    pixel_size : in Å
    resolution : finest detail compared, in Å
    diameter : of the sphere about the centre that is compared, in Å; by default the largest that fits the box
    threads : threads to use; the result does not depend on it

    Returns
    -------
    The motion, and the correlation under each operator, low where the map does not have that symmetry. What the group
    leaves open (a C group the turn about its axis and the place along it) stays as it is.
    """
    coarse, fine = (
        Spectrum(volume, pixel_size=pixel_size, resolution=level, diameter=diameter, threads=threads)
        for level in (coarse_resolution(len(volume), pixel_size, resolution), resolution)
    )
    return fit_symmetry((coarse, fine), group, main_axes(coarse, main_order(group), threads=threads))


def main_order(group: str) -> int:
    """Order of the axis of a group that is looked for first; it lies on Z, but the only one of D1 on X."""
    return {"T": 3, "O": 4, "D1": 2}.get(point_group(group).name) or int(point_group(group).name[1:])


def main_axes(
    spectrum: Spectrum, order: int, *, least: float = -1.0, threads: int = 1
) -> Sequence[NDArray[np.float64]]:
    """Directions (3,) about which a map fits best after a turn by a share of the circle, the best first.

    Parameters
    ----------
    spectrum : of the map, coarse
    order : of the axis
    least : correlation that the best direction must reach; otherwise there is none
    threads : threads to use
    """
    if order == 1:
        return [np.array([0.0, 0.0, 1.0])]
    rot, tilt = np.deg2rad(directions(AXES)).T
    axes = np.stack([np.sin(tilt) * np.cos(rot), np.sin(tilt) * np.sin(rot), np.cos(tilt)], axis=1)
    axes = axes[tilt <= np.pi / 2 + 1e-9]
    scores = _scores_of_turns(spectrum, np.stack([turn(axis * (2 * np.pi / order)) for axis in axes]), threads)
    if scores.max() < least:
        return []
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        if all(abs(axes[place] @ axes[other]) < np.cos(np.deg2rad(APART)) for other in kept):
            kept.append(int(place))
        if len(kept) == CANDIDATES:
            break
    return [axes[place] for place in kept]


def fit_symmetry(spectra: Spectra, group: str, axes: Sequence[NDArray[np.float64]]) -> SymmetryFit:
    """The best frame for a group, from directions (3,) in which its main axis may lie."""
    name, operators = point_group(group).name, point_group(group).operators
    if len(operators) == 1:
        return SymmetryFit(name, RigidMotion.none(), np.ones(1))
    if name == "D1":
        return _brought_from_z_to_x(fit_symmetry(spectra, "C2", axes))
    generators = _generators(operators, main_order(group))
    found = []
    for axis in axes:
        frame = _upright(axis)
        if len(generators) > 1:
            frame = _turned_about_main(spectra[1], generators[1], frame, main_order(group))
        found.append(_refined(spectra, generators, frame))
    frame, centre, _ = max(found, key=lambda one: one[2])
    if group_is_cyclic(operators):
        # The turn about the axis and the place along it are free: turn as little as brings the axis to Z.
        axis = frame[2]
        frame = _upright(axis)
        centre = centre - (centre @ axis) * axis
    correlations = _under(spectra[1], operators, frame, centre)
    return SymmetryFit(name, RigidMotion(frame, -frame @ centre), correlations)


def _brought_from_z_to_x(fit: SymmetryFit) -> SymmetryFit:
    """The fit of C2 as that of D1, whose only axis is the same, but lies on X."""
    turned = turn(np.array([0.0, np.pi / 2, 0.0]))
    motion = RigidMotion(turned @ fit.motion.rotation, turned @ fit.motion.shift)
    return SymmetryFit("D1", motion, fit.correlations)


def group_is_cyclic(operators: NDArray[np.float64]) -> bool:
    """Whether all operators turn about Z."""
    return bool(np.allclose(operators[:, 2, 2], 1.0))


def _generators(operators: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """The turn about Z and, if that does not make the whole group, one operator that leads away from Z."""
    angle = 2 * np.pi / order
    about_z = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    others = operators[operators[:, 2, 2] < 1.0 - 1e-6]
    return np.stack([about_z, *others[:1]])


def _turned_about_main(
    spectrum: Spectrum, other: NDArray[np.float64], frame: NDArray[np.float64], order: int
) -> NDArray[np.float64]:
    """The frame, turned about Z so that another generator fits as well as it can."""
    steps = np.arange(0.0, 360.0 / order, TURN_STEP)
    frames = np.stack([turn(np.array([0.0, 0.0, np.deg2rad(step)])) @ frame for step in steps])
    scores = _scores_of_turns(spectrum, frames.transpose(0, 2, 1) @ other @ frames, 1)
    return np.asarray(frames[int(np.argmax(scores))])


def _scores_of_turns(spectrum: Spectrum, rotations: NDArray[np.float64], threads: int) -> NDArray[np.float64]:
    """(n,) correlation of a map with itself turned and shifted as fits best."""
    scores = np.empty(len(rotations))
    for start in range(0, len(rotations), 256):
        part = slice(start, start + 256)
        turned = spectrum.turned(rotations[part], threads=threads)
        _, scores[part] = best_shift(
            spectrum.values, turned, spectrum.frequencies, width=spectrum.width, limit=LARGEST_SHIFT * spectrum.width
        )
    return scores


def _refined(
    spectra: Spectra, generators: NDArray[np.float64], frame: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """The frame and centre near given ones at which the generators fit best, and their mean correlation.

    What is coarse leads near, where what is fine has but one maximum.
    """
    # A turn about the only axis there is changes nothing, nor does a place along it.
    free = [0, 1, 3, 4] if len(generators) == 1 else [*range(6)]
    centre, reached = np.zeros(3), 0.0
    for spectrum, step, exact in ((spectra[0], SIMPLEX, COARSELY), (spectra[1], 0.4 * SIMPLEX, EXACT)):

        def placed(
            numbers: NDArray[np.float64], frame: NDArray[np.float64] = frame, centre: NDArray[np.float64] = centre
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            every = np.zeros(6)
            every[free] = numbers
            return turn(every[:3]) @ frame, centre + LEVER * frame.T @ every[3:]

        def score(numbers: NDArray[np.float64], spectrum: Spectrum = spectrum, placed: Any = placed) -> float:
            return float(_under(spectrum, generators, *placed(numbers)).mean())

        numbers, reached = refined(score, len(free), step=step, exact=exact)
        frame, centre = placed(numbers)
    return frame, centre, reached


def _under(
    spectrum: Spectrum, operators: NDArray[np.float64], frame: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) correlations of a map with itself under operators, in a frame and about a centre (3,) in Å of the map."""
    turns = frame.T @ operators @ frame
    turned = spectrum.turned(turns)
    return np.array(
        [
            correlation(spectrum.values, one * spectrum.phases(centre - rotation @ centre))
            for one, rotation in zip(turned, turns, strict=True)
        ]
    )


def _upright(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest rotation (3, 3) that brings an axis (3,), or its opposite, to Z."""
    axis = axis if axis[2] >= 0 else -axis
    cross = np.cross(axis, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(cross))
    if sine < 1e-9:
        return np.eye(3)
    return turn(cross / sine * np.arctan2(sine, axis[2]))
