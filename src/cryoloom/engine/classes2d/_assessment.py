"""What classes and their members are worth, in figures and words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.classes2d._averages import CERTAIN_RINGS
from cryoloom.engine.classes2d._planes import PADDING, planes_of
from cryoloom.engine.kernels import extract_turned, shift_factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cryoloom.engine.classes2d._classes2d import Classes2DState
    from cryoloom.engine.likelihood import ParticleImages

RESOLUTION = 25.0  # Å, up to which an image is compared with its average: what single images show
LEAST_RESEMBLANCE = 0.72  # of a typical member's, below which an image is taken for something else
MIXED = 0.7  # share of members that resemble the average, below which it is taken for one of different things
AGREEMENT = 0.5  # of the averages of a class's halves, where its resolution ends
LEAST_EVENNESS = 0.4  # share of members that must resemble the average, but for what is chance in so few
DOUBT = 2.0  # standard deviations of that share for which a class has the benefit of the doubt
CONTRASTS = (0.5, 1.7)  # of a typical class's, between which a class may lie
SIZES = (0.6, 1.4)
COARSEST = 2.5  # resolution, as a multiple of the typical
SOLID = 0.3  # of an average's largest value, above which it counts for its size
IMAGES_AT_ONCE = 128
_PARTLY = "like most of the others, but mixed: only the better kind of its members"


@dataclass(frozen=True)
class ClassScore:
    """What a class is worth.

    Parameters
    ----------
    members : images of which it is the likeliest class
    resolution : in Å, where the averages of its half sets cease to agree; None if they never do
    contrast : of its average, where 1 is typical of this result
    size : diameter in Å of a disc as large as what is solid in its average
    evenness : share of its members that resemble it, before it is known whether the class is mixed
    keep : whether it is proposed to be kept
    reason : why, or why not
    """

    members: int
    resolution: float | None
    contrast: float
    size: float
    evenness: float
    keep: bool
    reason: str

    @property
    def merit(self) -> float:
        """Evenness, halved if the class is not proposed to be kept: it sorts the best first."""
        return self.evenness if self.keep else 0.5 * self.evenness

    @property
    def words(self) -> str:
        """All of it in a line."""
        resolution = "no detail" if self.resolution is None else f"{self.resolution:.0f} Å"
        return (
            f"{resolution}, contrast {self.contrast:.2f}, {self.size:.0f} Å wide, {self.evenness:.0%} alike: "
            f"{'keep' if self.keep else 'leave out'}, {self.reason}"
        )


@dataclass(frozen=True)
class Assessment:
    """A proposal of what to keep, which a person can override.

    Parameters
    ----------
    scores : of each class
    resemblance : (n,) of every image to the average of its class, where 1 is typical; less in a mixed class, so that
        `LEAST_RESEMBLANCE` lies where its two kinds of members part
    keep : (n,) whether the image is proposed to be kept: its class is, and it resembles it
    """

    scores: tuple[ClassScore, ...]
    resemblance: NDArray[np.float32]
    keep: NDArray[np.bool_]


def assess_classes(particles: ParticleImages, state: Classes2DState, *, threads: int = 1) -> Assessment:
    """Score classes and their members.

    An image resembles the average of its class as far as both correlate up to 25 Å, divided by what an image of that
    defocus would on average reach if it showed the average under the noise. An average of different things resembles
    each of them somewhat: in a class of which many members do not resemble it, so much less is counted that only the
    better of the two kinds into which they part pass.

    Parameters
    ----------
    particles : that were classified
    state : the last one of their classification
    threads : threads to use; the result does not depend on it

    References
    ----------
    Otsu (1979), IEEE Trans. Syst. Man Cybern. 9:62-66, for parting two kinds.
    """
    resemblance = _resemblance(particles, state, threads)
    members = np.bincount(state.poses.classes, minlength=len(state.averages))
    typical = float(np.median(resemblance))
    resemblance /= np.float32(typical if typical > 0 else 1.0)
    alike = resemblance >= LEAST_RESEMBLANCE
    evenness = np.bincount(state.poses.classes, alike, len(members)) / np.maximum(members, 1)
    mixed = (evenness < MIXED) & (members > 1)
    for mixture in np.flatnonzero(mixed):
        own = state.poses.classes == mixture
        resemblance[own] *= LEAST_RESEMBLANCE / max(LEAST_RESEMBLANCE, parting(resemblance[own]))
    contrast = state.averages.std(axis=(1, 2)).astype(np.float64)
    contrast /= _typical(contrast, members)
    solid = state.averages > SOLID * state.averages.max(axis=(1, 2), keepdims=True)
    size = 2.0 * np.sqrt(solid.sum(axis=(1, 2)) / np.pi) * particles.pixel_size
    width = particles.box_size * particles.pixel_size
    rings = np.array([last_ring(one) for one in state.correlation])
    typical_size, typical_ring = _typical(size, members), _typical(rings.astype(np.float64), members)
    scores = []
    for number, count in enumerate(members):
        reason = _fault(
            int(count), rings[number] / typical_ring, contrast[number], size[number] / typical_size, evenness[number]
        )
        scores.append(
            ClassScore(
                members=int(count),
                resolution=width / rings[number] if rings[number] and count else None,
                contrast=float(contrast[number]),
                size=float(size[number]),
                evenness=float(evenness[number]),
                keep=not reason,
                reason=reason or (_PARTLY if mixed[number] else "like most of the others"),
            )
        )
    kept = np.array([one.keep for one in scores])
    return Assessment(tuple(scores), resemblance, kept[state.poses.classes] & (resemblance >= LEAST_RESEMBLANCE))


def _fault(members: int, detail: float, contrast: float, size: float, evenness: float) -> str:
    """What speaks against a class; nothing, if nothing does."""
    faults = (
        (not members, "it is empty"),
        (contrast > CONTRASTS[1], f"{contrast:.1f} times as strong as the others, like ice or gold"),
        (contrast < CONTRASTS[0], f"faint, {contrast:.0%} of the others' contrast"),
        (size > SIZES[1], f"{size:.1f} times as large as the others, like an aggregate or an edge"),
        (size < SIZES[0], f"small, {size:.0%} of the others' width"),
        (not detail, "its halves agree in no detail"),
        (detail < 1.0 / COARSEST, f"it shows only details {1 / (detail or 1.0):.0f} times as coarse as the others"),
        (evenness < _least_evenness(members), f"only {evenness:.0%} of its members look like it"),
    )
    return next((words for found, words in faults if found), "")


def _least_evenness(members: int) -> float:
    """The share of so many members below which it is not for chance that few resemble the average.

    Rare views make small classes, whose share is the more uncertain; members are judged one by one as well.
    """
    return LEAST_EVENNESS - DOUBT * math.sqrt(LEAST_EVENNESS * (1.0 - LEAST_EVENNESS) / max(members, 1))


def parting(values: NDArray[np.float32]) -> float:
    """Between which of (n,) values, n > 1, they part into two groups whose means differ most, as Otsu weighs it."""
    ascending = np.sort(values.astype(np.float64))
    total, below = ascending.sum(), np.cumsum(ascending)[:-1]
    count = np.arange(1, len(ascending))
    apart = (total - below) / (len(ascending) - count) - below / count
    last = int((count * (len(ascending) - count) * apart**2).argmax())
    return float(0.5 * (ascending[last] + ascending[last + 1]))


def _typical(values: NDArray[np.float64], members: NDArray[np.int64]) -> float:
    """The median over all images of a figure of their classes."""
    median = float(np.median(np.repeat(values, members)))
    return median if median > 0 else 1.0


def last_ring(correlation: NDArray[np.float64]) -> int:
    """The last ring from the origin up to which halves agree; 0 if they do not agree at all.

    The first rings hold so few frequencies that chance may raise or lower each of them: they are judged together, each
    by its number of frequencies, and the others one by one.

    Parameters
    ----------
    correlation : (r,) of the averages of a class's halves, in rings of one Fourier pixel, the origin first
    """
    first = correlation[1 : CERTAIN_RINGS + 1]
    if not first.size or np.average(first, weights=np.arange(1, len(first) + 1)) < AGREEMENT:
        return 0
    below = np.flatnonzero(correlation[CERTAIN_RINGS + 1 :] < AGREEMENT)
    return CERTAIN_RINGS + int(below[0]) if below.size else len(correlation) - 1


def _resemblance(particles: ParticleImages, state: Classes2DState, threads: int) -> NDArray[np.float32]:
    poses, box = state.poses, particles.box_size
    radius = max(3, min(box // 2, round(box * particles.pixel_size / RESOLUTION)))
    planes = planes_of(state.averages, radius, threads=threads)
    result = np.empty(len(poses), np.float32)
    for start in range(0, len(poses), IMAGES_AT_ONCE):
        some = np.arange(start, min(start + IMAGES_AT_ONCE, len(poses)))
        whole = np.rint(poses.shifts[some]).astype(np.int64)
        seen = particles.observe(some, radius, state.noise, offsets=whole, undistorted=True, threads=threads)
        chosen, turns = poses.classes[some].astype(np.int64), poses.turns[some].astype(np.float64)
        expected = extract_turned(planes, chosen, turns, seen.frequencies, padding=PADDING, threads=threads)
        # Of the half pixel at most that is left to move, an uneven magnification changes next to nothing.
        expected *= shift_factors(seen.frequencies, (poses.shifts[some] - whole).astype(np.float64), box)
        expected *= seen.transfer
        energy = (np.abs(expected) ** 2).sum(axis=1)
        power = (np.abs(seen.masked) ** 2).sum(axis=1)
        shared = (seen.masked.conj() * expected).real.sum(axis=1)
        # Squares of what is expected of the correlation: signal in signal and noise, whose whitened power is 1.
        usual = energy / (energy + expected.shape[1])
        scale = np.sqrt(energy * power * usual)
        result[some] = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
    return result
