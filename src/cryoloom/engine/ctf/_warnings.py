"""Sentences that tell a microscopist what is wrong with a micrograph or its fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.engine.ctf._drift import DirectionalLoss
    from cryoloom.engine.ctf._fit import CTFFit
    from cryoloom.engine.ctf._settings import CTFSettings

_CERTAIN_SIGNIFICANCE = 5.5
_CERTAIN_MARGIN = 8.0
_COARSE_FIT = 10.0
_NEAR_EDGE = 100.0  # Å of defocus
_NEAR_PHASE_EDGE = 2.0  # degrees
_LARGE_ASTIGMATISM = 1_000.0
_LARGE_TILT = 8.0
_STRONG_LOSS = 0.5
_CERTAIN_LOSS = 3.0  # standard deviations, which allow for uneven rings as well
_STRONG_ICE = 0.1


def warn(fit: CTFFit, loss: DirectionalLoss, settings: CTFSettings) -> tuple[str, ...]:
    """Say what the user should know, the gravest first."""
    return (*_doubts(fit, settings), *_observations(fit, loss))


def _doubts(fit: CTFFit, settings: CTFSettings) -> list[str]:
    """Reasons why the fit may be wrong."""
    doubts = []
    if fit.significance < _CERTAIN_SIGNIFICANCE:
        doubts.append("No Thon rings stand out of the noise: the defocus is a guess.")
    elif fit.margin < _CERTAIN_MARGIN:
        doubts.append("Another defocus explains the rings almost as well: this one may be wrong.")
    if fit.fit_resolution > _COARSE_FIT:
        doubts.append(f"No Thon rings beyond {fit.fit_resolution:.0f} Å.")
    lowest, highest = settings.defocus_range
    if min(fit.mean_defocus - lowest, highest - fit.mean_defocus) < _NEAR_EDGE:
        doubts.append(
            f"The defocus, {fit.mean_defocus:.0f} Å, is at the edge of the search range of {lowest:g} to {highest:g} Å."
        )
    if fit.astigmatism > 0.95 * settings.maximum_astigmatism:
        doubts.append(f"The astigmatism is at the largest that was allowed, {settings.maximum_astigmatism:g} Å.")
    if settings.phase_shift_range is not None:
        least, most = settings.phase_shift_range
        at_edge = min(fit.phase_shift - least, most - fit.phase_shift) < _NEAR_PHASE_EDGE
        if at_edge and most - least < 180.0:
            doubts.append(f"The phase shift is at the edge of the search range of {least:g} to {most:g}°.")
    return doubts


def _observations(fit: CTFFit, loss: DirectionalLoss) -> list[str]:
    """What the rings say about the micrograph."""
    observations = []
    if fit.astigmatism > _LARGE_ASTIGMATISM:
        observations.append(f"The astigmatism is large: {fit.astigmatism:.0f} Å.")
    if loss.fraction > _STRONG_LOSS and loss.fraction > _CERTAIN_LOSS * loss.error:
        observations.append(f"The rings fade along {loss.angle:.0f}°: the specimen drifted in that direction.")
    if fit.tilt is not None and fit.tilt.angle > _LARGE_TILT:
        observations.append(
            f"The specimen is tilted by {fit.tilt.angle:.0f}°: particles at the edges have another defocus."
        )
    if fit.ice_ring is not None and fit.ice_ring.strength > _STRONG_ICE:
        observations.append(
            f"Ice ring at {fit.ice_ring.resolution:.1f} Å, {100 * fit.ice_ring.strength:.0f} % above the background."
        )
    return observations
