"""What is known of how far a refinement can be believed, and what follows for its resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryoloom.protocols.refined import NOTHING_STANDS_OUT
from cryoloom.protocols.resolutions import ends_at_nyquist, told_resolution

if TYPE_CHECKING:
    from cryoloom.engine.refinement import Reach
    from cryoloom.engine.trust import GroupDeviations, NoiseControl, ParticleScaling, PoseAgreement, SharedNoise
    from cryoloom.engine.validation import DirectionalCorrelation, HalfMapCorrelation, ViewDistribution
    from cryoloom.protocols.trust._defocus import Defocus

LEAK = 0.01  # share of the particles that both halves may hold by chance: overlapping pictures of neighbours
REPRODUCIBLE = 0.5  # share of the poses that a second refinement must find again
TOO_DIFFERENT = 3.5  # standard deviations of the solvent, by which half maps differ within the mask
# True poses give 1 to 2.8, and noise in a wide sphere 2.4 to 3.3, in boxes that the particle nearly fills: the lowest
# frequencies, which CTFs pass least, are noisier than the solvent near the rim can tell.
ENOUGH_SOLVENT = 0.05  # share of the box's sphere; less does not tell what noise there is
BEYOND_NOISE = 2.5  # standard deviations of chance by which particles must align better than noise made of them

NO_EVIDENCE = "no evidence of signal, the half sets agree about nothing that both were not shown at the start"
NOT_TO_BE_JUDGED = "whether there is signal cannot be judged, both half sets were shown all that the pixels hold"


@dataclass(frozen=True)
class Leak:
    """Particles that both half sets hold.

    Parameters
    ----------
    noise : what their noise says
    near : pairs of particles, one in each half, whose refined centres nearly coincide; None if positions are not known
    distance : in Å, within which centres nearly coincide
    share : of all particles, how many have a twin in the other half
    resolution_without : the same resolution when one of each pair is left out, in Å; None
        if it was not asked for, or there is no evidence of signal then
    """

    noise: SharedNoise
    near: int | None
    distance: float
    share: float
    resolution_without: float | None = None

    @property
    def trips(self) -> bool:
        """Whether the halves are not independent."""
        return self.share > LEAK


@dataclass(frozen=True)
class Micrographs:
    """How particles of each micrograph differ from the others.

    Parameters
    ----------
    names : (g,) of the micrographs
    likelihood, shift : of the logarithms of the likelihood, and of how far particles were moved, in Å
    """

    names: tuple[str, ...]
    likelihood: GroupDeviations
    shift: GroupDeviations


@dataclass(frozen=True)
class CrossChecks:
    """What takes as long as the refinement itself.

    Parameters
    ----------
    agreement : of poses and maps with those of a second refinement
    second_resolution : that the other one reports, in Å; None without evidence of signal
    noise : images of noise beside particles
    astray : how far the poses that the second one went on from were moved; None if it looked everywhere, with another
        seed
    """

    agreement: PoseAgreement
    second_resolution: float | None
    noise: NoiseControl
    astray: Reach | None = None

    @property
    def second_start(self) -> str:
        """Where the second refinement began, as an end of a sentence."""
        return "with another seed" if self.astray is None else f"from poses moved by {self.astray}"


@dataclass(frozen=True)
class Trust:
    """Everything that a trust page shows.

    Parameters
    ----------
    counts : particles in each half set
    symmetry, diameter, box_size, pixel_size : of the refinement; lengths in Å, the box in pixels
    resolution : up to which the half maps agree (`HalfMapCorrelation.resolution`), in Å; None without evidence
    correlation : curves of the half maps
    views, directions : how views are spread after symmetry, and how the resolution depends on the direction
    difference_inside, difference_largest : of the half maps within the mask, in standard deviations of the solvent;
        None if it could not be compared
    local : 10th, 50th and 90th percentile of the local resolution in Å; None where there is none
    scaling : resolution against the number of particles
    b_factors : (m,) of the Guinier plots of the same maps, in Å²
    leak : between the half sets
    micrographs : None if it is not known which particle is of which
    defocus : of the particles; None if it is not known which is of which micrograph
    cross_checks : None if they were not run
    pictures : name → PNG
    mask_is_given : by the user; else it was drawn about what stands out of the solvent
    mask_remarks : what is to be said against a mask that was given, one sentence each
    can_judge : images hold anything beyond what both half sets were shown, by which signal could be told
    stands_out : something stands out of the noise of the map
    solvent : share of the box's largest sphere that the mask leaves to the solvent
    """

    counts: tuple[int, int]
    symmetry: str
    diameter: float
    box_size: int
    pixel_size: float
    resolution: float | None
    correlation: HalfMapCorrelation
    views: ViewDistribution
    directions: DirectionalCorrelation
    difference_inside: float | None
    difference_largest: float | None
    local: tuple[float | None, float | None, float | None]
    scaling: ParticleScaling
    b_factors: tuple[float | None, ...]
    leak: Leak
    micrographs: Micrographs | None
    defocus: Defocus | None
    cross_checks: CrossChecks | None
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    mask_is_given: bool = False
    mask_remarks: tuple[str, ...] = ()
    can_judge: bool = True
    stands_out: bool = True
    solvent: float = 0.0

    @property
    def directional_resolutions(self) -> tuple[float, float, float]:
        """Finest, median and coarsest resolution in cones about all axes, in Å; infinite where there is none."""
        found = sorted(self.directions.resolutions().tolist())
        return found[0], found[len(found) // 2], found[-1]

    @property
    def headline(self) -> Headline:
        """The worst of what the half maps and all checks say of the resolution, and what else casts doubt on it."""
        worst = self._worst
        if worst.resolution is None or not self._doubts:
            return worst
        return Headline(worst.resolution, f"{worst.sentence} But {', and '.join(self._doubts)}.")

    @property
    def _doubts(self) -> tuple[str, ...]:
        """What no figure in Å can be made of, as parts of a sentence."""
        doubts = [] if self.stands_out else [NOTHING_STANDS_OUT]
        if self.solvent >= ENOUGH_SOLVENT and (self.difference_inside or 0.0) > TOO_DIFFERENT:
            doubts.append(
                f"within the mask the half maps differ {self.difference_inside:.1f} times as much as in the solvent, "
                "as wrong poses or flexible parts make them"
            )
        return tuple(doubts)

    @property
    def _worst(self) -> Headline:
        said = list(self._said())
        for resolution, reason in said:
            if resolution is None:
                return Headline(None, f"No resolution can be believed: {reason}.")
        worst, reason = max(
            ((found, why) for found, why in said if found is not None), key=lambda one: (one[0], bool(one[1]))
        )
        if not reason and ends_at_nyquist(worst, self.pixel_size):
            last = self.correlation.corrected.correlation[-1]
            still = f"the half maps' corrected correlation is still {last:.2f} there, and smaller pixels may show more"
            return Headline(worst, f"{told_resolution(worst, self.pixel_size)}: {still}.")
        if not reason:
            still = "up to which the half maps' corrected correlation exceeds 0.143 by its standard error"
            return Headline(worst, f"{worst:.2f} Å, {still}.")
        if worst == self.resolution:
            return Headline(worst, f"{worst:.2f} Å, but {reason}.")
        return Headline(worst, f"{worst:.2f} Å instead of {self.resolution:.2f} Å: {reason}.")

    @property
    def is_doubtful(self) -> bool:
        """Whether there is no resolution to be believed, a worse one than that of the half maps, or other doubts."""
        worse = self.headline.resolution is None or self.headline.resolution != self.resolution
        return worse or self.leak.trips or bool(self._doubts)

    def _said(self) -> Iterator[tuple[float | None, str]]:
        """Resolutions in Å, None where there is none to be believed, each with why it is worse than the half maps'."""
        if self.resolution is None:
            yield None, NO_EVIDENCE if self.can_judge else NOT_TO_BE_JUDGED
            return
        yield self.resolution, ""
        if self.leak.trips:
            twins = f"{self.leak.share:.1%} of the particles have a twin in the other half set"
            without = self.leak.resolution_without
            if without is None:
                yield None, f"{twins}, and without these nothing is left"
            else:
                less = ", and without these no more is left" if without > self.resolution else ""
                yield max(without, self.resolution), twins + less
        if self.cross_checks is not None:
            yield from self._said_by(self.cross_checks)

    def _said_by(self, checks: CrossChecks) -> Iterator[tuple[float | None, str]]:
        if checks.noise.deviations < BEYOND_NOISE:
            yield None, "the particles align no better than images of noise that are made of them"
        if checks.second_resolution is None:
            yield None, f"a second refinement {checks.second_start} finds no evidence of signal"
        else:
            reason = f"a second refinement {checks.second_start} comes no further"
            yield checks.second_resolution, reason if checks.second_resolution != self.resolution else ""
        if checks.agreement.share < REPRODUCIBLE:
            again = f"only {checks.agreement.share:.0%} of the poses are found again {checks.second_start}"
            yield checks.agreement.resolution, f"{again}, and beyond this the two maps differ"


@dataclass(frozen=True)
class Headline:
    """The one figure.

    Parameters
    ----------
    resolution : in Å; None if there is none to be believed
    sentence : what it is, or why it is worse than what the half maps say
    """

    resolution: float | None
    sentence: str
