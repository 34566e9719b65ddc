"""What a session has given, gathered from its sets."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryoloom.data import CTF, Coordinate, Item, Micrograph, Snapshot
from cryoloom.protocols.preflight import Check
from cryoloom.protocols.report._reconstruction import Reconstruction
from cryoloom.workflow.methods import Methods


@dataclass(frozen=True, slots=True)
class Exposure:
    """A micrograph with what is known of it.

    Parameters
    ----------
    micrograph : aligned sum
    ctf : None if it was not estimated
    picks : coordinates, None if nothing was picked yet
    """

    micrograph: Micrograph
    ctf: CTF | None
    picks: Sequence[Coordinate] | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that failed.

    Parameters
    ----------
    step : of the workflow
    label : of the item
    reason : one sentence
    """

    step: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that people should know of one item or several.

    Parameters
    ----------
    step : of the workflow
    sentence : what
    labels : of the items; none if it is about the step as a whole
    """

    step: str
    sentence: str
    labels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything a report shows.

    Parameters
    ----------
    title : of the project
    project : its folder, below which pictures are found
    exposures : in the order in which they came
    movie_count, particle_count : None if there is no such set
    failures, warnings : of every step
    shown, left_out : names of the sets that are shown, and of others that hold such items
    methods : how the sets were made; None if that is not known
    checks : what a preflight found
    reconstruction : what the particles have become
    finest_fitted : resolution to which CTFs were fitted, in Å; None if that is not known
    notes : further numbers, by what they count
    """

    title: str
    project: Path
    exposures: Sequence[Exposure]
    movie_count: int | None = None
    particle_count: int | None = None
    failures: Sequence[Failure] = ()
    warnings: Sequence[Warned] = ()
    shown: Sequence[str] = ()
    left_out: Sequence[str] = ()
    methods: Methods | None = None
    checks: Sequence[Check] = ()
    reconstruction: Reconstruction = field(default_factory=Reconstruction)
    finest_fitted: float | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def pick_count(self) -> int:
        """Picks in all micrographs."""
        return sum(len(exposure.picks or ()) for exposure in self.exposures)

    @property
    def median_resolution(self) -> float | None:
        """Median of the resolutions to which the CTFs fit, in Å."""
        fits = [e.ctf.fit_resolution for e in self.exposures if e.ctf is not None and e.ctf.fit_resolution is not None]
        return statistics.median(fits) if fits else None

    def best(self) -> Exposure | None:
        """The exposure whose CTF fits to the finest resolution; the first one if none was estimated."""
        fitted = [e for e in self.exposures if e.ctf is not None and e.ctf.fit_resolution is not None]
        if fitted:
            return min(fitted, key=lambda e: (e.ctf.fit_resolution if e.ctf else None) or 0.0)
        return next(iter(self.exposures), None)


def exposures_of(
    micrographs: Snapshot[Item], ctfs: Snapshot[Item] | None, coordinates: Snapshot[Item] | None
) -> list[Exposure]:
    """Join micrographs with their CTFs and picks."""
    fits = {} if ctfs is None else {ctf.id: ctf for ctf in ctfs.items() if isinstance(ctf, CTF)}
    picks: dict[int, list[Coordinate]] = {}
    if coordinates is not None:
        for pick in coordinates.items():
            if isinstance(pick, Coordinate):
                picks.setdefault(pick.micrograph_id, []).append(pick)
    found = [item for item in micrographs.items() if isinstance(item, Micrograph)]
    found.sort(key=lambda micrograph: (micrograph.acquired_at, micrograph.movie_file, micrograph.file))
    return [
        Exposure(
            micrograph,
            fits.get(micrograph.id),
            picks.get(micrograph.id, []) if coordinates is not None else None,
        )
        for micrograph in found
    ]
