"""How good 2D classes are, by one fixed set of definitions, the same for every program; no code of the engine.

Every average is compared with projections of the truth (the simulator's potential, without B factor or damage) from all
directions, turned and moved to where they correlate best between 40 and 15 Å within a soft disc of the particle's
diameter; the best direction, refined to about 2°, is the view of the class. Its ring correlation is averaged over the
rings from 40 to 15 Å; an empty class has 0. A member is near if its true view lies within 25° of its class's, the least
over the point group, whatever its turn in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from map_truth import rotations_of
from scipy import fft, ndimage

BAND = (40.0, 15.0)  # Å
EDGE = 20.0  # Å, of the soft disc
TURN = 6.0  # degrees between the turns of the first search
DIRECTIONS = 500  # of the first search, over the whole sphere
REFINEMENTS = (4.0, 2.0)  # degrees between directions
NEAR = 25.0  # degrees


@dataclass(frozen=True)
class ClassTruth:
    """Ring correlation (k,) of every average with its view, shares (k,) of the members, and of those near the view."""

    correlation: np.ndarray
    shares: np.ndarray
    near: float

    @property
    def occupied(self) -> int:
        """Classes that hold more than 3 % of the particles."""
        return int((self.shares > 0.03).sum())


class Views:
    """Projections of a truth (z, y, x) to compare averages with.

    Parameters
    ----------
    truth : the map
    pixel_size : in Å
    diameter : of the particle, in Å
    """

    def __init__(self, truth: np.ndarray, pixel_size: float, diameter: float) -> None:
        self._truth, self._box = truth, len(truth)
        axis = np.arange(self._box) - self._box // 2
        radius = np.hypot(axis[:, None], axis) * pixel_size
        self._disc = np.clip((0.5 * diameter + EDGE - radius) / EDGE, 0.0, 1.0)
        frequency = np.hypot(fft.fftfreq(self._box, pixel_size)[:, None], fft.rfftfreq(self._box, pixel_size))
        self._rings = np.rint(frequency * self._box * pixel_size).astype(int)
        first, last = (self._box * pixel_size / resolution for resolution in BAND)
        self._band = (self._rings >= np.ceil(first)) & (self._rings <= np.floor(last))
        place = np.arange(DIRECTIONS) + 0.5
        self._directions = np.stack([np.degrees(place * np.pi * (3 - 5**0.5)), _polar(1 - 2 * place / DIRECTIONS)], 1)
        self._projections = self._transforms(self._directions)

    def best(self, average: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean ring correlation with the best view, and that view's rot and tilt in degrees."""
        if not np.isfinite(average).all() or not average.any():
            return 0.0, np.zeros(2)
        turned = np.stack([self._turned(average, turn) for turn in np.arange(0.0, 360.0, TURN)])
        scores = np.stack([self._correlations(self._projections, one).max(axis=(1, 2)) for one in turned])
        turn, direction = np.unravel_index(scores.argmax(), scores.shape)
        angle, view = TURN * turn, self._directions[direction]
        for step in REFINEMENTS:
            offsets = step * np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)])
            offsets[:, 0] /= max(0.2, np.sin(np.radians(view[1])))
            directions = view + offsets
            # In the plane a direction and its neighbours turn against each other by up to their difference in rot.
            turns = angle + np.linspace(-1.5 * TURN, 1.5 * TURN, 13)
            projections = self._transforms(directions)
            scores = np.stack(
                [self._correlations(projections, self._turned(average, one)).max(axis=(1, 2)) for one in turns]
            )
            turn, direction = np.unravel_index(scores.argmax(), scores.shape)
            angle, view, projection = turns[turn], directions[direction], projections[direction]
        return self._ring_correlation(average, angle, projection), view

    def _transforms(self, directions: np.ndarray) -> np.ndarray:
        angles = np.column_stack([directions, np.zeros(len(directions))])
        return np.stack([fft.rfft2(self._project(one) * self._disc) for one in rotations_of(angles)])

    def _project(self, rotation: np.ndarray) -> np.ndarray:
        matrix = rotation.T[::-1, ::-1]
        centre = np.full(3, self._box // 2)
        return ndimage.affine_transform(self._truth, matrix, centre - matrix @ centre, order=1).sum(axis=0)

    def _turned(self, average: np.ndarray, angle: float) -> np.ndarray:
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        matrix, centre = np.array([[cosine, sine], [-sine, cosine]]), np.full(2, self._box // 2)
        return ndimage.affine_transform(average * self._disc, matrix, centre - matrix @ centre, order=1)

    def _correlations(self, projections: np.ndarray, average: np.ndarray) -> np.ndarray:
        """At every shift of a few pixels, within the band."""
        one = fft.rfft2(average) * self._band
        others = projections * self._band
        norm = np.linalg.norm(one) * np.linalg.norm(others, axis=(1, 2)) + 1e-30
        maps = fft.irfft2(others * one.conj(), s=(self._box, self._box)) / norm[:, None, None]
        near = np.r_[0:7, -6:0]
        return maps[:, near[:, None], near]

    def _ring_correlation(self, average: np.ndarray, angle: float, projection: np.ndarray) -> float:
        turned = self._turned(average, angle)
        found = self._correlations(projection[None], turned)[0]
        near = np.r_[0:7, -6:0]
        y, x = (near[place] for place in np.unravel_index(found.argmax(), found.shape))
        one = fft.rfft2(np.roll(turned, (y, x), axis=(0, 1)) * self._disc)
        sums = [
            np.bincount(self._rings.ravel(), values.ravel())
            for values in ((one * projection.conj()).real, np.abs(one) ** 2, np.abs(projection) ** 2)
        ]
        rings = np.unique(self._rings[self._band])
        return float((sums[0] / np.sqrt(sums[1] * sums[2] + 1e-30))[rings].mean())


def score_classes(averages: np.ndarray, classes: np.ndarray, angles: np.ndarray, views: Views, fold: int) -> ClassTruth:
    """Score averages (k, y, x) and the classes (n,), from 0, of particles with true angles (n, 3) and a C group."""
    directions = rotations_of(angles)[:, 2]
    correlation, near = np.zeros(len(averages)), 0
    for number, average in enumerate(averages):
        correlation[number], view = views.best(average)
        mates = np.column_stack([view[0] + 360.0 / fold * np.arange(fold), np.full(fold, view[1]), np.zeros(fold)])
        closeness = (directions[classes == number] @ rotations_of(mates)[:, 2].T).max(axis=1, initial=-1.0)
        near += int((closeness > np.cos(np.radians(NEAR))).sum())
    shares = np.bincount(classes, minlength=len(averages)) / len(classes)
    return ClassTruth(correlation, shares, near / len(classes))


def _polar(cosine: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(cosine))
